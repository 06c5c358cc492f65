/// Writes chunks to a table of a SQLite database, under the fence.
///
/// Mode replace keeps the table's own definition, its indexes and its triggers, each under its name; views go on to work
/// since SQLite looks tables up by name. The definition must not be that of a virtual table.
final class SQLiteSink: Sink {
  let plan: SyncPlan
  private let path: String
  private(set) var connection: SQLiteConnection?
  private var insert: SQLiteStatement?
  private var fence: SQLiteStatement?
  private var input = SinkInput(columns: [], key: [], hasUniqueKeys: true, isJSON: false)
  /// Which columns take base64 text as bytes.
  private var decodesBase64: [Bool] = []
  private var decoded: [UInt8] = []

  init(plan: SyncPlan, path: String) {
    self.plan = plan
    self.path = path
  }

  /// The table that rows go to.
  private var target: String { plan.mode == .replace ? plan.table + plan.stagingSuffix : plan.table }

  func open(_ input: SinkInput) throws -> SinkPosition {
    self.input = input
    let connection = try SQLiteConnection(path: path, access: .writing)
    self.connection = connection
    // Readers of the sink are not blocked by chunks in this mode. A file that cannot have it works in its own mode.
    _ = try connection.rows("PRAGMA journal_mode = WAL")
    if plan.mode != .replace { try connection.execute("PRAGMA foreign_keys = ON") }
    let columns = try sinkColumns(connection)
    if plan.mode == .upsert { try insertStatement(connection, columns: columns).finalize() }
    let position = try connection.transaction {
      let position = try SQLiteFence.raise(plan, on: connection)
      try SQLiteFence.refuseReplaceByOthers(plan, on: connection)
      return plan.mode == .replace ? try prepareStaging(position, on: connection) : position
    }
    // The table that a complete run filled has its final name by now.
    if position.isComplete { return position }
    insert = try insertStatement(connection, columns: columns)
    fence = try SQLiteFence.prepareStore(plan, on: connection)
    return position
  }

  /// The sink's own names of the input's columns, in the input's order.
  private func sinkColumns(_ connection: SQLiteConnection) throws -> [String] {
    let rows = try connection.rows("SELECT name, type, hidden FROM pragma_table_xinfo(?1)", [plan.table])
    guard !rows.isEmpty else {
      throw SyncFault(
        "the sink \(path) has no table \"\(plan.table)\"", remedy: "Create it; all modes need it as it shall be.")
    }
    return try input.columns.map { name in
      guard let row = rows.first(where: { $0[0]?.lowercased() == name.lowercased() }), let found = row[0] else {
        throw SyncFault(
          "the sink's table \"\(plan.table)\" has no such column; it has "
            + rows.compactMap { $0[0] }.joined(separator: ", "),
          remedy: "Add the column to the table, or leave it out of the query.", column: name)
      }
      guard row[2] == "0" else {
        throw SyncFault(
          "the column of \"\(plan.table)\" is generated or hidden and cannot be written",
          remedy: "Leave it out of the query.", column: name)
      }
      decodesBase64.append(input.isJSON && (row[1] ?? "").uppercased().contains("BLOB"))
      return found
    }
  }

  private func insertStatement(_ connection: SQLiteConnection, columns: [String]) throws -> SQLiteStatement {
    let names = columns.map(SQLiteConnection.quoted)
    var sql = "INSERT INTO \(SQLiteConnection.quoted(target)) (\(names.joined(separator: ", "))) VALUES ("
    sql += names.indices.map { "?\($0 + 1)" }.joined(separator: ", ") + ")"
    guard plan.mode == .upsert else { return try connection.prepare(sql) }
    let key = input.key.map { names[$0] }.joined(separator: ", ")
    let others = names.indices.filter { !input.key.contains($0) }.map { "\(names[$0]) = excluded.\(names[$0])" }
    sql += " ON CONFLICT (\(key)) DO " + (others.isEmpty ? "NOTHING" : "UPDATE SET " + others.joined(separator: ", "))
    do { return try connection.prepare(sql) } catch let fault as SyncFault {
      guard fault.message.contains("ON CONFLICT clause does not match") else { throw fault }
      let index = SQLiteConnection.quoted(plan.table + "_" + plan.key.joined(separator: "_"))
      throw SyncFault(
        "mode upsert needs a unique index on the key (\(plan.key.joined(separator: ", "))) of \"\(plan.table)\"",
        remedy: "Create it: CREATE UNIQUE INDEX \(index) ON \(SQLiteConnection.quoted(plan.table)) (\(key));")
    }
  }

  func write(_ chunk: Chunk, rowsTotal: Int64) throws {
    guard let connection, let insert, let fence else { preconditionFailure("write before open") }
    try connection.transaction {
      try SQLiteFence.store(plan, cursor: chunk.cursor, rows: rowsTotal, with: fence, on: connection)
      try chunk.bytes.withUnsafeBytes { bytes in
        defer { insert.clearBindings() }
        for row in 0..<chunk.rows { try write(chunk, row: row, bytes: bytes, with: insert) }
      }
    }
  }

  private func write(_ chunk: Chunk, row: Int, bytes: UnsafeRawBufferPointer, with insert: SQLiteStatement) throws {
    for column in 0..<chunk.columnCount {
      let cell = chunk.cell(row: row, column: column)
      if cell.kind == .text, decodesBase64[column] {
        guard Base64.decode(UnsafeRawBufferPointer(rebasing: bytes[cell.range]), into: &decoded) else {
          throw SyncFault(
            "the text is not base64, as a binary column needs it", row: row, column: input.columns[column])
        }
        try insert.bind(.blob(decoded), at: column + 1)
      } else if cell.kind == .real, cell.real.isNaN {
        throw SyncFault(
          "the value is NaN, which SQLite would store as NULL",
          remedy: "Make something else of it in the query: NULLIF(x, 'NaN'), or x::text.", row: row,
          column: input.columns[column])
      } else {
        insert.bind(cell, bytes: bytes, at: column + 1)
      }
    }
    do {
      guard !insert.bindFailed else { throw SyncFault("a value is larger than SQLite's limit") }
      try insert.run()
    } catch var fault as SyncFault {
      fault.row = row
      throw fault
    }
  }

  func finish() throws {
    guard plan.mode == .replace, let connection else { return }
    insert?.finalize()
    insert = nil
    try swap(on: connection)
  }

  func close() {
    insert?.finalize()
    fence?.finalize()
    connection?.close()
    insert = nil
    fence = nil
    connection = nil
  }
}
