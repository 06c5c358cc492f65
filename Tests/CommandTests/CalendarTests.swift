import Foundation
import Testing

@Suite("baton schedule calendar", .timeLimit(.minutes(2)))
struct CalendarTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {in-workers: false, zone: Europe/London}
    queues: {nightly: {}, q: {}}
    jobs:
      long: {queue: nightly, run: ["/bin/sleep", "1.3"], schedule: "0 1 * * *", then: after}
      after: {queue: nightly, run: ["/bin/sleep", "1.1"]}
      second: {queue: nightly, run: ["/bin/true"], schedule: "1 0 1 * * *"}
      third: {queue: nightly, run: ["/bin/true"], schedule: "2 0 1 * * *"}
      other: {queue: q, run: ["/bin/true"], schedule: "1 0 1 * * *"}
      tick: {queue: q, run: ["/bin/true"], every: 15m}
    """

  @Test("fires in the order of time, with many of one job in one line; without Kafka, durations are not known")
  func timetable() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("baton.yaml", Self.file)
    let outcome = try await tool("schedule", "calendar", "--from", "2026-06-01T20:00:00Z", "--timeout", "1s")
    #expect(outcome.status == 0 && outcome.errors.contains("is not known"), "\(outcome)")
    let rows = outcome.lines.dropFirst()
    #expect(rows.first?.contains("every 15 minutes, 96 times") == true, "\(outcome.output)")
    #expect(rows.dropFirst().first?.hasPrefix("2026-06-02 01:00:00+01:00 Europe/London  long") == true, "\(rows)")
    #expect(rows.count == 7 && outcome.output.contains("no run would wait for another"), "\(outcome.output)")
    #expect(outcome.lines.last == "no usual duration yet: long, second, third, other, tick")
    let none = try await tool(
      "schedule", "calendar", "--from", "2026-06-01T20:00:00Z", "--hours", "1", "-q", "nightly", "--timeout", "1s")
    #expect(none.output == "nothing is due in that time\n", "\(none)")
    #expect(try await tool("schedule", "calendar", "--hours", "0").status == 2)
  }

  @Test("a fire that comes while a run of its queue is on is marked, the runs that follow under then being counted")
  func waits() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", Self.file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    let worker = try tool.start("worker", "--name", "GREEN")
    #expect(try await tool("enqueue", "long", "--id", "l").status == 0)
    #expect(try await tool("enqueue", "second", "--id", "s", "--wait").status == 0)
    #expect(try await tool("follow", "l").status == 0)
    _ = try #require(await worker.line("run=l/after"))
    #expect(try await tool("follow", "l/after").status == 0)
    let night = ["schedule", "calendar", "--from", "2026-06-01T20:00:00Z", "--hours", "10"]
    let outcome = try await tool(night[0], night[1], night[2], night[3], night[4], night[5], "--json")
    let facts = try outcome.objects()
    func entry(_ job: String) -> [String: Any]? { facts.first { $0["job"] as? String == job } }
    // long takes 1.3 s from 01:00:00 on, and second comes at 01:00:01; third finds what follows on long.
    #expect(entry("long")?["waitMilliseconds"] == nil && (entry("long")?["usualMilliseconds"] as? Int ?? 0) >= 1_300)
    #expect(entry("second")?["waitsFor"] as? String == "long", "\(outcome.output)")
    #expect(entry("third")?["waitsFor"] as? String == "after", "\(outcome.output)")
    #expect(entry("other")?["waitsFor"] == nil)
    let queue = facts.first { $0["job"] == nil && $0["queue"] as? String == "nightly" }
    #expect(queue?["waiting"] as? Int ?? 0 >= 2, "\(outcome.output)")
    // A job that is paused keeps nobody waiting.
    #expect(try await tool("pause", "long").status == 0)
    let paused = try await tool(night[0], night[1], night[2], night[3], night[4], night[5])
    #expect(paused.output.contains("paused by operator@") && !paused.output.contains("waits"), "\(paused)")
    worker.signal(SIGTERM)
    await worker.end()
    broker.closeInput()
    await broker.end()
  }
}
