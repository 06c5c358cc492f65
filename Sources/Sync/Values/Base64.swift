/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  static func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let count = min(3, bytes.count - index)
      var group = UInt32(bytes[index]) << 16
      if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
      if count > 2 { group |= UInt32(bytes[index + 2]) }
      for position in 0..<4 {
        output.append(
          position <= count ? alphabet[Int(group >> (18 - 6 * UInt32(position)) & 63)] : UInt8(ascii: "="))
      }
      index += 3
    }
  }

  /// - Returns: false, with `output` undefined, for text that is not base64.
  static func decode(_ text: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
    output.removeAll(keepingCapacity: true)
    guard text.count % 4 == 0 else { return false }
    var index = 0
    while index < text.count {
      var group: UInt32 = 0
      var padding = 0
      for position in 0..<4 {
        let character = text[index + position]
        if character == UInt8(ascii: "="), index + 4 == text.count, position >= 2 {
          padding += 1
          group <<= 6
          continue
        }
        let value = values[Int(character)]
        guard value != 0xFF, padding == 0 else { return false }
        group = group << 6 | UInt32(value)
      }
      output.append(UInt8(truncatingIfNeeded: group >> 16))
      if padding < 2 { output.append(UInt8(truncatingIfNeeded: group >> 8)) }
      if padding < 1 { output.append(UInt8(truncatingIfNeeded: group)) }
      index += 4
    }
    return true
  }
}
