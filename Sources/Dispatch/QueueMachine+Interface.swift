extension QueueMachine {
  /// What the machine is told.
  public enum Input: Sendable {
    /// The group has given the queue to this worker.
    case assigned
    /// The answer to `readHistory`.
    case historyRead(ticket: Int64, QueueHistory)
    /// The history could not be read just now.
    case historyFailed(ticket: Int64)
    /// A record of the requests topic, and the offset after the topic's last.
    case request(QueuedRequest, requestsEnd: Int64)
    /// The fetch position is no longer in the log.
    case offsetOutOfRange
    /// The answer to `publish`: the offset of each publication, in their order.
    case published(ticket: Int64, offsets: [Int64])
    case publishFailed(ticket: Int64, PublishFailure)
    /// The answer to `readEvents`.
    case eventsRead(ticket: Int64, [(offset: Int64, event: Event)])
    case committed(ticket: Int64)
    case commitRefused(ticket: Int64, CommitRefusal)
    /// A runner has a chunk in the sink and waits for its acknowledgement.
    case chunkReported(token: Int64, ChunkProgress)
    /// A runner is gone, and with it all that it had started.
    case runnerEnded(token: Int64, RunnerOutcome)
    /// The queue must be let go by this moment: a rebalance, or the worker is told to end.
    case revoked(deadline: Timestamp)
    /// The queue is gone already.
    case lost
    /// Another member of this worker's name has taken its place.
    case fenced(String)
    case control(StandingOrder)
    case timer(TimerID)
  }

  /// What the machine wants done.
  public enum Command: Sendable, Hashable {
    /// Read the committed offset, the deduplication window and the events; answer with `historyRead` or `historyFailed`.
    case readHistory(ticket: Int64)
    /// Read the events of these offsets, the end excluded.
    case readEvents(ticket: Int64, from: Int64, to: Int64)
    /// Deliver requests from this offset on.
    case startFetch(at: Int64)
    case pauseFetch
    case resumeFetch
    /// Publish in this order.
    case publish(ticket: Int64, [Publication])
    case commit(ticket: Int64, offset: Int64, CommitMetadata)
    case startRunner(RunnerOrder)
    case acknowledgeChunk(token: Int64, chunk: Int)
    /// Kill the runner and all that it started; answer with `runnerEnded` when it is gone.
    case stopRunner(token: Int64)
    /// One timer of each kind; setting it again moves it.
    case setTimer(TimerID, at: Timestamp)
    case cancelTimer(TimerID)
    /// The queue may go to another worker.
    case release
    /// Tell the operator why the queue stands still.
    case report(QueueProblem)
    /// Tell the operator; the queue goes on.
    case warn(QueueWarning)
    /// The run has ended for good: an order to cancel it need not lie on the control topic any more.
    case withdrawCancel(run: String)
  }

  /// The machine's timers.
  public enum TimerID: Sendable, Hashable, CaseIterable {
    case retry, hold, timeout, suspension, handover
  }
}

/// A record that the machine publishes.
public enum Publication: Sendable, Hashable {
  case event(Event)
  case deadLetter(DeadLetter)
  /// A request for a job that follows, for that job's queue.
  case request(Request, queue: String)
}

/// A request that ends in the dead letters, with its bytes, place and reason.
public struct DeadLetter: Sendable, Hashable {
  public var queued: QueuedRequest
  public var failure: RunEnd.Failure
  public var attempts: Int

  public init(queued: QueuedRequest, failure: RunEnd.Failure, attempts: Int) {
    self.queued = queued
    self.failure = failure
    self.attempts = attempts
  }
}

/// What to start.
public struct RunnerOrder: Sendable, Hashable {
  public var run: String
  public var job: String
  public var attempt: Int
  public var token: Int64
  public var params: [String: JSONValue]
  /// Where to go on; nil for the beginning.
  public var cursor: String?
}

/// A chunk, as its runner reported it.
public struct ChunkProgress: Sendable, Hashable {
  public var chunk: Int
  public var cursor: String
  public var rows: Int64
  /// Rows of the whole run, where the sink counts them itself.
  public var total: Int64?

  public init(chunk: Int, cursor: String, rows: Int64, total: Int64? = nil) {
    self.chunk = chunk
    self.cursor = cursor
    self.rows = rows
    self.total = total
  }
}

/// How a runner ended.
public enum RunnerOutcome: Sendable, Hashable {
  case succeeded(facts: [String: JSONValue])
  case failed(message: String, isRetriable: Bool)
  /// The sink holds a higher token than the attempt's.
  case fencedBySink(message: String)
  /// It was stopped, and said nothing else.
  case stopped
}

/// Why a commit was not taken.
public enum CommitRefusal: Sendable, Hashable {
  /// This member is not, or not at the moment, part of the group's generation.
  case generationLost
  /// No answer, or a broker that cannot answer now: it may have been taken.
  case unavailable
  /// The broker takes less metadata.
  case metadataTooLarge
  /// Another member of this name has taken our place, for good.
  case fenced(String)
}

/// Why a publication failed.
public enum PublishFailure: Sendable, Hashable {
  /// It may or may not be in the log; publishing again is safe, since readers take the first.
  case unknown
  /// The broker will never take it as it is.
  case refused(String)
}
