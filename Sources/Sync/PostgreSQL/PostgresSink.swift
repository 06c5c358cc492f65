/// Writes chunks to a table of a PostgreSQL database, under the fence.
///
/// Modes append and replace copy straight into their table. Mode upsert copies into a temporary table first and merges from
/// there; a row that is already as it should be is not written again.
final class PostgresSink: Sink {
  let plan: SyncPlan
  private let url: String
  private(set) var connection: PostgresConnection?
  private(set) var table: PostgresTable?
  private(set) var fence: PostgresFence?
  private(set) var columns: [PostgresColumn] = []
  private var input = SinkInput(columns: [], key: [], hasUniqueKeys: true, isJSON: false)
  private var text = CopyText(columns: [], isJSON: false)
  private var copySQL = ""
  private var mergeSQL: String?

  /// The size from which copied text is handed to libpq.
  private static let copyBytes = 1 << 16
  private static let chunkTable = "pg_temp.baton_chunk"

  init(plan: SyncPlan, url: String) {
    self.plan = plan
    self.url = url
  }

  func open(_ input: SinkInput) throws -> SinkPosition {
    self.input = input
    let connection = try PostgresConnection(url: url, applicationName: PostgresFence.applicationName(plan))
    self.connection = connection
    // A runner that is stopped between two commands must not hold the fence for ever.
    try connection.execute("SET idle_in_transaction_session_timeout = '60s'")
    let table = try PostgresTable(plan.table, on: connection)
    self.table = table
    columns = try table.columns(for: input.columns)
    text = CopyText(columns: columns, isJSON: input.isJSON)
    let fence = PostgresFence(plan: plan, table: table, connection: connection)
    self.fence = fence
    try fence.create()
    let names = columns.map { PostgresConnection.quoted($0.name) }.joined(separator: ", ")
    switch plan.mode {
    case .append: copySQL = "COPY \(table.qualified) (\(names)) FROM STDIN"
    case .replace:
      try refuseWhatReplaceWouldLose()
      copySQL = "COPY \(table.qualified(stagingName)) (\(names)) FROM STDIN"
    case .upsert:
      try connection.execute(
        "CREATE TEMPORARY TABLE baton_chunk ON COMMIT DELETE ROWS AS SELECT \(names) FROM \(table.qualified) "
          + "WITH NO DATA")
      copySQL = "COPY \(PostgresSink.chunkTable) (\(names)) FROM STDIN"
      mergeSQL = mergeStatement(into: table)
      try checkKeyIndex(table)
    }
    return try fence.raise { position in
      try fence.refuseReplaceByOthers(prefix: table.stagingPrefix, schema: table.schema)
      return plan.mode == .replace ? try prepareStaging(position) : position
    }
  }

  /// - Parameter condition: which rows of the chunk's table are merged, as diagnosis needs it.
  private func mergeStatement(into table: PostgresTable, from source: String? = nil) -> String {
    let names = columns.map { PostgresConnection.quoted($0.name) }
    let list = names.joined(separator: ", ")
    let key = input.key.map { names[$0] }.joined(separator: ", ")
    let others = names.indices.filter { !input.key.contains($0) }.map { names[$0] }
    // A source whose keys repeat ends with the last row of each key, as if rows were written one by one.
    let rows =
      input.hasUniqueKeys
      ? "SELECT \(list) FROM \(source ?? PostgresSink.chunkTable) AS baton_rows"
      : "SELECT DISTINCT ON (\(key)) \(list) FROM \(source ?? PostgresSink.chunkTable) AS baton_rows "
        + "ORDER BY \(key), ctid DESC"
    var sql = "INSERT INTO \(table.qualified) AS baton_sink (\(list)) OVERRIDING SYSTEM VALUE \(rows) "
    sql += "ON CONFLICT (\(key)) DO "
    guard !others.isEmpty else { return sql + "NOTHING" }
    sql += "UPDATE SET " + others.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    // Compared as stored, so that 1.0 and 1.00, or text that a collation takes as equal, are still written.
    let old = others.map { "baton_sink.\($0)" }.joined(separator: ", ")
    let new = others.map { "excluded.\($0)" }.joined(separator: ", ")
    return sql + " WHERE ROW(\(old))::record OPERATOR(pg_catalog.*<>) ROW(\(new))::record"
  }

  private func checkKeyIndex(_ table: PostgresTable) throws {
    guard let connection, let mergeSQL else { return }
    do { _ = try connection.rows("EXPLAIN \(mergeSQL)") } catch let fault as SyncFault where fault.state == "42P10" {
      let key = input.key.map { PostgresConnection.quoted(columns[$0].name) }.joined(separator: ", ")
      throw SyncFault(
        "mode upsert needs a unique index on the key (\(plan.key.joined(separator: ", "))) of \"\(table.name)\"",
        remedy: "Create it: CREATE UNIQUE INDEX ON \(table.qualified) (\(key));")
    }
  }

  func write(_ chunk: Chunk, rowsTotal: Int64) throws {
    guard let connection, let fence else { preconditionFailure("write before open") }
    do {
      try connection.transaction {
        try fence.store(cursor: chunk.cursor, rows: rowsTotal)
        try copy(chunk, on: connection)
        if let mergeSQL { try connection.execute(mergeSQL) }
      }
    } catch let fault as SyncFault {
      throw try located(fault, in: chunk)
    }
  }

  private func copy(_ chunk: Chunk, on connection: PostgresConnection) throws {
    try connection.beginCopy(copySQL)
    do {
      text.removeAll()
      try chunk.bytes.withUnsafeBytes { bytes in
        for row in 0..<chunk.rows {
          try text.append(row: row, of: chunk, bytes: bytes)
          if text.bytes.count >= PostgresSink.copyBytes {
            try connection.copy(text.bytes)
            text.removeAll()
          }
        }
      }
      try connection.copy(text.bytes)
    } catch {
      try connection.endCopy(giveUp: "a value has no form in this column")
      throw error
    }
    try connection.endCopy()
  }

  /// Finds the row and the column that a fault is about.
  private func located(_ fault: SyncFault, in chunk: Chunk) throws -> SyncFault {
    var fault = fault
    guard fault.row == nil, let state = fault.state else { return fault }
    // While copying the server names the line: `COPY baton_chunk, line 3, column age: "x"`.
    if let place = fault.context.flatMap(PostgresSink.copyPlace) {
      fault.row = place.line - 1
      if fault.column == nil {
        // The value follows the column's name.
        fault.column = columns.map(\.name).filter {
          place.rest.hasPrefix("column \($0):") || place.rest == "column \($0), null input"
        }
        .max { $0.count < $1.count }
      }
    } else if mergeSQL != nil, state.hasPrefix("22") || state.hasPrefix("23") {
      fault.row = try firstFailingRow(of: chunk)
    } else if state == "21000" {
      fault.message = "two rows of the chunk have keys that the sink takes as one: " + fault.message
      fault.remedy = "The sink's unique index compares more loosely than the source (a collation, perhaps)."
    }
    return fault
  }

  /// `COPY baton_chunk, line 3, column age: "x"`, perhaps below what a type's input function adds.
  private static func copyPlace(in context: String) -> (line: Int, rest: Substring)? {
    for text in context.split(separator: "\n") where text.hasPrefix("COPY ") {
      guard let range = text.split(separator: ", line ", maxSplits: 1).last, range.count < text.count else { continue }
      guard let line = Int(range.prefix { $0.isNumber }) else { continue }
      return (line, range.drop { $0.isNumber }.drop { $0 == "," || $0 == " " })
    }
    return nil
  }

  /// Merging names no row: the shortest beginning of the chunk that fails is searched by halving, and rolled back.
  private func firstFailingRow(of chunk: Chunk) throws -> Int? {
    guard let connection, let table else { return nil }
    try connection.execute("BEGIN")
    defer { try? connection.execute("ROLLBACK") }
    try copy(chunk, on: connection)
    var good = 0
    var bad = chunk.rows
    while bad - good > 1 {
      let middle = (good + bad) / 2
      let rows = "(SELECT *, ctid FROM \(PostgresSink.chunkTable) ORDER BY ctid LIMIT \(middle))"
      try connection.execute("SAVEPOINT baton_search")
      do {
        try connection.execute(mergeStatement(into: table, from: rows))
        good = middle
      } catch is SyncFault { bad = middle }
      try connection.execute("ROLLBACK TO SAVEPOINT baton_search")
    }
    return bad - 1
  }

  func finish() throws {
    guard plan.mode == .replace else { return }
    try swap()
  }

  func close() {
    connection?.close()
    connection = nil
  }
}
