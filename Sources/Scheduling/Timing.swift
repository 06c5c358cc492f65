/// When a job is due: by the clock on the wall, or after equal times.
public enum Timing: Sendable, Hashable {
  case cron(CronExpression)
  case every(Interval)

  /// In words: `at 01:29 on Monday to Friday`, `every 15 minutes`.
  public var explanation: String {
    switch self {
    case .cron(let expression): expression.explanation
    case .every(let interval): interval.explanation
    }
  }
}

extension Timing: CustomStringConvertible {
  /// As it was written: `29 1 * * *`, `every 15m`.
  public var description: String {
    switch self {
    case .cron(let expression): expression.text
    case .every(let interval): "every \(interval)"
    }
  }
}
