/// Reads one JSON object, strictly by RFC 8259, and keeps where each member's value stands.
///
/// By hand, because one is read for every record and every chunk, because a cursor's text must be had as it was written, and
/// because a member that stands twice must not be passed over.
package struct JSONReader {
  package struct Failure: Error {
    package var message: String
    /// Counted from 0.
    package var offset: Int
  }

  package struct Member {
    package var value: JSONValue
    package var bytes: Range<Int>
  }

  /// Deeper nesting is refused: it would use up the stack.
  package static let depthLimit = 128

  /// The members of the outermost object so far: also of use when the rest of it is broken.
  package private(set) var members: [String: Member] = [:]
  private let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0
  private var depth = 0

  package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  package mutating func readObject() throws(Failure) {
    skipSpace()
    guard next == UInt8(ascii: "{") else { throw failure("an object is expected") }
    try eachMember { (reader, name) throws(Failure) in
      let start = reader.at
      let value = try reader.value()
      guard reader.members.updateValue(Member(value: value, bytes: start..<reader.at), forKey: name) == nil else {
        throw Failure(message: "the member \"\(name)\" stands twice", offset: start)
      }
    }
    skipSpace()
    guard at == bytes.count else { throw failure("text after the object") }
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func failure(_ message: String) -> Failure {
    Failure(message: at < bytes.count ? message : "the line ends too early", offset: at)
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 32 || byte == 9 || byte == 13 || byte == 10 { at += 1 }
  }

  private mutating func value() throws(Failure) -> JSONValue {
    switch next {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"):
      var object: [String: JSONValue] = [:]
      try eachMember { (reader, name) throws(Failure) in
        let start = reader.at
        guard object.updateValue(try reader.value(), forKey: name) == nil else {
          throw Failure(message: "the member \"\(name)\" stands twice", offset: start)
        }
      }
      return .object(object)
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
    let count = text.utf8CodeUnitCount
    guard at + count <= bytes.count, (0..<count).allSatisfy({ bytes[at + $0] == text.utf8Start[$0] }) else {
      throw failure("a value is expected")
    }
    at += count
    return value
  }

  private mutating func enter() throws(Failure) {
    depth += 1
    guard depth <= JSONReader.depthLimit else { throw failure("nested deeper than \(JSONReader.depthLimit)") }
    at += 1
    skipSpace()
  }

  private mutating func eachMember(
    _ read: (inout JSONReader, String) throws(Failure) -> Void
  ) throws(Failure) {
    try enter()
    defer { depth -= 1 }
    if next == UInt8(ascii: "}") {
      at += 1
      return
    }
    while true {
      guard next == UInt8(ascii: "\"") else { throw failure("a member's name is expected") }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw failure("a colon is expected") }
      at += 1
      skipSpace()
      try read(&self, name)
      skipSpace()
      if next == UInt8(ascii: "}") {
        at += 1
        return
      }
      guard next == UInt8(ascii: ",") else { throw failure("a comma or a closing brace is expected") }
      at += 1
      skipSpace()
    }
  }

  private mutating func array() throws(Failure) -> [JSONValue] {
    try enter()
    defer { depth -= 1 }
    var values: [JSONValue] = []
    if next == UInt8(ascii: "]") {
      at += 1
      return values
    }
    while true {
      values.append(try value())
      skipSpace()
      if next == UInt8(ascii: "]") {
        at += 1
        return values
      }
      guard next == UInt8(ascii: ",") else { throw failure("a comma or a closing bracket is expected") }
      at += 1
      skipSpace()
    }
  }

  private mutating func digits() throws(Failure) {
    guard let first = next, first >= 48, first <= 57 else { throw failure("a value is expected") }
    while let byte = next, byte >= 48, byte <= 57 { at += 1 }
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = at
    if next == UInt8(ascii: "-") { at += 1 }
    let first = at
    try digits()
    if bytes[first] == 48, at > first + 1 {
      at = first
      throw failure("a number begins with 0")
    }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      isWhole = false
      at += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
    if isWhole, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      at = start
      throw failure("a number is too large")
    }
    // Whole in another spelling (1.0, 2e3), as long as no digit can have been lost.
    if abs(value) <= 9_007_199_254_740_992, let whole = Int64(exactly: value) { return .integer(whole) }
    return .number(value)
  }
}

// MARK: - Strings

extension JSONReader {
  private mutating func string() throws(Failure) -> String {
    at += 1
    let start = at
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
    if next == UInt8(ascii: "\"") {
      defer { at += 1 }
      return try text(UnsafeBufferPointer(rebasing: bytes[start..<at]), at: start)
    }
    var buffer = Array(bytes[start..<at])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        at += 1
        return try buffer.withUnsafeBufferPointer { (buffer) throws(Failure) in try text(buffer, at: start) }
      case UInt8(ascii: "\\"):
        at += 1
        try escape(into: &buffer)
      case 0..<0x20: throw failure("a control character in a string")
      default:
        buffer.append(byte)
        at += 1
      }
    }
    throw failure("a string without end")
  }

  private func text(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) throws(Failure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(message: "a string that is not UTF-8", offset: offset)
    }
    return text
  }

  private mutating func escape(into buffer: inout [UInt8]) throws(Failure) {
    guard let byte = next else { throw failure("a string without end") }
    let plain: UInt8? =
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
      case UInt8(ascii: "b"): 8
      case UInt8(ascii: "f"): 12
      case UInt8(ascii: "n"): 10
      case UInt8(ascii: "r"): 13
      case UInt8(ascii: "t"): 9
      default: nil
      }
    if let plain {
      buffer.append(plain)
      at += 1
      return
    }
    guard byte == UInt8(ascii: "u") else { throw failure("an unknown escape") }
    at += 1
    var value = try hexadecimal()
    if value >= 0xD800, value < 0xDC00, next == UInt8(ascii: "\\"), at + 1 < bytes.count,
      bytes[at + 1] == UInt8(ascii: "u")
    {
      at += 2
      let low = try hexadecimal()
      guard low >= 0xDC00, low < 0xE000 else { throw failure("half of a surrogate pair") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure("half of a surrogate pair") }
    buffer.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("an escape needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}
