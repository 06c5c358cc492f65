extension CronExpression {
  /// The first due reading of a clock that is not before the given one, by the fields alone.
  /// - Parameter reading: seconds since 1970-01-01T00:00:00 on that clock.
  /// - Returns: nil if there is none until the end of the year 9999.
  func reading(atOrAfter reading: Int64) -> Int64? {
    let (dayNumber, second) = floorDivide(reading, Calendar.secondsPerDay)
    let from = Calendar.date(fromDays: Int(dayNumber))
    guard from.year >= Calendar.years.lowerBound else {
      return self.reading(atOrAfter: CivilTime(year: Calendar.years.lowerBound, month: 1, day: 1).seconds)
    }
    guard from.year <= Calendar.years.upperBound else { return nil }
    let days = isDue(month: from.month) ? dayTable.days(year: from.year, month: from.month) : 0
    if days & 1 << UInt32(from.day) != 0, let found = secondOfDay(atOrAfter: Int(second)) {
      return dayNumber * Calendar.secondsPerDay + Int64(found)
    }
    guard let date = date(after: from, days: days) else { return nil }
    let first = secondOfDay(seconds.trailingZeroBitCount, minutes.trailingZeroBitCount, hours.trailingZeroBitCount)
    return Int64(Calendar.days(year: date.year, month: date.month, day: date.day)) * Calendar.secondsPerDay
      + Int64(first)
  }

  /// The last due reading of a clock that is not after the given one, by the fields alone.
  /// - Returns: nil if there is none from the year 1 on.
  func reading(atOrBefore reading: Int64) -> Int64? {
    let (dayNumber, second) = floorDivide(reading, Calendar.secondsPerDay)
    let from = Calendar.date(fromDays: Int(dayNumber))
    guard from.year <= Calendar.years.upperBound else {
      return self.reading(atOrBefore: CivilTime(year: Calendar.years.upperBound + 1, month: 1, day: 1).seconds - 1)
    }
    guard from.year >= Calendar.years.lowerBound else { return nil }
    let days = isDue(month: from.month) ? dayTable.days(year: from.year, month: from.month) : 0
    if days & 1 << UInt32(from.day) != 0, let found = secondOfDay(atOrBefore: Int(second)) {
      return dayNumber * Calendar.secondsPerDay + Int64(found)
    }
    guard let date = date(before: from, days: days) else { return nil }
    let last = secondOfDay(highest(seconds), highest(minutes), highest(hours))
    return Int64(Calendar.days(year: date.year, month: date.month, day: date.day)) * Calendar.secondsPerDay
      + Int64(last)
  }

  private func isDue(month: Int) -> Bool { months & 1 << UInt16(month) != 0 }

  private typealias Date = (year: Int, month: Int, day: Int)

  /// - Parameter days: the due ones of the given date's month.
  private func date(after date: Date, days: UInt32) -> Date? {
    let laterDays = days & above(date.day)
    if laterDays != 0 { return (date.year, date.month, laterDays.trailingZeroBitCount) }
    var year = date.year
    var laterMonths = dayTable.months(year: year) & above(date.month)
    if laterMonths == 0 {
      guard let next = dayTable.year(from: year + 1), Calendar.years.contains(next) else { return nil }
      year = next
      laterMonths = dayTable.months(year: year)
    }
    let month = laterMonths.trailingZeroBitCount
    return (year, month, dayTable.days(year: year, month: month).trailingZeroBitCount)
  }

  private func date(before date: Date, days: UInt32) -> Date? {
    let earlierDays = days & below(date.day)
    if earlierDays != 0 { return (date.year, date.month, highest(earlierDays)) }
    var year = date.year
    var earlierMonths = dayTable.months(year: year) & below(date.month)
    if earlierMonths == 0 {
      guard let previous = dayTable.year(upTo: year - 1), Calendar.years.contains(previous) else { return nil }
      year = previous
      earlierMonths = dayTable.months(year: year)
    }
    let month = highest(earlierMonths)
    return (year, month, highest(dayTable.days(year: year, month: month)))
  }

  private func secondOfDay(atOrAfter start: Int) -> Int? {
    let (hour, minute, second) = (start / 3600, start / 60 % 60, start % 60)
    if hours & 1 << UInt32(hour) != 0 {
      let laterSeconds = seconds & from(second)
      if minutes & 1 << UInt64(minute) != 0, laterSeconds != 0 {
        return secondOfDay(laterSeconds.trailingZeroBitCount, minute, hour)
      }
      let laterMinutes = minutes & above(minute)
      if laterMinutes != 0 {
        return secondOfDay(seconds.trailingZeroBitCount, laterMinutes.trailingZeroBitCount, hour)
      }
    }
    let laterHours = hours & above(hour)
    guard laterHours != 0 else { return nil }
    return secondOfDay(
      seconds.trailingZeroBitCount, minutes.trailingZeroBitCount, laterHours.trailingZeroBitCount)
  }

  private func secondOfDay(atOrBefore start: Int) -> Int? {
    let (hour, minute, second) = (start / 3600, start / 60 % 60, start % 60)
    if hours & 1 << UInt32(hour) != 0 {
      let earlierSeconds = seconds & through(second)
      if minutes & 1 << UInt64(minute) != 0, earlierSeconds != 0 {
        return secondOfDay(highest(earlierSeconds), minute, hour)
      }
      let earlierMinutes = minutes & below(minute)
      if earlierMinutes != 0 { return secondOfDay(highest(seconds), highest(earlierMinutes), hour) }
    }
    let earlierHours = hours & below(hour)
    guard earlierHours != 0 else { return nil }
    return secondOfDay(highest(seconds), highest(minutes), highest(earlierHours))
  }

  private func secondOfDay(_ second: Int, _ minute: Int, _ hour: Int) -> Int { (hour * 60 + minute) * 60 + second }
}

/// The bits from a number on.
private func from<Bits: FixedWidthInteger>(_ number: Int) -> Bits { Bits.max << Bits(number) }
/// The bits above a number.
private func above<Bits: FixedWidthInteger>(_ number: Int) -> Bits { Bits.max << Bits(number + 1) }
/// The bits below a number.
private func below<Bits: FixedWidthInteger>(_ number: Int) -> Bits { ~(Bits.max << Bits(number)) }
/// The bits up to a number.
private func through<Bits: FixedWidthInteger>(_ number: Int) -> Bits { ~(Bits.max << Bits(number + 1)) }
/// The number of the highest bit of a set that is not empty.
private func highest<Bits: FixedWidthInteger>(_ set: Bits) -> Int { Bits.bitWidth - 1 - set.leadingZeroBitCount }
