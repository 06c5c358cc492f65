import CSQLite

/// One connection to a database file. Used by one thread at a time; closed explicitly.
final class SQLiteConnection {
  /// How a file is opened. None creates it: a mistyped path must not become an empty database.
  enum Access { case reading, writing }

  let path: String
  private let handle: OpaquePointer

  /// - Throws: `SyncFault` when the file is missing or is no database.
  init(path: String, access: Access) throws {
    self.path = path
    var handle: OpaquePointer?
    let flags = (access == .reading ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX
    let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_EXRESCODE, nil)
    guard code == SQLITE_OK, let handle else {
      let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
      sqlite3_close_v2(handle)
      throw SyncFault(
        "the SQLite database \(path) does not open: \(message)",
        remedy: code & 0xFF == SQLITE_CANTOPEN ? "Check that the file exists and may be read and written." : nil,
        isRetriable: SQLiteConnection.isRetriable(code))
    }
    self.handle = handle
    // Another connection's transaction is waited for; SQLite itself wakes when it ends or this time is over.
    sqlite3_busy_timeout(handle, 30_000)
  }

  func close() { sqlite3_close_v2(handle) }

  /// Runs one or several statements without parameters and without rows.
  func execute(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw fault() }
  }

  func prepare(_ sql: String) throws -> SQLiteStatement {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
      let statement
    else { throw fault() }
    return SQLiteStatement(handle: statement, connection: self)
  }

  /// The rows of a small query, each column as text.
  func rows(_ sql: String, _ bindings: [String] = []) throws -> [[String?]] {
    let statement = try prepare(sql)
    defer { statement.finalize() }
    for (index, value) in bindings.enumerated() { try statement.bind(.text(Array(value.utf8)), at: index + 1) }
    var rows: [[String?]] = []
    while try statement.step() { rows.append((0..<statement.columnCount).map { statement.text(at: $0) }) }
    return rows
  }

  /// Runs `body` in a transaction that has the write lock from its beginning.
  func transaction<T>(_ body: () throws -> T) throws -> T {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // SQLite may have rolled back by itself; either way nothing stays.
      if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
      throw error
    }
  }

  /// The rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes(handle)) }

  /// The connection's last error. The column is taken from SQLite's own words: `... failed: person.name`.
  func fault() -> SyncFault {
    let code = sqlite3_extended_errcode(handle)
    let message = String(cString: sqlite3_errmsg(handle))
    var fault = SyncFault(
      "SQLite (\(path)): \(message)", isRetriable: SQLiteConnection.isRetriable(code))
    switch code {
    case SQLITE_CONSTRAINT | (5 << 8), SQLITE_CONSTRAINT | (12 << 8):  // NOTNULL, DATATYPE: both end in table.column.
      if let word = message.split(separator: " ").last, let column = word.split(separator: ".").last {
        fault.column = String(column)
      }
    default: break
    }
    return fault
  }

  /// What another attempt can mend: locks, input and output, a full disk, memory.
  static func isRetriable(_ code: Int32) -> Bool {
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_FULL, SQLITE_NOMEM, SQLITE_PROTOCOL, SQLITE_INTERRUPT: true
    default: false
    }
  }

  /// A name as SQL writes it.
  static func quoted(_ name: String) -> String {
    var result = "\""
    for character in name.unicodeScalars {
      if character == "\"" { result.unicodeScalars.append(character) }
      result.unicodeScalars.append(character)
    }
    return result + "\""
  }
}
