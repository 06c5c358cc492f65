/// Why a cron expression is refused, where, and what to do about it.
public struct CronExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// A field that is not made as fields are.
    case syntax
    /// Fewer than five fields or more than six.
    case fieldCount
    /// A number that the field does not have.
    case outOfRange
    /// A step of zero, or one longer than the field.
    case step
    /// A name that no field has.
    case unknownName
    /// A name or sign that another field has.
    case wrongField
    /// All fields are sound, and no moment meets them all.
    case neverFires
  }

  public var kind: Kind
  /// The expression as it was given.
  public var expression: String
  /// The field at fault; nil if it is none in particular.
  public var field: CronField?
  /// Where the field stands, from 0; nil if it is none in particular.
  public var fieldIndex: Int?
  /// Where the fault begins in the expression, in characters from 1.
  public var column: Int
  /// A sentence without its full stop.
  public var reason: String
  /// What to do about it, in the same form.
  public var remedy: String

  public var description: String { "\(reason) (column \(column) of '\(expression)'); \(remedy)" }
}
