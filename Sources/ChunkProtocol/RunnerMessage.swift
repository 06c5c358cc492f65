import Dispatch

/// What the worker tells a runner before anything else: the line `start` on the runner's standard input.
public struct RunnerStart: Sendable, Hashable {
  /// The run's id, which is its request's id.
  public var run: String
  /// The job's name.
  public var job: String
  /// 1 for the first try.
  public var attempt: Int
  /// The fencing token: a sink that has accepted a write under it accepts none under a lower one.
  public var token: Int64
  /// The request's parameters, checked.
  public var params: [String: JSONValue]
  /// Where to go on, as the runner itself reported it in an earlier chunk; nil for the beginning.
  public var cursor: String?
  /// What a chunk and the process are bounded by.
  public var limits: Limits
  /// For the built-in runner: the configuration's text, as the worker has read it.
  public var configuration: String?

  /// A start; without a cursor it is one from the beginning.
  public init(
    run: String, job: String, attempt: Int, token: Int64, params: [String: JSONValue] = [:], cursor: String? = nil,
    limits: Limits = Limits()
  ) {
    self.run = run
    self.job = job
    self.attempt = attempt
    self.token = token
    self.params = params
    self.cursor = cursor
    self.limits = limits
  }

  /// The bounds of one chunk, and of the process.
  public struct Limits: Sendable, Hashable {
    /// Rows of a chunk at most.
    public var rows: Int
    /// Bytes of a chunk at most.
    public var bytes: Int
    /// The memory that the process may use, in bytes; nil for no limit.
    public var memory: Int?

    /// Limits; 5,000 rows and 8 MiB unless others are given.
    public init(rows: Int = 5_000, bytes: Int = 8 << 20, memory: Int? = nil) {
      self.rows = rows
      self.bytes = bytes
      self.memory = memory
    }
  }
}

/// What the worker says to a runner: one JSON line each on its standard input.
public enum WorkerMessage: Sendable, Hashable {
  case start(RunnerStart)
  /// The checkpoint of this chunk is committed; the next one may be written.
  case ack(chunk: Int)
  /// Write nothing more, and end.
  case stop(reason: String)
}

/// What a runner says to its worker: one JSON line each on its standard output.
public enum RunnerMessage: Sendable, Hashable {
  case chunk(ChunkReport)
  /// All chunks are acknowledged and nothing is left to do.
  case done(RunnerDone)
  /// The attempt cannot go on.
  case failed(RunnerFailure)
}

/// One chunk that is in the sink.
public struct ChunkReport: Sendable, Hashable {
  /// Counts the chunks of this attempt from 1; the `ack` names it.
  public var chunk: Int
  /// Where the next chunk begins. Opaque to the worker.
  public var cursor: String
  /// Rows read in this chunk.
  public var rows: Int
  /// Bytes read in this chunk.
  public var bytes: Int
  /// Rows of the whole run that are in the sink now, over all attempts, for a sink that counts them itself; it may be ahead of
  /// the worker's own count, when a crash fell between a chunk's write and its checkpoint.
  public var total: Int?

  /// A report of a chunk.
  public init(chunk: Int, cursor: String, rows: Int, bytes: Int, total: Int? = nil) {
    self.total = total
    self.chunk = chunk
    self.cursor = cursor
    self.rows = rows
    self.bytes = bytes
  }
}

/// How a run ended well, in the runner's words.
public struct RunnerDone: Sendable, Hashable {
  /// Facts worth keeping in the end event, such as the rows of source and sink.
  public var facts: [String: JSONValue]

  /// An end with its facts.
  public init(facts: [String: JSONValue] = [:]) { self.facts = facts }
}

/// Why an attempt cannot go on, written for the decision that follows.
public struct RunnerFailure: Sendable, Hashable, Error {
  /// What went wrong, for a person to read.
  public var message: String
  /// Whether another attempt can help: false for what only a person can mend (a missing column, a type that does not fit).
  public var isRetriable: Bool
  /// The token that the sink holds already, when it refused ours as too low.
  public var fencedBy: Int64?

  /// A failure, retriable unless said otherwise.
  public init(message: String, isRetriable: Bool = true, fencedBy: Int64? = nil) {
    self.message = message
    self.isRetriable = isRetriable
    self.fencedBy = fencedBy
  }
}
