/// What may be set for schedulers.
public struct SchedulerOptions: Sendable, Hashable {
  /// Whether each worker runs a scheduler, too.
  public var runsInWorkers = true
  /// The time zone of schedules that name none.
  public var zone = "UTC"
  /// How far back missed fires are looked for.
  public var horizonMilliseconds: Int64 = 24 * 3_600_000
  /// A difference between this machine's clock and the broker's that is told of.
  public var clockWarningMilliseconds: Int64 = 2_000
  /// One with which nothing is proposed.
  public var clockLimitMilliseconds: Int64 = 60_000

  /// Options, with the defaults of the file.
  public init() {}
}
