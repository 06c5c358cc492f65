/// Reads the fields of a cron expression; `CronFieldParser` reads one of them.
struct CronParser {
  private let text: String
  private let words: [Word]

  /// Characters of the expression that belong together.
  struct Word {
    /// Of the first character, from 1.
    var column: Int
    var characters: ArraySlice<Character>

    var text: String { String(characters) }
    func dropFirst(_ count: Int) -> Word { Word(column: column + count, characters: characters.dropFirst(count)) }
    func dropLast(_ count: Int) -> Word { Word(column: column, characters: characters.dropLast(count)) }

    /// The parts between the separators, empty ones too.
    func split(_ separator: Character) -> [Word] {
      characters.split(separator: separator, omittingEmptySubsequences: false).map { part in
        Word(column: column + part.startIndex - characters.startIndex, characters: part)
      }
    }
  }

  init(_ text: String) {
    let characters = Array(text)
    words = characters.split(whereSeparator: \.isWhitespace).map { Word(column: $0.startIndex + 1, characters: $0) }
    guard let first = words.first, let last = words.last else {
      self.text = ""
      return
    }
    self.text = String(characters[first.characters.startIndex..<last.characters.endIndex])
  }

  /// What the names with an @ stand for.
  static let macros: [(name: String, fields: String)] = [
    ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"),
  ]

  mutating func parse() throws(CronExpressionError) -> CronExpression {
    if let first = words.first, first.characters.first == "@" {
      var parser = CronParser(try fieldsOfMacro(first))
      return CronExpression(try parser.parse(), text: text)
    }
    guard words.count == 5 || words.count == 6 else { throw wrongCount() }
    let kinds = Array(CronField.allCases.suffix(words.count))
    var fields = CronFields()
    for (index, word) in words.enumerated() {
      let parser = CronFieldParser(expression: text, field: kinds[index], fieldIndex: index)
      try parser.parse(word, into: &fields)
    }
    let expression = CronExpression(text: text, hasSeconds: words.count == 6, fields: fields)
    if expression.dayTable.isEmpty { throw neverFires(expression) }
    return expression
  }

  private func fieldsOfMacro(_ word: Word) throws(CronExpressionError) -> String {
    let names = CronParser.macros.map(\.name)
    if words.count > 1 {
      throw failure(
        .syntax, column: words[1].column, reason: "nothing may follow a name such as @daily",
        remedy: "write either the name or the fields")
    }
    let name = word.text.lowercased()
    if let macro = CronParser.macros.first(where: { $0.name == name }) { return macro.fields }
    let remedy =
      switch name {
      case "@every": "write the interval by itself: `every: 15m`"
      case "@reboot": "a schedule goes by the clock; say when the job is due"
      default: "the names are \(names.joined(separator: ", "))"
      }
    throw failure(.unknownName, column: word.column, reason: "'\(word.text)' is not a schedule", remedy: remedy)
  }

  private func wrongCount() -> CronExpressionError {
    let order = "minute hour day-of-month month day-of-week"
    let blankInList = words.first { $0.characters.last == "," || $0.characters.first == "," }
    if words.count > 6, let word = blankInList {
      return failure(
        .fieldCount, column: word.column, reason: "there are \(words.count) fields, and six at most",
        remedy: "write lists without blanks: MON,TUE")
    }
    if words.count > 6 {
      let year = words.count == 7 ? "; a field for years is not supported" : ""
      return failure(
        .fieldCount, column: words[6].column, reason: "there are \(words.count) fields, and six at most" + year,
        remedy: "write [second] \(order)")
    }
    let count = words.isEmpty ? "the expression is empty" : "there are only \(words.count) of five fields"
    return failure(
      .fieldCount, column: (words.last?.column ?? 0) + (words.last?.characters.count ?? 1), reason: count,
      remedy: "write [second] \(order), or a name such as @daily")
  }

  private func neverFires(_ expression: CronExpression) -> CronExpressionError {
    let index = words.count - 3
    var reason = "no day of any year is named by the day-of-month, month and day-of-week fields together"
    if expression.monthDays == MonthDays(), expression.daysOfWeek == 0x7F {
      let months = bits(expression.months).map { EnglishWords.months[$0] }
      let days = bits(expression.daysOfMonth).map(String.init)
      reason =
        EnglishWords.list(months) + (months.count == 1 ? " never has" : " never have") + " a day "
        + EnglishWords.list(days, last: "or")
    }
    var error = failure(
      .neverFires, column: words[index].column, reason: "it would never be due: " + reason,
      remedy: "use a day that the month has, or L for its last day")
    error.field = .dayOfMonth
    error.fieldIndex = index
    return error
  }

  private func failure(
    _ kind: CronExpressionError.Kind, column: Int, reason: String, remedy: String
  ) -> CronExpressionError {
    CronExpressionError(
      kind: kind, expression: text, field: nil, fieldIndex: nil, column: column, reason: reason, remedy: remedy)
  }
}
