import FoundationEssentials
import Glibc

/// The fence of a JSON Lines file: the side file `<file>.baton`, replaced as a whole whenever it changes.
struct JSONLinesRecord: Codable, Equatable {
  var queue: String
  var token: Int64
  var run: String
  var cursor: String?
  var rows: Int64
  /// How much of the data file counts; what follows was written by someone who died. With `inode`, of that file.
  var bytes: Int
  /// The identity of the file that mode replace fills.
  var inode: UInt64?
  /// While mode replace fills another file: how much of the data file counts, when a run that appended to it died.
  var liveBytes: Int?
  /// The fingerprint of the plan that the cursor belongs to.
  var plan: String?
  var complete = false

  /// - Returns: nil when there is no record.
  /// - Throws: `SyncFault` for a record that cannot be read.
  static func load(_ path: String) throws -> JSONLinesRecord? {
    guard let status = try File.status(of: path) else { return nil }
    let file = try File(path, flags: O_RDONLY)
    defer { file.close() }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    do {
      return try JSONDecoder().decode(JSONLinesRecord.self, from: Data(bytes.prefix(count)))
    } catch {
      throw SyncFault(
        "the sink's record \(path) cannot be read: \(error)", remedy: "Restore it, or remove it with its data file.")
    }
  }

  /// Writes the record beside its place and renames it: a reader sees the old one or the new one.
  func save(_ path: String) throws {
    let data: Data
    do { data = try JSONEncoder().encode(self) } catch { throw SyncFault("the record cannot be written: \(error)") }
    let beside = path + "~"
    let file = try File(beside, flags: O_WRONLY | O_CREAT | O_TRUNC)
    do {
      defer { file.close() }
      try file.write(Array(data), at: 0)
      try file.synchronize()
    }
    try File.rename(beside, to: path)
  }
}
