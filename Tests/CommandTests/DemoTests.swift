import Foundation
import Testing

@testable import baton

@Suite("The demo", .timeLimit(.minutes(2)))
struct DemoTests {
  private static func good() -> DemoFigures {
    DemoFigures(
      comparison: .init(source: 1_000, sink: 1_000, duplicates: 0, differing: 0), given: [500, 750], attempts: 2,
      nightly: .succeeded(facts: [:]), manual: .succeeded(facts: [:]), requests: 2, ends: 2, workerPeak: 0,
      chunkRows: 250)
  }

  private static func verdict(_ change: (inout DemoFigures) -> Void) -> Bool {
    var figures = good()
    change(&figures)
    return figures.isGood
  }

  @Test("both runs must have succeeded, the rerun by another one at least")
  func ends() {
    #expect(Self.good().isGood)
    #expect(Self.verdict { $0.manual = .skipped(.covered(by: "another", at: 3)) })
    #expect(!Self.verdict { $0.manual = .failed(.init(kind: .attemptsUsedUp, message: "it did not work")) })
    #expect(!Self.verdict { $0.manual = .skipped(.duplicate(of: "another", at: 0)) })
    #expect(!Self.verdict { $0.manual = .cancelled(by: "somebody", reason: nil) })
    #expect(!Self.verdict { $0.manual = nil })
    #expect(!Self.verdict { $0.nightly = .failed(.init(kind: .crashesUsedUp, message: "it did not work")) })
    #expect(!Self.verdict { $0.nightly = .skipped(.covered(by: "another", at: 3)) })
    #expect(!Self.verdict { $0.nightly = nil })
    #expect(!Self.verdict { $0.attempts = 1 })
  }

  @Test("every figure counts: rows that were left out, came twice, differ, or were written again from the beginning")
  func rows() {
    #expect(Self.verdict { $0.given = [500, 500] })
    #expect(!Self.verdict { $0.given = [500, 1_000] })
    #expect(!Self.verdict { $0.given = [500, 499] })
    #expect(!Self.verdict { $0.given = [] })
    #expect(!Self.verdict { $0.comparison.sink = 999 })
    #expect(!Self.verdict { $0.comparison.duplicates = 1 })
    #expect(!Self.verdict { $0.comparison.differing = 1 })
    #expect(!Self.verdict { $0.findings = ["two at once"] })
  }

  @Test(
    "a signal ends the broker, the workers and their runners, and removes the folder",
    arguments: [
      ("a sample database is made", SIGTERM), ("the nightly person sync is due", SIGTERM),
      ("in, somebody asks for a manual rerun", SIGINT),
    ])
  func interrupt(moment: String, signal: Int32) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    // So many that the run is not over before the signal.
    let demo = try tool.start("demo", "--persons", "300000")
    _ = try #require(await demo.line(moment))
    let started = descendants(of: demo.pid)
    #expect(!started.isEmpty)
    let folders = Set(started.compactMap(demoFolder))
    #expect(folders.count == 1 || moment.hasPrefix("a sample"), "\(folders)")
    demo.signal(signal)
    #expect(await demo.status() == 130, "\(demo.lines)")
    #expect(demo.lines.allSatisfy { !$0.contains("error") }, "\(demo.lines)")
    for folder in folders {
      #expect(!FileManager.default.fileExists(atPath: folder), "\(folder)")
      #expect(!FileManager.default.fileExists(atPath: folder + "-removed"))
    }
    // The runners die with their workers, whom the demo has waited for: by the kernel, a moment later.
    for pid in started { while isAlive(pid) { await Task.yield() } }
  }

  private func descendants(of pid: Int32) -> [Int32] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return threads.flatMap { thread -> [Int32] in
      let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { Int32($0) }.flatMap { [$0] + descendants(of: $0) }
    }
  }

  /// The folder that a worker of the demo was given.
  private func demoFolder(_ pid: Int32) -> String? {
    let words = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
    let word = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.first {
      $0.hasPrefix("/tmp/baton-demo-")
    }
    return word.map { URL(filePath: $0).deletingLastPathComponent().path }
  }

  /// Whether a process is there and does not only wait for its end to be read.
  private func isAlive(_ pid: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let rest = text.split(separator: ")").last
    else { return false }
    return !rest.hasPrefix(" Z") && !rest.hasPrefix(" X")
  }
}
