import Foundation
import Glibc

/// What went wrong with a process that a test needs.
struct ChildFailure: Error, CustomStringConvertible {
  var description: String
}

/// A process of the test's, with its lines: what it wrote to either output.
///
/// Not Foundation's: that takes a process for alive as long as any of its descendants is, and here a worker's own death
/// is the point.
final class Child: Sendable {
  let lines = Feed<String>()
  let pid: Int32
  private let exits = Feed<Int32>()

  /// Starts it with an empty standard input.
  init(_ executable: String, _ arguments: [String]) throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ChildFailure(description: "no pipe") }
    // Another thread may start a process in between, which then holds them: no harm but a late end of `output`.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, executable, &actions, nil, &words, environ)
    posix_spawn_file_actions_destroy(&actions)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw ChildFailure(description: "\(executable) cannot be started: \(String(cString: strerror(code)))")
    }
    self.pid = pid
    let (child, lines, exits, output) = (pid, lines, exits, ends[0])
    Thread.detachNewThread {
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      exits.add(status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f))
    }
    Thread.detachNewThread {
      Child.read(output, into: lines)
      close(output)
    }
  }

  private static func read(_ descriptor: Int32, into lines: Feed<String>) {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      rest += buffer[..<count]
      while let newline = rest.firstIndex(of: 10) {
        lines.add(String(decoding: rest[..<newline], as: UTF8.self))
        rest.removeSubrange(...newline)
      }
    }
    if !rest.isEmpty { lines.add(String(decoding: rest, as: UTF8.self)) }
    lines.end()
  }

  func signal(_ number: Int32) { kill(pid, number) }

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
