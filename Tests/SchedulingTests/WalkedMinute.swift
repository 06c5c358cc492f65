/// A wall clock that is moved on minute by minute. It shares no arithmetic with the module that it is to check.
struct WalkedMinute {
  var year = 1970
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  /// 0 is Sunday; 1970 began on a Thursday.
  var weekday = 4

  static func isLeap(_ year: Int) -> Bool { year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) }

  static func length(month: Int, year: Int) -> Int {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  var length: Int { WalkedMinute.length(month: month, year: year) }

  /// - Parameter minutes: since 1970-01-01T00:00; not negative.
  init(minutes: Int64) {
    for _ in 0..<minutes / 1440 { nextDay() }
    hour = Int(minutes % 1440 / 60)
    minute = Int(minutes % 60)
  }

  mutating func next() {
    minute += 1
    if minute < 60 { return }
    minute = 0
    hour += 1
    if hour < 24 { return }
    hour = 0
    nextDay()
  }

  private mutating func nextDay() {
    weekday = weekday == 6 ? 0 : weekday + 1
    day += 1
    if day <= length { return }
    day = 1
    month += 1
    if month <= 12 { return }
    month = 1
    year += 1
  }
}

/// A job for the walk: its expression, and the same said in another way.
struct WalkedJob: Sendable {
  var expression: String
  /// Whether it is due in every hour.
  var followsElapsedTime = false
  var isDue: @Sendable (WalkedMinute) -> Bool

  static let all: [WalkedJob] = [
    .init(expression: "29 1 * * *") { $0.hour == 1 && $0.minute == 29 },
    .init(expression: "30 2 * * *") { $0.hour == 2 && $0.minute == 30 },
    .init(expression: "0 0 * * *") { $0.hour == 0 && $0.minute == 0 },
    .init(expression: "*/20 0-3 * * *") { $0.hour < 4 && $0.minute % 20 == 0 },
    .init(expression: "* 1 * * *") { $0.hour == 1 },
    .init(expression: "30 */2 * * *") { $0.hour % 2 == 0 && $0.minute == 30 },
    .init(expression: "15,45 23-1 * * FRI-SUN") {
      ($0.minute == 15 || $0.minute == 45) && [23, 0, 1].contains($0.hour) && [5, 6, 0].contains($0.weekday)
    },
    .init(expression: "0 2 * 3,10 SUN#5") {
      $0.minute == 0 && $0.hour == 2 && ($0.month == 3 || $0.month == 10) && $0.weekday == 0 && $0.day > 28
    },
    .init(expression: "10 2 L * *") { $0.minute == 10 && $0.hour == 2 && $0.day == $0.length },
    .init(expression: "10 0 LW * SATL") {
      guard $0.minute == 10, $0.hour == 0 else { return false }
      let isLastSaturday = $0.weekday == 6 && $0.day > $0.length - 7
      let rest = $0.length - $0.day
      let isLastWeekday = (1...5).contains($0.weekday) && (rest == 0 || $0.weekday == 5 && rest < 3)
      return isLastSaturday || isLastWeekday
    },
    .init(expression: "59 23 13 * FRI") {
      $0.minute == 59 && $0.hour == 23 && ($0.day == 13 || $0.weekday == 5)
    },
    .init(expression: "59 23 */2 * FRI") {
      $0.minute == 59 && $0.hour == 23 && $0.day % 2 == 1 && $0.weekday == 5
    },
    .init(expression: "* * * * *", followsElapsedTime: true) { _ in true },
    .init(expression: "*/15 * * * *", followsElapsedTime: true) { $0.minute % 15 == 0 },
    .init(expression: "30 * * * *", followsElapsedTime: true) { $0.minute == 30 },
    .init(expression: "5 0-23 * * SAT,7", followsElapsedTime: true) {
      $0.minute == 5 && ($0.weekday == 6 || $0.weekday == 0)
    },
    .init(expression: "0 */1 29 2 *", followsElapsedTime: true) { $0.minute == 0 && $0.month == 2 && $0.day == 29 },
  ]
}

extension ZoneDump {
  /// The fires of all jobs in a span of time, by going through its minutes one by one.
  ///
  /// Changes of the clocks within the two days before the span are walked through as well.
  func walk(_ jobs: [WalkedJob], from start: Int64, to end: Int64) -> [[Int64]] {
    var fires = [[Int64]](repeating: [], count: jobs.count)
    var moment = start - 2 * 86_400
    var index = changes.firstIndex { $0.at > moment } ?? changes.count
    var offset = index == 0 ? firstOffset : changes[index - 1].offset
    var shown = WalkedMinute(minutes: (moment + offset) / 60)
    // For how many minutes the clock will show what it has shown before.
    var repeated: Int64 = 0
    while moment < end {
      var skipped: [WalkedMinute] = []
      while index < changes.count, changes[index].at <= moment {
        let difference = (changes[index].offset - offset) / 60
        offset = changes[index].offset
        index += 1
        if difference > 0 {
          for _ in 0..<difference {
            if repeated > 0 { repeated -= 1 } else { skipped.append(shown) }
            shown.next()
          }
        } else {
          repeated -= difference
          shown = WalkedMinute(minutes: (moment + offset) / 60)
        }
      }
      if moment >= start {
        for (number, job) in jobs.enumerated() {
          let isDue =
            job.followsElapsedTime
            ? job.isDue(shown) : (repeated == 0 && job.isDue(shown)) || skipped.contains(where: job.isDue)
          if isDue { fires[number].append(moment) }
        }
      }
      if repeated > 0 { repeated -= 1 }
      shown.next()
      moment += 60
    }
    return fires
  }
}
