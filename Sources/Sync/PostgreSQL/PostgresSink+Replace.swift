/// Mode replace: a table beside the old one, swapped by name at the end.
///
/// Kept: columns with defaults, constraints, indexes and their names, identity and owned sequences with their state,
/// generated columns, comments, statistics objects and targets, storage options, replica identity, owner and privileges on
/// the table. What cannot be kept
/// (views, foreign keys, triggers, rules, policies, publications, inheritance, privileges on columns) is refused up front.
extension PostgresSink {
  /// The name of the table that this run fills.
  var stagingName: String { (table?.stagingPrefix ?? "") + SyncPlan.stagingDigits(plan.run) }

  func refuseWhatReplaceWouldLose() throws {
    guard let connection, let table else { return }
    let found = try connection.rows(
      """
      SELECT 'the kind of relation it is' FROM pg_class WHERE oid = $1::oid AND relkind <> 'r'
      UNION ALL SELECT 'the view ' || r.ev_class::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = $1::oid AND r.ev_class <> $1::oid
      UNION ALL SELECT 'the rule ' || rulename FROM pg_rewrite WHERE ev_class = $1::oid
      UNION ALL SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass FROM pg_constraint
        WHERE contype = 'f' AND $1::oid IN (conrelid, confrelid)
      UNION ALL SELECT 'the trigger ' || tgname FROM pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal
      UNION ALL SELECT 'the policy ' || polname FROM pg_policy WHERE polrelid = $1::oid
      UNION ALL SELECT 'row level security' FROM pg_class WHERE oid = $1::oid AND relrowsecurity
      UNION ALL SELECT 'the publication ' || p.pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
        WHERE r.prrelid = $1::oid
      UNION ALL SELECT 'inheritance' FROM pg_inherits WHERE $1::oid IN (inhrelid, inhparent)
      UNION ALL SELECT 'the privileges on column ' || attname FROM pg_attribute
        WHERE attrelid = $1::oid AND attacl IS NOT NULL
      """, [table.identifier]
    ).compactMap { $0[0] }
    guard found.isEmpty else {
      throw SyncFault(
        "mode replace puts a new table in the place of \"\(table.name)\" and would lose: "
          + Set(found).sorted().joined(separator: ", "),
        remedy: "Use mode upsert, or remove what is named.")
    }
  }

  /// Drops what older runs left behind, and sees to our own new table. Runs in the transaction that raises the fence.
  /// - Returns: where to go on: the beginning, when the table that our record speaks of is not there.
  func prepareStaging(_ position: SinkPosition) throws -> SinkPosition {
    guard let connection, let table, let fence, !position.isComplete else { return position }
    let names = try connection.rows(
      """
      SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind = 'r' AND starts_with(c.relname, $2)
        AND substr(c.relname, length($2) + 1) ~ '^[0-9a-f]{12}$'
      """, [table.schema, table.stagingPrefix]
    ).compactMap { $0[0] }
    var isThere = false
    for name in names {
      if name == stagingName, position.isOurRun, position.cursor != nil {
        isThere = true
      } else {
        // A serial column's sequence belongs to the old table, so that nothing but the leftover goes.
        try connection.execute("DROP TABLE \(table.qualified(name))")
      }
    }
    if isThere { return position }
    try createStaging(like: table, on: connection)
    let beginning = SinkPosition(
      isOurRun: position.isOurRun, cursor: nil, rows: 0, isRestarted: position.isRestarted)
    try fence.write(beginning)
    return beginning
  }

  private func createStaging(like table: PostgresTable, on connection: PostgresConnection) throws {
    let staging = table.qualified(stagingName)
    let kind = try connection.rows(
      """
      SELECT CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, ' TABLESPACE ' || quote_ident(t.spcname)
      FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = $1::oid
      """, [table.identifier]
    ).first
    let (persistence, tablespace) = (kind?[0] ?? "", kind?[1] ?? "")
    try connection.execute(
      "CREATE \(persistence)TABLE \(staging) (LIKE \(table.qualified) INCLUDING ALL)\(tablespace)")
    // What default privileges grant on any new table must not show the rows of this one.
    for command in try revokeCommands(staging, keepingOwner: true) { try connection.execute(command) }
    let statistics = try connection.rows(
      """
      SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', $2::text, attname, attstattarget)
      FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
      UNION ALL
      SELECT format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', $2::text, attname, option)
      FROM pg_attribute, unnest(attoptions) option
      WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped AND starts_with(option, 'n_distinct')
      """, [table.identifier, staging]
    ).compactMap { $0[0] }
    for command in statistics { try connection.execute(command) }
  }

  /// The commands that take all privileges on a table from everyone who has any.
  private func revokeCommands(_ table: String, keepingOwner: Bool) throws -> [String] {
    guard let connection else { return [] }
    return try connection.rows(
      """
      SELECT DISTINCT format('REVOKE ALL ON TABLE %s FROM %s', $1::text,
          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
      FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) g
      WHERE c.oid = $1::regclass AND NOT ($2::boolean AND g.grantee = c.relowner)
      """, [table, keepingOwner ? "true" : "false"]
    ).compactMap { $0[0] }
  }

  /// Puts the new table in the old one's place, in one transaction with the fence.
  func swap() throws {
    guard let connection, let table, let fence else { return }
    let staging = table.qualified(stagingName)
    // Otherwise the first queries after the swap would be planned blindly.
    try connection.execute("ANALYZE \(staging)")
    try connection.transaction {
      var position = try fence.check()
      try connection.execute("LOCK TABLE \(table.qualified) IN ACCESS EXCLUSIVE MODE")
      // What was looked at when the run began may be otherwise now, and stays so until the swap is over.
      guard try PostgresTable.identifier(of: table.qualified, on: connection) == table.identifier else {
        throw SyncFault(
          "the table \(table.qualified) was replaced by somebody else while it was filled", isRetriable: true)
      }
      try refuseWhatReplaceWouldLose()
      // A sequence can belong to a table of its own owner only, and the owner's privileges move with the table.
      for command in try ownerCommands(from: table, to: staging) { try connection.execute(command) }
      for command in try revokeCommands(staging, keepingOwner: false) { try connection.execute(command) }
      for command in try keepCommands(from: table, to: staging) { try connection.execute(command) }
      let renames = try indexRenames(table, staging)
      try connection.execute("DROP TABLE \(table.qualified)")
      try connection.execute("ALTER TABLE \(staging) RENAME TO \(PostgresConnection.quoted(table.name))")
      for command in renames { try connection.execute(command) }
      position.isComplete = true
      try fence.write(position)
    }
  }

  private func ownerCommands(from table: PostgresTable, to staging: String) throws -> [String] {
    guard let connection else { return [] }
    return try connection.rows(
      """
      SELECT format('ALTER TABLE %s OWNER TO %s', $2::text, relowner::regrole)
      FROM pg_class WHERE oid = $1::oid AND relowner <> (SELECT relowner FROM pg_class WHERE oid = $2::regclass)
      """, [table.identifier, staging]
    ).compactMap { $0[0] }
  }

  /// The commands that give the new table what LIKE does not copy.
  private func keepCommands(from table: PostgresTable, to staging: String) throws -> [String] {
    guard let connection else { return [] }
    return try connection.rows(
      """
      SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', s.oid::regclass, $2::text, a.attname)
      FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.refobjid = $1::oid AND d.deptype = 'a'
      UNION ALL
      SELECT format('SELECT setval(pg_get_serial_sequence(%L, %L), last_value, is_called) FROM %s',
          $2::text, a.attname, s.oid::regclass)
      FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.refobjid = $1::oid AND d.deptype = 'i'
      UNION ALL
      SELECT format('GRANT %s ON TABLE %s TO %s%s', g.privilege_type, $2::text,
          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) g WHERE c.oid = $1::oid
      UNION ALL
      SELECT format('COMMENT ON TABLE %s IS %L', $2::text, obj_description($1::oid, 'pg_class'))
      WHERE obj_description($1::oid, 'pg_class') IS NOT NULL
      UNION ALL
      SELECT format('ALTER TABLE %s SET (%s)', $2::text, array_to_string(reloptions, ', '))
      FROM pg_class WHERE oid = $1::oid AND reloptions IS NOT NULL
      """, [table.identifier, staging]
    ).compactMap { $0[0] }
  }

  /// The commands that give the new table's indexes the names of the old one's, and what goes by these names, for after the
  /// old ones are gone.
  private func indexRenames(_ table: PostgresTable, _ staging: String) throws -> [String] {
    guard let connection else { return [] }
    // Indexes of one definition are paired in the order in which they were made.
    return try connection.rows(
      """
      WITH parts AS (
        SELECT i.indrelid, c.relname,
          concat_ws(' ', i.indisprimary, i.indisunique, i.indisexclusion,
            substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*$')) AS definition,
          row_number() OVER (PARTITION BY i.indrelid, i.indisprimary, i.indisunique, i.indisexclusion,
            substring(pg_get_indexdef(i.indexrelid) FROM ' USING .*$') ORDER BY i.indexrelid) AS number
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid IN ($1::oid, $2::regclass))
      SELECT format('ALTER INDEX %I.%I RENAME TO %I', $3::text, new.relname, old.relname)
      FROM parts old JOIN parts new USING (definition, number)
      WHERE old.indrelid = $1::oid AND new.indrelid = $2::regclass AND old.relname <> new.relname
      """, [table.identifier, staging, table.schema]
    ).compactMap { $0[0] }
      + connection.rows(
        """
        SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', $2::text, CASE c.relreplident WHEN 'f' THEN 'FULL'
            WHEN 'n' THEN 'NOTHING' ELSE format('USING INDEX %I', i.relname) END)
        FROM pg_class c LEFT JOIN pg_index x ON x.indrelid = c.oid AND x.indisreplident
          LEFT JOIN pg_class i ON i.oid = x.indexrelid
        WHERE c.oid = $1::oid AND (c.relreplident IN ('f', 'n') OR c.relreplident = 'i' AND i.relname IS NOT NULL)
        UNION ALL
        SELECT format('ALTER TABLE %s CLUSTER ON %I', $2::text, i.relname)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = $1::oid AND x.indisclustered
        """, [table.identifier, table.qualified]
      ).compactMap { $0[0] }
  }
}
