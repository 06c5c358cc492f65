import Foundation
import Testing

/// Runs a shell on a script, and gives back its status and what it printed on both outputs.
func runShell(
  _ shell: String, _ arguments: [String], environment: [String: String] = [:]
) throws -> (status: Int32, output: String, errors: String) {
  let process = Process()
  process.executableURL = URL(filePath: shell)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardInput = FileHandle.nullDevice
  let (output, errors) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, text, errorText)
}

/// Where a program is installed; nil when it is not.
func installed(_ name: String) -> String? {
  let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":").map(String.init) ?? []
  return folders.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// A folder of its own, removed after the body.
func withTemporaryFolder<T>(_ body: (URL) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appending(path: "terminal-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// What the shells complete, the same for each: the words on the line (the last is being typed), and what is offered.
struct CompletionCase: Sendable, CustomTestStringConvertible {
  var line: [String]
  var offered: [String]
  var testDescription: String { line.joined(separator: " ") }

  init(_ line: [String], _ offered: [String]) {
    self.line = line
    self.offered = offered
  }

  /// In the folder are `baton.yaml`, `other.txt` and the folder `topics`; the tool knows the jobs `person-search` and
  /// `report` when it is asked, and `other-job` besides when it is asked under `--config other.yaml`.
  static let all: [CompletionCase] = [
    .init([""], ["enqueue", "topics", "exec", "manual", "completions", "help"]),
    .init(["e"], ["enqueue", "exec"]),
    .init(["topics", ""], ["plan", "apply"]),
    .init(["topics", "p"], ["plan"]),
    .init(["help", "to"], ["topics"]),
    .init(["help", "topics", ""], ["plan", "apply"]),
    .init(["-v", "--config", "topics", "en"], ["enqueue"]),
    .init(["--config=topics", "en"], ["enqueue"]),
    .init(["enqueue", ""], ["person-search", "report"]),
    .init(["enqueue", "--wait", "per"], ["person-search"]),
    .init(["enqueue", "-p", "a=b", "re"], ["report"]),
    .init(["enqueue", "-wp", "a=b", "re"], ["report"]),
    .init(["--config", "other.yaml", "enqueue", "o"], ["other-job"]),
    .init(["enqueue", "--config=other.yaml", "o"], ["other-job"]),
    .init(["enqueue", "report", ""], []),
    .init(["enqueue", "--pr"], ["--priority"]),
    .init(["enqueue", "--verb"], ["--verbose"]),
    .init(["enqueue", "--hel"], ["--help"]),
    .init(["enqueue", "--sec"], []),
    .init(["--vers"], ["--version"]),
    .init(["enqueue", "--origin", ""], ["cli", "api", "chain"]),
    .init(["enqueue", "--origin", "c"], ["cli", "chain"]),
    .init(["--config", "ba"], ["baton.yaml"]),
    .init(["enqueue", "-c", "ba"], ["baton.yaml"]),
    .init(["exec", ""], ["chunked", "single"]),
    .init(["exec", "single", "oth"], ["other.txt"]),
    .init(["exec", "single", "--", "oth"], ["other.txt"]),
    .init(["completions", "z"], ["zsh"]),
  ]

  /// The files that the cases speak of, and a tool that answers as the hidden subcommand would.
  static func prepare(_ folder: URL) throws {
    for name in ["baton.yaml", "other.txt"] { try Data().write(to: folder.appending(path: name)) }
    try FileManager.default.createDirectory(at: folder.appending(path: "topics"), withIntermediateDirectories: false)
    let tool = folder.appending(path: "bin/baton")
    try FileManager.default.createDirectory(
      at: tool.deletingLastPathComponent(), withIntermediateDirectories: true)
    let script = """
      #!/bin/sh
      case "$*" in
        "list-jobs") printf 'person-search\\nreport\\n' ;;
        "--config other.yaml list-jobs" | "--config=other.yaml list-jobs") printf 'person-search\\nother-job\\n' ;;
        *) echo "asked: $*"; exit 1 ;;
      esac
      """
    try Data(script.utf8).write(to: tool)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tool.path())
  }
}
