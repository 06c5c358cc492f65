import Foundation
import Glibc

/// What went wrong with a process that a test needs.
struct ChildFailure: Error, CustomStringConvertible {
  var description: String
}

/// A process of the test's, with its lines: what it wrote to either output.
final class Child: Sendable {
  let lines = Feed<String>()
  let pid: Int32
  private let exits = Feed<Int32>()

  /// Starts it with an empty standard input.
  init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let exits = exits
    let lines = lines
    process.terminationHandler = { process in
      exits.add(process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
    }
    try process.run()
    pid = process.processIdentifier
    try output.fileHandleForWriting.close()
    let descriptor = output.fileHandleForReading
    Thread.detachNewThread {
      var rest = Data()
      while true {
        let data = descriptor.availableData
        if data.isEmpty { break }
        rest.append(data)
        while let newline = rest.firstIndex(of: 10) {
          lines.add(String(decoding: rest[rest.startIndex..<newline], as: UTF8.self))
          rest = Data(rest[(newline + 1)...])
        }
      }
      if !rest.isEmpty { lines.add(String(decoding: rest, as: UTF8.self)) }
      lines.end()
    }
  }

  func signal(_ number: Int32) { Glibc.kill(pid, number) }

  /// Waits for its end: the exit status, or the signal's number with a minus.
  @discardableResult
  func end() async -> Int32 {
    let status = try? await exits.first("the exit") { _ in true }
    return status ?? .min
  }

  /// All that it said, once every holder of its output is gone.
  func output() async -> String {
    _ = try? await lines.first { _ in false }
    return lines.all.joined(separator: "\n")
  }

  func line(_ words: String) async throws -> String {
    try await lines.first("a line with '\(words)'") { $0.contains(words) }
  }

  var hasEnded: Bool { !exits.all.isEmpty }
}
