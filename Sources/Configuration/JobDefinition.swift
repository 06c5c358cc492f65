import Dispatch
import Scheduling

/// A job of the file: what the dispatcher must know of it, and what it does.
public struct JobDefinition: Sendable, Hashable {
  /// What the dispatcher must know: queue, params, attempts, backoff, timeout.
  public var job: Job
  /// For people.
  public var description: String?
  /// What a run does.
  public var work: Work
  /// The bounds of one chunk.
  public var chunk: ChunkLimits
  /// The memory that the runner may use, in bytes; nil for no limit.
  public var memoryBytes: Int?
  /// A request older than this when its turn comes is skipped; nil for never.
  public var expiresMilliseconds: Int64?
  /// When it is due by itself; nil for never.
  public var schedule: Schedule?

  /// A definition.
  public init(
    job: Job, description: String? = nil, work: Work, chunk: ChunkLimits = ChunkLimits(), memoryBytes: Int? = nil,
    expiresMilliseconds: Int64? = nil, schedule: Schedule? = nil
  ) {
    self.job = job
    self.description = description
    self.work = work
    self.chunk = chunk
    self.memoryBytes = memoryBytes
    self.expiresMilliseconds = expiresMilliseconds
    self.schedule = schedule
  }
}

/// The bounds of one chunk: whichever is reached first ends it.
public struct ChunkLimits: Sendable, Hashable {
  /// At least 1.
  public var rows: Int
  /// At least 1,024.
  public var bytes: Int

  /// Bounds, with the defaults of the file.
  public init(rows: Int = 5_000, bytes: Int = 8 << 20) {
    self.rows = rows
    self.bytes = bytes
  }
}

/// What a run does.
public enum Work: Sendable, Hashable {
  /// The built-in runner copies rows.
  case sync(SyncDefinition)
  /// A program runs.
  case command(CommandDefinition)
}
