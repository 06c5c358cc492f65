import CPostgres

/// PostgreSQL's own types, by their fixed numbers, as far as they are treated differently.
enum PostgresType {
  static let boolean: Oid = 16
  static let bytes: Oid = 17
  static let bigint: Oid = 20
  static let smallint: Oid = 21
  static let integer: Oid = 23
  static let objectIdentifier: Oid = 26
  static let json: Oid = 114
  static let real: Oid = 700
  static let doublePrecision: Oid = 701
  static let timestamp: Oid = 1114
  static let timestampWithZone: Oid = 1184
  static let numeric: Oid = 1700
  static let jsonBinary: Oid = 3802

  /// What a column's cells are in a chunk.
  static func kind(of type: Oid) -> CellKind {
    switch type {
    case boolean: .boolean
    case bytes: .blob
    case bigint, smallint, integer, objectIdentifier: .integer
    case real, doublePrecision: .real
    case numeric: .numeric
    case json, jsonBinary: .json
    case timestamp, timestampWithZone: .timestamp
    default: .text
    }
  }

  static func isWhole(_ type: Oid) -> Bool { type == bigint || type == smallint || type == integer }
}

extension Chunk {
  /// Appends a value in PostgreSQL's text form.
  func append(postgres text: UnsafeRawBufferPointer, type: Oid, kind: CellKind) throws {
    switch kind {
    case .boolean: append(boolean: text.first == UInt8(ascii: "t"))
    case .integer:
      var value: Int64 = 0
      var isNegative = false
      for byte in text {
        if byte == UInt8(ascii: "-") {
          isNegative = true
        } else {
          // Downwards, since the smallest number has no positive counterpart.
          value = value * 10 - Int64(byte - UInt8(ascii: "0"))
        }
      }
      append(integer: isNegative ? value : -value)
    case .real:
      guard let value = Double(String(decoding: text, as: UTF8.self)) else {
        throw SyncFault("PostgreSQL sent a number that cannot be read")
      }
      append(real: value)
    case .blob:
      guard text.starts(with: "\\x".utf8) else { throw SyncFault("PostgreSQL sent binary data in an unknown form") }
      var high: UInt8?
      append(.blob) { output in
        output.reserveCapacity(output.count + text.count / 2)
        for digit in text.dropFirst(2) {
          let value = Hex.value(digit) ?? 0
          if let first = high {
            output.append(first << 4 | value)
            high = nil
          } else {
            high = value
          }
        }
      }
    case .timestamp where type == PostgresType.timestampWithZone && text.suffix(3).elementsEqual("+00".utf8):
      // The session's zone is UTC. With minutes, SQLite's functions and RFC 3339 read the offset too.
      append(.timestamp) { output in
        output.append(contentsOf: text)
        output.append(contentsOf: ":00".utf8)
      }
    default: append(kind, text)
    }
  }
}

extension KeyValue {
  /// The value as a parameter in PostgreSQL's text form.
  var postgresText: String {
    switch self {
    case .integer(let value): String(value)
    case .real(let bits): "\(Double(bitPattern: bits))"
    case .boolean(let value): value ? "true" : "false"
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    case .blob(let bytes): "\\x" + Hex.text(bytes)
    }
  }
}
