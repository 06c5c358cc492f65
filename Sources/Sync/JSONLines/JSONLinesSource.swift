import Glibc

/// Reads a file with one JSON object a line. The cursor is `[offset, line]`: the bytes and the lines that are done.
///
/// The columns are the members of all objects, found by reading the file once before; a member that an object lacks is NULL.
/// The file may grow while it is read, and must not change otherwise. Keys need not be sorted.
final class JSONLinesSource: Source {
  private let plan: SyncPlan
  private let path: String
  private var file: File?
  private var reader: LineReader?
  private var checks: RowChecks?
  private var columns: [[UInt8]] = []
  private var indexes: [[UInt8]: Int] = [:]

  let hasUniqueKeys = false
  let hasBase64Blobs = true

  init(plan: SyncPlan, path: String) {
    self.plan = plan
    self.path = path
  }

  /// Six bytes are the longest form of one (`\u0041`); names and numbers have the rest.
  private var lineLimit: Int { min(plan.limits.bytes, Int.max / 8) * 6 + 1 << 20 }

  func open() throws -> [String] {
    let status = try File.status(of: path)
    let isFolder = status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    let file = try File(isFolder ? path + "/" + plan.query : path, flags: O_RDONLY)
    self.file = file
    try findColumns(file)
    let names = columns.map { String(decoding: $0, as: UTF8.self) }
    guard !names.isEmpty else { return plan.key }
    checks = try RowChecks(columns: names, key: plan.key, limits: plan.limits, folding: false)
    return names
  }

  private func findColumns(_ file: File) throws {
    var reader = LineReader(file, lineLimit: lineLimit)
    while try reader.findLine() {
      try parse(reader) { scanner, name in
        _ = try scanner.skipValue()
        if indexes[name] == nil {
          indexes[name] = columns.count
          columns.append(name)
        }
      }
      reader.advance()
    }
  }

  /// Calls `member` for each member of the present line's object.
  /// - Returns: false for an empty line.
  @discardableResult
  private func parse(_ reader: LineReader, _ member: (inout JSONScanner, [UInt8]) throws -> Void) throws -> Bool {
    try reader.withLine { line in
      let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      if isBlank { return false }
      var scanner = JSONScanner(line)
      do {
        guard try scanner.peek() == .object else { throw scanner.fault("this is not an object") }
        try scanner.object(member)
        try scanner.end()
      } catch let fault as JSONScanner.Fault {
        throw SyncFault(
          "line \(reader.number + 1), byte \(fault.offset + 1) of \(file?.path ?? path): \(fault.message)",
          remedy: "Each line must be one JSON object.")
      }
      return true
    }
  }

  func start(after cursor: String?) throws {
    guard let file else { preconditionFailure("start before open") }
    var offset = 0
    var number = 0
    if let cursor {
      guard case .integer(let bytes)? = try CursorText.decode(cursor, count: 2).first,
        case .integer(let lines)? = try CursorText.decode(cursor, count: 2).last
      else { throw SyncFault("the cursor \(cursor) is not one of a JSON Lines file") }
      offset = Int(bytes)
      number = Int(lines)
      let size = Int(try file.status().st_size)
      guard offset <= size else {
        throw SyncFault(
          "the file \(file.path) has \(size) bytes, but the run has read \(offset) of it already: it was changed",
          remedy: "Cancel the run and enqueue the job again.")
      }
    }
    reader = LineReader(file, offset: offset, number: number, lineLimit: lineLimit)
  }

  func read(into chunk: Chunk) throws {
    guard var reader else { preconditionFailure("read before start") }
    defer {
      self.reader = reader
      chunk.cursor = "[\(reader.offset),\(reader.number)]"
    }
    while chunk.rows < plan.limits.rows {
      guard try reader.findLine() else {
        chunk.isLast = true
        return
      }
      let mark = chunk.mark
      let start = chunk.cells.count
      var expected = 0
      for _ in columns { chunk.appendNull() }
      let isRow = try parse(reader) { scanner, name in
        // Objects mostly have their members in one order, which saves the look-up.
        let column = expected < columns.count && columns[expected] == name ? expected : indexes[name]
        guard let column else {
          throw SyncFault(
            "line \(reader.number + 1) has a member that no line had when the run began",
            remedy: "The file must not change under the run.", column: String(decoding: name, as: UTF8.self))
        }
        expected = column + 1
        try JSONLinesSource.append(&scanner, to: chunk)
        chunk.setCell(chunk.takeLastCell(), rowStart: start, column: column)
      }
      guard isRow, let checks else {
        chunk.rollBack(to: mark)
        reader.advance()
        continue
      }
      if try checks.endRow(of: chunk, since: mark, isOrdered: false) == .full { return }
      reader.advance()
    }
  }

  /// Appends the value that follows as one cell. Objects and arrays stay JSON.
  private static func append(_ scanner: inout JSONScanner, to chunk: Chunk) throws {
    switch try scanner.peek() {
    case .string: try chunk.append(.text) { try scanner.string(into: &$0) }
    case .object, .array: chunk.append(.json, scanner.slice(try scanner.skipValue()))
    case .literal:
      if let value = try scanner.literal() { chunk.append(boolean: value) } else { chunk.appendNull() }
    case .number:
      let range = try scanner.number()
      let text = scanner.text(of: range)
      if let value = Int64(text) {
        chunk.append(integer: value)
      } else if let value = Double(text), "\(value)" == text {
        chunk.append(real: value)
      } else {
        // More digits than a double keeps, or written otherwise: the text itself loses nothing.
        chunk.append(.numeric, scanner.slice(range))
      }
    }
  }

  func close() {
    file?.close()
    file = nil
  }
}
