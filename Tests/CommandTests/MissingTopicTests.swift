import Foundation
import Testing

@Suite("A queue whose topics are missing", .timeLimit(.minutes(2)))
struct MissingTopicTests {
  private static let more = OrderTests.file.replacingOccurrences(of: "{q: {}", with: "{new: {}, q: {}")

  @Test("it is told of, and keeps nobody from seeing the others")
  func others() async throws {
    try await Tool.withBroker(OrderTests.file) { tool in
      #expect(try await tool("enqueue", "ok", "--id", "one").status == 0)
      try tool.write("baton.yaml", Self.more)
      let remedy = "topic 'baton.new.requests' does not exist: create it with `baton topics apply`"
      let status = try await tool("status")
      #expect(status.status == 3 && status.output.contains("queue new cannot work: \(remedy)"), "\(status)")
      #expect(status.lines.contains { $0.hasPrefix("q ") && $0.contains(" 1 ") }, "\(status)")
      let facts = try await tool("status", "--json").objects()
      #expect(facts.compactMap { $0["queue"] as? String } == ["q", "both", "new"], "\(facts)")
      #expect(facts.compactMap { $0["missingTopic"] as? String } == ["baton.new.requests"], "\(facts)")
      let runs = try await tool("runs", "--json")
      #expect(runs.status == 3 && runs.errors.contains(remedy), "\(runs)")
      #expect(try runs.objects().map { $0["run"] as? String } == ["one"])
      let lag = try await tool("lag")
      #expect(
        lag.status == 2 && lag.output.contains("CRITICAL: requests without an end: new (\(remedy)), q 1,"), "\(lag)")
      #expect(lag.output.contains("| 'q'=1;;;0 'both'=0;;;0"), "\(lag)")
      #expect(try await tool("lag", "-q", "q").status == 0)
      #expect(try await tool("show", "one").status == 0)
      #expect(try await tool("cancel", "one").status == 0)
    }
  }
}
