import Foundation
import Testing

@testable import baton

@Suite("baton lag", .timeLimit(.minutes(2)))
struct LagTests {
  @Test("an offset beyond the end, of a topic that was made anew, counts from the topic's start and is critical")
  func madeAnew() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      for number in 1...3 { #expect(try await tool("enqueue", "ok", "--id", "r\(number)").status == 0) }
      let before = try await tool("lag", "-q", "q", "--warning", "5")
      #expect(before.status == 0 && before.output.hasPrefix("OK: requests without an end: q 3 |"), "\(before)")
      try await Log.commit(100, of: "baton.q.requests", tool)
      let lag = try await tool("lag", "--warning", "5", "--critical", "20")
      #expect(lag.status == 2 && lag.output.hasPrefix("CRITICAL: "), "\(lag)")
      #expect(
        lag.output.contains("q 3 (its topic was made anew: the committed offset 100 lies beyond its end 3), r 0 |"))
      #expect(lag.output.contains("'q'=3;5;20;0"), "\(lag)")
      let facts = try await tool("lag", "--json").objects()
      #expect(facts.map { $0["state"] as? String } == ["CRITICAL", "OK"], "\(facts)")
      #expect(facts.first?["lag"] as? Int == 3 && facts.first?["beyondEnd"] as? Bool == true, "\(facts)")
      #expect(try await tool("status", "--json").objects().first?["lag"] as? Int == 3)
      #expect(try await tool("enqueue", "ok").output.contains("behind 3 others"))
    }
  }

  @Test("a queue that stands still is critical, with the reason")
  func standstill() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        try await log.send(
          "baton.control", type: "baton.problem", key: "problem/q",
          #"{"queue":"q","worker":"GREEN","message":"gone: a|b\nsee","time":"2026-11-24T01:29:00Z"}"#)
      }
      let lag = try await tool("lag", "--critical", "5")
      #expect(lag.status == 2 && lag.lines.count == 1, "\(lag)")
      #expect(
        lag.output.hasPrefix("CRITICAL: requests without an end: q 0 (stands still: gone: a/b see), r 0 |"), "\(lag)")
      let facts = try await tool("lag", "--json").objects()
      #expect(facts.map { $0["state"] as? String } == ["CRITICAL", "OK"], "\(facts)")
      #expect(facts.first?["reason"] as? String == "gone: a|b\nsee", "\(facts)")
    }
  }

  @Test("without Kafka it is UNKNOWN, and with --json that too is JSON")
  func unknown() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("baton.yaml", WaitTests.file)
    let outcome = try await tool("lag", "--json", "--timeout", "1s")
    let facts = try #require(try outcome.objects().first, "\(outcome)")
    #expect(outcome.status == 3 && outcome.lines.count == 1 && facts["state"] as? String == "UNKNOWN", "\(outcome)")
    #expect((facts["reason"] as? String)?.hasPrefix("Kafka at 127.0.0.1:1 did not answer") == true, "\(facts)")
  }
}
