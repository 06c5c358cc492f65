/// The fence of a PostgreSQL sink: one row a queue in `baton_fence`, in the schema of the table that it guards.
struct PostgresFence {
  private let plan: SyncPlan
  private let connection: PostgresConnection
  private let table: String

  init(plan: SyncPlan, table: PostgresTable, connection: PostgresConnection) {
    self.plan = plan
    self.connection = connection
    self.table = table.qualified("baton_fence")
  }

  /// The name under which a sink's session is listed, by which a later attempt finds it: `baton <queue> <token>`.
  static func applicationName(_ plan: SyncPlan) -> String { "baton \(Hex.fingerprint(plan.queue)) \(plan.token)" }

  /// Makes the fence's table when there is none.
  func create() throws {
    guard try connection.rows("SELECT pg_catalog.to_regclass($1) IS NULL", [table]).first?[0] == "t" else { return }
    do {
      try connection.execute(
        """
        CREATE TABLE IF NOT EXISTS \(table) (
          queue text NOT NULL PRIMARY KEY, token bigint NOT NULL, run text NOT NULL, cursor text,
          rows bigint NOT NULL, complete boolean NOT NULL DEFAULT false, updated timestamptz NOT NULL,
          plan text)
        """)
    } catch let fault as SyncFault where fault.state == "23505" || fault.state == "42P07" || fault.state == "42710" {
      // Another queue's runner made it at the same moment.
    }
  }

  /// Runs `body` in the transaction that raises the fence to our token, with what the fence held.
  ///
  /// A runner that was stopped in the middle of a chunk holds the row's lock. Its session is ended then, which is safe: the
  /// server has either committed that chunk, and we see its cursor, or forgets it.
  func raise(_ body: (SinkPosition) throws -> SinkPosition) throws -> SinkPosition {
    func attempt() throws -> SinkPosition {
      try connection.transaction {
        try connection.execute("SET LOCAL lock_timeout = '3s'")
        try addPlanColumn()
        let position = try lock()
        try connection.execute("SET LOCAL lock_timeout = 0")
        return try body(position)
      }
    }
    do { return try attempt() } catch let fault as SyncFault where fault.state == "55P03" {
      try endOlderSessions()
      return try attempt()
    }
  }

  /// Brings a fence up to date that was made before plans were noted in it.
  private func addPlanColumn() throws {
    let isThere = try !connection.rows(
      """
      SELECT 1 FROM pg_catalog.pg_attribute
      WHERE attrelid = pg_catalog.to_regclass($1) AND attname = 'plan' AND NOT attisdropped
      """, [table]
    ).isEmpty
    guard !isThere else { return }
    do { try connection.execute("ALTER TABLE \(table) ADD COLUMN IF NOT EXISTS plan text") } catch var fault
      as SyncFault
      where fault.state == "42501"
    {
      fault.message = "the fence \(table) lacks the column plan, which this role may not add: " + fault.message
      fault.remedy = "As its owner: ALTER TABLE \(table) ADD COLUMN plan text;"
      throw fault
    }
  }

  private func lock() throws -> SinkPosition {
    let isNew = try !connection.rows(
      """
      INSERT INTO \(table) (queue, token, run, cursor, rows, plan, updated) VALUES ($1, $2, $3, NULL, 0, $4, now())
      ON CONFLICT (queue) DO NOTHING RETURNING queue
      """, [plan.queue, String(plan.token), plan.run, plan.fingerprint]
    ).isEmpty
    if isNew { return SinkPosition(isOurRun: false, cursor: nil, rows: 0) }
    let rows = try connection.rows(
      "SELECT token, run, cursor, rows, complete, plan FROM \(table) WHERE queue = $1 FOR UPDATE", [plan.queue])
    guard let row = rows.first, let token = row[0].flatMap({ Int64($0) }), let run = row[1] else {
      throw SyncFault("the fence's row for queue \"\(plan.queue)\" was removed just now", isRetriable: true)
    }
    guard token < plan.token || (token == plan.token && run == plan.run) else {
      throw SyncFault.fenced(queue: plan.queue, ours: plan.token, stored: token, run: run)
    }
    var position = SinkPosition(isOurRun: false, cursor: nil, rows: 0)
    if run == plan.run {
      position = try SinkPosition(
        plan, cursor: row[2], rows: row[3].flatMap { Int64($0) } ?? 0, isComplete: row[4] == "t", fingerprint: row[5])
    }
    try write(position)
    return position
  }

  /// Refuses a table that another queue is replacing: its swap would take away what we write, or our staging its.
  /// - Parameters:
  ///   - prefix: what the names of its staging tables begin with.
  ///   - schema: where these are.
  func refuseReplaceByOthers(prefix: String, schema: String) throws {
    let others = try connection.rows(
      "SELECT queue, run FROM \(table) WHERE queue <> $1 AND NOT complete", [plan.queue])
    for other in others {
      guard let queue = other[0], let run = other[1] else { continue }
      let name = prefix + SyncPlan.stagingDigits(run)
      let isThere = try !connection.rows(
        """
        SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2
        """, [schema, name]
      ).isEmpty
      if isThere { throw SyncFault.replacedByOther(table: plan.table, queue: queue, run: run, staging: name) }
    }
  }

  private func endOlderSessions() throws {
    // Before version 14 it does not wait; the next try waits for the lock anyway.
    let wait = connection.serverVersion >= 140_000 ? ", 3000" : ""
    _ = try connection.rows(
      """
      SELECT pg_catalog.pg_terminate_backend(pid\(wait)) FROM pg_catalog.pg_stat_activity
      WHERE datname = current_database() AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()
        AND application_name ~ ('^baton ' || $1 || ' [0-9]+$')
        AND split_part(application_name, ' ', 3)::numeric < $2::numeric
      """, [Hex.fingerprint(plan.queue), String(plan.token)])
  }

  /// Sets the whole row, which must be there and locked.
  func write(_ position: SinkPosition) throws {
    _ = try connection.rows(
      """
      UPDATE \(table) SET token = $2, run = $3, cursor = $4, rows = $5, complete = $6, plan = $7, updated = now()
      WHERE queue = $1
      """,
      [
        plan.queue, String(plan.token), plan.run, position.cursor, String(position.rows),
        position.isComplete ? "true" : "false", plan.fingerprint,
      ])
  }

  /// Stores the chunk's cursor if the fence is still ours; it stays locked until the transaction ends.
  func store(cursor: String, rows: Int64) throws {
    let stored = try connection.rows(
      """
      UPDATE \(table) SET cursor = $4, rows = $5, updated = now() WHERE queue = $1 AND token = $2 AND run = $3
      RETURNING token
      """, [plan.queue, String(plan.token), plan.run, cursor, String(rows)])
    if stored.isEmpty { throw try refusal() }
  }

  /// Checks that the fence is still ours and locks it.
  /// - Returns: what it holds.
  func check() throws -> SinkPosition {
    let rows = try connection.rows(
      "SELECT cursor, rows FROM \(table) WHERE queue = $1 AND token = $2 AND run = $3 FOR UPDATE",
      [plan.queue, String(plan.token), plan.run])
    guard let row = rows.first else { throw try refusal() }
    return SinkPosition(isOurRun: true, cursor: row[0], rows: row[1].flatMap { Int64($0) } ?? 0)
  }

  private func refusal() throws -> SyncFault {
    let rows = try connection.rows("SELECT token, run FROM \(table) WHERE queue = $1", [plan.queue])
    if let row = rows.first, let token = row[0].flatMap({ Int64($0) }), token >= plan.token {
      return .fenced(queue: plan.queue, ours: plan.token, stored: token, run: row[1] ?? "")
    }
    // Someone reset the fence while we ran. A new attempt raises it again.
    return SyncFault("the sink's fence for queue \"\(plan.queue)\" was removed or lowered", isRetriable: true)
  }
}
