import Foundation
import Testing

@Suite("baton skip", .timeLimit(.minutes(2)))
struct SkipTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {zone: Europe/London, in-workers: false}
    queues: {q: {}}
    jobs:
      person: {queue: q, run: ["/bin/true"], schedule: "29 1 * * *", then: report}
      report: {queue: q, run: ["/bin/true"]}
      slow: {queue: q, run: ["/bin/sleep", "1000"], every: 1d}
      off: {queue: q, run: ["/bin/true"], every: 1d, disabled: true}
    """

  @Test(
    "what is no coming fire is refused, and the nearest are named",
    arguments: [
      ("person", 2, "is no JOB@TIME"), ("person@noon", 2, "is no time"), ("nobody@2999-01-01T00:00:00Z", 1, "It has: "),
      ("report@2999-01-01T00:00:00Z", 1, "It follows on person"), ("off@2999-01-01T00:00:00Z", 1, "is disabled"),
      (
        "person@2999-07-01T01:29:00Z", 1,
        "person@2999-07-01T00:29:00Z (2999-07-01T01:29:00+01:00) and person@2999-07-02T00:29:00Z"
      ),
      ("person@2999-07-01T01:30", 1, "person@2999-07-01T00:29:00Z"),
      ("person@2027-03-28T01:29", 1, "person@2027-03-28T01:00:00Z (2027-03-28T02:00:00+01:00)"),
      ("person@2020-01-01T01:29:00Z", 1, "further back than missed fires are looked for"),
      ("person@2999-01-01T01:29:00.5Z", 2, "is no time"),
    ])
  func refused(_ fire: String, _ status: Int32, _ words: String) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write("baton.yaml", Self.file)
    let outcome = try await tool("skip", fire)
    #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome)")
  }

  @Test("a fire that is skipped does not run when its request comes, nor does what follows on it")
  func skip() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", Self.file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])

    let local = try await tool("skip", "person@2999-07-01T01:29", "--reason", "rebuild", "--json")
    let facts = try #require(try local.objects().first)
    let id = "person@2999-07-01T00:29:00Z"
    #expect(facts["run"] as? String == id && facts["local"] as? String == "2999-07-01T01:29:00+01:00", "\(local)")
    let next = try await tool("schedule", "next", "person", "--from", "2999-06-30T12:00:00Z", "-n", "2", "--json")
    #expect(try next.objects().map { ($0["skipped"] as? [String: Any])?["reason"] as? String } == ["rebuild", nil])

    // A worker learns of it, goes, and another takes the request.
    let first = try tool.start("worker", "--name", "GREEN")
    _ = try #require(await first.line("order: cancel \(id)"))
    _ = try #require(await first.line("worker is up"))
    first.signal(SIGTERM)
    await first.end()
    #expect(try await tool("enqueue", "person", "--id", id).status == 0)
    let second = try tool.start("worker", "--name", "BLUE")
    let followed = try await tool("follow", id, "--json")
    #expect(followed.status == 5, "\(followed)")
    #expect(try followed.objects().first?["reason"] as? String == "rebuild")
    #expect(try await tool("show", id + "/report").status == 1)

    let again = try await tool("skip", id)
    #expect(again.status == 1 && again.errors.contains("has ended already: cancelled by operator@"), "\(again)")
    let running = "slow@2999-07-01T00:00:00Z"
    #expect(try await tool("enqueue", "slow", "--id", running).status == 0)
    _ = try #require(await second.line("run starts  queue=q run=\(running)"))
    let refused = try await tool("skip", running)
    #expect(refused.status == 1 && refused.errors.contains("baton cancel \(running)"), "\(refused)")
    #expect(try await tool("cancel", running).status == 0)
    #expect(try await tool("follow", running).status == 5)
    second.signal(SIGTERM)
    await second.end()
    broker.closeInput()
    await broker.end()
  }

  @Test("an order not to run is taken back while the run waits, and not later")
  func undo() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", Self.file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    let worker = try tool.start("worker", "--name", "GREEN")
    _ = try #require(await worker.line("worker is up"))

    let id = "person@2999-07-01T00:29:00Z"
    let none = try await tool("skip", id, "--undo")
    #expect(none.status == 1 && none.errors.contains("nobody has ordered that \(id) is not run"), "\(none)")
    #expect(try await tool("skip", id).status == 0)
    #expect(try await tool("skip", id, "--undo", "--reason", "needed").status == 0)
    _ = try #require(await worker.line("order: do not cancel \(id)"))
    #expect(try await tool("skip", id, "--undo").status == 1)
    #expect(try await tool("enqueue", "person", "--id", id).status == 0)
    #expect(try await tool("follow", id).status == 0)
    let late = try await tool("skip", id, "--undo")
    #expect(late.status == 1 && late.errors.contains("has ended already"), "\(late)")

    #expect(try await tool("pause", "q").status == 0)
    // The first of a paused queue would be cancelled at once.
    for run in ["zero", "one"] { #expect(try await tool("enqueue", "report", "--id", run).status == 0) }
    #expect(try await tool("cancel", "one").status == 0)
    #expect(try await tool("cancel", "one", "--undo").status == 0)
    #expect(try await tool("resume", "q").status == 0)
    #expect(try await tool("follow", "one").status == 0)
    worker.signal(SIGTERM)
    await worker.end()
    broker.closeInput()
    await broker.end()
  }
}
