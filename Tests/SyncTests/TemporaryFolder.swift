import ChunkProtocol
import Dispatch
import Foundation

@testable import Sync

/// A folder of one test's own.
struct TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("baton-sync-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func remove() { try? FileManager.default.removeItem(at: url) }

  /// Runs SQL on a database file, which is created when it is missing.
  func sqlite(_ name: String, _ sql: String) throws {
    if !FileManager.default.fileExists(atPath: path(name)) { try Data().write(to: URL(fileURLWithPath: path(name))) }
    let connection = try SQLiteConnection(path: path(name), access: .writing)
    defer { connection.close() }
    try connection.execute(sql)
  }

  func rows(_ name: String, _ sql: String) throws -> [[String?]] {
    let connection = try SQLiteConnection(path: path(name), access: .reading)
    defer { connection.close() }
    return try connection.rows(sql)
  }

  func rename(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: path(name), toPath: path(other))
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path(name), atomically: false, encoding: .utf8)
  }
}

/// A worker that keeps what it is told, and answers as the test says.
final class RecordingWorker: SyncReporting {
  private(set) var chunks: [ChunkReport] = []
  private(set) var end: RunnerMessage?
  private let answer: (ChunkReport) throws -> ChunkAnswer

  init(_ answer: @escaping (ChunkReport) throws -> ChunkAnswer = { _ in .go }) { self.answer = answer }

  func report(_ chunk: ChunkReport) throws -> ChunkAnswer {
    chunks.append(chunk)
    return try answer(chunk)
  }

  func done(_ done: RunnerDone) throws { end = .done(done) }
  func failed(_ failure: RunnerFailure) throws { end = .failed(failure) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self = .integer(value) }
}

/// The worker is gone.
struct WorkerGone: Error {}
