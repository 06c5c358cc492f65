import Dispatch
import Scheduling

/// Proves of what really happened that each nominal fire of a schedule gave exactly one run: invariant 7.
public struct FireAudit: Sendable, Hashable {
  public var job: String
  /// The nominal fires that were due in the time that is looked at.
  public var due = 0
  /// Those with exactly one request that is no duplicate.
  public var once = 0
  /// Further proposals of the same fires, which the log's order made duplicates.
  public var duplicates = 0
  /// Fires without a request, the oldest first.
  public var missing: [Int64] = []
  /// Whether the job's policy asks for each of them: with another, a later fire stands for those that were missed.
  public var mustHaveAll = false
  /// Fires with more than one run, and the offsets of their requests.
  public var doubled: [Int64: [Int64]] = [:]

  /// Whether the promise was kept.
  public var isKept: Bool { doubled.isEmpty && (missing.isEmpty || !mustHaveAll) }

  /// - Parameters:
  ///   - schedule: as it is now.
  ///   - from: seconds since 1970; fires up to it are not looked at. No earlier than the schedule is known.
  ///   - through: the last moment that is looked at, in milliseconds; what is due later may still be proposed.
  ///   - runs: of the schedule's queue, as far back as `from`.
  public init(_ schedule: Schedule, from: Int64, through: Int64, runs: some Sequence<RunRecord>) {
    job = schedule.job
    mustHaveAll = schedule.catchUp == .all
    var requests: [Int64: [Int64]] = [:]
    for run in runs {
      guard let request = run.queued?.request, request.origin == .schedule,
        let id = FireIdentifier(request.id), id.job == schedule.job, id.fire > from
      else { continue }
      if case .skipped(.duplicate)? = run.end?.ended.end {
        duplicates += 1
      } else {
        requests[id.fire, default: []].append(run.request)
      }
    }
    doubled = requests.filter { $0.value.count > 1 }.mapValues { $0.sorted() }
    guard !schedule.isDisabled else { return }
    var moment = from
    while let fire = schedule.fireTimes.next(after: moment), schedule.dueMilliseconds(of: fire) <= through {
      moment = fire
      due += 1
      switch requests[fire]?.count ?? 0 {
      case 0: missing.append(fire)
      case 1: once += 1
      default: break
      }
    }
  }
}
