/// What a queue's requests and events tell of its runs: the read model behind `runs`, `show` and `audit`.
public struct RunLedger: Sendable {
  /// By request offset.
  public private(set) var runs: [Int64: RunRecord] = [:]
  /// The losses that people accepted.
  public private(set) var losses: [(from: Int64, to: Int64, by: String)] = []

  public init() {}

  /// Adds a request.
  public mutating func apply(_ queued: QueuedRequest) {
    var record = runs[queued.offset] ?? RunRecord(request: queued.offset, run: queued.run)
    record.queued = queued
    runs[queued.offset] = record
  }

  /// Adds an event, in log order.
  /// - Parameter appended: when the log took it.
  public mutating func apply(_ event: Event, at offset: Int64, appended: Timestamp) {
    if case .lossAccepted(let from, let to, let by) = event.body {
      losses.append((from, to, by))
      return
    }
    var record = runs[event.request] ?? RunRecord(request: event.request, run: event.run)
    record.job = record.job ?? event.job
    switch event.body {
    case .attemptStarted(let start):
      record.attempts.append(
        RunRecord.Attempt(
          number: start.attempt, token: offset, worker: event.worker, cause: start.cause, started: appended,
          waitingThrough: start.waitingThrough))
    case .progressed(let progress):
      record.note(progress.token, appended) { $0.rows = progress.rows }
      record.rows = max(record.rows, progress.rows)
      record.chunks = max(record.chunks, progress.chunks)
    case .handedOver(let progress):
      record.note(progress.token, appended) {
        $0.rows = progress.rows
        $0.outcome = .handedOver
      }
      record.rows = max(record.rows, progress.rows)
      record.chunks = max(record.chunks, progress.chunks)
    case .cursorStored(_, let token, _): record.note(token, appended) { _ in }
    case .attemptFailed(let failed):
      record.note(failed.token, appended) { $0.outcome = .failed(failed.message, retryAt: failed.retryAt) }
    case .ended(let ended):
      record.note(ended.token, appended) { $0.outcome = .ended }
      record.ends.append(RunRecord.End(ended: ended, worker: event.worker, at: offset, time: appended))
      record.rows = max(record.rows, ended.rows)
      record.chunks = max(record.chunks, ended.chunks)
    case .lossAccepted: break
    }
    runs[event.request] = record
  }

  /// The runs in log order.
  public var ordered: [RunRecord] { runs.values.sorted { $0.request < $1.request } }

  /// The run of this id: the first request that has it. The others are its duplicates.
  public func first(run: String) -> RunRecord? {
    runs.values.filter { $0.run == run }.min { $0.request < $1.request }
  }
}

/// One request and what became of it.
public struct RunRecord: Sendable {
  /// Its offset on the requests topic.
  public var request: Int64
  public var run: String
  public var job: String?
  /// The request itself, while the log still has it.
  public var queued: QueuedRequest? {
    didSet { job = queued?.request?.job ?? job }
  }
  public var attempts: [Attempt] = []
  public var ends: [End] = []
  public var rows: Int64 = 0
  public var chunks = 0

  init(request: Int64, run: String) {
    self.request = request
    self.run = run
  }

  mutating func note(_ token: Int64, _ time: Timestamp, _ change: (inout Attempt) -> Void) {
    guard let index = attempts.lastIndex(where: { $0.token == token }) else { return }
    attempts[index].lastSeen = time
    attempts[index].isConfirmed = true
    change(&attempts[index])
  }

  /// One attempt.
  public struct Attempt: Sendable {
    public var number: Int
    public var token: Int64
    public var worker: String
    public var cause: Event.AttemptStarted.Cause
    public var started: Timestamp
    public var waitingThrough: Int64
    public var lastSeen: Timestamp?
    /// Whether a later event carries its token: then its checkpoint was accepted and it did begin.
    public var isConfirmed = false
    public var rows: Int64 = 0
    public var outcome = Outcome.open

    /// How an attempt ended, as far as events tell: a crash leaves none.
    public enum Outcome: Sendable, Hashable {
      case open, handedOver, ended
      case failed(String, retryAt: Timestamp)
    }
  }

  /// An end, as it was published.
  public struct End: Sendable {
    public var ended: Event.Ended
    public var worker: String
    /// The event's offset.
    public var at: Int64
    public var time: Timestamp
  }

  /// The end that counts: the first one with the highest token.
  public var end: End? {
    ends.reduce(nil) { best, end in
      guard let best, end.ended.token <= best.ended.token else { return end }
      return best
    }
  }

  /// The one word for where the run stands.
  public var status: Status {
    switch end?.ended.end {
    case .succeeded?: return .succeeded
    case .failed?: return .failed
    case .skipped?: return .skipped
    case .cancelled?: return .cancelled
    case nil: break
    }
    switch attempts.last?.outcome {
    case nil: return .waiting
    case .failed?: return .retrying
    case .handedOver?: return .handedOver
    case .open?, .ended?: return .running
    }
  }

  /// The states of a run as they are shown.
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case waiting, running, retrying
    case handedOver = "handed-over"
    case succeeded, failed, skipped, cancelled
  }
}
