import CPostgres
import Dispatch

/// Reads a query of a PostgreSQL database in the order of its key.
///
/// Each page is a query of its own that continues after the last key, and its rows are taken one by one as the server sends
/// them. Order and comparison both use the key column's own type and collation, so they agree.
final class PostgresSource: Source {
  private let plan: SyncPlan
  private let url: String
  private var connection: PostgresConnection?
  private var checks: RowChecks?
  private var types: [Oid] = []
  private var kinds: [CellKind] = []
  private var table = ""
  private var key = ""
  private var parameters: [String?] = []
  private var lastKey: [KeyValue]?
  /// The page that is being read: how many rows it had so far, and how many it was asked for.
  private var page: (rows: Int, equalRows: Int, limit: Int)?
  /// A row that did not fit into the chunk before.
  private var pending: OpaquePointer?

  let hasUniqueKeys = true
  let isJSON = false

  init(plan: SyncPlan, url: String) {
    self.plan = plan
    self.url = url
  }

  func open() throws -> [String] {
    let query = try QueryTemplate(plan.query, marker: "$")
    parameters = try query.values(from: plan.params).map { $0 == .null ? nil : $0.plainText }
    for (name, value) in zip(query.names, parameters) where value?.utf8.contains(0) ?? false {
      throw SyncFault("the parameter :\(name) has a NUL character, which PostgreSQL does not take")
    }
    let connection = try PostgresConnection(url: url, applicationName: "baton source")
    self.connection = connection
    table = "(\n" + query.text + "\n) AS baton_source"
    let description = try connection.describe("SELECT * FROM \(table)")
    types = description.map(\.type)
    kinds = types.map(PostgresType.kind)
    let columns = description.map(\.name)
    let checks = try RowChecks(columns: columns, key: plan.key, limits: plan.limits, folding: false)
    self.checks = checks
    key = checks.key.map { "baton_source." + PostgresConnection.quoted(columns[$0]) }.joined(separator: ", ")
    return columns
  }

  func start(after cursor: String?) throws {
    lastKey = try cursor.map { try CursorText.decode($0, count: plan.key.count) }
    if cursor == nil { try refuseNullKeys() }
  }

  /// NULL compares with nothing, so that paging would pass such rows over in silence.
  private func refuseNullKeys() throws {
    guard let checks, let connection else { preconditionFailure("start before open") }
    let condition = checks.key
      .map { "baton_source.\(PostgresConnection.quoted(checks.columns[$0])) IS NULL" }.joined(separator: " OR ")
    try connection.stream(
      "SELECT baton_source.* FROM \(table) WHERE \(condition) LIMIT 1", parameters: parameters,
      types: parameters.map { _ in 0 })
    let chunk = Chunk(columnCount: kinds.count)
    while let result = connection.nextResult() {
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_SINGLE_TUPLE:
        let mark = chunk.mark
        try append(result, to: chunk)
        _ = try checks.endRow(of: chunk, since: mark)
      case PGRES_TUPLES_OK: break
      default: throw connection.fault(result)
      }
    }
  }

  func read(into chunk: Chunk) throws {
    guard let checks, let connection else { preconditionFailure("read before open") }
    while chunk.rows < plan.limits.rows {
      if page == nil { try openPage() }
      guard let result = pending ?? connection.nextResult() else { throw connection.fault(nil) }
      pending = nil
      switch PQresultStatus(result) {
      case PGRES_SINGLE_TUPLE:
        if try take(result, into: chunk, checks) == .full {
          pending = result
          finish(chunk)
          return
        }
        PQclear(result)
      case PGRES_TUPLES_OK:
        PQclear(result)
        while let rest = connection.nextResult() { PQclear(rest) }
        let isLast = page.map { $0.rows < $0.limit } ?? false
        page = nil
        finish(chunk)
        if isLast {
          chunk.isLast = true
          return
        }
      default:
        defer { PQclear(result) }
        throw connection.fault(result)
      }
    }
    finish(chunk)
  }

  /// The first row of a later page must be the last one of the page before, so the comparison is >= and not >: a second row
  /// that the server takes as equal (by its collation, say) would be lost, and has to be seen.
  private func openPage() throws {
    guard let connection, let checks else { return }
    guard let lastKey else {
      try connection.stream(
        "SELECT baton_source.*, TRUE FROM \(table) ORDER BY \(key) LIMIT \(plan.limits.rows)", parameters: parameters,
        types: parameters.map { _ in 0 })
      page = (0, 0, plan.limits.rows)
      return
    }
    let numbers = checks.key.indices.map { "$\(parameters.count + $0 + 1)" }.joined(separator: ", ")
    let limit = plan.limits.rows + 1
    try connection.stream(
      "SELECT baton_source.*, (\(key)) > (\(numbers)) FROM \(table) WHERE (\(key)) >= (\(numbers)) "
        + "ORDER BY \(key) LIMIT \(limit)",
      parameters: parameters + lastKey.map(\.postgresText),
      types: parameters.map { _ in 0 } + checks.key.map { types[$0] })
    page = (0, 0, limit)
  }

  private func take(_ result: OpaquePointer, into chunk: Chunk, _ checks: RowChecks) throws -> RowChecks.Outcome {
    let mark = chunk.mark
    try append(result, to: chunk)
    let isEqual = PQgetvalue(result, 0, Int32(kinds.count)).pointee == CChar(UInt8(ascii: "f"))
    if isEqual {
      if page?.equalRows == 1 {
        throw checks.duplicate(chunk.keyDescription(row: chunk.rows, columns: checks.key, names: checks.columns))
      }
      page?.equalRows += 1
      if chunk.key(row: chunk.rows, columns: checks.key) == lastKey {
        chunk.rollBack(to: mark)
        page?.rows += 1
        return .taken
      }
    }
    // Within a chunk the rows' checks see neighbours of one key; this is the first row of a chunk that goes on in a page.
    if !isEqual, chunk.rows == 0, let lastKey, chunk.key(row: 0, columns: checks.key) == lastKey {
      throw checks.duplicate(chunk.keyDescription(row: 0, columns: checks.key, names: checks.columns))
    }
    let outcome = try checks.endRow(of: chunk, since: mark)
    if outcome == .taken {
      page?.rows += 1
    } else if isEqual {
      page?.equalRows -= 1
    }
    return outcome
  }

  private func append(_ result: OpaquePointer, to chunk: Chunk) throws {
    for column in kinds.indices {
      let index = Int32(column)
      if PQgetisnull(result, 0, index) != 0 {
        chunk.appendNull()
      } else {
        let text = UnsafeRawBufferPointer(
          start: PQgetvalue(result, 0, index), count: Int(PQgetlength(result, 0, index)))
        try chunk.append(postgres: text, type: types[column], kind: kinds[column])
      }
    }
  }

  /// Notes where the rows that the chunk has so far end.
  private func finish(_ chunk: Chunk) {
    guard chunk.rows > 0, let checks else { return }
    lastKey = chunk.key(row: chunk.rows - 1, columns: checks.key)
    chunk.cursor = lastKey.map(CursorText.encode) ?? ""
  }

  func close() {
    PQclear(pending)
    pending = nil
    connection?.close()
    connection = nil
  }
}
