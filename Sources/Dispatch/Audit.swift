/// Proves of what really happened in a queue that the promise was kept, or names the record that breaks it.
///
/// It checks invariants 2 to 4 of the architecture by the log alone, and of 1 what the log can show: that no two
/// attempts were at work at once. What a sink accepted only the sink can tell.
public struct Audit: Sendable {
  /// What was found.
  public struct Report: Sendable {
    public var requests = 0
    public var ends: [RunRecord.Status: Int] = [:]
    public var attempts = 0
    public var crashes = 0
    public var handovers = 0
    /// Ends that came too late to count, from workers that had lost the queue without knowing it yet.
    public var lateEnds = 0
    /// Requests that a person gave up.
    public var lost = 0
    public var findings: [Finding] = []

    public init() {}
  }

  /// One record that breaks an invariant.
  public struct Finding: Sendable, Hashable {
    /// The invariant's number in ARCHITECTURE.md.
    public var invariant: Int
    public var request: Int64
    public var message: String
  }

  /// - Parameters:
  ///   - ledger: all requests and events that the log still has.
  ///   - requestsStart: the first request that the log still has; those before cannot be judged.
  ///   - committed: the group's committed offset, if there is one.
  public static func run(_ ledger: RunLedger, requestsStart: Int64, committed: Int64?) -> Report {
    var report = Report()
    let runs = ledger.ordered
    for run in runs where run.request >= requestsStart {
      report.requests += 1
      report.ends[run.status, default: 0] += 1
      checkEnd(run, committed: committed, losses: ledger.losses, &report)
    }
    for run in runs {
      report.attempts += run.attempts.count { $0.isConfirmed || run.attempts.count == 1 }
      report.crashes += run.attempts.count { $0.cause == .crash }
      report.handovers += run.attempts.count { $0.cause == .handover }
      checkSkip(run, ledger, &report)
    }
    checkOrder(runs, &report)
    return report
  }

  private static func checkEnd(
    _ run: RunRecord, committed: Int64?, losses: [(from: Int64, to: Int64, by: String)], _ report: inout Report
  ) {
    if let committed, run.request < committed, run.ends.isEmpty {
      if losses.contains(where: { $0.from <= run.request && run.request < $0.to }) {
        report.lost += 1
      } else {
        report.findings.append(
          Finding(
            invariant: 4, request: run.request,
            message:
              "the committed offset \(committed) has passed request \(run.request) (run \(run.run)), which has no end"))
      }
    }
    let tokens = Set(run.ends.map(\.ended.token))
    report.lateEnds += max(0, tokens.count - 1)
    // The same end published twice is one end; two different ones under one token are not.
    for token in tokens where token > 0 {
      let kinds = Set(run.ends.filter { $0.ended.token == token }.map { $0.ended.end.kind })
      if kinds.count > 1 {
        report.findings.append(
          Finding(
            invariant: 2, request: run.request,
            message:
              "run \(run.run) has \(kinds.count) different ends under token \(token): \(kinds.sorted().joined(separator: ", "))"
          ))
      }
    }
  }

  private static func checkSkip(_ run: RunRecord, _ ledger: RunLedger, _ report: inout Report) {
    guard case .skipped(let reason)? = run.end?.ended.end else { return }
    switch reason {
    case .duplicate(let id, let offset):
      guard let earlier = ledger.runs[offset] else { return }
      let sameID = earlier.run == run.run
      let key = run.queued?.request?.deduplicationKey
      let sameKey = key != nil && earlier.queued?.request?.deduplicationKey == key
      let isKnown = earlier.queued != nil && run.queued != nil
      if offset >= run.request || (isKnown && !sameID && !sameKey) {
        report.findings.append(
          Finding(
            invariant: 2, request: run.request,
            message:
              "request \(run.request) was skipped as a duplicate of \(id) at \(offset), which has neither its id nor its key"
          ))
      }
    case .covered(let id, let offset):
      guard let cover = ledger.runs[offset], let began = cover.attempts.first else { return }
      if offset >= run.request || began.waitingThrough < run.request {
        report.findings.append(
          Finding(
            invariant: 2, request: run.request,
            message: "request \(run.request) was covered by run \(id), which had begun before it came"))
      }
    case .expired, .paused: break
    }
  }

  /// Attempts that surely began must not overlap, and must begin in the order of their requests.
  private static func checkOrder(_ runs: [RunRecord], _ report: inout Report) {
    var began: [(token: Int64, run: RunRecord)] = []
    for run in runs {
      for attempt in run.attempts where attempt.isConfirmed { began.append((attempt.token, run)) }
    }
    began.sort { $0.token < $1.token }
    for (earlier, later) in zip(began, began.dropFirst()) where earlier.run.request != later.run.request {
      if later.run.request < earlier.run.request {
        report.findings.append(
          Finding(
            invariant: 3, request: later.run.request,
            message: "run \(later.run.run) (request \(later.run.request)) began at event \(later.token), after run "
              + "\(earlier.run.run) of the later request \(earlier.run.request)"))
      } else if let end = earlier.run.end, end.at > later.token {
        report.findings.append(
          Finding(
            invariant: 1, request: later.run.request,
            message:
              "run \(later.run.run) began at event \(later.token), before run \(earlier.run.run) ended at event \(end.at)"
          ))
      } else if earlier.run.end == nil {
        report.findings.append(
          Finding(
            invariant: 2, request: earlier.run.request,
            message: "run \(later.run.run) began at event \(later.token), though run \(earlier.run.run) has no end"))
      }
    }
  }
}

extension RunEnd {
  /// The end in one word.
  public var kind: String {
    switch self {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .skipped: "skipped"
    case .cancelled: "cancelled"
    }
  }
}
