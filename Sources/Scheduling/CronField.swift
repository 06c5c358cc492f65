/// One of the six fields of a cron expression.
public enum CronField: Int, Sendable, CaseIterable {
  case second, minute, hour, dayOfMonth, month, dayOfWeek

  /// The numbers that may be written; in the day-of-week field both 0 and 7 are Sunday.
  public var numbers: ClosedRange<Int> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// As it is called in messages: `day-of-month`.
  public var name: String {
    switch self {
    case .second: "second"
    case .minute: "minute"
    case .hour: "hour"
    case .dayOfMonth: "day-of-month"
    case .month: "month"
    case .dayOfWeek: "day-of-week"
    }
  }

  /// The last number that is not another's synonym.
  var last: Int { self == .dayOfWeek ? 6 : numbers.upperBound }

  /// How many different values there are.
  var count: Int { last - numbers.lowerBound + 1 }

  /// The names that may be written for numbers, in capitals; the first stands for the field's first number.
  var names: [String] {
    switch self {
    case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    case .dayOfWeek: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
    default: []
    }
  }
}

/// Days of a month that depend on the month: what `L`, `W` and `#` say.
struct MonthDays: Sendable, Hashable {
  /// Bit n: the day n days before the last (`L` is bit 0).
  var beforeLast: UInt32 = 0
  /// Bit n: the weekday nearest to day n (`15W`).
  var nearestWeekday: UInt32 = 0
  /// Whether the month's last weekday is among them (`LW`).
  var lastWeekday = false
  /// Bit n: the last such day of the week in the month (`5L`); 0 is Sunday.
  var lastOfWeekday: UInt8 = 0
  /// In element n - 1, bit w: the nth day of the week w in the month (`MON#2`).
  var nthOfWeekday: [UInt8] = [0, 0, 0, 0, 0]

  /// Those of the day-of-month field for a month. Bit n is day n.
  func daysOfMonth(length: Int, firstWeekday: Int) -> UInt32 {
    var days: UInt32 = 0
    for count in bits(beforeLast) where count < length { days |= 1 << UInt32(length - count) }
    for day in bits(nearestWeekday) where day <= length {
      days |= 1 << UInt32(MonthDays.nearestWeekday(to: day, length: length, firstWeekday: firstWeekday))
    }
    if lastWeekday {
      // On a Saturday or Sunday, the Friday before.
      let weekday = (firstWeekday + length - 1) % 7
      days |= 1 << UInt32(length - (weekday == 6 ? 1 : weekday == 0 ? 2 : 0))
    }
    return days
  }

  /// Those of the day-of-week field for a month. Bit n is day n.
  func daysOfWeek(length: Int, firstWeekday: Int) -> UInt32 {
    var days: UInt32 = 0
    for weekday in bits(UInt32(lastOfWeekday)) {
      let last = (firstWeekday + length - 1) % 7
      days |= 1 << UInt32(length - (last - weekday + 7) % 7)
    }
    for (index, weekdays) in nthOfWeekday.enumerated() {
      for weekday in bits(UInt32(weekdays)) {
        let day = 1 + (weekday - firstWeekday + 7) % 7 + index * 7
        if day <= length { days |= 1 << UInt32(day) }
      }
    }
    return days
  }

  /// The Monday to Friday nearest to a day, without leaving the month.
  private static func nearestWeekday(to day: Int, length: Int, firstWeekday: Int) -> Int {
    switch (firstWeekday + day - 1) % 7 {
    case 6: day == 1 ? 3 : day - 1
    case 0: day == length ? day - 2 : day + 1
    default: day
    }
  }
}

/// The numbers of the bits that are set, ascending.
func bits<Bits: FixedWidthInteger & UnsignedInteger>(_ set: Bits) -> [Int] {
  var numbers: [Int] = []
  var rest = set
  while rest != 0 {
    numbers.append(rest.trailingZeroBitCount)
    rest &= rest - 1
  }
  return numbers
}
