import Dispatch

/// A record that does not say what it should; the reason names the header or field and what is expected there.
public struct MessageError: Error, Sendable, Hashable, CustomStringConvertible {
  public var reason: String

  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}

/// Reads the members of a JSON object one by one, and says exactly what is wrong with them.
struct FieldReader {
  /// Counts, offsets and tokens: small enough that one can be added to them, and that every reader of JSON reads them.
  static let counts = 0...JSONValue.exactIntegerMax

  private let members: [String: JSONValue]
  private let place: String

  /// Reads a record's value.
  init(valueOf record: RawRecord) throws(MessageError) {
    if let count = record.leftOut.value { throw MessageError("the value's \(count) bytes were left out") }
    try self.init(record.value, place: "the value")
  }

  /// - Parameter place: what the object is, for error messages: "the value".
  init(_ bytes: [UInt8]?, place: String) throws(MessageError) {
    guard let bytes, !bytes.isEmpty else { throw MessageError("\(place) is empty; expected a JSON object") }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw MessageError("\(place) is not valid UTF-8") }
    let read: Result<[String: JSONValue], JSONReader.Failure> = bytes.withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      do throws(JSONReader.Failure) {
        try reader.readObject()
        return .success(reader.members.mapValues(\.value))
      } catch {
        return .failure(error)
      }
    }
    switch read {
    case .success(let members): self.members = members
    case .failure(let failure):
      throw MessageError(
        "\(place) is not a JSON object (\(failure.message), at byte \(failure.offset + 1)): \(excerpt(bytes))")
    }
    self.place = place
  }

  func checkNames(_ known: Set<String>) throws(MessageError) {
    if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
      throw MessageError(
        "field '\(unknown.prefix(80))' in \(place) is unknown; known are: \(known.sorted().joined(separator: ", "))")
    }
  }

  private func value(_ name: String) -> JSONValue? {
    guard let value = members[name], value != .null else { return nil }
    return value
  }

  private func mismatch(_ name: String, _ expected: String, _ value: JSONValue) -> MessageError {
    MessageError("field '\(name)' must be \(expected), not \(value.jsonText.prefix(80))")
  }

  func optionalString(_ name: String) throws(MessageError) -> String? {
    guard let value = value(name) else { return nil }
    guard case .string(let text) = value else { throw mismatch(name, "a string", value) }
    return text
  }

  func string(_ name: String) throws(MessageError) -> String {
    guard let text = try optionalString(name) else { throw MessageError("field '\(name)' is missing in \(place)") }
    return text
  }

  func optionalBoolean(_ name: String) throws(MessageError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard case .boolean(let flag) = value else { throw mismatch(name, "true or false", value) }
    return flag
  }

  func optionalInteger(_ name: String, in range: ClosedRange<Int64> = counts) throws(MessageError) -> Int64? {
    guard let value = value(name) else { return nil }
    guard case .integer(let number) = value, range.contains(number) else {
      throw mismatch(name, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return number
  }

  func integer(_ name: String, in range: ClosedRange<Int64> = counts) throws(MessageError) -> Int64 {
    guard let number = try optionalInteger(name, in: range) else {
      throw MessageError("field '\(name)' is missing in \(place)")
    }
    return number
  }

  func optionalTimestamp(_ name: String) throws(MessageError) -> Timestamp? {
    guard let text = try optionalString(name) else { return nil }
    guard let moment = Timestamp(rfc3339: text) else {
      throw mismatch(name, "a time such as \"2026-11-24T01:29:00Z\"", .string(text))
    }
    return moment
  }

  func timestamp(_ name: String) throws(MessageError) -> Timestamp {
    guard let moment = try optionalTimestamp(name) else {
      throw MessageError("field '\(name)' is missing in \(place)")
    }
    return moment
  }

  func object(_ name: String) throws(MessageError) -> [String: JSONValue] {
    guard let value = value(name) else { return [:] }
    guard case .object(let members) = value else { throw mismatch(name, "an object", value) }
    return members
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws(MessageError)
    -> Choice? where Choice.RawValue == String
  {
    guard let text = try optionalString(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw mismatch(name, "one of " + type.allCases.map(\.rawValue).joined(separator: ", "), .string(text))
    }
    return choice
  }
}

/// The beginning of some bytes, printable.
func excerpt(_ bytes: [UInt8]) -> String {
  JSONValue.string(String(decoding: bytes.prefix(60), as: UTF8.self)).jsonText + (bytes.count > 60 ? "…" : "")
}

extension JSONValue {
  /// A count, an offset or a token, within the bounds in which it can be read back.
  static func count(_ number: Int64) -> JSONValue {
    .integer(FieldReader.counts.clamp(number))
  }

  static func count(_ number: Int) -> JSONValue { count(Int64(number)) }

  /// The bytes of an object, without the members that are nil.
  static func bytes(_ members: KeyValuePairs<String, JSONValue?>) -> [UInt8] {
    var object: [String: JSONValue] = [:]
    for (name, value) in members { if let value { object[name] = value } }
    return Array(JSONValue.object(object).jsonText.utf8)
  }
}

extension ClosedRange {
  /// The nearest of its values.
  func clamp(_ value: Bound) -> Bound { Swift.min(Swift.max(value, lowerBound), upperBound) }
}
