/// A JSON value, as parameters and event data hold it.
///
/// Numbers that are whole and fit 64 bits are `integer`, so that an id never passes through a floating-point value.
public enum JSONValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The largest whole number that every reader of JSON reads exactly, 2^53 - 1: no count, offset or token is larger.
  public static let exactIntegerMax: Int64 = 9_007_199_254_740_991
}

extension JSONValue {
  /// The value as it stands in a command line or an environment variable: strings bare, everything else as JSON.
  public var plainText: String {
    switch self {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value): "\(value)"
    case .string(let value): value
    case .array(let values): "[" + values.map(\.jsonText).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }
        .map { JSONValue.quoted($0.key) + ":" + $0.value.jsonText }
        .joined(separator: ",") + "}"
    }
  }

  /// The value as JSON text with sorted keys: equal values have equal texts.
  public var jsonText: String {
    if case .string(let value) = self { return JSONValue.quoted(value) }
    return plainText
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
