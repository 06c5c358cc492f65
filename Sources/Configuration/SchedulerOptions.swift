import Scheduling

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

  /// The same for a machine.
  public var settings: SchedulerMachine.Settings {
    var settings = SchedulerMachine.Settings()
    settings.horizonMilliseconds = horizonMilliseconds
    settings.clockWarningMilliseconds = clockWarningMilliseconds
    settings.clockLimitMilliseconds = clockLimitMilliseconds
    return settings
  }

  /// How long a queue with schedules must remember ids at least: the horizon, how far apart two clocks may be that look
  /// sound, and the minute for which a producer tries.
  public var leastDeduplicationMilliseconds: Int64 {
    horizonMilliseconds + settings.soundClocksApartMilliseconds + 60_000
  }

  /// Options, with the defaults of the file.
  public init() {}
}
