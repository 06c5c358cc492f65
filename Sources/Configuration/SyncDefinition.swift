/// Rows to copy from one connection to another.
public struct SyncDefinition: Sendable, Hashable {
  /// The name of the connection that is read.
  public var from: String
  /// What is read there.
  public var source: Source
  /// The columns that identify a row, and in whose order rows are read; at least one, each once.
  public var key: [String]
  /// The name of the connection that is written.
  public var to: String
  /// Where rows go there.
  public var target: Target
  /// What becomes of the rows that are there.
  public var mode: Mode

  /// A definition.
  public init(from: String, source: Source, key: [String], to: String, target: Target, mode: Mode = .upsert) {
    self.from = from
    self.source = source
    self.key = key
    self.to = to
    self.target = target
    self.mode = mode
  }

  /// What is read.
  public enum Source: Sendable, Hashable {
    /// SQL. The job's params may stand in it as `:name`, to be bound; never spliced in.
    case query(String)
    /// The absolute path of a JSON Lines file.
    case file(path: String)
  }

  /// Where rows go.
  public enum Target: Sendable, Hashable {
    /// A table, with its schema if it has one: `public.person`.
    case table(String)
    /// The absolute path of a JSON Lines file.
    case file(path: String)
  }

  /// What becomes of the rows that are there.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// Rows with the same key are replaced, others stay.
    case upsert
    /// All stay.
    case append
    /// None stays: a new table or file takes the old one's place at the end.
    case replace
  }
}
