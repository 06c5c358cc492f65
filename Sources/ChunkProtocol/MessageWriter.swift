import Dispatch

/// Writes one JSON object as one line.
struct MessageWriter {
  private var text: String

  init(type: String) { text = "{\"type\":" + JSONValue.string(type).jsonText }

  mutating func add(_ name: StaticString, _ value: JSONValue) {
    text += ",\"\(name)\":"
    text += MessageWriter.finite(value).jsonText
  }

  /// The line, without a newline.
  consuming func finish() -> [UInt8] { Array((text + "}").utf8) }

  /// JSON has no word for what is not a finite number; it becomes null.
  private static func finite(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number(let number) where !number.isFinite: .null
    case .array(let values): .array(values.map(finite))
    case .object(let members): .object(members.mapValues(finite))
    default: value
    }
  }
}
