/// Reads a query of a SQLite database in the order of its key, a chunk a query.
///
/// Between chunks no statement is open, so the source's writers wait for one chunk at most, and the sink may be the same
/// file. NULL keys come first in SQLite's order and are therefore always seen.
final class SQLiteSource: Source {
  private let plan: SyncPlan
  private let path: String
  private var connection: SQLiteConnection?
  private var checks: RowChecks?
  private var first: SQLiteStatement?
  private var next: SQLiteStatement?
  private var lastKey: [KeyValue]?
  private var parameterCount = 0

  let hasUniqueKeys = true
  let isJSON = false

  init(plan: SyncPlan, path: String) {
    self.plan = plan
    self.path = path
  }

  func open() throws -> [String] {
    let query = try QueryTemplate(plan.query, marker: "?")
    let values = try query.values(from: plan.params)
    parameterCount = values.count
    let connection = try SQLiteConnection(path: path, access: .reading)
    self.connection = connection
    let table = "(\n" + query.text + "\n) AS baton_source"
    let probe = try connection.prepare("SELECT * FROM \(table)")
    let columns = probe.columnNames
    probe.finalize()
    let checks = try RowChecks(columns: columns, key: plan.key, limits: plan.limits, folding: true)
    self.checks = checks
    let isCertain = try SQLiteSource.isAffinityCertain(of: table, on: connection)
    let key = checks.key.map { index in
      let name = SQLiteConnection.quoted(columns[index])
      return isCertain ? name : "+\(name) COLLATE BINARY"
    }.joined(separator: ", ")
    let numbers = checks.key.indices.map { "?\(parameterCount + $0 + 1)" }.joined(separator: ", ")
    // >= and not >: the first row must be the last one of the chunk before. A second row that the database takes as equal
    // (by its collation, say) would be lost, so it has to be seen.
    let first = try connection.prepare("SELECT *, 1 FROM \(table) ORDER BY \(key) LIMIT \(plan.limits.rows)")
    self.first = first
    let next = try connection.prepare(
      "SELECT *, (\(key)) > (\(numbers)) FROM \(table) WHERE (\(key)) >= (\(numbers)) ORDER BY \(key) "
        + "LIMIT \(plan.limits.rows + 2)")
    self.next = next
    guard first.parameterCount == parameterCount, next.parameterCount == parameterCount + checks.key.count else {
      throw QueryTemplate.foreignPlaceholder
    }
    for (index, value) in values.enumerated() {
      try first.bind(parameter: value, at: index + 1)
      try next.bind(parameter: value, at: index + 1)
    }
    return columns
  }

  /// Whether each column of a table expression takes its values from one column of a table, or is an expression.
  ///
  /// A comparison with a bound value goes by the affinity and the collation of the column, ORDER BY by what is stored. The two
  /// agree while all values of the column were stored under that affinity. Of a UNION each arm has its own, into which SQLite
  /// pushes the comparison, and a virtual table need not hold to its own; then `+` takes the affinity away, with it any
  /// index, and BINARY is the order of all arms.
  ///
  /// SQLite tells this only in the words of its query plan: any that is not known to be harmless counts as uncertain.
  static func isAffinityCertain(of table: String, on connection: SQLiteConnection) throws -> Bool {
    let harmless = [
      "SCAN ", "SEARCH ", "USE TEMP B-TREE ", "CO-ROUTINE ", "MATERIALIZE ", "SCALAR SUBQUERY ", "LIST SUBQUERY ",
      "CORRELATED SCALAR SUBQUERY ", "CORRELATED LIST SUBQUERY ", "REUSE LIST SUBQUERY ", "USING ", "BLOOM FILTER ON ",
      "MULTI-INDEX OR", "INDEX ",
    ]
    return try connection.rows("EXPLAIN QUERY PLAN SELECT * FROM \(table)").allSatisfy { row in
      guard let step = row[3] else { return false }
      return harmless.contains { step.hasPrefix($0) } && !step.contains("VIRTUAL TABLE")
        && !step.hasSuffix("CONSTANT ROWS")
    }
  }

  func start(after cursor: String?) throws {
    lastKey = try cursor.map { try CursorText.decode($0, count: plan.key.count) }
  }

  func read(into chunk: Chunk) throws {
    guard let checks, let first, let next else { preconditionFailure("read before open") }
    let statement: SQLiteStatement
    if let lastKey {
      statement = next
      for (index, value) in lastKey.enumerated() { try next.bind(value, at: parameterCount + index + 1) }
    } else {
      statement = first
    }
    defer { statement.reset() }
    let columnCount = chunk.columnCount
    var equalRows = 0
    chunk.isLast = true
    while try statement.step() {
      if chunk.rows == plan.limits.rows {
        chunk.isLast = false
        break
      }
      let mark = chunk.mark
      for column in 0..<columnCount { try statement.append(column: column, to: chunk) }
      if statement.integer(at: columnCount) == 0 {
        equalRows += 1
        let key = chunk.key(row: chunk.rows, columns: checks.key)
        if equalRows > 1 {
          throw checks.duplicate(
            chunk.keyDescription(row: chunk.rows, columns: checks.key, names: checks.columns))
        }
        if key == lastKey {
          chunk.rollBack(to: mark)
          continue
        }
      }
      if try checks.endRow(of: chunk, since: mark) == .full {
        chunk.isLast = false
        break
      }
    }
    if chunk.rows == plan.limits.rows { chunk.isLast = false }
    if chunk.rows > 0 {
      lastKey = chunk.key(row: chunk.rows - 1, columns: checks.key)
      chunk.cursor = lastKey.map(CursorText.encode) ?? ""
    }
  }

  func close() {
    first?.finalize()
    next?.finalize()
    connection?.close()
    first = nil
    next = nil
    connection = nil
  }
}
