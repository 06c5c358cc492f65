import CPostgres

/// A column of the sink's table.
struct PostgresColumn {
  var name: String
  /// The type's number; for a domain that of the type under it.
  var type: Oid
  var typeName: String
  var isGenerated: Bool
}

/// The sink's table, as the server's catalogue describes it.
struct PostgresTable {
  var identifier: String
  var schema: String
  var name: String
  var columns: [PostgresColumn]

  /// - Parameter spelled: `name` or `schema.name`, as the database stores them.
  /// - Throws: `SyncFault` when there is no such table.
  init(_ spelled: String, on connection: PostgresConnection) throws {
    let parts = spelled.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let rows = try connection.rows(
      """
      SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass($1)
      """, [parts.map(PostgresConnection.quoted).joined(separator: ".")])
    guard let row = rows.first, let identifier = row[0], let schema = row[1], let name = row[2] else {
      throw SyncFault(
        "the sink has no table \"\(spelled)\"",
        remedy:
          "Create it; all modes need it as it shall be. Names are taken as the database stores them: unquoted names "
          + "in SQL are stored in lower case.")
    }
    self.identifier = identifier
    self.schema = schema
    self.name = name
    columns = try connection.rows(
      """
      SELECT a.attname, COALESCE(NULLIF(t.typbasetype, 0), t.oid), pg_catalog.format_type(a.atttypid, a.atttypmod),
        a.attgenerated <> ''
      FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
      """, [identifier]
    ).map { row in
      PostgresColumn(
        name: row[0] ?? "", type: row[1].flatMap { Oid($0) } ?? 0, typeName: row[2] ?? "", isGenerated: row[3] == "t")
    }
  }

  /// The number of the table that has a name now, as `identifier` has it; nil when there is none.
  static func identifier(of qualified: String, on connection: PostgresConnection) throws -> String? {
    try connection.rows("SELECT pg_catalog.to_regclass($1)::oid", [qualified]).first?[0]
  }

  /// The name as SQL writes it, with its schema.
  var qualified: String { qualified(name) }

  /// Another name in the table's schema.
  func qualified(_ other: String) -> String {
    PostgresConnection.quoted(schema) + "." + PostgresConnection.quoted(other)
  }

  /// The columns that take the source's, in the source's order. A name that differs in case only is found too.
  func columns(for names: [String]) throws -> [PostgresColumn] {
    try names.map { name in
      let folded = columns.filter { $0.name.lowercased() == name.lowercased() }
      guard let column = columns.first(where: { $0.name == name }) ?? (folded.count == 1 ? folded[0] : nil) else {
        throw SyncFault(
          "the sink's table \"\(self.name)\" has no such column; it has "
            + columns.map(\.name).joined(separator: ", "),
          remedy: "Add the column to the table, or leave it out of the query.", column: name)
      }
      guard !column.isGenerated else {
        throw SyncFault(
          "the column of \"\(self.name)\" is generated and cannot be written", remedy: "Leave it out of the query.",
          column: name)
      }
      return column
    }
  }

  /// What the names of tables begin with that mode replace fills for this one. Short enough for 63 bytes with the run's part.
  var stagingPrefix: String {
    let base = name.utf8.count <= 43 ? name : String(name.prefix(7)) + "_" + Hex.fingerprint(name)
    return base + "__baton_"
  }
}
