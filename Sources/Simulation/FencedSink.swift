/// Where runners write: rows with keys, behind a fence.
struct FencedSink {
  /// What one run has brought: how often each row was written, and how far its cursor is.
  struct Table {
    var writes: [UInt8]
    var cursor = 0
    /// The token of the last write, and how many rows it wrote that were there already.
    var token: Int64 = -1
    var repeated = 0
  }

  var isFenced = true
  private(set) var fence: Int64 = -1
  private(set) var tables: [Int64: Table] = [:]

  /// Writes a chunk under a token.
  /// - Returns: the rows that this token has written again so far in this run, or nil if the fence refused it.
  mutating func write(run: Int64, rows: Int, from: Int, to: Int, token: Int64) -> Int? {
    if isFenced, token < fence { return nil }
    fence = max(fence, token)
    var table = tables[run] ?? Table(writes: [UInt8](repeating: 0, count: rows))
    if table.token != token { (table.token, table.repeated) = (token, 0) }
    for row in from..<to {
      if table.writes[row] > 0 { table.repeated += 1 }
      table.writes[row] = table.writes[row] &+ 1
    }
    table.cursor = max(table.cursor, to)
    tables[run] = table
    return table.repeated
  }

  /// The first row that is missing.
  func firstMissing(run: Int64, rows: Int) -> Int? {
    guard let table = tables[run] else { return rows > 0 ? 0 : nil }
    return table.writes.firstIndex(of: 0)
  }

  func cursor(run: Int64) -> Int { tables[run]?.cursor ?? 0 }
}
