/// A key as the text that checkpoints carry: a JSON array, from which the very same values come back.
///
/// Integers and doubles are numbers (a double always has a point or an exponent), text is a string. What JSON has no
/// form for is an object of one member: `{"blob":"<hex>"}`, `{"real":"nan"}`, `{"bytes":"<hex>"}` for text that is
/// not UTF-8.
enum CursorText {
  static func encode(_ key: [KeyValue]) -> String {
    "["
      + key.map { value in
        switch value {
        case .integer(let value): return String(value)
        case .boolean(let value): return value ? "true" : "false"
        case .real(let bits):
          let value = Double(bitPattern: bits)
          return value.isFinite ? "\(value)" : "{\"real\":\"\(value)\"}"
        case .blob(let bytes): return "{\"blob\":\"" + Hex.text(bytes) + "\"}"
        case .text(let bytes):
          guard let text = String(validating: bytes, as: UTF8.self) else {
            return "{\"bytes\":\"" + Hex.text(bytes) + "\"}"
          }
          var json: [UInt8] = []
          bytes.withUnsafeBytes { JSONText.append(string: $0, to: &json) }
          _ = text
          return String(decoding: json, as: UTF8.self)
        }
      }.joined(separator: ",") + "]"
  }

  /// - Parameter count: the number of key columns.
  /// - Throws: `SyncFault` for anything that `encode` does not write.
  static func decode(_ text: String, count: Int) throws -> [KeyValue] {
    let bytes = Array(text.utf8)
    let fault = SyncFault(
      "the cursor \(text) does not fit a key of \(count) column\(count == 1 ? "" : "s")",
      remedy: "The job's key was changed while the run was under way: cancel the run and enqueue the job again.")
    do {
      let key = try bytes.withUnsafeBytes { raw -> [KeyValue] in
        var scanner = JSONScanner(raw)
        var key: [KeyValue] = []
        try scanner.array { scanner in key.append(try value(&scanner)) }
        try scanner.end()
        return key
      }
      guard key.count == count else { throw fault }
      return key
    } catch is JSONScanner.Fault { throw fault }
  }

  private static func value(_ scanner: inout JSONScanner) throws -> KeyValue {
    switch try scanner.peek() {
    case .string:
      var bytes: [UInt8] = []
      try scanner.string(into: &bytes)
      return .text(bytes)
    case .literal:
      switch try scanner.literal() {
      case .some(let value): return .boolean(value)
      case .none: throw scanner.fault("null in a key")
      }
    case .number:
      let text = scanner.text(of: try scanner.number())
      if let value = Int64(text) { return .integer(value) }
      guard text.contains(where: { $0 == "." || $0 == "e" || $0 == "E" }), let value = Double(text) else {
        throw scanner.fault("not a 64-bit number")
      }
      return .real(bits: value.bitPattern)
    case .object:
      var found: KeyValue?
      try scanner.object { scanner, name in
        var bytes: [UInt8] = []
        try scanner.string(into: &bytes)
        switch String(decoding: name, as: UTF8.self) {
        case "blob": found = Hex.bytes(bytes).map { .blob($0) }
        case "bytes": found = Hex.bytes(bytes).map { .text($0) }
        case "real": found = Double(String(decoding: bytes, as: UTF8.self)).map { .real(bits: $0.bitPattern) }
        default: break
        }
      }
      guard let found else { throw scanner.fault("not a key") }
      return found
    case .array: throw scanner.fault("not a key")
    }
  }
}
