/// The fence of a SQLite sink: one row a queue in `baton_fence`.
enum SQLiteFence {
  static let definition = """
    CREATE TABLE IF NOT EXISTS baton_fence (
      queue TEXT NOT NULL PRIMARY KEY, token INTEGER NOT NULL, run TEXT NOT NULL, cursor TEXT,
      rows INTEGER NOT NULL, complete INTEGER NOT NULL DEFAULT 0, updated TEXT NOT NULL,
      plan TEXT)
    """
  private static let now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

  /// Checks the fence, raises it to our token and reads what it held. Must be called within a transaction.
  static func raise(_ plan: SyncPlan, on connection: SQLiteConnection) throws -> SinkPosition {
    try connection.execute(definition)
    // A fence that was made before plans were noted in it.
    if try connection.rows("SELECT 1 FROM pragma_table_info('baton_fence') WHERE name = 'plan'").isEmpty {
      try connection.execute("ALTER TABLE baton_fence ADD COLUMN plan TEXT")
    }
    let select = try connection.prepare(
      "SELECT token, run, cursor, rows, complete, plan FROM baton_fence WHERE queue = ?1")
    defer { select.finalize() }
    try select.bind(.text(Array(plan.queue.utf8)), at: 1)
    var position = SinkPosition(isOurRun: false, cursor: nil, rows: 0)
    if try select.step() {
      let token = select.integer(at: 0)
      let run = select.text(at: 1) ?? ""
      guard token < plan.token || (token == plan.token && run == plan.run) else {
        throw SyncFault.fenced(queue: plan.queue, ours: plan.token, stored: token, run: run)
      }
      if run == plan.run {
        position = try SinkPosition(
          plan, cursor: select.text(at: 2), rows: select.integer(at: 3), isComplete: select.integer(at: 4) != 0,
          fingerprint: select.text(at: 5))
      }
    }
    select.reset()
    try write(plan, position, on: connection)
    return position
  }

  /// Sets the whole row.
  static func write(_ plan: SyncPlan, _ position: SinkPosition, on connection: SQLiteConnection) throws {
    let statement = try connection.prepare(
      """
      INSERT INTO baton_fence (queue, token, run, cursor, rows, complete, plan, updated)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, \(now))
      ON CONFLICT (queue) DO UPDATE SET token = excluded.token, run = excluded.run, cursor = excluded.cursor,
        rows = excluded.rows, complete = excluded.complete, plan = excluded.plan, updated = excluded.updated
      """)
    defer { statement.finalize() }
    try statement.bind(.text(Array(plan.queue.utf8)), at: 1)
    try statement.bind(.integer(plan.token), at: 2)
    try statement.bind(.text(Array(plan.run.utf8)), at: 3)
    try statement.bind(position.cursor.map { .text(Array($0.utf8)) }, at: 4)
    try statement.bind(.integer(position.rows), at: 5)
    try statement.bind(.boolean(position.isComplete), at: 6)
    try statement.bind(.text(Array(plan.fingerprint.utf8)), at: 7)
    try statement.run()
  }

  /// Refuses a table that another queue is replacing: its swap would take away what we write, or our staging its.
  static func refuseReplaceByOthers(_ plan: SyncPlan, on connection: SQLiteConnection) throws {
    let others = try connection.rows(
      "SELECT queue, run FROM baton_fence WHERE queue <> ?1 AND NOT complete", [plan.queue])
    for other in others {
      guard let queue = other[0], let run = other[1] else { continue }
      let name = plan.table + "__baton_" + SyncPlan.stagingDigits(run)
      let found = try connection.rows(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE", [name])
      if !found.isEmpty { throw SyncFault.replacedByOther(table: plan.table, queue: queue, run: run, staging: name) }
    }
  }

  /// The statement that `store` runs for every chunk.
  static func prepareStore(_ plan: SyncPlan, on connection: SQLiteConnection) throws -> SQLiteStatement {
    let statement = try connection.prepare(
      """
      UPDATE baton_fence SET cursor = ?4, rows = ?5, updated = \(now)
      WHERE queue = ?1 AND token = ?2 AND run = ?3
      """)
    try statement.bind(.text(Array(plan.queue.utf8)), at: 1)
    try statement.bind(.integer(plan.token), at: 2)
    try statement.bind(.text(Array(plan.run.utf8)), at: 3)
    return statement
  }

  /// Stores the chunk's cursor if the fence is still ours. Must be called within the chunk's transaction.
  static func store(
    _ plan: SyncPlan, cursor: String, rows: Int64, with statement: SQLiteStatement, on connection: SQLiteConnection
  ) throws {
    try statement.bind(.text(Array(cursor.utf8)), at: 4)
    try statement.bind(.integer(rows), at: 5)
    try statement.run()
    if connection.changes != 1 { throw try refusal(plan, on: connection) }
  }

  /// Checks, without a change, that the fence is still ours. Must be called within a transaction.
  static func check(_ plan: SyncPlan, on connection: SQLiteConnection) throws {
    let rows = try connection.rows("SELECT token, run FROM baton_fence WHERE queue = ?1", [plan.queue])
    if rows.first?[0] != String(plan.token) || rows.first?[1] != plan.run { throw try refusal(plan, on: connection) }
  }

  /// Why the row is not as we left it.
  private static func refusal(_ plan: SyncPlan, on connection: SQLiteConnection) throws -> SyncFault {
    let rows = try connection.rows("SELECT token, run FROM baton_fence WHERE queue = ?1", [plan.queue])
    if let row = rows.first, let token = row[0].flatMap({ Int64($0) }), token >= plan.token {
      return .fenced(queue: plan.queue, ours: plan.token, stored: token, run: row[1] ?? "")
    }
    // Someone reset the fence while we ran. A new attempt raises it again.
    return SyncFault("the sink's fence for queue \"\(plan.queue)\" was removed or lowered", isRetriable: true)
  }
}
