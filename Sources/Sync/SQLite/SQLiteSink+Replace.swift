/// Mode replace: a table beside the old one, swapped by name at the end.
extension SQLiteSink {
  private var staging: String { plan.table + plan.stagingSuffix }

  /// Drops what older runs left behind, and sees to our own new table. Runs in the transaction that raises the fence.
  /// - Returns: where to go on: the beginning, when the table that our record speaks of is not there.
  func prepareStaging(_ position: SinkPosition, on connection: SQLiteConnection) throws -> SinkPosition {
    if position.isComplete { return position }
    let prefix = plan.table + "__baton_"
    let names = try connection.rows("SELECT name FROM sqlite_schema WHERE type = 'table'").compactMap { $0[0] }
    var isThere = false
    for name in names where name.hasPrefix(prefix) && name.utf8.count == staging.utf8.count {
      if name == staging, position.isOurRun, position.cursor != nil {
        isThere = true
      } else {
        try connection.execute("DROP TABLE \(SQLiteConnection.quoted(name))")
      }
    }
    if isThere { return position }
    try connection.execute(try definition(on: connection))
    let beginning = SinkPosition(
      isOurRun: position.isOurRun, cursor: nil, rows: 0, isRestarted: position.isRestarted)
    try SQLiteFence.write(plan, beginning, on: connection)
    return beginning
  }

  /// The old table's CREATE TABLE with the new table's name. SQLite stores it as `CREATE TABLE <name>...`.
  private func definition(on connection: SQLiteConnection) throws -> String {
    let rows = try connection.rows(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE", [plan.table])
    let start = "CREATE TABLE "
    guard let sql = rows.first?[0], sql.hasPrefix(start), let end = SQLiteSink.nameEnd(in: sql, from: start.count)
    else {
      throw SyncFault("mode replace needs an ordinary table, and \"\(plan.table)\" is none")
    }
    return start + SQLiteConnection.quoted(staging) + " " + String(sql.unicodeScalars.dropFirst(end))
  }

  /// Where the name ends that begins at `start`: quoted in one of SQLite's four ways, or bare.
  private static func nameEnd(in sql: String, from start: Int) -> Int? {
    let characters = Array(sql.unicodeScalars.prefix(start + 2_000))
    guard start < characters.count else { return nil }
    let closing: [Unicode.Scalar: Unicode.Scalar] = ["\"": "\"", "`": "`", "'": "'", "[": "]"]
    var index = start
    if let close = closing[characters[start]] {
      index += 1
      while index < characters.count {
        if characters[index] == close {
          guard close != "]", index + 1 < characters.count, characters[index + 1] == close else { return index + 1 }
          index += 1
        }
        index += 1
      }
      return nil
    }
    while index < characters.count, characters[index] != "(", characters[index].value > 0x20 { index += 1 }
    return index
  }

  /// Drops the old table and gives the new one its name, its indexes and its triggers, in one transaction.
  func swap(on connection: SQLiteConnection) throws {
    // Without this, renaming would rewrite what refers to the tables' names.
    try connection.execute("PRAGMA legacy_alter_table = ON")
    try connection.transaction {
      try SQLiteFence.check(plan, on: connection)
      let rows = try connection.rows("SELECT cursor, rows FROM baton_fence WHERE queue = ?1", [plan.queue])
      let parts = try connection.rows(
        """
        SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger')
        AND sql IS NOT NULL ORDER BY type
        """, [plan.table]
      ).compactMap { $0[0] }
      let table = SQLiteConnection.quoted(plan.table)
      try connection.execute("DROP TABLE \(table)")
      try connection.execute("ALTER TABLE \(SQLiteConnection.quoted(staging)) RENAME TO \(table)")
      for sql in parts { try connection.execute(sql) }
      try SQLiteFence.write(
        plan,
        SinkPosition(
          isOurRun: true, cursor: rows.first?[0], rows: rows.first?[1].flatMap { Int64($0) } ?? 0, isComplete: true),
        on: connection)
    }
  }
}
