/// Rows as JSON objects, one a line.
struct JSONLinesText {
  private(set) var bytes: [UInt8] = []
  /// `{"first":` and `,"other":`.
  private let prefixes: [[UInt8]]

  private let columns: [String]

  init(columns: [String]) {
    self.columns = columns
    prefixes = columns.enumerated().map { index, name in
      var prefix: [UInt8] = [UInt8(ascii: index == 0 ? "{" : ",")]
      JSONText.append(string: name, to: &prefix)
      return prefix + [UInt8(ascii: ":")]
    }
  }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// - Throws: `SyncFault` with row and column for text that is not UTF-8, as SQLite may hold it: JSON has no form for it.
  mutating func append(row: Int, of chunk: Chunk, bytes source: UnsafeRawBufferPointer) throws {
    for column in prefixes.indices {
      bytes.append(contentsOf: prefixes[column])
      let cell = chunk.cell(row: row, column: column)
      let payload = cell.isBytes ? UnsafeRawBufferPointer(rebasing: source[cell.range]) : source
      if cell.kind == .text, !JSONLinesText.isUnicode(payload) {
        throw SyncFault(
          "the text is not UTF-8, as JSON needs it", remedy: "Make it so in the query, or a BLOB: CAST(x AS BLOB).",
          row: row, column: columns[column])
      }
      append(cell, payload)
    }
    bytes.append(contentsOf: "}\n".utf8)
  }

  private static func isUnicode(_ text: UnsafeRawBufferPointer) -> Bool {
    text.allSatisfy { $0 < 0x80 } || String(validating: text, as: UTF8.self) != nil
  }

  private mutating func append(_ cell: Cell, _ payload: UnsafeRawBufferPointer) {
    switch cell.kind {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .integer: JSONText.append(integer: cell.integer, to: &bytes)
    case .boolean: bytes.append(contentsOf: (cell.payload == 0 ? "false" : "true").utf8)
    case .real:
      let value = cell.real
      if value.isFinite {
        bytes.append(contentsOf: "\(value)".utf8)
      } else {
        JSONText.append(string: "\(value)", to: &bytes)
      }
    case .text: JSONText.append(string: payload, to: &bytes)
    case .blob:
      bytes.append(UInt8(ascii: "\""))
      Base64.append(payload, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
    case .numeric:
      // PostgreSQL writes NaN and Infinity too.
      if payload.last.map({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) ?? false {
        bytes.append(contentsOf: payload)
      } else {
        JSONText.append(string: payload, to: &bytes)
      }
    case .json:
      // Line breaks stand between JSON's tokens only, so a space is as good.
      for byte in payload { bytes.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte) }
    case .timestamp:
      // RFC 3339 has a T where SQL has a space.
      let start = bytes.count
      JSONText.append(string: payload, to: &bytes)
      if payload.count > 10, payload[10] == 0x20 { bytes[start + 11] = UInt8(ascii: "T") }
    }
  }
}
