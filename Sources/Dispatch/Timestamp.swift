/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z: the resolution of Kafka's own timestamps.
public struct Timestamp: Sendable, Hashable, Comparable {
  public var milliseconds: Int64

  /// The moments that RFC 3339 can write: the years 0 to 9999.
  public static let writable =
    Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
  /// Ends at the last moment that there is: a sender's clock may say anything.
  public static func + (a: Timestamp, milliseconds: Int64) -> Timestamp {
    let (sum, isTooFar) = a.milliseconds.addingReportingOverflow(milliseconds)
    return Timestamp(milliseconds: isTooFar ? (milliseconds < 0 ? .min : .max) : sum)
  }
  /// The milliseconds from `b` to `a`; ends at the largest number that there is.
  public static func - (a: Timestamp, b: Timestamp) -> Int64 {
    let (difference, isTooFar) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
    return isTooFar ? (b.milliseconds < 0 ? .max : .min) : difference
  }
}

extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds: `2026-11-24T01:29:00.000Z`.
  public var description: String {
    let (days, milliseconds) = Timestamp.floorDivide(milliseconds, 86_400_000)
    let (year, month, day) = Timestamp.civil(fromDays: days)
    func pad(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(milliseconds / 3_600_000, 2) + ":"
      + pad(milliseconds / 60_000 % 60, 2) + ":" + pad(milliseconds / 1000 % 60, 2) + "."
      + pad(milliseconds % 1000, 3) + "Z"
  }

  /// Reads RFC 3339: `2026-11-24T01:29:00Z`, with an optional fraction and any numeric offset.
  /// - Returns: nil for anything else, impossible dates included.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[range] {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      return value
    }
    func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
      guard index < bytes.count else { return false }
      let isUppercase = (65...90).contains(bytes[index])
      return (isUppercase ? bytes[index] | 0x20 : bytes[index]) == UInt8(character.value)
    }
    guard let year = number(0..<4), has("-", at: 4), let month = number(5..<7), has("-", at: 7),
      let day = number(8..<10), has("t", at: 10), let hour = number(11..<13), has(":", at: 13),
      let minute = number(14..<16), has(":", at: 16), let second = number(17..<19),
      hour < 24, minute < 60, second < 60,
      let days = Timestamp.days(year: year, month: month, day: day)
    else { return nil }
    var index = 19
    var milliseconds: Int64 = 0
    if has(".", at: index) {
      index += 1
      var scale: Int64 = 100
      let first = index
      while let digit = number(index..<index + 1) {
        milliseconds += digit * scale
        scale /= 10
        index += 1
      }
      guard index > first else { return nil }
    }
    var offset: Int64 = 0
    if has("z", at: index) {
      index += 1
    } else {
      guard index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"),
        let hours = number(index + 1..<index + 3), has(":", at: index + 3),
        let minutes = number(index + 4..<index + 6), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
      index += 6
    }
    guard index == bytes.count else { return nil }
    self.init(
      milliseconds: days * 86_400_000 + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds)
    // In UTC it may be of another year.
    guard Timestamp.writable.contains(self) else { return nil }
  }

  /// Whether the text is a calendar date `YYYY-MM-DD` that exists.
  public static func isDate(_ text: String) -> Bool {
    text.utf8.count == 10 && Timestamp(rfc3339: text + "T00:00:00Z") != nil
  }

  static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    let quotient = a / b - (a % b < 0 ? 1 : 0)
    return (quotient, a - quotient * b)
  }

  /// Days since 1970-01-01 to the proleptic Gregorian date (Hinnant's algorithm: years begin in March).
  static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  /// The inverse of `civil(fromDays:)`; nil for a date that does not exist.
  static func days(year: Int64, month: Int64, day: Int64) -> Int64? {
    guard (1...12).contains(month), (1...31).contains(day) else { return nil }
    let shiftedYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = floorDivide(shiftedYear, 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    let back = civil(fromDays: days)
    return back.month == month && back.day == day ? days : nil
  }
}
