import FoundationEssentials
import Glibc

/// A runner of small chunks without end, each 2 ms of work, which tells a pipe of each chunk that was acknowledged.
///
/// The lines are written by hand: a runner is any program, and this one is the measure for any.
struct ChunkRunner {
  static let workMilliseconds: Int32 = 2
  let pipe: String

  private struct Line: Decodable {
    var type: String
    var attempt: Int?
    var cursor: String?
  }

  /// - Returns: the exit status.
  func run() -> Int32 {
    let reports = open(pipe, O_WRONLY | O_CLOEXEC)
    guard reports >= 0, let start = read(), start.type == "start", let attempt = start.attempt else { return 1 }
    var next = start.cursor.flatMap { Int($0) } ?? 0
    for chunk in 1... {
      poll(nil, 0, ChunkRunner.workMilliseconds)
      next += 1
      guard say("{\"type\":\"chunk\",\"chunk\":\(chunk),\"cursor\":\"\(next)\",\"rows\":1}", to: STDOUT_FILENO) else {
        return 1
      }
      guard let answer = read() else { return 1 }
      guard answer.type == "ack" else { return 75 }
      let report = "\(MonotonicClock.nanoseconds()) \(getpid()) \(getppid()) \(attempt) \(next)"
      guard say(report, to: reports) else { return 1 }
    }
    return 0
  }

  private func say(_ text: String, to descriptor: Int32) -> Bool {
    let line = Array((text + "\n").utf8)
    return write(descriptor, line, line.count) == line.count
  }

  private func read() -> Line? {
    readLine().flatMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }
}
