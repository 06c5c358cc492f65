import Glibc

/// Appends rows to a file, one JSON object a line.
///
/// `<file>.baton` holds the fence, the cursor and the length that counts; whatever follows that length when a chunk is
/// written was left by a writer that died, and is cut off. `<file>.baton-lock` is locked meanwhile. So a line is there
/// exactly once. While a run is under way nobody else may write to the file; between runs others may append lines.
///
/// NULL is `null`; binary values are base64; NaN and infinities, for which JSON has no number, are strings.
final class JSONLinesSink: Sink {
  private let plan: SyncPlan
  private let folder: String
  private var file: File?
  private var lockFile: File?
  private var text = JSONLinesText(columns: [])

  init(plan: SyncPlan, folder: String) {
    self.plan = plan
    self.folder = folder
  }

  private var path: String { folder + "/" + plan.table }
  private var recordPath: String { path + ".baton" }
  private var stagingPath: String { path + plan.stagingSuffix }

  func open(_ input: SinkInput) throws -> SinkPosition {
    guard plan.mode != .upsert else {
      throw SyncFault(
        "a JSON Lines file takes no mode upsert: lines cannot be updated", remedy: "Use mode append or replace.")
    }
    guard !plan.table.isEmpty else { throw SyncFault("the sink's file has no name", remedy: "Set the job's table.") }
    text = JSONLinesText(columns: input.columns)
    let lockFile = try File(path + ".baton-lock", flags: O_RDWR | O_CREAT)
    self.lockFile = lockFile
    return try locked {
      var record = try raise()
      switch plan.mode {
      case .replace: try openStaging(&record)
      case .append, .upsert: try openForAppending(&record)
      }
      try record.save(recordPath)
      return SinkPosition(
        isOurRun: isOurs, cursor: record.cursor, rows: record.rows, isComplete: record.complete,
        isRestarted: isRestarted)
    }
  }

  /// Whether the record was of our run when we came.
  private var isOurs = false
  private var isRestarted = false

  private func locked<T>(_ body: () throws -> T) throws -> T {
    guard let lockFile else { preconditionFailure("write before open") }
    try lockFile.lock()
    defer { lockFile.unlock() }
    return try body()
  }

  /// The record under our token.
  private func raise() throws -> JSONLinesRecord {
    guard var record = try JSONLinesRecord.load(recordPath) else {
      return JSONLinesRecord(
        queue: plan.queue, token: plan.token, run: plan.run, rows: 0, bytes: try contentSize(path),
        plan: plan.fingerprint)
    }
    guard record.queue == plan.queue else {
      throw SyncFault(
        "the file \(path) belongs to queue \"\(record.queue)\", as \(recordPath) says; tokens of two queues do not compare",
        remedy: "Write to another file.")
    }
    guard record.token < plan.token || (record.token == plan.token && record.run == plan.run) else {
      throw SyncFault.fenced(queue: plan.queue, ours: plan.token, stored: record.token, run: record.run)
    }
    isOurs = record.run == plan.run
    var isNew = !isOurs
    if isOurs {
      let position = try SinkPosition(
        plan, cursor: record.cursor, rows: record.rows, isComplete: record.complete, fingerprint: record.plan)
      isRestarted = position.isRestarted
      isNew = !position.isComplete && position.cursor == nil
    }
    if isNew { try begin(&record) }
    record.plan = plan.fingerprint
    record.token = plan.token
    return record
  }

  /// Makes the record of another run, or of an earlier beginning of ours, that of our beginning.
  private func begin(_ record: inout JSONLinesRecord) throws {
    // The file beside may have taken the file's place just before a crash.
    let isSwapped =
      try record.inode.map { inode in try File.status(of: path).map { UInt64($0.st_ino) } == inode } ?? false
    // After a complete run the file is everyone's to append to; after one that died what follows its length is torn.
    var counted: Int?
    if !record.complete, !isSwapped {
      // In mode replace the record's length is that of the file beside, and says nothing of this one.
      counted = record.inode == nil ? record.bytes : record.liveBytes
    }
    record.bytes = try counted ?? contentSize(path)
    record.liveBytes = plan.mode == .replace ? counted : nil
    record.run = plan.run
    record.cursor = nil
    record.rows = 0
    record.complete = false
    record.inode = nil
  }

  /// The size of a file that ends with a whole line; 0 when there is none.
  private func contentSize(_ path: String) throws -> Int {
    guard let status = try File.status(of: path), status.st_size > 0 else { return 0 }
    guard plan.mode == .append else { return Int(status.st_size) }
    let file = try File(path, flags: O_RDONLY)
    defer { file.close() }
    var last: [UInt8] = [0]
    _ = try last.withUnsafeMutableBytes { try file.read(into: $0, at: Int(status.st_size) - 1) }
    guard last == [0x0A] else {
      throw SyncFault("the file \(path) does not end with a line break", remedy: "Complete or remove its last line.")
    }
    return Int(status.st_size)
  }

  private func openForAppending(_ record: inout JSONLinesRecord) throws {
    let file = try File(path, flags: O_RDWR | O_CREAT)
    self.file = file
    if !record.complete { try cut(file, to: record.bytes) }
  }

  private func openStaging(_ record: inout JSONLinesRecord) throws {
    guard !record.complete else { return }
    let staging = try File.status(of: stagingPath)
    if isOurs, record.cursor != nil, let inode = record.inode {
      if UInt64(staging?.st_ino ?? 0) == inode {
        let file = try File(stagingPath, flags: O_RDWR)
        self.file = file
        return try cut(file, to: record.bytes)
      }
      if staging == nil, let live = try File.status(of: path), UInt64(live.st_ino) == inode {
        // The crash fell between the swap and its record.
        record.complete = true
        return
      }
    }
    let prefix = plan.table + "__baton_"
    for name in try File.names(in: folder)
    where name.hasPrefix(prefix) && name.utf8.count == (plan.table + plan.stagingSuffix).utf8.count {
      try File.remove(folder + "/" + name)
    }
    let file = try File(stagingPath, flags: O_RDWR | O_CREAT | O_EXCL)
    self.file = file
    if let old = try File.status(of: path) { try file.setMode(old.st_mode & 0o7777) }
    record.inode = UInt64(try file.status().st_ino)
    record.cursor = nil
    record.rows = 0
    record.bytes = 0
  }

  private func cut(_ file: File, to size: Int) throws {
    let present = Int(try file.status().st_size)
    guard present >= size else {
      throw SyncFault(
        "the file \(file.path) has \(present) bytes, but the record \(recordPath) counts \(size): lines are missing",
        remedy: "Restore the file, or remove the record to accept the file as it is.")
    }
    if present > size { try file.truncate(to: size) }
  }

  /// The record, if the fence is still ours.
  private func ownRecord() throws -> JSONLinesRecord {
    guard let record = try JSONLinesRecord.load(recordPath) else {
      throw SyncFault("the sink's record \(recordPath) was removed", isRetriable: true)
    }
    guard record.token == plan.token, record.run == plan.run else {
      throw SyncFault.fenced(queue: plan.queue, ours: plan.token, stored: record.token, run: record.run)
    }
    return record
  }

  func write(_ chunk: Chunk, rowsTotal: Int64) throws {
    guard let file else { preconditionFailure("write before open") }
    try locked {
      var record = try ownRecord()
      try cut(file, to: record.bytes)
      text.removeAll()
      try chunk.bytes.withUnsafeBytes { bytes in
        for row in 0..<chunk.rows {
          try text.append(row: row, of: chunk, bytes: bytes)
          if text.bytes.count >= 1 << 18 || row == chunk.rows - 1 {
            try file.write(text.bytes, at: record.bytes)
            record.bytes += text.bytes.count
            text.removeAll()
          }
        }
      }
      try file.synchronize()
      record.cursor = chunk.cursor
      record.rows = rowsTotal
      try record.save(recordPath)
    }
  }

  func finish() throws {
    try locked {
      var record = try ownRecord()
      if plan.mode == .replace, let file {
        try cut(file, to: record.bytes)
        try file.synchronize()
        try File.rename(stagingPath, to: path)
      }
      record.complete = true
      try record.save(recordPath)
    }
  }

  func close() {
    file?.close()
    lockFile?.close()
    file = nil
    lockFile = nil
  }
}
