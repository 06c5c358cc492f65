import Testing

@testable import Scheduling

/// Drives a machine by hand: a clock that is set to moments of 2026, and commands as short texts.
struct SchedulerDriver {
  var machine: SchedulerMachine
  /// Milliseconds since 1970.
  var now: Int64 = 0
  /// The moment of the last timer that was set.
  var timer: Int64?
  var proposals: [SchedulerMachine.Proposal] = []

  init(_ schedules: Schedule..., horizon: Int64 = 24 * 3_600_000) {
    var settings = SchedulerMachine.Settings()
    settings.horizonMilliseconds = horizon
    machine = SchedulerMachine(schedules.map { SchedulerMachine.Entry($0, queue: "q") }, settings: settings)
  }

  /// A schedule in UTC; `every 15m` or a cron expression.
  static func schedule(
    _ job: String = "a", _ timing: String = "0 * * * *", _ catchUp: CatchUpPolicy = .latest, spread: Int64 = 0,
    notAfter: String? = nil, isDisabled: Bool = false
  ) throws -> Schedule {
    Schedule(
      job: job,
      timing: timing.hasPrefix("every ")
        ? .every(try Interval(String(timing.dropFirst(6)))) : .cron(try CronExpression(timing)),
      spreadMilliseconds: spread, catchUp: catchUp, notAfter: try notAfter.map { try #require(TimeOfDay($0)) },
      isDisabled: isDisabled)
  }

  /// What the log says of a timing that it has had for long.
  static func known(_ schedule: Schedule, since: String = "2026-01-01T00:00:00Z") throws -> SchedulerMachine.Known {
    SchedulerMachine.Known(
      signature: SchedulerMachine.Entry(schedule, queue: "q").signature, since: try moment(since))
  }

  /// Sets the clock; `24T05:00:00` is of November 2026.
  mutating func at(_ time: String) throws { now = try moment("2026-11-\(time)Z") * 1000 }

  /// Gives an input and says what was decided; timers apart.
  @discardableResult
  mutating func give(_ input: SchedulerMachine.Input) -> [String] {
    machine.handle(input, now: now).compactMap { command in
      switch command {
      case .propose(let proposal):
        proposals.append(proposal)
        return "propose \(SchedulerDriver.short(proposal.id))"
      case .remember(let job, let known): return "remember \(job) \(text(known.since).dropFirst(8).dropLast())"
      case .forget(let job): return "forget \(job)"
      case .lookAtClock: return "look"
      case .setTimer(let moment):
        timer = moment
        return nil
      case .report(.omitted(let job, let reason, let count, _)): return "\(count) of \(job) \(reason)"
      case .report(.clockOff): return "off"
      case .report(.clockWrong): return "wrong"
      case .report(.clockRight): return "right"
      case .report(.knownAhead(let job, let since)): return "\(job) known since \(text(since).prefix(10))"
      }
    }
  }

  /// Starts with a clock that is right.
  mutating func start(
    at time: String, logged: [String] = [], known: [String: SchedulerMachine.Known] = [:]
  ) throws -> [String] {
    try at(time)
    #expect(give(.clock(aheadMilliseconds: 3)).isEmpty)
    return give(.logRead(fires: try logged.map(SchedulerDriver.id), known: known))
  }

  /// The timer fires at its moment, or later.
  mutating func fire(late: Int64 = 0) -> [String] {
    guard let moment = timer else { return ["no timer"] }
    (now, timer) = (moment + late, nil)
    return give(.timer)
  }

  /// The moment of the timer: `24T05:00:00.000`.
  var timerText: String? {
    timer.map { moment in
      "\(text(moment / 1000).dropFirst(8).dropLast())" + (moment % 1000 == 0 ? "" : ".\(moment % 1000)")
    }
  }

  /// `a@24T05:00:00`.
  static func id(_ text: String) throws -> FireIdentifier {
    let parts = text.split(separator: "@")
    return FireIdentifier(job: String(parts[0]), fire: try moment("2026-11-\(parts[1])Z"))
  }

  static func short(_ id: FireIdentifier) -> String { "\(id.job)@\(text(id.fire).dropFirst(8).dropLast())" }
}
