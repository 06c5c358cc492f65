extension CronExpression {
  /// The fields with what they mean, the same however that is written: numbers, ascending, and `*` for all. Without a
  /// field for seconds if that is second 0. `29 1 * * 1-5`.
  ///
  /// An `&` before the day of the week says that both day fields must name a day; without it one is enough.
  var canonicalText: String {
    let time = seconds == 1 ? [] : [list(seconds, of: .second)]
    let (byMonth, byWeek) = (daysOfMonthText, daysOfWeekText)
    let days: (month: String, week: String) =
      if isDayOfMonthRestricted, isDayOfWeekRestricted {
        // All days, if one of them names all.
        byMonth == "*" || byWeek == "*" ? ("*", "*") : (byMonth, byWeek)
      } else {
        (byMonth, byMonth != "*" && byWeek != "*" ? "&" + byWeek : byWeek)
      }
    let fields =
      time + [
        list(minutes, of: .minute), list(UInt64(hours), of: .hour), days.month, list(UInt64(months), of: .month),
        days.week,
      ]
    return fields.joined(separator: " ")
  }

  private var daysOfMonthText: String {
    let all = list(UInt64(daysOfMonth), of: .dayOfMonth)
    guard all != "*" else { return all }
    let words =
      (all.isEmpty ? [] : [all]) + bits(monthDays.nearestWeekday).map { "\($0)W" }
      + bits(monthDays.beforeLast).map { $0 == 0 ? "L" : "L-\($0)" } + (monthDays.lastWeekday ? ["LW"] : [])
    return words.joined(separator: ",")
  }

  private var daysOfWeekText: String {
    let all = list(UInt64(daysOfWeek), of: .dayOfWeek)
    guard all != "*" else { return all }
    let nth = monthDays.nthOfWeekday.enumerated().flatMap { index, weekdays in
      bits(weekdays).map { "\($0)#\(index + 1)" }
    }
    return ((all.isEmpty ? [] : [all]) + nth + bits(monthDays.lastOfWeekday).map { "\($0)L" }).joined(separator: ",")
  }

  private func list(_ set: UInt64, of field: CronField) -> String {
    let numbers = bits(set)
    if numbers.count == field.count { return "*" }
    var runs: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = runs.last, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
  }
}
