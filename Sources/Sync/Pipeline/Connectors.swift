import ChunkProtocol

/// Where rows come from: a port with one implementation a kind of source.
///
/// Used by one thread at a time. Consistency between chunks is not promised: a row that changes while the run is
/// under way is read as it is when its chunk is read.
protocol Source: AnyObject {
  /// Whether no two rows have the same key, as paging by key ensures.
  var hasUniqueKeys: Bool { get }
  /// Whether values come as JSON has them: binary ones as base64 text, and text for a JSON column as a JSON string.
  var isJSON: Bool { get }
  /// Connects and finds the columns, in the order in which chunks will hold them.
  func open() throws -> [String]
  /// Goes to where the first chunk begins; nil for the beginning.
  func start(after cursor: String?) throws
  /// Fills an empty chunk up to its limits and sets its cursor and `isLast`. A last chunk may be empty.
  func read(into chunk: Chunk) throws
  func close()
}

/// Where rows go to: a port with one implementation a kind of sink.
protocol Sink: AnyObject {
  /// Connects, checks that every column has its place, raises the fence to our token and reads what it held.
  func open(_ input: SinkInput) throws -> SinkPosition
  /// Writes the chunk's rows, its cursor and the number of rows so far in one transaction, if the fence lets us.
  func write(_ chunk: Chunk, rowsTotal: Int64) throws
  /// Ends the run in the sink: the swap, in mode replace.
  func finish() throws
  func close()
}

/// What a sink must know of the rows that will come.
struct SinkInput {
  var columns: [String]
  /// Indexes into `columns`.
  var key: [Int]
  var hasUniqueKeys: Bool
  var isJSON: Bool
}

/// What the sink's own record says of our run.
struct SinkPosition {
  /// Whether the record is of our run, from an earlier attempt or from this one.
  var isOurRun: Bool
  var cursor: String?
  /// The rows that the run has written so far.
  var rows: Int64
  /// Whether the run is complete in the sink, the swap included.
  var isComplete = false
  /// Whether the run has written rows under another query, key, table or mode, so that it starts again.
  var isRestarted = false
}

extension SyncPlan {
  /// The name of the table or file that mode replace fills; one a run.
  var stagingSuffix: String { "__baton_" + SyncPlan.stagingDigits(run) }

  /// The run's part of that name.
  static func stagingDigits(_ run: String) -> String { String(Hex.fingerprint(run).prefix(12)) }
}

/// What sources share: the key's place, the checks of each row.
struct RowChecks {
  let columns: [String]
  let key: [Int]
  let limits: RunnerStart.Limits

  /// - Parameter folding: whether the source takes names that differ in case only as one.
  init(columns: [String], key names: [String], limits: RunnerStart.Limits, folding: Bool) throws {
    var seen: Set<String> = []
    for name in columns where !seen.insert(folding ? name.lowercased() : name).inserted {
      throw SyncFault("the query has two columns of this name", remedy: "Give one of them another name.", column: name)
    }
    guard !names.isEmpty else { throw SyncFault("the job has no key", remedy: "Name the columns of the key.") }
    self.columns = columns
    self.limits = limits
    key = try names.map { name in
      if let index = columns.firstIndex(of: name) { return index }
      if folding, let index = columns.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return index }
      throw SyncFault(
        "the key's column is missing in the source, which has \(columns.joined(separator: ", "))",
        remedy: "Add it to the query.", column: name)
    }
  }

  /// What became of a row that a source has appended.
  enum Outcome { case taken, full }

  /// Checks the row after `mark` and ends it, or takes it back when the chunk is full.
  func endRow(of chunk: Chunk, since mark: Chunk.Mark, isOrdered: Bool = true) throws -> Outcome {
    let row = chunk.rows
    for column in key where chunk.cell(row: row, column: column).kind == .null {
      throw SyncFault(
        "the key is NULL: such a row cannot be found again",
        remedy: "Leave these rows out (WHERE \(columns[column]) IS NOT NULL) or choose another key.",
        key: chunk.keyDescription(row: row, columns: key, names: columns), column: columns[column])
    }
    if chunk.byteCount > limits.bytes {
      if row == 0 {
        throw SyncFault(
          "one row has \(chunk.byteCount) bytes, more than the chunk's limit of \(limits.bytes)",
          remedy: "Raise the job's chunk bytes.", key: chunk.keyDescription(row: row, columns: key, names: columns),
          column: columns[largestColumn(of: chunk, row: row)])
      }
      chunk.rollBack(to: mark)
      return .full
    }
    chunk.endRow()
    if isOrdered, row > 0, chunk.hasSameKey(row - 1, row, columns: key) {
      throw duplicate(chunk.keyDescription(row: row, columns: key, names: columns))
    }
    return .taken
  }

  /// Two rows of the source have one key.
  func duplicate(_ key: String) -> SyncFault {
    SyncFault(
      "the key is not unique in the source: more than one row has it, and rows would be lost between chunks",
      remedy: "Add a column that tells these rows apart to the job's key.", key: key)
  }

  private func largestColumn(of chunk: Chunk, row: Int) -> Int {
    func size(_ column: Int) -> Int {
      let cell = chunk.cell(row: row, column: column)
      return cell.isBytes ? cell.range.count : 8
    }
    return columns.indices.max { size($0) < size($1) } ?? 0
  }
}
