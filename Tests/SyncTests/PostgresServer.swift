import Foundation

@testable import Sync

/// The one PostgreSQL server of this test process, started on first use and gone with the process.
enum PostgresServer {
  /// Set BATON_TEST_POSTGRES=skip to leave out what needs a server, knowingly.
  static let isSkipped = ProcessInfo.processInfo.environment["BATON_TEST_POSTGRES"] == "skip"

  struct Unavailable: Error, CustomStringConvertible {
    var description: String
  }

  private static let folder = "/tmp/baton-sync-tests-\(ProcessInfo.processInfo.processIdentifier)"
  private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("scripts/postgres").path
  private static let started: Result<String, Unavailable> = {
    atexit { _ = system(PostgresServer.program + " destroy --dir " + PostgresServer.folder) }
    do { return .success(try script("start", "--fast")) } catch {
      return .failure(
        Unavailable(
          description:
            "these tests need PostgreSQL: apt-get install postgresql, or set BATON_TEST_POSTGRES=skip. \(error)"))
    }
  }()

  /// The URL of the server's own database.
  static func url() throws -> String { try started.get() }

  /// A new, empty database.
  static func makeDatabase() throws -> String {
    let name = "test_" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    let url = try url()
    let connection = try PostgresConnection(url: url, applicationName: "tests")
    defer { connection.close() }
    try connection.execute("CREATE DATABASE \(name)")
    return url.replacingOccurrences(of: "/postgres?", with: "/\(name)?")
  }

  private static func script(_ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments + ["--dir", folder]
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Unavailable(description: "scripts/postgres \(arguments.joined(separator: " ")) failed")
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
