/// Reads JSON text from memory, value by value, without building a tree.
struct JSONScanner {
  /// What is not JSON, and at which byte.
  struct Fault: Error {
    var message: String
    var offset: Int
  }

  /// The kinds of value, told by their first byte.
  enum Kind { case string, number, object, array, literal }

  private let bytes: UnsafeRawBufferPointer
  private(set) var index = 0
  private var depth = 0
  private static let depthLimit = 200

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  func fault(_ message: String) -> Fault { Fault(message: message, offset: index) }

  func text(of range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }

  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    skipSpace()
    guard byte == UInt8(ascii: character) else { throw fault("'\(character)' is missing") }
    index += 1
  }

  /// The kind of the value that follows.
  mutating func peek() throws -> Kind {
    skipSpace()
    switch byte {
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .literal
    case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number
    case .none: throw fault("the text ends too early")
    default: throw fault("this is not a JSON value")
    }
  }

  /// Nothing but space may follow.
  mutating func end() throws {
    skipSpace()
    guard index == bytes.count else { throw fault("something follows the value") }
  }

  /// `true`, `false`, or nil for `null`.
  mutating func literal() throws -> Bool? {
    for (word, value) in [("true", true), ("false", false), ("null", nil)] as [(StaticString, Bool?)] {
      let length = word.utf8CodeUnitCount
      guard index + length <= bytes.count else { continue }
      let candidate = UnsafeRawBufferPointer(rebasing: bytes[index..<index + length])
      if candidate.elementsEqual(UnsafeRawBufferPointer(start: word.utf8Start, count: length)) {
        index += length
        return value
      }
    }
    throw fault("this is not a JSON value")
  }

  /// Checks a number's form and returns where its text is.
  mutating func number() throws -> Range<Int> {
    skipSpace()
    let start = index
    if byte == UInt8(ascii: "-") { index += 1 }
    let first = byte
    guard digits() > 0, !(first == UInt8(ascii: "0") && index - start > (bytes[start] == first ? 1 : 2)) else {
      throw fault("this is not a number")
    }
    if byte == UInt8(ascii: ".") {
      index += 1
      guard digits() > 0 else { throw fault("digits are missing after the point") }
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      index += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
      guard digits() > 0 else { throw fault("digits are missing in the exponent") }
    }
    return start..<index
  }

  private mutating func digits() -> Int {
    let start = index
    while let byte, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
    return index - start
  }

  /// Appends a string's bytes with its escapes resolved.
  mutating func string(into output: inout [UInt8]) throws {
    try expect("\"")
    while true {
      let start = index
      while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return
      case UInt8(ascii: "\\"):
        index += 1
        try escape(into: &output)
      case .none: throw fault("the string has no end")
      default: throw fault("a control character in a string")
      }
    }
  }

  private mutating func escape(into output: inout [UInt8]) throws {
    guard let code = byte else { throw fault("the string has no end") }
    index += 1
    switch code {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(code)
    case UInt8(ascii: "b"): output.append(0x08)
    case UInt8(ascii: "f"): output.append(0x0C)
    case UInt8(ascii: "n"): output.append(0x0A)
    case UInt8(ascii: "r"): output.append(0x0D)
    case UInt8(ascii: "t"): output.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if value >= 0xD800, value < 0xDC00 {
        guard byte == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") else {
          throw fault("half a surrogate pair")
        }
        index += 2
        let low = try hexadecimal()
        guard low >= 0xDC00, low < 0xE000 else { throw fault("half a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw fault("half a surrogate pair") }
      output.append(contentsOf: UTF8.encode(scalar)!)  // Every scalar has a UTF-8 form.
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte, let digit = Hex.value(byte) else { throw fault("\\u needs four digits") }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }

  /// Calls `element` at each element, which it must read.
  mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
    try expect("[")
    try enter()
    skipSpace()
    if byte == UInt8(ascii: "]") {
      index += 1
    } else {
      while true {
        try element(&self)
        skipSpace()
        guard byte == UInt8(ascii: ",") else { break }
        index += 1
      }
      try expect("]")
    }
    depth -= 1
  }

  /// Calls `member` at each member's value, which it must read, with the bytes of the member's name.
  mutating func object(_ member: (inout JSONScanner, [UInt8]) throws -> Void) throws {
    try expect("{")
    try enter()
    skipSpace()
    if byte == UInt8(ascii: "}") {
      index += 1
    } else {
      var name: [UInt8] = []
      while true {
        name.removeAll(keepingCapacity: true)
        skipSpace()
        try string(into: &name)
        try expect(":")
        try member(&self, name)
        skipSpace()
        guard byte == UInt8(ascii: ",") else { break }
        index += 1
      }
      try expect("}")
    }
    depth -= 1
  }

  private mutating func enter() throws {
    depth += 1
    guard depth <= JSONScanner.depthLimit else { throw fault("more than \(JSONScanner.depthLimit) levels deep") }
  }

  /// Checks the value that follows and returns where its text is.
  mutating func skipValue() throws -> Range<Int> {
    let kind = try peek()
    let start = index
    switch kind {
    case .string:
      var unused: [UInt8] = []
      try string(into: &unused)
    case .number: _ = try number()
    case .literal: _ = try literal()
    case .array: try array { _ = try $0.skipValue() }
    case .object: try object { scanner, _ in _ = try scanner.skipValue() }
    }
    return start..<index
  }
}
