/// A line, or an order of lines, that the protocol does not allow.
public struct ProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, naming the member or the message.
  public var message: String
  /// The beginning of the line that it concerns; empty when there is none.
  public var excerpt: String

  /// An error with its words and, if there is one, the line's beginning.
  public init(message: String, excerpt: String = "") {
    self.message = message
    self.excerpt = excerpt
  }

  /// Such as `the chunk's member "rows" is not a whole number from 0 up: {"type":"chunk","rows":"x"}`.
  public var description: String { excerpt.isEmpty ? message : "\(message): \(excerpt)" }
}

extension ProtocolError {
  /// An error about a line, of which it shows the beginning on one printable line.
  init(_ message: String, line: some Collection<UInt8>) {
    let limit = 160
    var excerpt = String(decoding: line.prefix(limit), as: UTF8.self).unicodeScalars
      .reduce(into: "") { text, scalar in
        text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? "\u{FFFD}" : scalar)
      }
    if line.count > limit { excerpt += "..." }
    self.init(message: message, excerpt: excerpt)
  }
}
