extension SchedulerMachine {
  public enum Input: Sendable {
    /// What the log held when this scheduler began to follow it: the fires that were proposed inside the horizon and since
    /// when each timing is known.
    case logRead(fires: [FireIdentifier], known: [String: Known])
    /// A scheduler has stored since when a job's timing is known, or (nil) that it has none.
    case known(job: String, Known?)
    /// What `remember` or `forget` said of the job is not in the log, or nobody knows whether it is.
    case notStored(job: String)
    /// What was stored of timings may be gone: the control topic has begun anew.
    case storeLost
    /// A proposal is in the log, whosever it is.
    case logged(FireIdentifier)
    /// A proposal could not be sent, or nobody knows whether it was.
    case failed(FireIdentifier)
    /// How far this machine's clock is ahead of the broker's.
    case clock(aheadMilliseconds: Int64)
    /// This machine's clock was set: what was known of it is void.
    case clockSet
    /// No fires of the job are proposed until the moment, or until it is resumed.
    case paused(job: String, until: Int64?)
    case resumed(job: String)
    case timer
  }

  public enum Command: Sendable, Hashable {
    /// Send the request of a fire; answer with `logged` or `failed`.
    case propose(Proposal)
    /// Store since when a job's timing is known, for every scheduler that starts later.
    case remember(job: String, Known)
    /// Store that the job has no schedule any more.
    case forget(job: String)
    /// Compare the clock with the broker's; answer with `clock`.
    case lookAtClock
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
    /// The log says that the job has had its timing since a moment that is yet to come (seconds since 1970): some clock
    /// was wrong. It is taken for known since now.
    case knownAhead(job: String, since: Int64)
  }
}
