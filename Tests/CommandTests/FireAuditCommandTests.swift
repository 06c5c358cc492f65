import Foundation
import Testing

@Suite("baton audit, of fires", .timeLimit(.minutes(2)))
struct FireAuditCommandTests {
  private static func file(_ every: String) -> String {
    """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    queues: {q: {}}
    jobs: {tick: {queue: q, run: ["/bin/true"], every: \(every)}, off: {queue: q, run: ["/bin/true"], every: 1h, disabled: true}}
    """
  }

  @Test(
    "two schedulers ask for one fire, and nobody runs it: healthy. An edit that no scheduler has stored is not judged")
  func waiting() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", Self.file("1s"))
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    #expect(try await tool("audit", "q").output.contains("fires of tick: not judged: no scheduler has stored"))
    let schedulers = try ["ONE", "TWO"].map { try tool.start("scheduler", "--name", $0) }
    defer {
      for scheduler in schedulers { scheduler.signal(SIGTERM) }
      broker.closeInput()
    }
    for scheduler in schedulers { _ = await scheduler.line("proposed") }
    // Requests that wait have no end and no attempt, whoever sent them.
    let audit = try await tool("audit", "q", "--json")
    let facts = try #require(try audit.objects().first)
    let fires = try #require((facts["fires"] as? [[String: Any]])?.first)
    #expect(audit.status == 0 && fires["kept"] as? Bool == true, "\(audit)")
    #expect(fires["job"] as? String == "tick" && fires["doubled"] as? Int == 0 && fires["missing"] as? Int == 0)
    try plain.write("baton.yaml", Self.file("2s"))
    let edited = try await tool("audit", "q")
    #expect(
      edited.status == 0 && edited.output.contains("fires of tick: not judged: its schedule is another now"),
      "\(edited)")
    let list = try #require(try await tool("audit", "q", "--json").objects().first?["notJudged"] as? [[String: Any]])
    #expect(list.map { $0["job"] as? String } == ["tick"])
  }
}
