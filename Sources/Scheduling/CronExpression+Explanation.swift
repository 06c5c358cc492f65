extension CronExpression {
  /// In words: `at 01:29 on Monday to Friday`.
  public var explanation: String {
    let days = dayWords
    let months = monthWords
    let isEveryDay = days.isEmpty && months.isEmpty
    return timeWords(isEveryDay: isEveryDay) + days + months
  }

  // MARK: The time of day

  private func timeWords(isEveryDay: Bool) -> String {
    let (second, minute, hour) = (bits(seconds), bits(minutes), bits(hours))
    if second.count * minute.count * hour.count <= 4 {
      let times = hour.flatMap { hour in
        minute.flatMap { minute in second.map { clock(hour, minute, second == [0] ? nil : $0) } }
      }
      return "at " + EnglishWords.list(times) + (isEveryDay ? " every day" : "")
    }
    guard second != [0] else { return minuteWords(minute, hour: hour) + hourWords(hour, minute: minute) }
    return secondWords(second, minute: minute, hour: hour)
  }

  private func secondWords(_ second: [Int], minute: [Int], hour: [Int]) -> String {
    let steps = every(second, of: 60, unit: "second")
    var words = steps ?? "at " + numbered(second, unit: "second")
    if minute.count == 60 {
      if steps == nil { words += " of every minute" }
      if let (first, last) = span(of: hour) {
        return steps == nil
          ? words + " from " + clock(first, 0, nil) + " to " + clock(last, 59, nil)
          : words + " from " + clock(first, 0, 0) + " to " + clock(last, 59, second[second.count - 1])
      }
      if hour.count == 24 { return words }
    } else {
      // Minutes in steps too: every 10 seconds of every 15 minutes would be all the time.
      words += " of " + numbered(minute, unit: "minute")
      if hour.count == 24 { return words + " of every hour" }
    }
    if let step = evenStep(hour, of: 24) { return words + " of every \(EnglishWords.ordinal(step)) hour" }
    let hours = EnglishWords.runs(hour, cycle: 0...23) { clock($0, 0, nil) }
    return words + (hour.count == 1 ? " of the hour " : " of the hours ") + EnglishWords.list(hours)
  }

  private func minuteWords(_ minute: [Int], hour: [Int]) -> String {
    if let every = every(minute, of: 60, unit: "minute") { return every }
    if minute == [0], hour.count == 24 { return "every hour, on the hour" }
    return "at " + (minute == [0] ? "the full hour" : numbered(minute, unit: "minute"))
      + (hour.count == 24 ? " of every hour" : "")
  }

  private func hourWords(_ hour: [Int], minute: [Int]) -> String {
    if hour.count == 24 { return "" }
    if let step = evenStep(hour, of: 24), step > 1, minute.count == 1 {
      return minute == [0]
        ? " of every \(EnglishWords.ordinal(step)) hour" : " past every \(EnglishWords.ordinal(step)) hour"
    }
    let spans = EnglishWords.runs(hour, cycle: 0...23) { clock($0, 0, nil) }
    if every(minute, of: 60, unit: "minute") != nil, let (first, last) = span(of: hour) {
      return " from " + clock(first, minute[0], nil) + " to " + clock(last, minute[minute.count - 1], nil)
    }
    return (hour.count == 1 ? " of the hour " : " of the hours ") + EnglishWords.list(spans)
  }

  /// The first and the last of hours that follow one upon the other, over midnight too; nil for others.
  private func span(of hour: [Int]) -> (first: Int, last: Int)? {
    let first = hour.filter { !hour.contains(($0 + 23) % 24) }
    let last = hour.filter { !hour.contains(($0 + 1) % 24) }
    return first.count == 1 && last.count == 1 ? (first[0], last[0]) : nil
  }

  /// `every 15 minutes`, if the numbers divide the whole evenly from 0 on.
  private func every(_ numbers: [Int], of whole: Int, unit: String) -> String? {
    guard let step = evenStep(numbers, of: whole) else { return nil }
    return step == 1 ? "every \(unit)" : "every \(step) \(unit)s"
  }

  private func evenStep(_ numbers: [Int], of whole: Int) -> Int? {
    guard numbers.count > 1, whole % numbers.count == 0 else { return nil }
    let step = whole / numbers.count
    return numbers == Array(stride(from: 0, to: whole, by: step)) ? step : nil
  }

  private func numbered(_ numbers: [Int], unit: String) -> String {
    (numbers.count == 1 ? unit : unit + "s") + " " + EnglishWords.list(EnglishWords.runs(numbers, word: String.init))
  }

  private func clock(_ hour: Int, _ minute: Int, _ second: Int?) -> String {
    padded(hour, 2) + ":" + padded(minute, 2) + (second.map { ":" + padded($0, 2) } ?? "")
  }

  // MARK: The days

  private var dayWords: String {
    let byMonth = daysOfMonthWords
    let byWeek = daysOfWeekWords
    switch (byMonth.isEmpty, byWeek.isEmpty) {
    case (true, true): return ""
    case (false, true): return " on " + EnglishWords.list(byMonth)
    case (true, false): return " on " + EnglishWords.list(byWeek)
    case (false, false):
      let either = isDayOfMonthRestricted && isDayOfWeekRestricted
      return either
        ? " on " + EnglishWords.list(byMonth) + ", and also on " + EnglishWords.list(byWeek)
        : " on " + EnglishWords.list(byMonth) + ", if that is " + EnglishWords.list(byWeek, last: "or")
    }
  }

  private var daysOfMonthWords: [String] {
    let isAll = daysOfMonth == UInt32.max << 1
    if isAll, !isDayOfMonthRestricted || !isDayOfWeekRestricted { return [] }
    var words: [String] = []
    let days = bits(daysOfMonth)
    if isAll {
      words.append("every day of the month")
    } else if !days.isEmpty {
      let numbers = EnglishWords.list(EnglishWords.runs(days, cycle: 1...31, word: String.init))
      words.append((days.count == 1 ? "day " : "days ") + numbers + " of the month")
    }
    words += bits(monthDays.nearestWeekday).map { day in
      "the weekday (Monday to Friday) nearest to the \(EnglishWords.ordinal(day))"
    }
    words += bits(monthDays.beforeLast).reversed().map { count in
      switch count {
      case 0: "the last day of the month"
      case 1: "the day before the last of the month"
      default: "the \(EnglishWords.ordinal(count)) day before the last of the month"
      }
    }
    if monthDays.lastWeekday { words.append("the last weekday (Monday to Friday) of the month") }
    return words
  }

  private var daysOfWeekWords: [String] {
    let isAll = daysOfWeek == 0x7F
    if isAll, !isDayOfMonthRestricted || !isDayOfWeekRestricted { return [] }
    let name = { (weekday: Int) in EnglishWords.weekdays[weekday] }
    var words = isAll ? ["every day of the week"] : EnglishWords.runs(bits(daysOfWeek), cycle: 0...6, word: name)
    for (index, weekdays) in monthDays.nthOfWeekday.enumerated() {
      words += bits(weekdays).map { "the \(EnglishWords.ordinals[index + 1]) \(name($0)) of the month" }
    }
    words += bits(monthDays.lastOfWeekday).map { "the last \(name($0)) of the month" }
    return words
  }

  private var monthWords: String {
    guard months != 0x1FFE else { return "" }
    return " in " + EnglishWords.list(EnglishWords.runs(bits(months), cycle: 1...12) { EnglishWords.months[$0] })
  }
}
