/// Writes JSON into a byte buffer.
enum JSONText {
  /// Appends a string with its quotes. The bytes are taken as UTF-8 as they are.
  static func append(string: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var start = 0
    for index in 0..<string.count {
      let byte = string[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: string[start..<index]))
      start = index + 1
      output.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
      case 0x0A: output.append(UInt8(ascii: "n"))
      case 0x0D: output.append(UInt8(ascii: "r"))
      case 0x09: output.append(UInt8(ascii: "t"))
      default:
        output.append(contentsOf: "u00".utf8)
        Hex.append(CollectionOfOne(byte), to: &output)
      }
    }
    output.append(contentsOf: UnsafeRawBufferPointer(rebasing: string[start...]))
    output.append(UInt8(ascii: "\""))
  }

  static func append(string: String, to output: inout [UInt8]) {
    var string = string
    string.withUTF8 { append(string: UnsafeRawBufferPointer($0), to: &output) }
  }

  /// Appends the decimal digits of an integer.
  static func append(integer: Int64, to output: inout [UInt8]) {
    if integer == 0 { return output.append(UInt8(ascii: "0")) }
    if integer < 0 { output.append(UInt8(ascii: "-")) }
    let start = output.count
    var rest = integer.magnitude
    while rest > 0 {
      output.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    output[start...].reverse()
  }
}
