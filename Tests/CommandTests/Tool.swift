import Foundation
import Synchronization

@testable import baton

/// The built executable, run in a folder of one test's own.
final class Tool: Sendable {
  /// What a call came to.
  struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// The output as one JSON object a line.
    func objects() throws -> [[String: Any]] {
      try lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:] }
    }
  }

  static let executable: String = {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: program).deletingLastPathComponent().appending(path: "baton").path
  }()

  let folder: URL
  let environment: [String: String]

  /// Makes the folder; nothing of the caller's own settings is passed on.
  init(_ more: [String: String] = [:]) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "baton-command-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    environment = ["PATH": path, "USER": "operator", "LANG": "C.UTF-8"].merging(more) { $1 }
  }

  /// The same folder with more in the environment.
  private init(_ folder: URL, _ environment: [String: String]) {
    (self.folder, self.environment) = (folder, environment)
  }

  func with(_ more: [String: String]) -> Tool { Tool(folder, environment.merging(more) { $1 }) }

  func write(_ name: String, _ text: String) throws {
    try text.write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// Runs `baton` with these words to its end.
  func callAsFunction(_ words: String...) async throws -> Outcome { try await run(Tool.executable, words) }

  /// Runs a shell's line, in which `$baton` is the executable.
  func shell(_ line: String) async throws -> Outcome {
    try await with(["baton": Tool.executable]).run("/bin/bash", ["-o", "pipefail", "-c", line])
  }

  private func run(_ program: String, _ words: [String]) async throws -> Outcome {
    let process = make(program, words)
    process.standardInput = FileHandle.nullDevice
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    async let printed = Tool.read(output)
    async let told = Tool.read(errors)
    let status = try await Tool.end(process)
    return Outcome(status: status, output: await printed, errors: await told)
  }

  /// Starts something that stays, such as a worker.
  func start(_ words: String...) throws -> Running { try start(words) }

  func start(_ words: [String]) throws -> Running { try Running(make(Tool.executable, words)) }

  private func make(_ program: String, _ words: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = words
    process.environment = environment
    process.currentDirectoryURL = folder
    return process
  }

  private static func read(_ pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
        continuation.resume(returning: String(decoding: data, as: UTF8.self))
      }
    }
  }

  private static func end(_ process: Process) async throws -> Int32 {
    try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        continuation.resume(
          returning: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
      }
      do {
        try process.run()
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// A process that runs beside the test; its lines can be awaited.
  final class Running: Sendable {
    private struct State {
      var lines: [String] = []
      var waiters: [(words: String, continuation: CheckedContinuation<String?, Never>)] = []
      var isOver = false
    }

    private let process: Mutex<Process>
    private let input = Pipe()
    private let state = Mutex(State())
    let pid: Int32

    fileprivate init(_ process: sending Process) throws {
      let output = Pipe()
      process.standardInput = input
      (process.standardOutput, process.standardError) = (output, output)
      try process.run()
      pid = process.processIdentifier
      self.process = Mutex(process)
      let handle = output.fileHandleForReading
      Thread.detachNewThread {
        var rest = Data()
        while true {
          let data = handle.availableData
          if data.isEmpty { break }
          rest.append(data)
          while let newline = rest.firstIndex(of: 10) {
            self.add(String(decoding: rest[..<newline], as: UTF8.self))
            rest = Data(rest[(newline + 1)...])
          }
        }
        let left = self.state.withLock { state in
          state.isOver = true
          defer { state.waiters = [] }
          return state.waiters.map(\.continuation)
        }
        for continuation in left { continuation.resume(returning: nil) }
      }
    }

    var lines: [String] { state.withLock { $0.lines } }

    private func add(_ line: String) {
      let ready = state.withLock { state in
        state.lines.append(line)
        let ready = state.waiters.filter { line.contains($0.words) }.map(\.continuation)
        state.waiters.removeAll { line.contains($0.words) }
        return ready
      }
      for continuation in ready { continuation.resume(returning: line) }
    }

    /// The first line, past or to come, with these words; nil when it ends without one.
    func line(_ words: String) async -> String? {
      await withCheckedContinuation { continuation in
        let answer: String?? = state.withLock { state in
          if let line = state.lines.first(where: { $0.contains(words) }) { return .some(line) }
          if state.isOver { return .some(nil) }
          state.waiters.append((words, continuation))
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    }

    func signal(_ number: Int32) { kill(pid, number) }
    func closeInput() { try? input.fileHandleForWriting.close() }

    /// Waits until its output is at its end.
    func end() async { _ = await line("\u{0}") }

    /// Waits until it has ended. Returns its exit status, below 0 for a signal's number.
    func status() async -> Int32 {
      await end()
      return process.withLock { process in
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
      }
    }
  }
}
