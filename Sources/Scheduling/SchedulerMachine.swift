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
    /// Until a proposal that failed is made again.
    public var retryMilliseconds: Int64 = 1_000

    public init() {}
  }

  public enum Input: Sendable {
    /// What the log held when this scheduler began to follow it: the fires that were proposed inside the horizon and since
    /// when each timing is known.
    case logRead(fires: [FireIdentifier], known: [String: Known])
    /// A proposal is in the log, whosever it is.
    case logged(FireIdentifier)
    /// A proposal could not be sent, or nobody knows whether it was.
    case failed(FireIdentifier)
    /// How far this machine's clock is ahead of the broker's.
    case clock(aheadMilliseconds: Int64)
    /// No fires of the job are proposed until the moment, or until it is resumed.
    case paused(job: String, until: Int64?)
    case resumed(job: String)
    case timer
  }

  public enum Command: Sendable, Hashable {
    /// Send the request of a fire.
    case propose(Proposal)
    /// Store since when a job's timing is known, for every scheduler that starts later.
    case remember(job: String, Known)
    /// The job has no schedule any more.
    case forget(job: String)
    /// Answer with `timer` at the moment; it replaces the one before.
    case setTimer(at: Int64)
    case report(Report)
  }

  public struct Proposal: Sendable, Hashable {
    public var id: FireIdentifier
    public var queue: String
    /// The moment from which on its run must not start; nil for none.
    public var expiry: Int64?
    /// When it was due to be proposed.
    public var due: Int64
  }

  /// What an operator would want to know.
  public enum Report: Sendable, Hashable {
    /// Fires that were missed and are not proposed.
    case omitted(job: String, CatchUpPlan.Reason, count: Int, fires: ClosedRange<Int64>)
    /// The clock is further off than is good.
    case clockOff(aheadMilliseconds: Int64)
    /// It is so far off that nothing is proposed.
    case clockWrong(aheadMilliseconds: Int64)
    case clockRight
  }

  private enum Clock { case right, off, wrong }

  private struct State {
    var entry: Entry
    /// Fires that were due up to here have been dealt with.
    var checkedThrough: Int64
    /// The fires that are in the log.
    var logged: Set<Int64> = []
    /// Proposed, and not yet known to be in the log.
    var underWay: [Int64: Proposal] = [:]
    /// Not sent, to be tried again.
    var failed: [Int64: Proposal] = [:]
  }

  private let settings: Settings
  private var jobs: [String: State] = [:]
  private var pauses: [String: Int64?] = [:]
  private var clock = Clock.right
  private var isStarted = false
  private var retryAt: Int64?

  /// - Parameter entries: of all jobs that have a schedule, the disabled ones too.
  public init(_ entries: [Entry], settings: Settings = Settings()) {
    self.settings = settings
    for entry in entries where !entry.schedule.isDisabled {
      jobs[entry.schedule.job] = State(entry: entry, checkedThrough: .min)
    }
  }

  /// Takes one input and says what is to be done.
  public mutating func handle(_ input: Input, now: Int64) -> [Command] {
    switch input {
    case .logRead(let fires, let known): return start(fires, known, now: now)
    case .logged(let id):
      guard jobs[id.job] != nil else { return [] }
      jobs[id.job]?.logged.insert(id.fire)
      jobs[id.job]?.underWay[id.fire] = nil
      jobs[id.job]?.failed[id.fire] = nil
      return []
    case .failed(let id):
      guard let proposal = jobs[id.job]?.underWay.removeValue(forKey: id.fire) else { return [] }
      jobs[id.job]?.failed[id.fire] = proposal
      retryAt = now + settings.retryMilliseconds
      return [nextTimer(now)].compactMap { $0 }
    case .clock(let ahead): return look(ahead, now: now)
    case .paused(let job, let until):
      pauses.updateValue(until, forKey: job)
      return isStarted ? [nextTimer(now)].compactMap { $0 } : []
    case .resumed(let job):
      pauses[job] = nil
      return isStarted ? evaluate(now: now) : []
    case .timer: return isStarted ? evaluate(now: now) : []
    }
  }

  /// What the schedulers have in mind for the coming fires: the first that is due.
  public func nextDue(after now: Int64) -> Int64? {
    jobs.values.compactMap { state in
      let schedule = state.entry.schedule
      return schedule.nextFire(dueAfter: max(now, state.checkedThrough)).map(schedule.dueMilliseconds(of:))
    }.min()
  }

  // MARK: The start

  private mutating func start(_ fires: [FireIdentifier], _ known: [String: Known], now: Int64) -> [Command] {
    var commands: [Command] = []
    for id in fires { jobs[id.job]?.logged.insert(id.fire) }
    for (name, state) in jobs.sorted(by: { $0.key < $1.key }) {
      var since = floorDivide(now, 1000).quotient
      if let old = known[name], old.signature == state.entry.signature {
        since = old.since
      } else {
        commands.append(.remember(job: name, Known(signature: state.entry.signature, since: since)))
      }
      // Up to then it was not asked for.
      jobs[name]?.checkedThrough = state.entry.schedule.dueMilliseconds(of: since)
    }
    for name in known.keys.sorted() where jobs[name] == nil { commands.append(.forget(job: name)) }
    isStarted = true
    return commands + evaluate(now: now)
  }

  // MARK: The clock

  private mutating func look(_ ahead: Int64, now: Int64) -> [Command] {
    let size = abs(ahead)
    let before = clock
    clock =
      size > settings.clockLimitMilliseconds ? .wrong : size > settings.clockWarningMilliseconds ? .off : .right
    var commands: [Command] = []
    switch clock {
    case .wrong where before != .wrong: commands = [.report(.clockWrong(aheadMilliseconds: ahead))]
    case .off where before != .off: commands = [.report(.clockOff(aheadMilliseconds: ahead))]
    case .right where before != .right: commands = [.report(.clockRight)]
    case .wrong, .off, .right: break
    }
    // What was not proposed meanwhile was missed: others will have done it.
    if before == .wrong, clock != .wrong, isStarted { commands += evaluate(now: now) }
    return commands
  }

  // MARK: What is due

  private func isPaused(_ job: String, now: Int64) -> Bool {
    guard let until = pauses[job] else { return false }
    return until.map { now < $0 } ?? true
  }

  private mutating func evaluate(now: Int64) -> [Command] {
    var commands: [Command] = []
    if let moment = retryAt, now >= moment { retryAt = nil }
    let horizonStart = now - settings.horizonMilliseconds
    for name in jobs.keys.sorted() where clock != .wrong && !isPaused(name, now: now) {
      guard var state = jobs[name] else { continue }
      commands += propose(&state, now: now, horizonStart: horizonStart)
      jobs[name] = state
    }
    if let timer = nextTimer(now) { commands.append(timer) }
    return commands
  }

  private func propose(_ state: inout State, now: Int64, horizonStart: Int64) -> [Command] {
    let (schedule, queue) = (state.entry.schedule, state.entry.queue)
    var commands: [Command] = []
    var chosen: [CatchUpPlan.Proposal] = []
    let from = max(state.checkedThrough, horizonStart)
    let onTime = max(from, now - settings.graceMilliseconds)
    let live = due(schedule, after: onTime, through: now)
    if from < onTime {
      let known = { (fire: Int64) in state.logged.contains(fire) || state.underWay[fire] != nil }
      var plan = schedule.catchUpPlan(
        horizonStart: floorDivide(from - schedule.offsetMilliseconds, 1000).quotient, knownSince: .min,
        nowMilliseconds: onTime, isLogged: known)
      // A fire that is on time stands for those before it.
      if schedule.catchUp == .latest, !live.isEmpty { plan.proposals = [] }
      chosen = plan.proposals
      commands = plan.omissions.map {
        .report(.omitted(job: schedule.job, $0.reason, count: $0.count, fires: $0.fires))
      }
    }
    chosen += live.map {
      CatchUpPlan.Proposal(fire: $0, expiryMilliseconds: schedule.expiryMilliseconds(of: $0))
    }
    var proposals = chosen.map { one in
      Proposal(
        id: FireIdentifier(job: schedule.job, fire: one.fire), queue: queue, expiry: one.expiryMilliseconds,
        due: schedule.dueMilliseconds(of: one.fire))
    }
    if retryAt == nil {
      proposals = state.failed.values.sorted { $0.due < $1.due } + proposals
      state.failed = [:]
    }
    for proposal in proposals where !state.logged.contains(proposal.id.fire) && state.underWay[proposal.id.fire] == nil
    {
      if let expiry = proposal.expiry, expiry <= now { continue }
      state.underWay[proposal.id.fire] = proposal
      commands.append(.propose(proposal))
    }
    state.checkedThrough = max(state.checkedThrough, now)
    forget(&state, before: floorDivide(horizonStart, 1000).quotient - 86_400)
    return commands
  }

  private func due(_ schedule: Schedule, after start: Int64, through end: Int64) -> [Int64] {
    var fires: [Int64] = []
    var moment = start
    while let fire = schedule.nextFire(dueAfter: moment), schedule.dueMilliseconds(of: fire) <= end {
      fires.append(fire)
      moment = schedule.dueMilliseconds(of: fire)
    }
    return fires
  }

  /// What is long past the horizon will not be asked about again.
  private func forget(_ state: inout State, before fire: Int64) {
    guard state.logged.count > 2_000, let oldest = state.logged.min(), oldest < fire - 86_400 else { return }
    state.logged = state.logged.filter { $0 >= fire }
  }

  private func nextTimer(_ now: Int64) -> Command? {
    var moments: [Int64] = []
    for (name, state) in jobs where !isPaused(name, now: now) {
      let schedule = state.entry.schedule
      if let fire = schedule.nextFire(dueAfter: max(now, state.checkedThrough)) {
        moments.append(schedule.dueMilliseconds(of: fire))
      }
    }
    for case (let name, let until?) in pauses where jobs[name] != nil && until > now { moments.append(until) }
    if let retryAt { moments.append(retryAt) }
    return moments.min().map { .setTimer(at: $0) }
  }
}
