import Foundation
import Testing

@Suite("baton schedule", .timeLimit(.minutes(2)))
struct ScheduleTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {zone: Europe/London}
    queues: {nightly: {}, q: {}}
    jobs:
      person: {queue: nightly, run: ["/bin/true"], schedule: "29 1 * * *", spread: 5m, not-after: "06:00", then: report}
      tick: {queue: q, run: ["/bin/true"], every: 12h}
      off: {queue: q, run: ["/bin/true"], every: 1m, disabled: true}
      report: {queue: nightly, run: ["/bin/true"]}
    """

  @Test("next tells the coming fires without Kafka, through a change of the clocks, and says what is not known")
  func next() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("baton.yaml", Self.file)
    let all = try await tool(
      "schedule", "next", "--from", "2026-03-28T00:00:00Z", "--count", "4", "--json", "--timeout", "1s")
    #expect(all.status == 0 && all.errors.contains("is not known"), "\(all)")
    let fires = try all.objects()
    #expect(
      fires.map { $0["id"] as? String } == [
        "person@2026-03-28T01:29:00Z", "tick@2026-03-28T12:00:00Z", "tick@2026-03-29T00:00:00Z",
        "person@2026-03-29T01:00:00Z",
      ], "\(all.output)")
    // 01:29 does not come that night: the job is due at the end of the skipped hour.
    #expect(fires.last?["local"] as? String == "2026-03-29T02:00:00+01:00")
    #expect(fires.last?["notAfter"] as? String == "2026-03-29T05:00:00.000Z")
    #expect(fires.last?["pausesKnown"] as? Bool == false && fires.last?["queue"] as? String == "nightly")
    let proposed = try #require(fires.last?["proposed"] as? String)
    #expect(proposed > "2026-03-29T01:00:00" && proposed < "2026-03-29T01:05:00", "\(proposed)")
    let table = try await tool("schedule", "next", "person", "-n", "2", "--timeout", "1s")
    #expect(table.lines.count == 3 && table.output.contains("later") && !table.output.contains("tick"), "\(table)")
  }

  @Test("next refuses jobs without fires, and says how they are asked for")
  func nextOfNone() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("baton.yaml", Self.file)
    let follower = try await tool("schedule", "next", "report")
    #expect(follower.status == 1 && follower.errors.contains("It follows on person"), "\(follower)")
    let disabled = try await tool("schedule", "next", "off")
    #expect(disabled.status == 1 && disabled.errors.contains("is disabled"), "\(disabled)")
    #expect(try await tool("schedule", "next", "nobody").errors.contains("It has: person, tick"))
    #expect(try await tool("schedule", "next", "--from", "monday").status == 2)
  }

  @Test("next shows who has paused a job, but not for fires after the pause's end")
  func paused() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", Self.file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    let until = "2999-01-02T00:00:00Z"
    #expect(try await tool("pause", "person", "--until", until, "--reason", "audit week").status == 0)
    #expect(try await tool("pause", "q").status == 0)
    let outcome = try await tool("schedule", "next", "--from", "2999-01-01T00:00:00Z", "-n", "6", "--json")
    #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    let fires = try outcome.objects()
    let person = fires.filter { $0["job"] as? String == "person" }
    #expect((person.first?["paused"] as? [String: Any])?["reason"] as? String == "audit week", "\(outcome.output)")
    #expect(person.last?["fire"] as? String == "2999-01-02T01:29:00Z" && person.last?["paused"] == nil)
    #expect(fires.allSatisfy { ($0["queuePaused"] != nil) == ($0["queue"] as? String == "q") })
    let table = try await tool("schedule", "next", "--from", "2999-01-01T00:00:00Z", "-n", "2")
    #expect(table.output.contains("paused by operator@") && table.output.contains(": audit week until"), "\(table)")
    broker.closeInput()
    await broker.end()
  }

  @Test("explain says it in words and gives the next five fires")
  func explain() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let outcome = try await tool(
      "schedule", "explain", "29 1 * * MON-FRI", "--zone", "Europe/London", "--from", "2026-10-23T12:00:00Z")
    #expect(
      outcome.status == 0 && outcome.lines.first == "at 01:29 on Monday to Friday, by the clocks of Europe/London")
    #expect(outcome.lines.count == 7 && outcome.lines[2].contains("2026-10-26T01:29:00+00:00"), "\(outcome.output)")
    let interval = try #require(
      try await tool("schedule", "explain", "every 90m", "--from", "1970-01-01T00:00:00Z", "--json").objects().first)
    #expect(interval["words"] as? String == "every 90 minutes")
    let fires = interval["fires"] as? [[String: Any]]
    #expect(fires?.map { $0["fire"] as? String }.first == "1970-01-01T01:30:00Z" && fires?.count == 5)
  }

  @Test(
    "explain shows where the fault is",
    arguments: [
      ("29 61 * * MON-FRI", "hour field", 4), ("1 1 1 JAN TUE#9", "TUE#9", 11), ("*/0 * * * *", "step", 3),
      ("30 2 31 2 *", "February never has a day 31", 6), ("1 1 1", "five fields", 6),
    ])
  func refused(_ text: String, _ words: String, _ column: Int) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let facts = try await tool("schedule", "explain", text, "--json")
    #expect(facts.status == 1)
    let found = try #require(try facts.objects().first)
    let told = try #require(found["column"] as? Int)
    #expect((found["reason"] as? String)?.contains(words) == true && found["ok"] as? Bool == false, "\(found)")
    #expect(told == column, "\(found)")
    let outcome = try await tool("schedule", "explain", text)
    let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(outcome.status == 1 && outcome.output.isEmpty && lines.count >= 4, "\(outcome)")
    #expect(lines[1] == "  " + text && lines[2] == String(repeating: " ", count: told + 1) + "^", "\(lines)")
  }

  @Test("explain refuses an unknown zone and an interval of zero")
  func refusedOthers() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let zone = try await tool("schedule", "explain", "@daily", "--zone", "Europ/London")
    #expect(zone.status == 2 && zone.errors.contains("did you mean Europe/London?"), "\(zone)")
    let interval = try await tool("schedule", "explain", "every 0m")
    #expect(interval.status == 1 && interval.errors.contains("write 1s or more"), "\(interval)")
  }
}
