import CPostgres

/// Rows in the text format of COPY, each value in the form that its column's type reads.
struct CopyText {
  private(set) var bytes: [UInt8] = []
  private let columns: [PostgresColumn]
  private let hasBase64Blobs: Bool
  private var decoded: [UInt8] = []

  init(columns: [PostgresColumn], hasBase64Blobs: Bool) {
    self.columns = columns
    self.hasBase64Blobs = hasBase64Blobs
  }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// - Throws: `SyncFault` with row and column for a value that the column's type has no form for.
  mutating func append(row: Int, of chunk: Chunk, bytes source: UnsafeRawBufferPointer) throws {
    for column in columns.indices {
      if column > 0 { bytes.append(0x09) }
      let cell = chunk.cell(row: row, column: column)
      let payload = cell.isBytes ? UnsafeRawBufferPointer(rebasing: source[cell.range]) : source
      do { try append(cell, payload, to: columns[column]) } catch var fault as SyncFault {
        fault.row = row
        fault.column = columns[column].name
        throw fault
      }
    }
    bytes.append(0x0A)
  }

  private mutating func append(_ cell: Cell, _ payload: UnsafeRawBufferPointer, to column: PostgresColumn) throws {
    switch cell.kind {
    case .null: bytes.append(contentsOf: "\\N".utf8)
    case .integer: JSONText.append(integer: cell.integer, to: &bytes)
    case .boolean:
      if PostgresType.isWhole(column.type) || column.type == PostgresType.numeric {
        bytes.append(UInt8(ascii: cell.payload == 0 ? "0" : "1"))
      } else {
        bytes.append(contentsOf: (cell.payload == 0 ? "false" : "true").utf8)
      }
    case .real:
      // A whole double fits a whole column, but only without its ".0".
      if PostgresType.isWhole(column.type), let whole = Int64(exactly: cell.real) {
        JSONText.append(integer: whole, to: &bytes)
      } else {
        bytes.append(contentsOf: "\(cell.real)".utf8)
      }
    case .blob:
      guard column.type == PostgresType.bytes else {
        throw SyncFault("a binary value does not fit the type \(column.typeName)")
      }
      appendBinary(payload)
    case .text, .numeric, .json, .timestamp:
      guard column.type == PostgresType.bytes else { return appendEscaped(payload) }
      guard hasBase64Blobs else { return appendBinary(payload) }
      guard Base64.decode(payload, into: &decoded) else {
        throw SyncFault("the text is not base64, as a binary column needs it")
      }
      appendDecoded()
    }
  }

  private mutating func appendDecoded() {
    bytes.append(contentsOf: "\\\\x".utf8)
    Hex.append(decoded, to: &bytes)
  }

  private mutating func appendBinary(_ payload: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: "\\\\x".utf8)
    Hex.append(payload, to: &bytes)
  }

  private mutating func appendEscaped(_ payload: UnsafeRawBufferPointer) {
    var start = 0
    for index in payload.indices {
      let escape: UInt8
      switch payload[index] {
      case UInt8(ascii: "\\"): escape = UInt8(ascii: "\\")
      case 0x09: escape = UInt8(ascii: "t")
      case 0x0A: escape = UInt8(ascii: "n")
      case 0x0D: escape = UInt8(ascii: "r")
      default: continue
      }
      bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: payload[start..<index]))
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(escape)
      start = index + 1
    }
    bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: payload[start...]))
  }
}
