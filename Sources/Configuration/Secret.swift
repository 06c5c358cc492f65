/// A text that no description, dump or error shows.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  /// Hides a text.
  public init(_ value: String) { self.value = value }

  /// The text itself: for the one call that needs it, never for a message.
  public func reveal() -> String { value }

  /// Always the same, whatever the text.
  public var description: String { "<secret>" }
  /// As `description`.
  public var debugDescription: String { description }
  /// Without children, so that `dump` shows nothing either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
