import Dispatch
import Scheduling

/// Proves of what really happened that each nominal fire of a schedule gave exactly one run: invariant 7.
///
/// The log does not tell when schedulers were there. That one was, and should have asked for a fire that has no request,
/// is proved by a request for a later fire of the same job, in time for the first; what is not so proved may have been left
/// out by the job's policy.
public struct FireAudit: Sendable, Hashable {
  /// What is looked at, and by which bounds schedulers go.
  public struct Scope: Sendable, Hashable {
    /// Seconds since 1970; fires up to it are not looked at. No earlier than the schedule is known.
    public var from: Int64
    /// Now, in milliseconds since 1970.
    public var now: Int64
    /// The scheduler's own settings.
    public var settings: SchedulerMachine.Settings

    public init(from: Int64, now: Int64, settings: SchedulerMachine.Settings) {
      self.from = from
      self.now = now
      self.settings = settings
    }

    /// What is due in this last while may still be on its way.
    static let graceMilliseconds: Int64 = 10_000
    /// Between a scheduler's decision and its record in the log: clocks that are apart, and as long as a producer tries.
    var patience: Int64 { settings.soundClocksApartMilliseconds + 60_000 }
    /// How many missed fires are caught up with at a time.
    static let limit = 1000
  }

  public var job: String
  /// The nominal fires that were due in the time that is looked at.
  public var due = 0
  /// Those with exactly one request that is run, was run or waits to be, or has another end.
  public var once = 0
  /// Further proposals of the same fires, which the log's order made duplicates.
  public var duplicates = 0
  /// Such proposals that wait in the queue, and will be dropped in their turn.
  public var waiting = 0
  /// Fires without a request that must have one, the oldest first.
  public var missing: [Int64] = []
  /// Fires without a request that the policy leaves out, or may have left out when schedulers came back.
  public var leftOut: [Int64] = []
  /// Fires without a request that may still be asked for.
  public var open: [Int64] = []
  /// The job's policy: with any but `all`, only doubling is proved of what was missed.
  public var catchUp: CatchUpPolicy
  /// Fires with more than one run, and the offsets of their requests.
  public var doubled: [Int64: [Int64]] = [:]

  /// Whether the promise was kept, as far as the log can tell.
  public var isKept: Bool { doubled.isEmpty && missing.isEmpty }

  /// - Parameters:
  ///   - schedule: as it is now.
  ///   - runs: of the schedule's queue, as far back as the scope.
  public init(_ schedule: Schedule, _ scope: Scope, runs: some Sequence<RunRecord>) {
    (job, catchUp) = (schedule.job, schedule.catchUp)
    let asked = takeRequests(runs, scope)
    guard !schedule.isDisabled else { return }
    let fires = schedule.fires(dueAfterFire: scope.from, through: scope.now - Scope.graceMilliseconds)
    due = fires.count
    let evidence = Evidence(schedule, scope, fires: fires, requests: asked)
    for (index, fire) in fires.enumerated() {
      if asked[fire] != nil {
        if doubled[fire] == nil { once += 1 }
      } else if catchUp != .all {
        leftOut.append(fire)
      } else {
        switch evidence.judge(index) {
        case .missing: missing.append(fire)
        case .leftOut: leftOut.append(fire)
        case .open: open.append(fire)
        }
      }
    }
  }

  /// Counts the requests of each fire.
  /// - Returns: when the log took each, in milliseconds.
  private mutating func takeRequests(_ runs: some Sequence<RunRecord>, _ scope: Scope) -> [Int64: [Int64]] {
    var asked: [Int64: [Int64]] = [:]
    var own: [Int64: [Int64]] = [:]
    var undecided: [Int64: Int] = [:]
    for run in runs {
      guard let queued = run.queued, let request = queued.request, request.origin == .schedule,
        let id = FireIdentifier(request.id), id.job == job, id.fire > scope.from
      else { continue }
      asked[id.fire, default: []].append(queued.appended.milliseconds)
      if case .skipped(.duplicate)? = run.end?.ended.end {
        duplicates += 1
      } else if run.attempts.isEmpty, run.end == nil {
        undecided[id.fire, default: 0] += 1
      } else {
        own[id.fire, default: []].append(run.request)
      }
    }
    // Of those that nobody has looked at yet, the first is the run if there is none so far.
    for (fire, count) in undecided { waiting += own[fire] == nil ? count - 1 : count }
    doubled = own.filter { $0.value.count > 1 }.mapValues { $0.sorted() }
    return asked
  }
}

/// What the requests of a job prove of the fires that have none.
private struct Evidence {
  enum Verdict { case missing, leftOut, open }

  private let schedule: Schedule
  private let scope: FireAudit.Scope
  private let fires: [Int64]
  /// When the log took requests, ascending, and for which fires.
  private let requests: [(time: Int64, fire: Int64)]

  init(_ schedule: Schedule, _ scope: FireAudit.Scope, fires: [Int64], requests: [Int64: [Int64]]) {
    self.schedule = schedule
    self.scope = scope
    self.fires = fires
    self.requests = requests.flatMap { fire, times in times.map { ($0, fire) } }.sorted { $0.time < $1.time }
  }

  /// About a fire without a request, of a job that is caught up with all.
  func judge(_ index: Int) -> Verdict {
    let fire = fires[index]
    let due = schedule.dueMilliseconds(of: fire)
    let first = partitioningIndex(requests.count) { requests[$0].time >= due + scope.patience }
    // Whoever asked for a later one had this one before it, and the policy said what it says at that time.
    if let seen = requests[first...].first(where: { $0.fire > fire })?.time {
      return isToBeAskedFor(index, at: seen, slack: scope.patience) ? .missing : .leftOut
    }
    return isToBeAskedFor(index, at: scope.now, slack: 0) ? .open : .leftOut
  }

  /// Whether a scheduler that finds it missed at the moment asks for it.
  /// - Parameter slack: how much earlier or later, by its own clock, that may have been.
  private func isToBeAskedFor(_ index: Int, at moment: Int64, slack: Int64) -> Bool {
    let fire = fires[index]
    let isInHorizon = schedule.dueMilliseconds(of: fire) > moment + slack - scope.settings.horizonMilliseconds
    let isExpired = schedule.expiryMilliseconds(of: fire).map { $0 <= moment + slack } ?? false
    let later = partitioningIndex(fires.count) { schedule.dueMilliseconds(of: fires[$0]) > moment + slack } - index - 1
    return isInHorizon && !isExpired && later < FireAudit.Scope.limit
  }

  /// The first index of an ascending list at which the condition holds.
  private func partitioningIndex(_ count: Int, where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension Schedule {
  /// The nominal fires after one that are due by a moment in milliseconds.
  fileprivate func fires(dueAfterFire fire: Int64, through end: Int64) -> [Int64] {
    var fires: [Int64] = []
    var last = fire
    while let next = fireTimes.next(after: last), dueMilliseconds(of: next) <= end {
      fires.append(next)
      last = next
    }
    return fires
  }
}
