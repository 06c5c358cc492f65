/// One column of a key, outside of any chunk.
enum KeyValue: Hashable {
  case integer(Int64)
  /// Compared by its bits, so that NaN is itself.
  case real(bits: UInt64)
  case boolean(Bool)
  /// Also decimal numbers, dates, times and identifiers, whose text their database reads back exactly.
  case text([UInt8])
  case blob([UInt8])
}

extension Chunk {
  /// A row's key; nil when one of its columns is NULL.
  func key(row: Int, columns: [Int]) -> [KeyValue]? {
    var key: [KeyValue] = []
    key.reserveCapacity(columns.count)
    for column in columns {
      let cell = cell(row: row, column: column)
      switch cell.kind {
      case .null: return nil
      case .integer: key.append(.integer(cell.integer))
      case .real: key.append(.real(bits: cell.payload))
      case .boolean: key.append(.boolean(cell.payload != 0))
      case .blob: key.append(.blob(Array(bytes[cell.range])))
      case .text, .numeric, .json, .timestamp: key.append(.text(Array(bytes[cell.range])))
      }
    }
    return key
  }

  /// A row's key in words, as errors name it: `id = 7, code = "x"`.
  func keyDescription(row: Int, columns: [Int], names: [String]) -> String {
    columns.map { column in
      let cell = cell(row: row, column: column)
      let value: String
      switch cell.kind {
      case .null: value = "NULL"
      case .integer: value = String(cell.integer)
      case .real: value = "\(cell.real)"
      case .boolean: value = cell.payload == 0 ? "false" : "true"
      case .blob: value = "x'" + Hex.text(bytes[cell.range].prefix(40)) + "'"
      case .numeric: value = String(decoding: bytes[cell.range].prefix(80), as: UTF8.self)
      case .text, .json, .timestamp:
        value = "\"" + String(decoding: bytes[cell.range].prefix(80), as: UTF8.self) + "\""
      }
      return names[column] + " = " + value
    }.joined(separator: ", ")
  }
}
