/// What happened to a run: one record on its queue's events topic.
public struct Event: Sendable, Hashable {
  /// The run's id, which is its request's.
  public var run: String
  /// Nil where the request could not be read.
  public var job: String?
  /// The request's offset on the requests topic. Two requests may have one id; none share an offset.
  public var request: Int64
  /// The worker that publishes it.
  public var worker: String
  public var body: Body

  public init(run: String, job: String?, request: Int64, worker: String, body: Body) {
    self.run = run
    self.job = job
    self.request = request
    self.worker = worker
    self.body = body
  }

  /// The kinds of event.
  public enum Body: Sendable, Hashable {
    /// The offset at which this lands is the attempt's fencing token.
    case attemptStarted(AttemptStarted)
    /// Said now and then while chunks are committed.
    case progressed(Progress)
    /// A cursor too large for the commit's metadata, which then holds this event's offset.
    case cursorStored(attempt: Int, token: Int64, cursor: String)
    case attemptFailed(AttemptFailed)
    /// The attempt ended between two chunks, since its worker was told to let go; the next one is not counted against it.
    case handedOver(Progress)
    /// The request's end. Of several, the one with the highest token counts; `token` is 0 where no attempt was made.
    case ended(Ended)
    /// A person decided to go on although the requests of these offsets are gone from the log.
    case lossAccepted(from: Int64, to: Int64, by: String)
  }

  /// The start of an attempt.
  public struct AttemptStarted: Sendable, Hashable {
    /// 1 for the first.
    public var attempt: Int
    public var cause: Cause
    /// Attempts that failed by themselves so far, and crashes in a row without progress.
    public var failures: Int
    public var crashes: Int
    /// Rows that earlier attempts brought to the sink.
    public var rows: Int64
    /// The last request that was waiting when the run was about to start; a twin up to here is covered by this run.
    public var waitingThrough: Int64
    /// Equal for requests of the same job and params; nil where the job does not coalesce.
    public var twin: String?

    public init(
      attempt: Int, cause: Cause, failures: Int = 0, crashes: Int = 0, rows: Int64 = 0, waitingThrough: Int64 = -1,
      twin: String? = nil
    ) {
      self.attempt = attempt
      self.cause = cause
      self.failures = failures
      self.crashes = crashes
      self.rows = rows
      self.waitingThrough = waitingThrough
      self.twin = twin
    }

    /// Why there is this attempt.
    public enum Cause: String, Sendable, Hashable, CaseIterable {
      case first, failure, crash
      case handover
      /// The queue was lost in a rebalance and came back, but not in time for the attempt.
      case interruption
    }
  }

  /// How far an attempt has come.
  public struct Progress: Sendable, Hashable {
    public var attempt: Int
    public var token: Int64
    /// Rows and chunks of the whole run so far, over all attempts.
    public var rows: Int64
    public var chunks: Int
    /// Where the next chunk begins; left out where it is long.
    public var cursor: String?

    public init(attempt: Int, token: Int64, rows: Int64, chunks: Int, cursor: String? = nil) {
      self.attempt = attempt
      self.token = token
      self.rows = rows
      self.chunks = chunks
      self.cursor = cursor
    }
  }

  /// An attempt that failed; another follows at `retryAt`.
  public struct AttemptFailed: Sendable, Hashable {
    public var attempt: Int
    public var token: Int64
    public var message: String
    public var retryAt: Timestamp

    public init(attempt: Int, token: Int64, message: String, retryAt: Timestamp) {
      self.attempt = attempt
      self.token = token
      self.message = message
      self.retryAt = retryAt
    }
  }

  /// The end of a request.
  public struct Ended: Sendable, Hashable {
    public var end: RunEnd
    public var attempt: Int
    public var token: Int64
    public var rows: Int64
    public var chunks: Int

    public init(end: RunEnd, attempt: Int = 0, token: Int64 = 0, rows: Int64 = 0, chunks: Int = 0) {
      self.end = end
      self.attempt = attempt
      self.token = token
      self.rows = rows
      self.chunks = chunks
    }
  }
}

/// The one end that every acknowledged request reaches.
public enum RunEnd: Sendable, Hashable {
  /// With facts in the runner's words, such as the rows of source and sink.
  case succeeded(facts: [String: JSONValue])
  /// In the dead letters, for a person to look at.
  case failed(Failure)
  case skipped(SkipReason)
  case cancelled(by: String, reason: String?)

  /// Why a request is in the dead letters.
  public struct Failure: Sendable, Hashable {
    public var kind: Kind
    public var message: String

    public init(kind: Kind, message: String) {
      self.kind = kind
      self.message = message
    }

    /// The kinds of failure, by what a person would do about them.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
      case unreadable
      case unknownJob = "unknown-job"
      case badParams = "bad-params"
      /// As many attempts as the job allows have failed.
      case attemptsUsedUp = "attempts-used-up"
      /// As many workers as the job allows have died with it.
      case crashesUsedUp = "crashes-used-up"
      /// The runner said that another attempt cannot help.
      case notRetriable = "not-retriable"
    }
  }

  /// Why a request needed no run.
  public enum SkipReason: Sendable, Hashable {
    /// An earlier request has the same id, or the same deduplication key.
    case duplicate(of: String, at: Int64)
    /// An equal request was waiting already when this one came, and its run did the work of both.
    case covered(by: String, at: Int64)
    case expired(at: Timestamp)
    /// A person has paused the job.
    case paused(by: String, reason: String?)
  }
}
