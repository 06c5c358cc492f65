import Foundation
import KafkaLog
import Telemetry
import Testing

@Suite("Runs that belong together", .timeLimit(.minutes(2)))
struct ChainCommandTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {in-workers: false}
    queues: {q: {}, r: {}}
    jobs:
      load: {queue: q, run: ["/bin/true"], then: [index, report], params: {day: {type: date}}}
      index: {queue: r, run: ["/bin/true"], then: mail, params: {day: {type: date}}}
      mail: {queue: q, run: ["/bin/true"]}
      report: {queue: r, run: ["/bin/sh", "-c", "exit 9"], attempts: 1}
      twin: {queue: q, run: ["/bin/sh", "-c", "echo no luck >&2; exit 9"], attempts: 1, when-waiting: coalesce}
    """

  private static func withTool(_ body: (Tool) async throws -> Void) async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    try await body(tool)
    broker.closeInput()
    await broker.end()
  }

  private static func end(_ worker: Tool.Running) async {
    worker.signal(SIGTERM)
    await worker.end()
  }

  /// What a scheduler of this name sends.
  private static func propose(_ id: String, job: String, by name: String, _ tool: Tool) async throws {
    let settings = KafkaSettings(bootstrap: try #require(tool.environment["BATON_KAFKA"]), clientID: "test")
    let producer = try Producer(settings: settings, logger: .discarding)
    let headers = [
      ("ce_specversion", "1.0"), ("ce_type", "baton.request"), ("ce_id", id), ("ce_source", "/scheduler/\(name)"),
    ]
    _ = try await producer.send(
      OutgoingRecord(
        topic: "baton.q.requests",
        value: Array(#"{"job":"\#(job)","origin":"schedule","requestedBy":"\#(name)"}"#.utf8),
        headers: headers.map { RecordHeader(name: $0, text: $1) }))
    await producer.close(timeoutMilliseconds: 5_000)
  }

  @Test("show tells who proposed a fire, what a run follows, and what followed it")
  func show() async throws {
    try await Self.withTool { tool in
      let id = "load@2026-11-24T01:29:00Z"
      for name in ["GREEN", "BLUE", "GREEN"] { try await Self.propose(id, job: "load", by: name, tool) }
      let before = try await tool("show", id)
      #expect(before.output.contains("index, once it has succeeded (queue r)"), "\(before)")
      let worker = try tool.start("worker", "--name", "BLUE")
      #expect(try await tool("follow", id).status == 0)
      _ = try #require(await worker.line("run=\(id)/index/mail"))
      #expect(try await tool("follow", id + "/index/mail").status == 0)
      let show = try await tool("show", id)
      #expect(
        show.output.contains(
          "schedule, for 2026-11-24T01:29:00Z, proposed by GREEN and BLUE, GREEN's was first"), "\(show.output)")
      #expect(show.output.contains("followed by  \(id)/index (succeeded, queue r)"), "\(show.output)")
      let facts = try #require(try await tool("show", id, "--json").objects().first)
      let proposals = try #require(facts["proposals"] as? [[String: Any]])
      #expect(proposals.map { $0["by"] as? String } == ["GREEN", "BLUE", "GREEN"])
      #expect((facts["followers"] as? [[String: Any]])?.map { $0["job"] as? String } == ["index", "report"])
      let index = try #require(try await tool("show", id + "/index", "--json").objects().first)
      #expect(index["follows"] as? String == id)
      #expect(try await tool("show", id + "/index").output.contains("chain, follows run \(id)\n"))
      await Self.end(worker)
    }
  }

  @Test("rerun shows its plan, and runs the job alone unless it is told otherwise")
  func rerun() async throws {
    try await Self.withTool { tool in
      let silent = try await tool("rerun", "load")
      #expect(silent.status == 2 && silent.errors.contains("--yes"), "\(silent)")
      #expect(try await tool("rerun", "load", "--yes", "-p", "dya=2026-11-24").status == 2)

      let worker = try tool.start("worker", "--name", "BLUE")
      let alone = try await tool("rerun", "load", "--yes", "--wait")
      #expect(alone.status == 0 && !alone.output.contains("index"), "\(alone)")
      let id = try #require(alone.lines.first { $0.hasPrefix("load-") }?.split(separator: " ").first.map(String.init))
      let show = try await tool("show", id)
      #expect(show.output.contains("nothing: it was asked for without the jobs that follow"), "\(show.output)")
      let plain = try await tool("enqueue", "load", "--id", "plain", "--without-dependents", "--wait")
      #expect(plain.status == 0, "\(plain)")

      let all = try await tool(
        "rerun", "load", "--with-dependents", "--yes", "--wait", "--json", "-p", "day=2026-11-24")
      // The report fails, and that is the result; all the others have run.
      #expect(all.status == 1, "\(all)")
      let objects = try all.objects()
      let plan = try #require(objects.first?["plan"] as? [[String: Any]])
      #expect(plan.map { $0["job"] as? String } == ["load", "index", "mail", "report"])
      #expect(plan.map { $0["depth"] as? Int } == [0, 1, 2, 1])
      #expect(plan[0]["usualMilliseconds"] as? Int != nil && plan[1]["usualMilliseconds"] is NSNull, "\(plan)")
      #expect(objects.compactMap { $0["end"] as? String } == ["succeeded", "succeeded", "succeeded", "failed"])
      let runs = try await tool("runs", "--json").objects().compactMap { $0["run"] as? String }
      #expect(!runs.contains { $0.hasPrefix(id + "/") } && !runs.contains { $0.hasPrefix("plain/") }, "\(runs)")
      #expect(runs.count == 6, "\(runs)")

      #expect(try await tool("pause", "index", "--reason", "stop").status == 0)
      let table = try await tool("rerun", "load", "--with-dependents", "--yes")
      #expect(table.output.contains("then index") && table.output.contains("job index is paused by"), "\(table)")
      #expect(try await tool("rerun", "index", "--yes").errors.contains("would be skipped"))
      await Self.end(worker)
    }
  }

  @Test("rerun asks at a terminal, and a no is a no")
  func ask() async throws {
    try await Self.withTool { tool in
      let no = try await tool.shell(#"script -qec "$baton rerun load" /dev/null <<< n"#)
      #expect(no.status == 1 && no.output.contains("Run this? [y/N]"), "\(no)")
      #expect(no.output.contains("nothing was enqueued"), "\(no)")
      #expect(try await tool("runs", "--json").output.isEmpty)
      let yes = try await tool.shell(#"script -qec "$baton rerun load" /dev/null <<< y"#)
      #expect(yes.status == 0 && yes.output.contains("queue q, offset 0"), "\(yes)")
    }
  }

  @Test("a request that another stands for has the other's result, a failure too")
  func standIns() async throws {
    try await Self.withTool { tool in
      #expect(try await tool("enqueue", "twin", "--id", "one").status == 0)
      #expect(try await tool("enqueue", "twin", "--id", "two").status == 0)
      let worker = try tool.start("worker", "--name", "BLUE")
      let covered = try await tool("follow", "two")
      #expect(covered.status == 1, "\(covered)")
      #expect(covered.output.hasPrefix("covered by one at offset 0, which was waiting already: failed"), "\(covered)")
      #expect(covered.output.contains("no luck"))
      let duplicate = try await tool("enqueue", "twin", "--id", "two", "--wait", "--json")
      #expect(duplicate.status == 1, "\(duplicate)")
      let facts = try #require(try duplicate.objects().last)
      #expect(facts["run"] as? String == "one" && facts["end"] as? String == "failed", "\(facts)")
      #expect((facts["standsFor"] as? String)?.contains("covered by one") == true, "\(facts)")
      await Self.end(worker)
    }
  }
}
