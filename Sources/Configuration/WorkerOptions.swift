/// What may be set for the worker process.
public struct WorkerOptions: Sendable, Hashable {
  /// The name of this worker in its group; nil for the host's name.
  public var name: String?
  /// How long the group waits for a worker that is silent.
  public var sessionTimeoutMilliseconds: Int64
  /// How long a worker that is told to end may take to hand over.
  public var shutdownMilliseconds: Int64
  /// Which log lines are written, and how.
  public var log: LogOptions

  /// Options, with the defaults of the file.
  public init(
    name: String? = nil, sessionTimeoutMilliseconds: Int64 = 6_000, shutdownMilliseconds: Int64 = 30_000,
    log: LogOptions = LogOptions()
  ) {
    self.name = name
    self.sessionTimeoutMilliseconds = sessionTimeoutMilliseconds
    self.shutdownMilliseconds = shutdownMilliseconds
    self.log = log
  }

  /// Which log lines are written, and how.
  public struct LogOptions: Sendable, Hashable {
    /// Lines below it are not written.
    public var level: Level
    /// What a line looks like.
    public var format: Format

    /// Options, with the defaults of the file.
    public init(level: Level = .info, format: Format = .text) {
      self.level = level
      self.format = format
    }
  }

  /// How much a log line matters, least first.
  public enum Level: String, Sendable, Hashable, CaseIterable {
    case debug, info, warning, error
  }

  /// What a log line looks like.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    case text, json
  }
}
