/// What a cell holds. Kinds whose payload is text keep the text of their source, so nothing is rounded on the way.
enum CellKind: UInt8 {
  case null, integer, real, boolean, text, blob
  /// A decimal number of any length, as text.
  case numeric
  /// JSON text.
  case json
  /// ISO 8601 with a space between date and time, with an offset or without.
  case timestamp
}

/// One value of one row: 16 bytes, with longer payloads in the chunk's own buffer.
struct Cell {
  var kind: CellKind
  /// The integer's or the double's bits, or offset (upper half) and length (lower half) in the chunk's bytes.
  var payload: UInt64

  static let null = Cell(kind: .null, payload: 0)

  var integer: Int64 { Int64(bitPattern: payload) }
  var real: Double { Double(bitPattern: payload) }
  var range: Range<Int> {
    let offset = Int(payload >> 32)
    return offset..<offset + Int(payload & 0xFFFF_FFFF)
  }
  /// Whether the payload is in the chunk's bytes.
  var isBytes: Bool { kind.rawValue >= CellKind.text.rawValue }
}

/// A bounded slice of rows in one buffer: no allocation a row or a cell, and the buffers are used again.
final class Chunk {
  let columnCount: Int
  private(set) var cells: [Cell] = []
  private(set) var bytes: [UInt8] = []
  private(set) var rows = 0
  /// Where the next chunk begins, set by the source when the chunk is complete.
  var cursor = ""
  /// Whether the source has nothing after this chunk.
  var isLast = false

  init(columnCount: Int) { self.columnCount = columnCount }

  /// The size that is held against the byte limit: payloads, and 8 bytes for every number.
  private(set) var byteCount = 0

  func removeAll() {
    cells.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    rows = 0
    byteCount = 0
    cursor = ""
    isLast = false
  }

  func appendNull() {
    cells.append(.null)
    byteCount += 1
  }

  func append(integer: Int64) {
    cells.append(Cell(kind: .integer, payload: UInt64(bitPattern: integer)))
    byteCount += 8
  }

  func append(real: Double) {
    cells.append(Cell(kind: .real, payload: real.bitPattern))
    byteCount += 8
  }

  func append(boolean: Bool) {
    cells.append(Cell(kind: .boolean, payload: boolean ? 1 : 0))
    byteCount += 1
  }

  func append(_ kind: CellKind, _ payload: UnsafeRawBufferPointer) {
    let offset = bytes.count
    bytes.append(contentsOf: payload)
    closeCell(kind, from: offset)
  }

  /// Appends a cell whose payload `write` adds to the buffer.
  func append(_ kind: CellKind, writing write: (inout [UInt8]) throws -> Void) rethrows {
    let offset = bytes.count
    try write(&bytes)
    closeCell(kind, from: offset)
  }

  private func closeCell(_ kind: CellKind, from offset: Int) {
    cells.append(Cell(kind: kind, payload: UInt64(offset) << 32 | UInt64(bytes.count - offset)))
    byteCount += bytes.count - offset
  }

  /// Ends the row whose cells were appended.
  func endRow() { rows += 1 }

  /// The state before a row, to go back to when the row does not fit.
  struct Mark {
    fileprivate var cells: Int
    fileprivate var bytes: Int
    fileprivate var byteCount: Int
  }

  var mark: Mark { Mark(cells: cells.count, bytes: bytes.count, byteCount: byteCount) }

  /// Takes back what was appended since `mark`, which is at most the row that is not ended.
  func rollBack(to mark: Mark) {
    cells.removeLast(cells.count - mark.cells)
    bytes.removeLast(bytes.count - mark.bytes)
    byteCount = mark.byteCount
  }

  /// Replaces the cells of the row that is not ended: a source whose members come in any order sets them by index.
  func setCell(_ cell: Cell, rowStart: Int, column: Int) { cells[rowStart + column] = cell }

  /// The cell last appended, taken off again.
  func takeLastCell() -> Cell { cells.removeLast() }

  func cell(row: Int, column: Int) -> Cell { cells[row * columnCount + column] }

  /// Whether two rows have the same key, byte by byte.
  func hasSameKey(_ a: Int, _ b: Int, columns: [Int]) -> Bool {
    for column in columns {
      let x = cell(row: a, column: column)
      let y = cell(row: b, column: column)
      guard x.kind == y.kind else { return false }
      if x.isBytes {
        guard bytes[x.range].elementsEqual(bytes[y.range]) else { return false }
      } else if x.payload != y.payload {
        return false
      }
    }
    return true
  }
}
