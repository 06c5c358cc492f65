import ChunkProtocol
import Dispatch

/// Everything that one attempt of a sync needs to know: where rows come from, where they go, and under which token.
public struct SyncPlan: Sendable, Hashable {
  public var job: String
  /// The fence in the sink is one row a queue.
  public var queue: String
  /// The name of the source's connection: a cursor belongs to it, whatever its URL is.
  public var sourceName: String
  public var source: SourceEndpoint
  /// A SELECT without ORDER BY; `:name` stands for a parameter. For JSON Lines: the file's name when the endpoint is a folder.
  public var query: String
  /// The columns that identify a row, in the order in which the source is paged: together unique and never NULL.
  public var key: [String]
  public var sink: SinkEndpoint
  /// The sink's table, `name` or `schema.name`, spelled as the database stores it; for JSON Lines the file's name.
  public var table: String
  public var mode: SyncMode
  /// The bounds of one chunk.
  public var limits: RunnerStart.Limits
  public var params: [String: JSONValue]
  public var run: String
  public var attempt: Int
  /// The fencing token of this attempt.
  public var token: Int64
  /// The worker's checkpoint; the sink's own record goes before it. nil for the beginning.
  public var cursor: String?

  public init(
    job: String, queue: String, sourceName: String = "", source: SourceEndpoint, query: String = "", key: [String],
    sink: SinkEndpoint,
    table: String, mode: SyncMode = .upsert, limits: RunnerStart.Limits = RunnerStart.Limits(),
    params: [String: JSONValue] = [:], run: String, attempt: Int = 1, token: Int64, cursor: String? = nil
  ) {
    self.job = job
    self.queue = queue
    self.sourceName = sourceName
    self.source = source
    self.query = query
    self.key = key
    self.sink = sink
    self.table = table
    self.mode = mode
    self.limits = limits
    self.params = params
    self.run = run
    self.attempt = attempt
    self.token = token
    self.cursor = cursor
  }
}

/// Where rows are read.
public enum SourceEndpoint: Sendable, Hashable {
  /// A libpq connection URL or keyword string; its password never appears in a message.
  case postgres(url: String)
  /// A database file, opened read-only.
  case sqlite(path: String)
  /// A file with one JSON object a line, or a folder in which `SyncPlan.query` names the file.
  case jsonLines(path: String)
}

/// Where rows are written.
public enum SinkEndpoint: Sendable, Hashable {
  case postgres(url: String)
  /// A database file that exists.
  case sqlite(path: String)
  /// A folder in which `SyncPlan.table` names the file.
  case jsonLines(path: String)
}

/// What a run does to the rows that the sink has already.
public enum SyncMode: String, Sendable, Hashable, CaseIterable {
  /// A row whose key is there already is updated; nothing is deleted. Needs a unique index on the key.
  case upsert
  /// Rows are added. A resumed run adds none twice, because the cursor is stored in the rows' own transaction.
  case append
  /// A new table is filled beside the old one and takes its place at the end, in one transaction.
  case replace
}
