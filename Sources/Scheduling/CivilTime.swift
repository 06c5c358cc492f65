/// A date and a time of day as a calendar and a clock on the wall show them, with no zone.
///
/// Elsewhere in this module a wall clock's reading is a number: the seconds since 1970-01-01T00:00:00 on that same clock.
public struct CivilTime: Sendable, Hashable {
  /// Proleptic Gregorian; 1 to 9999 wherever this module makes one.
  public var year: Int
  /// 1 to 12.
  public var month: Int
  /// 1 to 31.
  public var day: Int
  /// 0 to 23.
  public var hour: Int
  /// 0 to 59.
  public var minute: Int
  /// 0 to 59.
  public var second: Int

  /// Takes the parts as they are; nothing is checked.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The reading of a clock that shows 1970-01-01T00:00:00 at second 0.
  public init(seconds: Int64) {
    let (days, secondOfDay) = floorDivide(seconds, Calendar.secondsPerDay)
    let date = Calendar.date(fromDays: Int(days))
    self.init(
      year: date.year, month: date.month, day: date.day, hour: Int(secondOfDay / 3600),
      minute: Int(secondOfDay / 60 % 60), second: Int(secondOfDay % 60))
  }

  /// The inverse of `init(seconds:)`.
  public var seconds: Int64 {
    Int64(Calendar.days(year: year, month: month, day: day)) * Calendar.secondsPerDay
      + Int64((hour * 60 + minute) * 60 + second)
  }
}

extension CivilTime: CustomStringConvertible {
  /// `2026-11-24T01:29:00`.
  public var description: String {
    let date = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
    return date + "T" + padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2)
  }
}

extension CivilTime {
  /// Reads `2026-11-24T01:29:00`; nil for anything else, impossible dates included.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 19, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
    else { return nil }
    func number(_ range: Range<Int>) -> Int? {
      bytes[range].allSatisfy(isDigit) ? Int(String(decoding: bytes[range], as: UTF8.self)) : nil
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), year >= 1, (1...12).contains(month),
      (1...Calendar.length(ofMonth: month, year: year)).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  }
}

/// Arithmetic of the proleptic Gregorian calendar.
enum Calendar {
  static let secondsPerDay: Int64 = 86_400
  /// 400 years: a whole number of weeks, after which dates and weekdays repeat.
  static let secondsPerCycle: Int64 = 146_097 * 86_400
  /// The years in which fires are looked for; a time stamp has four digits for them.
  static let years = 1...9999

  static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  static func length(ofMonth month: Int, year: Int) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : 30 + (month + month / 8) % 2
  }

  /// The days from 1970-01-01 to a date. Years are counted from March, so that the leap day is a year's last.
  static func days(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month > 2 ? year : year - 1
    let (cycle, yearOfCycle) = floorDivide(shiftedYear, 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return cycle * 146_097 + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear - 719_468
  }

  /// The inverse of `days(year:month:day:)`.
  static func date(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let (cycle, dayOfCycle) = floorDivide(days + 719_468, 146_097)
    let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// 0 is Sunday.
  static func weekday(ofDays days: Int) -> Int { floorDivide(days + 4, 7).remainder }
}

/// Division that rounds down, with a remainder that has the divisor's sign.
func floorDivide<Number: BinaryInteger>(_ a: Number, _ b: Number) -> (quotient: Number, remainder: Number) {
  let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
  return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

/// The decimal digits, with zeros before them up to a width.
func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
