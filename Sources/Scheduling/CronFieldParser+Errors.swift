extension CronFieldParser {
  /// The numbers that the field takes, in words.
  var range: String { "\(field.numbers.lowerBound) to \(field.numbers.upperBound)" }

  /// A range of this field.
  var example: String {
    switch field {
    case .second, .minute: "0-30"
    case .hour: "8-17"
    case .dayOfMonth: "1-7"
    case .month: "JAN-MAR"
    case .dayOfWeek: "MON-FRI"
    }
  }

  func outOfRange(_ word: Word) -> CronExpressionError {
    let remedy =
      switch (field, word.text) {
      case (.hour, "24"): "write 0 for midnight"
      case (.second, "60"), (.minute, "60"): "write 0 for the full \(field == .minute ? "hour" : "minute")"
      case (.dayOfMonth, "0"): "write 1 for the first day, or L for the last"
      default: "write a number from \(range)"
      }
    return failure(.outOfRange, word, "\(word.text) is not in the \(field.name) field's \(range)", remedy)
  }

  func unknown(_ word: Word, _ name: String) -> CronExpressionError {
    if name.dropFirst().contains("-") {
      return failure(
        .syntax, word, "'\(word.text)' is a range, where one value is needed", "write the values in a list")
    }
    for other in [CronField.month, .dayOfWeek] where other != field && other.names.contains(name) {
      let instead = field.names.isEmpty ? "a number from \(range)" : "a name such as \(field.names[1])"
      return failure(
        .wrongField, word,
        "'\(word.text)' belongs in the \(other.name) field, and this is the \(field.name) field",
        "move it, or write \(instead)")
    }
    if name == "H" {
      return failure(
        .unknownName, word, "'H' is not supported", "write a number; `spread` keeps jobs from starting all at once")
    }
    if let full = field.names.first(where: { name.hasPrefix($0) }) ?? nearestWord(to: name, among: field.names) {
      return failure(.unknownName, word, "'\(word.text)' is not a name of the \(field.name) field", "write \(full)")
    }
    let names = field.names.isEmpty ? "" : " or a name from \(field.names.joined(separator: ", "))"
    return failure(
      field.names.isEmpty ? .syntax : .unknownName, word, "the \(field.name) field cannot be '\(word.text)'",
      "write a number from \(range)\(names)")
  }

  func failure(
    _ kind: CronExpressionError.Kind, _ word: Word, _ reason: String, _ remedy: String
  ) -> CronExpressionError {
    CronExpressionError(
      kind: kind, expression: expression, field: field, fieldIndex: fieldIndex, column: word.column, reason: reason,
      remedy: remedy)
  }
}
