/// Decides which fires are proposed, and when. Any number of schedulers may run: they agree on the fires' ids, and the
/// log keeps the first of each.
///
/// Sans-IO: `handle` takes an input and the time and answers with commands. Moments are milliseconds since 1970 by this
/// machine's clock, nominal fires whole seconds.
public struct SchedulerMachine: Sendable {
  /// A job's schedule, and the queue that its requests go to.
  public struct Entry: Sendable, Hashable {
    public var schedule: Schedule
    public var queue: String

    public init(_ schedule: Schedule, queue: String) {
      self.schedule = schedule
      self.queue = queue
    }

    /// What a changed schedule differs in. The queue is part of it: another queue's log knows nothing of the fires before.
    public var signature: String { "\(schedule.signature) in \(queue)" }
  }

  /// Since when a job has had its present timing; kept on the control topic.
  public struct Known: Sendable, Hashable {
    public var signature: String
    /// Seconds since 1970.
    public var since: Int64

    public init(signature: String, since: Int64) {
      self.signature = signature
      self.since = since
    }
  }

  public struct Settings: Sendable, Hashable {
    /// How far back missed fires are looked for.
    public var horizonMilliseconds: Int64 = 24 * 3_600_000
    public var clockWarningMilliseconds: Int64 = 2_000
    public var clockLimitMilliseconds: Int64 = 60_000
    /// A fire that is proposed no later than this is on time, whatever the policy for missed ones.
    public var graceMilliseconds: Int64 = 30_000
    /// Until what failed is tried again.
    public var retryMilliseconds: Int64 = 1_000
    /// Until a look at the clock that has no answer is repeated.
    public var lookMilliseconds: Int64 = 10_000

    public init() {}

    /// How far apart two clocks may be that both look sound: each may be off by the limit, by a quarter of it that an
    /// answer's way hides, and by a step that goes unnoticed.
    public var soundClocksApartMilliseconds: Int64 {
      2 * (clockLimitMilliseconds + clockLimitMilliseconds / 4 + clockWarningMilliseconds)
    }
  }

  /// The protections that make the promise hold. The simulation removes one at a time to prove that it would notice.
  package struct Protections: Sendable, Hashable {
    /// Nothing is due for the time before a schedule was known.
    package var remembersSchedules = true
    /// What the log holds at the start is not proposed.
    package var readsTheLogBack = true
    /// Nothing is proposed by a clock that is wrong, or that nobody has compared since it was set.
    package var watchesTheClock = true
    package var retriesFailures = true

    package init() {}
  }

  enum Clock { case unknown, right, off, wrong }

  struct State {
    var entry: Entry
    /// What is stored of its timing.
    var known: Known?
    /// Fires that were due up to here have been dealt with.
    var checkedThrough: Int64 = .min
    /// When the first fire after that is due.
    var nextDue: Int64?
    /// The fires that are in the log.
    var logged: Set<Int64> = []
    /// Proposed, and not yet known to be in the log.
    var underWay: [Int64: Proposal] = [:]
    /// Not sent, to be tried again.
    var failed: [Int64: Proposal] = [:]
    var prunedAt: Int64 = .min
  }

  let settings: Settings
  package var protections = Protections()
  var jobs: [String: State] = [:]
  private var names: [String] = []
  private var pauses: [String: Int64?] = [:]
  private var clock = Clock.unknown
  private var reportedClock = Clock.right
  /// What the log says of the timings; nil until it was read.
  private var stored: [String: Known]?
  /// Begun: the log was read and the clock is sound. A schedule is known since a moment, so it takes both.
  private var isStarted = false
  /// Jobs whose timing could not be stored.
  private var notStored: Set<String> = []
  var retryAt: Int64?
  private var lookAt: Int64?

  /// - Parameter entries: of all jobs that have a schedule, the disabled ones too.
  public init(_ entries: [Entry], settings: Settings = Settings()) {
    self.settings = settings
    for entry in entries where !entry.schedule.isDisabled { jobs[entry.schedule.job] = State(entry: entry) }
    names = jobs.keys.sorted()
  }

  /// Takes one input and says what is to be done.
  public mutating func handle(_ input: Input, now: Int64) -> [Command] {
    switch input {
    case .logRead(let fires, let known):
      if protections.readsTheLogBack { for id in fires { jobs[id.job]?.logged.insert(id.fire) } }
      stored = known
      return evaluate(now: now)
    case .known(let job, let known):
      stored?[job] = known
      if isStored(job, now: now) { notStored.remove(job) }
      return []
    case .notStored(let job):
      guard !isStored(job, now: now) else { return [] }
      notStored.insert(job)
      return retryLater(now)
    case .storeLost:
      guard stored != nil else { return [] }
      stored = [:]
      return names.compactMap { name in jobs[name]?.known.map { .remember(job: name, $0) } }
    case .logged(let id):
      guard jobs[id.job] != nil else { return [] }
      jobs[id.job]?.logged.insert(id.fire)
      jobs[id.job]?.underWay[id.fire] = nil
      jobs[id.job]?.failed[id.fire] = nil
      return []
    case .failed(let id):
      guard let proposal = jobs[id.job]?.underWay.removeValue(forKey: id.fire) else { return [] }
      guard protections.retriesFailures else { return [] }
      jobs[id.job]?.failed[id.fire] = proposal
      return retryLater(now)
    case .clock(let ahead): return look(ahead, now: now)
    case .clockSet:
      clock = .unknown
      lookAt = nil
      // By the clock as it was, it may be far away.
      retryAt = retryAt.map { min($0, now + settings.retryMilliseconds) }
      return evaluate(now: now)
    case .paused(let job, let until):
      pauses.updateValue(until, forKey: job)
      return evaluate(now: now)
    case .resumed(let job):
      pauses[job] = nil
      return evaluate(now: now)
    case .timer: return evaluate(now: now)
    }
  }

  // MARK: The start

  /// Whether the log tells the job's timing as it is; one of a wrong clock is still to be replaced.
  private func isStored(_ job: String, now: Int64) -> Bool {
    let known = stored?[job]
    return known?.signature == jobs[job]?.known?.signature && !(known.map { isAhead($0, now: now) } ?? false)
  }

  private mutating func start(_ known: [String: Known], now: Int64) -> [Command] {
    var commands: [Command] = []
    for name in names {
      guard var state = jobs[name] else { continue }
      let schedule = state.entry.schedule
      var since = Known(signature: state.entry.signature, since: floorDivide(now, 1000).quotient)
      let old = known[name].flatMap { $0.signature == since.signature ? $0 : nil }
      if let old, !isAhead(old, now: now) {
        since = old
      } else {
        if let old { commands.append(.report(.knownAhead(job: name, since: old.since))) }
        commands.append(.remember(job: name, since))
      }
      state.known = since
      // Up to then it was not asked for.
      state.checkedThrough =
        protections.remembersSchedules
        ? schedule.dueMilliseconds(of: since.since) : now - settings.horizonMilliseconds
      state.nextDue = schedule.nextFire(dueAfter: state.checkedThrough).map(schedule.dueMilliseconds(of:))
      jobs[name] = state
    }
    for name in known.keys.sorted() where jobs[name] == nil { commands.append(.forget(job: name)) }
    isStarted = true
    return commands
  }

  // MARK: The clock

  private var isClockSound: Bool {
    switch clock {
    case .right, .off: true
    case .unknown, .wrong: !protections.watchesTheClock
    }
  }

  private mutating func look(_ ahead: Int64, now: Int64) -> [Command] {
    let size = ahead == .min ? .max : abs(ahead)
    let wasSound = isClockSound
    clock =
      size > settings.clockLimitMilliseconds ? .wrong : size > settings.clockWarningMilliseconds ? .off : .right
    lookAt = nil
    var commands: [Command] = []
    if clock != reportedClock {
      reportedClock = clock
      switch clock {
      case .wrong: commands = [.report(.clockWrong(aheadMilliseconds: ahead))]
      case .off: commands = [.report(.clockOff(aheadMilliseconds: ahead))]
      case .right, .unknown: commands = [.report(.clockRight)]
      }
    }
    guard !wasSound, isClockSound else { return commands }
    // What was not proposed meanwhile was missed: others will have done it.
    return commands + comeBack(to: now) + evaluate(now: now)
  }

  /// If this clock and the broker's were ahead together and have been set back, the time until then comes once more. What
  /// was proposed for it is in the log; the rest is due.
  private mutating func comeBack(to now: Int64) -> [Command] {
    var commands: [Command] = []
    for name in names {
      guard var state = jobs[name], let known = state.known else { continue }
      if isAhead(known, now: now) {
        state.known?.since = floorDivide(now, 1000).quotient
        commands.append(.report(.knownAhead(job: name, since: known.since)))
        if let known = state.known { commands.append(.remember(job: name, known)) }
      }
      let schedule = state.entry.schedule
      let begin = max(now, state.known.map { schedule.dueMilliseconds(of: $0.since) } ?? now)
      if state.checkedThrough > begin + settings.soundClocksApartMilliseconds {
        (state.checkedThrough, state.prunedAt) = (begin, .min)
        state.nextDue = schedule.nextFire(dueAfter: begin).map(schedule.dueMilliseconds(of:))
      }
      jobs[name] = state
    }
    if let moment = retryAt { retryAt = min(moment, now + settings.retryMilliseconds) }
    return commands
  }

  /// Whether it is of a clock that was wrong: no sound one can be so far ahead.
  private func isAhead(_ known: Known, now: Int64) -> Bool {
    known.since > floorDivide(now + settings.soundClocksApartMilliseconds, 1000).quotient
  }

  // MARK: What is due

  private func isPaused(_ job: String, now: Int64) -> Bool {
    guard let until = pauses[job] else { return false }
    return until.map { now < $0 } ?? true
  }

  private mutating func evaluate(now: Int64) -> [Command] {
    guard let stored else { return [] }
    var commands: [Command] = []
    guard isClockSound else {
      if clock == .unknown, lookAt.map({ now >= $0 }) ?? true {
        lookAt = now + settings.lookMilliseconds
        commands.append(.lookAtClock)
      }
      return commands + timer(now)
    }
    if !isStarted { commands = start(stored, now: now) }
    if let moment = retryAt, now >= moment {
      retryAt = nil
      for name in notStored.sorted() {
        commands.append(jobs[name]?.known.map { .remember(job: name, $0) } ?? .forget(job: name))
      }
      notStored = []
    }
    for name in names where !isPaused(name, now: now) {
      guard let index = jobs.index(forKey: name) else { continue }
      let isDue = jobs.values[index].nextDue.map { $0 <= now } ?? false
      guard isDue || !jobs.values[index].failed.isEmpty else { continue }
      commands += propose(&jobs.values[index], now: now)
    }
    return commands + timer(now)
  }

  private mutating func retryLater(_ now: Int64) -> [Command] {
    if retryAt == nil { retryAt = now + settings.retryMilliseconds }
    return timer(now)
  }

  private func timer(_ now: Int64) -> [Command] {
    var moments: [Int64] = []
    if isStarted, isClockSound {
      moments = jobs.compactMap { name, state in isPaused(name, now: now) ? nil : state.nextDue }
      for case (let name, let until?) in pauses where jobs[name] != nil && until > now { moments.append(until) }
      if let retryAt { moments.append(retryAt) }
    }
    if let lookAt { moments.append(lookAt) }
    return moments.min().map { [.setTimer(at: $0)] } ?? []
  }
}
