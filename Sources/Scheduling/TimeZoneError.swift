/// Why a time zone could not be had, and what to do about it.
public struct TimeZoneError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The name cannot be one of the tz database's.
    case invalidName
    /// The database has no zone of this name.
    case unknownName
    /// There is no database at the place where it is looked for.
    case noDatabase
    /// The file could not be read.
    case unreadable
    /// The bytes are not a zone that this module understands.
    case malformed
  }

  public var kind: Kind
  /// The zone that was asked for.
  public var name: String
  /// A sentence without its full stop.
  public var reason: String
  /// What to do about it, in the same form.
  public var remedy: String

  public init(kind: Kind, name: String, reason: String, remedy: String) {
    self.kind = kind
    self.name = name
    self.reason = reason
    self.remedy = remedy
  }

  public var description: String { "\(reason); \(remedy)" }
}
