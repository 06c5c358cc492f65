import Dispatch

/// A line that is one JSON object, with its members taken by name and type.
struct MessageReader {
  private let line: [UInt8]
  private let members: [String: JSONReader.Member]
  /// The member "type", when it is there and a string.
  let type: String?
  /// Why the line as a whole is no JSON object; the members before the fault are there all the same.
  let failure: JSONReader.Failure?

  init(line: [UInt8]) {
    self.line = line
    (members, failure) = line.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      do throws(JSONReader.Failure) {
        try reader.readObject()
        return (reader.members, nil)
      } catch {
        return (reader.members, error)
      }
    }
    if case .string(let value)? = members["type"]?.value { type = value } else { type = nil }
  }

  func error(_ message: String) -> ProtocolError { ProtocolError(message, line: line) }

  /// Throws what is wrong with the line as a whole.
  func requireWhole() throws(ProtocolError) {
    if let failure { throw error("not a JSON object (\(failure.message), at byte \(failure.offset + 1))") }
  }

  /// The text of a member's value as it was written.
  func text(_ name: String) -> String? {
    members[name].map { String(decoding: line[$0.bytes], as: UTF8.self) }
  }

  func value(_ name: String) throws(ProtocolError) -> JSONValue {
    guard let value = members[name]?.value else { throw error("the member \"\(name)\" is missing") }
    return value
  }

  func has(_ name: String) -> Bool {
    guard let value = members[name]?.value else { return false }
    return value != .null
  }

  func string(_ name: String) throws(ProtocolError) -> String {
    guard case .string(let value) = try value(name) else { throw error("the member \"\(name)\" is not a string") }
    return value
  }

  func boolean(_ name: String) throws(ProtocolError) -> Bool {
    guard case .boolean(let value) = try value(name) else {
      throw error("the member \"\(name)\" is neither true nor false")
    }
    return value
  }

  func integer(_ name: String, from least: Int64) throws(ProtocolError) -> Int64 {
    try integer(try value(name), name, from: least)
  }

  func object(_ name: String) throws(ProtocolError) -> [String: JSONValue] {
    guard case .object(let value) = try value(name) else { throw error("the member \"\(name)\" is not an object") }
    return value
  }

  /// A whole number that is a value of this line's, under the name to blame.
  func integer(_ value: JSONValue, _ name: String, from least: Int64) throws(ProtocolError) -> Int64 {
    guard case .integer(let value) = value, value >= least else {
      throw error("the member \"\(name)\" is not a whole number from \(least) up")
    }
    return value
  }
}
