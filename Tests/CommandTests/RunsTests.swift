import Foundation
import Testing

@Suite("baton runs", .timeLimit(.minutes(2)))
struct RunsTests {
  @Test("the latest request comes first, over all queues; one that is gone from the log counts by what is left of it")
  func order() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        for (id, queue, job) in [("one", "q", "ok"), ("two", "r", "after"), ("three", "q", "ok")] {
          try await log.request(id, queue: queue, #"{"job":"\#(job)"}"#)
        }
        try await log.event("baton.attempt.started", run: "gone", at: 7, queue: "r", Log.started)
        try await log.request("four", #"{"job":"ok"}"#)
        let runs = try await tool("runs", "--json").objects()
        #expect(runs.map { $0["run"] as? String } == ["four", "gone", "three", "two", "one"], "\(runs)")
        let table = try await tool("runs", "--limit", "1").lines.dropFirst()
        #expect(table.map { $0.split(separator: " ").first } == ["four", "gone"], "\(table)")
      }
    }
  }
}
