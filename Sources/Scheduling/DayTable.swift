/// The days on which an expression is due, for every month that there can be.
///
/// A month is told by its length and by the weekday of its first day, so 28 sets of days are all of them; a year by its
/// length and its first weekday, so 14 sets of months are all of those; and years repeat after 400.
struct DayTable: Sendable, Hashable {
  /// Bit n is day n; at (length - 28) * 7 + the first day's weekday.
  private var days: [UInt32] = []
  /// Bit 1 is January; the months that hold a due day, at the kind of year.
  private var monthsOfYear: [UInt16] = []
  /// Bit y % 64 of element y / 64: whether the year y of 400 holds a due day.
  private var years: [UInt64] = []

  init(fields: CronFields) {
    for length in 28...31 {
      for firstWeekday in 0..<7 {
        days.append(DayTable.days(of: fields, length: length, firstWeekday: firstWeekday))
      }
    }
    let months = UInt16(fields.sets[CronField.month.rawValue])
    for kind in 0..<14 {
      var due: UInt16 = 0
      var firstWeekday = kind % 7
      for month in 1...12 {
        let length = Calendar.length(ofMonth: month, year: kind < 7 ? 2001 : 2000)
        if months & 1 << month != 0, days[(length - 28) * 7 + firstWeekday] != 0 { due |= 1 << month }
        firstWeekday = (firstWeekday + length) % 7
      }
      monthsOfYear.append(due)
    }
    years = [UInt64](repeating: 0, count: 7)
    for year in 0..<400 where monthsOfYear[DayTable.kindsOfYears[year]] != 0 {
      years[year / 64] |= 1 << UInt64(year % 64)
    }
  }

  private static func days(of fields: CronFields, length: Int, firstWeekday: Int) -> UInt32 {
    let whole = UInt32.max >> UInt32(31 - length) & ~1
    let monthDays = fields.monthDays
    let byMonth =
      UInt32(fields.sets[CronField.dayOfMonth.rawValue])
      | monthDays.daysOfMonth(length: length, firstWeekday: firstWeekday)
    var byWeek = monthDays.daysOfWeek(length: length, firstWeekday: firstWeekday)
    for day in 1...length
    where fields.sets[CronField.dayOfWeek.rawValue] & 1 << UInt64((firstWeekday + day - 1) % 7) != 0 {
      byWeek |= 1 << UInt32(day)
    }
    let either = fields.isDayOfMonthRestricted && fields.isDayOfWeekRestricted
    return (either ? byMonth | byWeek : byMonth & byWeek) & whole
  }

  /// 0 to 6: a common year by its first weekday; 7 to 13: a leap year.
  private static let kindsOfYears: [Int] = (0..<400).map { year in
    Calendar.weekday(ofDays: Calendar.days(year: year + 400, month: 1, day: 1)) + (Calendar.isLeap(year) ? 7 : 0)
  }

  /// Whether no day of any year is due.
  var isEmpty: Bool { years.allSatisfy { $0 == 0 } }

  /// The months of a year that hold a due day. Bit 1 is January.
  func months(year: Int) -> UInt16 { monthsOfYear[DayTable.kindsOfYears[year % 400]] }

  /// The due days of a month, whether or not the month itself is due. Bit n is day n.
  func days(year: Int, month: Int) -> UInt32 {
    let firstWeekday = Calendar.weekday(ofDays: Calendar.days(year: year, month: month, day: 1))
    return days[(Calendar.length(ofMonth: month, year: year) - 28) * 7 + firstWeekday]
  }

  /// The first year from the given one on that holds a due day; nil if there is none.
  func year(from year: Int) -> Int? {
    let start = year % 400
    // One element is looked at twice: from its middle on, and at last its beginning.
    for step in 0...7 {
      let element = (start / 64 + step) % 7
      var set = years[element]
      if step == 0 { set &= .max << UInt64(start % 64) }
      guard set != 0 else { continue }
      let found = element * 64 + set.trailingZeroBitCount
      return year + (found >= start ? found - start : found - start + 400)
    }
    return nil
  }

  /// The last year up to the given one that holds a due day; nil if there is none.
  func year(upTo year: Int) -> Int? {
    let start = year % 400
    for step in 0...7 {
      let element = (start / 64 - step + 7) % 7
      var set = years[element]
      if step == 0 { set &= .max >> UInt64(63 - start % 64) }
      guard set != 0 else { continue }
      let found = element * 64 + 63 - set.leadingZeroBitCount
      return year - (found <= start ? start - found : start - found + 400)
    }
    return nil
  }
}
