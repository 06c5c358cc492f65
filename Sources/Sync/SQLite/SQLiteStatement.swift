import CSQLite
import Dispatch

/// A prepared statement. Belongs to its connection's thread; finalized explicitly.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private let connection: SQLiteConnection
  /// A place for empty values to point to: a null pointer would mean NULL.
  private static let nothing: StaticString = ""
  /// Tells SQLite to copy the value (the C macro SQLITE_TRANSIENT does not reach Swift).
  private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  fileprivate init(_ handle: OpaquePointer, _ connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  convenience init(handle: OpaquePointer, connection: SQLiteConnection) { self.init(handle, connection) }

  func finalize() { sqlite3_finalize(handle) }

  /// Ends the execution, and with it its locks; bindings stay.
  func reset() { sqlite3_reset(handle) }

  /// - Returns: whether there is a row.
  func step() throws -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let fault = connection.fault()
      sqlite3_reset(handle)
      throw fault
    }
  }

  /// Runs a statement that gives no rows, and makes it ready for the next time.
  func run() throws {
    while try step() {}
    sqlite3_reset(handle)
  }

  var columnCount: Int { Int(sqlite3_column_count(handle)) }

  var columnNames: [String] {
    (0..<columnCount).map { index in sqlite3_column_name(handle, Int32(index)).map { String(cString: $0) } ?? "" }
  }

  /// The largest number of a parameter.
  var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

  // MARK: Binding

  /// Binds a copy of the value at `index`, counted from 1.
  func bind(_ value: KeyValue?, at index: Int) throws {
    let index = Int32(index)
    let code: Int32
    switch value {
    case .none: code = sqlite3_bind_null(handle, index)
    case .integer(let value): code = sqlite3_bind_int64(handle, index, value)
    case .real(let bits): code = sqlite3_bind_double(handle, index, Double(bitPattern: bits))
    case .boolean(let value): code = sqlite3_bind_int64(handle, index, value ? 1 : 0)
    case .text(let bytes):
      code = bytes.withUnsafeBytes { raw in
        let start = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
        return sqlite3_bind_text64(
          handle, index, start ?? SQLiteStatement.empty, UInt64(raw.count), SQLiteStatement.copied, UInt8(SQLITE_UTF8))
      }
    case .blob(let bytes):
      code = bytes.withUnsafeBytes { raw in
        raw.count == 0
          ? sqlite3_bind_zeroblob(handle, index, 0)
          : sqlite3_bind_blob64(handle, index, raw.baseAddress, UInt64(raw.count), SQLiteStatement.copied)
      }
    }
    guard code == SQLITE_OK else { throw connection.fault() }
  }

  func bind(parameter value: JSONValue, at index: Int) throws {
    switch value {
    case .null: try bind(nil, at: index)
    case .boolean(let value): try bind(.boolean(value), at: index)
    case .integer(let value): try bind(.integer(value), at: index)
    case .number(let value): try bind(.real(bits: value.bitPattern), at: index)
    case .string(let value): try bind(.text(Array(value.utf8)), at: index)
    case .array, .object: try bind(.text(Array(value.jsonText.utf8)), at: index)
    }
  }

  private static var empty: UnsafePointer<CChar> {
    UnsafeRawPointer(nothing.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// Binds a cell without a copy: `bytes` must stay where they are until the statement has run.
  func bind(_ cell: Cell, bytes: UnsafeRawBufferPointer, at index: Int) {
    let index = Int32(index)
    let code: Int32
    switch cell.kind {
    case .null: code = sqlite3_bind_null(handle, index)
    case .integer: code = sqlite3_bind_int64(handle, index, cell.integer)
    case .boolean: code = sqlite3_bind_int64(handle, index, cell.integer)
    case .real: code = sqlite3_bind_double(handle, index, cell.real)
    case .text, .numeric, .json, .timestamp:
      let range = cell.range
      let start = range.isEmpty ? nil : bytes.baseAddress?.advanced(by: range.lowerBound)
      code = sqlite3_bind_text64(
        handle, index, start?.assumingMemoryBound(to: CChar.self) ?? SQLiteStatement.empty, UInt64(range.count), nil,
        UInt8(SQLITE_UTF8))
    case .blob:
      let range = cell.range
      code =
        range.isEmpty
        ? sqlite3_bind_zeroblob(handle, index, 0)
        : sqlite3_bind_blob64(
          handle, index, bytes.baseAddress?.advanced(by: range.lowerBound), UInt64(range.count), nil)
    }
    // The only failures are a wrong index and a value beyond SQLite's own limit; stepping reports neither.
    if code != SQLITE_OK { bindFailed = true }
  }

  /// Whether a cell could not be bound since this was last set to false.
  var bindFailed = false

  /// Lets go of the bound values.
  func clearBindings() { sqlite3_clear_bindings(handle) }

  // MARK: Reading

  func integer(at column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

  func text(at column: Int) -> String? {
    guard let start = sqlite3_column_text(handle, Int32(column)) else { return nil }
    let count = Int(sqlite3_column_bytes(handle, Int32(column)))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// Appends one value of the present row to the chunk.
  func append(column: Int, to chunk: Chunk) throws {
    let column = Int32(column)
    switch sqlite3_column_type(handle, column) {
    case SQLITE_NULL: chunk.appendNull()
    case SQLITE_INTEGER: chunk.append(integer: sqlite3_column_int64(handle, column))
    case SQLITE_FLOAT: chunk.append(real: sqlite3_column_double(handle, column))
    case SQLITE_TEXT:
      guard let start = sqlite3_column_text(handle, column) else { throw connection.fault() }
      let count = Int(sqlite3_column_bytes(handle, column))
      chunk.append(.text, UnsafeRawBufferPointer(start: start, count: count))
    default:
      let start = sqlite3_column_blob(handle, column)
      let count = Int(sqlite3_column_bytes(handle, column))
      if start == nil, count > 0 { throw connection.fault() }
      chunk.append(.blob, UnsafeRawBufferPointer(start: start, count: count))
    }
  }
}
