/// What a person has ordered for a queue on the control topic; it holds until another order replaces it.
public struct StandingOrder: Sendable, Hashable {
  public var action: Action
  public var by: String
  public var reason: String?

  public init(action: Action, by: String, reason: String? = nil) {
    self.action = action
    self.by = by
    self.reason = reason
  }

  /// What is ordered.
  public enum Action: Sendable, Hashable {
    /// The run in hand ends, the next one does not start until `resume`, or until the given moment.
    case pause(until: Timestamp?)
    case resume
    /// No further run of the job starts: its fires are not proposed, and requests that were not begun are skipped.
    case pauseJob(String, until: Timestamp?)
    case resumeJob(String)
    case cancel(run: String)
    /// The order to cancel a run is taken back, where the run has not ended by it.
    case uncancel(run: String)
    /// Go on although the requests below this offset, some of them without an end, are gone from the log. It is meant
    /// for the one loss that is there when it is given: `events` is the offset after the queue's last event then.
    case acceptLoss(below: Int64, events: Int64)
  }
}
