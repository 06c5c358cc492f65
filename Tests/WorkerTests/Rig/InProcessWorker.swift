import Configuration
import Foundation
import Telemetry
import Worker

/// A worker that runs as an actor of the test program, with its log lines.
final class InProcessWorker: Sendable {
  let name: String
  let lines: Feed<String>
  private let worker: Worker
  private let task: Task<Worker.End, any Error>

  init(
    _ name: String, _ configuration: Configuration, executable: String, trace: (@Sendable (WorkerStep) -> Void)?
  ) throws {
    let lines = Feed<String>()
    let worker = try Worker(
      configuration: configuration, name: name, executable: executable,
      environment: ProcessInfo.processInfo.environment,
      logger: Logger("worker", level: .info, output: LogOutput { lines.add($0) }), trace: trace)
    (self.name, self.lines, self.worker) = (name, lines, worker)
    task = Task {
      defer { lines.end() }
      return try await worker.run()
    }
  }

  /// Tells it to end, without waiting.
  func tellToEnd() { worker.shutDown() }

  /// How it ended.
  func end() async throws -> Worker.End { try await task.value }

  @discardableResult
  func shutDown() async -> Worker.End? {
    worker.shutDown()
    return try? await task.value
  }

  func line(_ words: String) async throws -> String {
    try await lines.first("a log line with '\(words)'") { $0.contains(words) }
  }
}
