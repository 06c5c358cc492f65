/// Reads one field of a cron expression.
struct CronFieldParser {
  typealias Word = CronParser.Word

  let expression: String
  let field: CronField
  let fieldIndex: Int

  /// Adds what the field names.
  func parse(_ word: Word, into fields: inout CronFields) throws(CronExpressionError) {
    let isRestricted = word.characters.first != "*" && word.characters.first != "?"
    if field == .dayOfMonth { fields.isDayOfMonthRestricted = isRestricted }
    if field == .dayOfWeek { fields.isDayOfWeekRestricted = isRestricted }
    fields.sets[field.rawValue] = 0
    for item in word.split(",") {
      guard !item.characters.isEmpty else {
        throw failure(
          .syntax, item, "there is nothing between two commas, or before or after one", "take the comma out")
      }
      if item.text == "?" {
        try requireDayField(item)
        guard word.text == "?" else {
          throw failure(.syntax, item, "'?' cannot be part of a list", "write it alone, or leave it out")
        }
        fields.sets[field.rawValue] = set(from: field.numbers.lowerBound, through: field.last, step: 1)
      } else if try !parseMonthDay(item, into: &fields.monthDays) {
        fields.sets[field.rawValue] |= try parseNumbers(item)
      }
    }
  }

  /// `*`, a number, a name or a range, each with or without a step.
  private func parseNumbers(_ item: Word) throws(CronExpressionError) -> UInt64 {
    let parts = item.split("/")
    guard parts.count <= 2 else {
      throw failure(.syntax, parts[2], "there is a second step", "write one '/' at most, as in 0-30/5")
    }
    let step = parts.count == 2 ? try parseStep(parts[1]) : 1
    if parts[0].text == "*" { return set(from: field.numbers.lowerBound, through: field.last, step: step) }
    let ends = parts[0].split("-")
    guard ends.count <= 2, ends.allSatisfy({ !$0.characters.isEmpty }) else {
      throw failure(.syntax, parts[0], "'\(parts[0].text)' is not a range", "write it as in \(example)")
    }
    let first = try parseValue(ends[0])
    guard ends.count == 2 else {
      // `5/15`: from 5 to the field's end.
      return set(from: first, through: parts.count == 2 ? max(first, field.last) : first, step: step)
    }
    let last = try parseValue(ends[1])
    // A range whose end comes before its beginning goes over the field's end: 22-2, FRI-MON.
    return set(from: first, through: last < first ? last + field.count : last, step: step)
  }

  private func parseStep(_ word: Word) throws(CronExpressionError) -> Int {
    guard !word.characters.isEmpty, word.characters.allSatisfy(isDecimal) else {
      throw failure(.syntax, word, "the step '\(word.text)' is not a number", "write it as in */5")
    }
    guard let step = Int(word.text), step <= field.count else {
      let remedy =
        switch field {
        case .second: "use `every: \(word.text)s` for an interval that is longer than a minute"
        case .minute: "use `every: \(word.text)m` for an interval that is longer than an hour"
        case .hour: "use `every: \(word.text)h` for an interval that is longer than a day"
        default: "leave the step out, or write one from 1 to \(field.count)"
        }
      throw failure(
        .step, word, "the step \(word.text) is longer than the \(field.name) field's \(field.count)", remedy)
    }
    guard step > 0 else {
      throw failure(.step, word, "a step of zero never comes to the next value", "write a step from 1 on, as in */5")
    }
    return step
  }

  private func parseValue(_ word: Word) throws(CronExpressionError) -> Int {
    if word.characters.allSatisfy(isDecimal) {
      guard let number = Int(word.text), field.numbers.contains(number) else { throw outOfRange(word) }
      return number
    }
    let name = word.text.uppercased()
    if let index = field.names.firstIndex(of: name) { return index + field.numbers.lowerBound }
    throw unknown(word, name)
  }

  /// What only the day fields have: `L`, `W` and `#`.
  /// - Returns: false if the item is none of them.
  private func parseMonthDay(_ item: Word, into days: inout MonthDays) throws(CronExpressionError) -> Bool {
    let text = item.text.uppercased()
    switch field {
    case .dayOfMonth:
      guard text.contains("L") || text.hasSuffix("W") else { break }
      return try parseDayOfMonth(item, text, into: &days)
    case .dayOfWeek:
      if text == "L" {
        throw failure(
          .syntax, item, "'L' needs a day in the day-of-week field: other crons take it for Saturday",
          "write SAT, or FRIL for the month's last Friday, or L in the day-of-month field")
      }
      if text.first == "L", text.count == 2, text.last?.isNumber == true {
        throw failure(.syntax, item, "'\(item.text)' has its parts in the wrong order", "write \(text.suffix(1))L")
      }
      if text.last == "L", !CronField.month.names.contains(text) {
        days.lastOfWeekday |= 1 << UInt8(try parseValue(item.dropLast(1)) % 7)
        return true
      }
      guard text.contains("#") else { break }
      let parts = item.split("#")
      guard parts.count == 2, let number = Int(parts[1].text), (1...5).contains(number) else {
        throw failure(.outOfRange, item, "'\(item.text)' does not say which one of the month", "write MON#1 to MON#5")
      }
      days.nthOfWeekday[number - 1] |= 1 << UInt8(try parseValue(parts[0]) % 7)
      return true
    default:
      if text == "L" || text == "LW" { try requireDayField(item) }
    }
    if text.contains("#") {
      throw failure(
        .wrongField, item, "'#' belongs in the day-of-week field, and this is the \(field.name) field",
        "move it to the last field, as in MON#2")
    }
    return false
  }

  private func parseDayOfMonth(
    _ item: Word, _ text: String, into days: inout MonthDays
  ) throws(CronExpressionError) -> Bool {
    if text == "L" {
      days.beforeLast |= 1
    } else if text == "LW" {
      days.lastWeekday = true
    } else if text.hasPrefix("L-"), let count = Int(text.dropFirst(2)), text.dropFirst(2).allSatisfy(isDecimal) {
      guard (0...30).contains(count) else {
        throw failure(
          .outOfRange, item.dropFirst(2), "no month has a day that is \(count) days before its last",
          "write L-1 to L-30")
      }
      days.beforeLast |= 1 << UInt32(count)
    } else if text.hasSuffix("W"), text.count > 1, text.dropLast().allSatisfy(isDecimal) {
      days.nearestWeekday |= 1 << UInt32(try parseValue(item.dropLast(1)))
    } else if text.hasSuffix("W") || text.hasPrefix("L-") {
      throw failure(
        .syntax, item, "'\(item.text)' is not a day of the month",
        "write L, L-3 (three days before the last), 15W or LW")
    } else {
      return false
    }
    return true
  }

  /// `?`, `L` and `LW` say something only about days.
  private func requireDayField(_ item: Word) throws(CronExpressionError) {
    guard field != .dayOfMonth, field != .dayOfWeek else { return }
    throw failure(
      .wrongField, item,
      "'\(item.text)' belongs in the day-of-month or the day-of-week field, and this is the \(field.name) field",
      item.text == "?" ? "write *" : "move it, or write a number from \(range)")
  }

  /// The numbers of an arithmetic series, modulo the field's count.
  private func set(from first: Int, through last: Int, step: Int) -> UInt64 {
    let lowest = field.numbers.lowerBound
    var set: UInt64 = 0
    for number in stride(from: first, through: last, by: step) {
      set |= 1 << UInt64(lowest + (number - lowest) % field.count)
    }
    return set
  }
}

/// Whether it is one of the ten digits of ASCII.
private func isDecimal(_ character: Character) -> Bool { character.isASCII && character.isWholeNumber }
