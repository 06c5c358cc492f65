/// Durations and sizes as the configuration writes them: a whole number and a unit.
enum Quantity {
  /// `500ms`, `5s`, `5m`, `2h`, `1d` in milliseconds; nil for anything else, too large ones included.
  static func milliseconds(_ text: String) -> Int64? {
    let units: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let (number, unit) = split(text), let factor = units[unit] else { return nil }
    return multiply(number, factor)
  }

  /// `8MiB`, `256MB`, `512KiB`, `1000` in bytes; nil for anything else, too large ones included.
  ///
  /// `M` and `Mb` are refused: the first is two sizes, the second a number of bits.
  static func bytes(_ text: String) -> Int64? {
    let units: [String: Int64] = [
      "": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
      "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]
    guard let (number, unit) = split(text), let factor = units[unit] else { return nil }
    return multiply(number, factor)
  }

  /// The shortest way to write a number of milliseconds.
  static func duration(_ milliseconds: Int64) -> String {
    for (unit, factor) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
    where milliseconds % factor == 0 {
      return "\(milliseconds / factor)\(unit)"
    }
    return "\(milliseconds)ms"
  }

  /// The shortest way to write a number of bytes.
  static func size(_ bytes: Int64) -> String {
    for (unit, factor) in [("GiB", Int64(1) << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes % factor == 0 {
      return "\(bytes / factor)\(unit)"
    }
    return "\(bytes)"
  }

  private static func split(_ text: String) -> (Int64, String)? {
    let digits = text.utf8.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard let number = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
    return (number, String(decoding: text.utf8.dropFirst(digits.count), as: UTF8.self))
  }

  private static func multiply(_ a: Int64, _ b: Int64) -> Int64? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
  }
}
