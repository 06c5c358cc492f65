/// When a job is due, in cron's five fields (minute first) or six (second first).
///
/// docs/schedules.md has the whole of what may be written, and what is done when clocks change.
public struct CronExpression: Sendable {
  /// As it was written, without the blanks around it.
  public private(set) var text: String
  /// Whether it has a field for seconds; one without is due at second 0.
  public let hasSeconds: Bool
  /// Bit n stands for second n, and so on.
  let seconds: UInt64
  let minutes: UInt64
  let hours: UInt32
  /// Bit n is day n; what depends on the month is in `monthDays`.
  let daysOfMonth: UInt32
  /// Bit 1 is January.
  let months: UInt16
  /// Bit 0 is Sunday.
  let daysOfWeek: UInt8
  let monthDays: MonthDays
  /// Whether the field begins with neither `*` nor `?`. If both do not, a day that either names is due; otherwise a day
  /// must be named by both.
  let isDayOfMonthRestricted: Bool
  let isDayOfWeekRestricted: Bool
  let dayTable: DayTable

  /// Reads an expression.
  /// - Throws: `CronExpressionError`, for an expression that could never be due too.
  public init(_ text: String) throws(CronExpressionError) {
    var parser = CronParser(text)
    self = try parser.parse()
  }

  init(text: String, hasSeconds: Bool, fields: CronFields) {
    self.text = text
    self.hasSeconds = hasSeconds
    seconds = fields.sets[CronField.second.rawValue]
    minutes = fields.sets[CronField.minute.rawValue]
    hours = UInt32(fields.sets[CronField.hour.rawValue])
    daysOfMonth = UInt32(fields.sets[CronField.dayOfMonth.rawValue])
    months = UInt16(fields.sets[CronField.month.rawValue])
    daysOfWeek = UInt8(fields.sets[CronField.dayOfWeek.rawValue])
    monthDays = fields.monthDays
    isDayOfMonthRestricted = fields.isDayOfMonthRestricted
    isDayOfWeekRestricted = fields.isDayOfWeekRestricted
    dayTable = DayTable(fields: fields)
  }

  /// The same under another text.
  init(_ expression: CronExpression, text: String) {
    self = expression
    self.text = text
  }

  /// Whether the job is due in every hour of its days (the hour field is `*` or names all 24).
  ///
  /// Such a job follows elapsed time when clocks change; any other is due once for each reading of the clock.
  public var followsElapsedTime: Bool { hours == 0xFF_FFFF }

  /// How many seconds of a day are due ones, on a day that is due.
  public var firesPerDay: Int { seconds.nonzeroBitCount * minutes.nonzeroBitCount * hours.nonzeroBitCount }
}

extension CronExpression: Hashable {
  /// Equal if they are due at the same readings of a clock by the same fields, however they are written.
  public static func == (a: CronExpression, b: CronExpression) -> Bool {
    a.seconds == b.seconds && a.minutes == b.minutes && a.hours == b.hours && a.months == b.months
      && a.dayTable == b.dayTable
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(seconds)
    hasher.combine(minutes)
    hasher.combine(hours)
    hasher.combine(months)
    hasher.combine(dayTable)
  }
}

extension CronExpression: CustomStringConvertible {
  public var description: String { text }
}

/// What a parser has found in the fields.
struct CronFields {
  /// Bit n of element f: the number n in `CronField` f. Sunday is bit 0 alone.
  var sets: [UInt64] = [1, 0, 0, 0, 0, 0]
  var monthDays = MonthDays()
  var isDayOfMonthRestricted = false
  var isDayOfWeekRestricted = false
}
