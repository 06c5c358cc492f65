/// What the committed offset of a queue carries as metadata.
public struct CommitMetadata: Sendable, Hashable {
  /// Every event about the committed request and later ones has this offset or a higher one.
  public var eventsFrom: Int64
  /// The run that the committed offset stands at, if it has begun.
  public var checkpoint: Checkpoint?

  public init(eventsFrom: Int64, checkpoint: Checkpoint? = nil) {
    self.eventsFrom = eventsFrom
    self.checkpoint = checkpoint
  }
}

/// How far a run has come: all that another worker needs to go on with it.
public struct Checkpoint: Sendable, Hashable {
  public var run: String
  public var attempt: Int
  /// The attempt's fencing token. The group coordinator took this checkpoint, so its writer owned the queue.
  public var token: Int64
  public var phase: Phase
  public var cursor: Cursor
  /// Rows and chunks of the whole run so far, over all attempts.
  public var rows: Int64
  public var chunks: Int
  /// Chunks of this attempt alone: a crash after progress starts the count of crashes anew.
  public var attemptChunks: Int
  public var failures: Int
  public var crashes: Int

  public init(
    run: String, attempt: Int, token: Int64, phase: Phase, cursor: Cursor, rows: Int64, chunks: Int,
    attemptChunks: Int, failures: Int, crashes: Int
  ) {
    self.run = run
    self.attempt = attempt
    self.token = token
    self.phase = phase
    self.cursor = cursor
    self.rows = rows
    self.chunks = chunks
    self.attemptChunks = attemptChunks
    self.failures = failures
    self.crashes = crashes
  }

  /// What the attempt was doing when the checkpoint was taken.
  public enum Phase: Sendable, Hashable {
    /// Found by another owner, this means that the worker crashed.
    case running
    /// The worker let go of the queue between two chunks.
    case handedOver
    /// The attempt failed, and the next one waits for its time.
    case failed(retryAt: Timestamp)
  }

  /// Where the next chunk begins.
  public enum Cursor: Sendable, Hashable {
    case beginning
    case inline(String)
    /// Too large for the metadata: it is in the event at this offset of the events topic.
    case stored(event: Int64)
  }
}
