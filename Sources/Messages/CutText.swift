extension String {
  /// At most so many UTF-8 bytes of the beginning, ended between two scalars: what a broker takes is counted in bytes, and
  /// a single character may have any number of them.
  func cut(toBytes bytesMax: Int) -> String {
    guard utf8.count > bytesMax else { return self }
    var end = utf8.index(startIndex, offsetBy: bytesMax)
    // The first byte that is left out must be the first of a scalar.
    while end > startIndex, utf8[end] & 0b1100_0000 == 0b1000_0000 { end = utf8.index(before: end) }
    return String(decoding: utf8[..<end], as: UTF8.self)
  }
}
