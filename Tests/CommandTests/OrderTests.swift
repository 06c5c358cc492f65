import Foundation
import Testing

@Suite("Standing orders, and what is shown of them", .timeLimit(.minutes(2)))
struct OrderTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {in-workers: false}
    queues: {q: {}, both: {}}
    jobs:
      ok: {queue: q, run: ["/bin/true"], every: 1d}
      both: {queue: q, run: ["/bin/true"]}
    """

  /// A time as it is printed.
  private static var time: Regex<Substring> { /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/ }

  private func isTimed(_ text: String, _ before: String, _ after: String) -> Bool {
    text.split(separator: "\n").contains { line in
      guard let start = line.range(of: before), let end = line[start.upperBound...].range(of: after) else {
        return false
      }
      return line[start.upperBound..<end.lowerBound].wholeMatch(of: Self.time) != nil
    }
  }

  @Test("a pause is shown with who, when and why, wherever it counts")
  func pauses() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("pause", "q", "--reason", "rebuild").status == 0)
      #expect(try await tool("pause", "ok", "--reason", "bad data").status == 0)
      let host = "operator@" + ProcessInfo.processInfo.hostName
      let status = try await tool("status").output
      #expect(isTimed(status, "queue q is paused by \(host) at ", ": rebuild"), "\(status)")
      #expect(isTimed(status, "job ok is paused by \(host) at ", ": bad data"), "\(status)")
      let facts = try #require(try await tool("status", "--json").objects().first)
      #expect(((facts["paused"] as? [String: Any])?["at"] as? String)?.wholeMatch(of: Self.time) != nil, "\(facts)")
      let next = try await tool("schedule", "next", "--json", "-n", "1").objects().first
      for name in ["paused", "queuePaused"] {
        let at = (next?[name] as? [String: Any])?["at"] as? String
        #expect(at?.wholeMatch(of: Self.time) != nil, "\(String(describing: next))")
      }
      let table = try await tool("schedule", "next", "-n", "1").output
      #expect(isTimed(table, "; queue q is paused by \(host) at ", ": rebuild"), "\(table)")
      let calendar = try await tool("schedule", "calendar").output
      #expect(isTimed(calendar, "  paused by \(host) at ", ": bad data"), "\(calendar)")
      let refused = try await tool("enqueue", "ok")
      #expect(refused.status == 1 && isTimed(refused.errors, "is paused by \(host) at ", ": bad data"), "\(refused)")
      let waiting = try tool.start("enqueue", "both", "--wait")
      let line = await waiting.line("queue q is paused by")
      #expect(isTimed(line ?? "", "is paused by \(host) at ", ": rebuild"), "\(String(describing: line))")
      waiting.signal(SIGTERM)
      await waiting.end()
    }
  }

  @Test("an order to cancel a run is shown while it waits, and while its request is still to come")
  func cancels() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("enqueue", "ok", "--id", "one").status == 0)
      #expect(try await tool("enqueue", "ok", "--id", "two").status == 0)
      #expect(try await !tool("show", "one").output.contains("to cancel"))
      #expect(try await tool("cancel", "one", "--reason", "wrong day").status == 0)
      let fire = "ok@2999-07-01T00:00:00Z"
      #expect(try await tool("skip", fire, "--reason", "holiday").status == 0)
      let host = "operator@" + ProcessInfo.processInfo.hostName

      let show = try await tool("show", "one").output
      #expect(isTimed(show, "to cancel  ordered by \(host) at ", ": wrong day"), "\(show)")
      #expect(show.contains("baton cancel one --undo"), "\(show)")
      let facts = try #require(try await tool("show", "one", "--json").objects().first)
      let order = try #require(facts["cancelOrdered"] as? [String: Any])
      #expect(order["reason"] as? String == "wrong day" && order["by"] as? String == host)
      #expect((order["at"] as? String)?.wholeMatch(of: Self.time) != nil, "\(facts)")
      let runs = try await tool("runs").lines
      #expect(runs.filter { $0.contains("waiting, cancel ordered") }.count == 1, "\(runs)")
      let json = try await tool("runs", "--json").objects()
      #expect(json.filter { $0["cancelOrdered"] != nil }.map { $0["run"] as? String } == ["one"], "\(json)")
      let status = try await tool("status").output
      #expect(isTimed(status, "one is to be cancelled: ordered by \(host) at ", ": wrong day"), "\(status)")
      #expect(isTimed(status, "\(fire) is to be cancelled: ordered by \(host) at ", ": holiday"), "\(status)")
      let queue = try #require(try await tool("status", "--json").objects().first)
      let listed = queue["cancelOrdered"] as? [[String: Any]]
      #expect(listed?.map { $0["run"] as? String } == ["one", fire], "\(queue)")

      #expect(try await tool("cancel", "one", "--undo").status == 0)
      #expect(try await !tool("status").output.contains("one is to be"))
      #expect(try await !tool("show", "one").output.contains("to cancel"))
    }
  }

  @Test("taking an order back leaves the order of another person that comes meanwhile, and no tombstone")
  func undo() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("enqueue", "ok", "--id", "one").status == 0)
      #expect(try await tool("cancel", "one").status == 0)
      let undone = try await tool("cancel", "one", "--undo", "--json")
      // The last record of the topic, as it was before a tombstone followed it.
      #expect(try undone.objects().first?["offset"] as? Int == 1, "\(undone)")
      let again = try await tool("cancel", "one", "--json")
      #expect(try again.objects().first?["offset"] as? Int == 2, "\(again)")
      #expect(try await tool("show", "one").output.contains("to cancel"))
    }
  }

  @Test("retry and dead retry refuse a paused job, as enqueue does")
  func retries() async throws {
    try await Tool.withBroker(Self.file) { tool in
      try await Log.with(tool) { log in
        try await log.request("one", #"{"job":"ok"}"#)
        try await log.event("baton.run.succeeded", run: "one", at: 0, Log.succeeded)
        try await log.send(
          "baton.dead-letters", type: "baton.request", id: "one",
          more: [
            ("baton_topic", "baton.q.requests"), ("baton_offset", "0"), ("baton_run", "one"),
            ("baton_kind", "attempts-used-up"), ("baton_reason", "why"),
          ], #"{"job":"ok"}"#)
        #expect(try await tool("pause", "ok", "--reason", "bad data").status == 0)
        for words in [["retry", "one"], ["dead", "retry", "0"], ["dead", "retry", "one"]] {
          let refused = try await tool.shell("$baton " + words.joined(separator: " "))
          #expect(refused.status == 1 && refused.errors.contains("job ok is paused by"), "\(refused)")
        }
        #expect(try await tool("runs", "--json").objects().count == 1)
        #expect(try await tool("resume", "ok").status == 0)
        let again = try #require(try await tool("retry", "one", "--json").objects().first)
        #expect(again["job"] as? String == "ok" && again["queue"] as? String == "q", "\(again)")
        // Nobody is named whom nobody named.
        #expect(try await tool("show", "one").lines.contains { $0.hasSuffix("  api") })
        #expect(try await tool("runs", "--job", "ok").status == 0)
        let slip = try await tool("runs", "--job", "okk")
        #expect(slip.status == 1 && slip.errors.contains("there is no job 'okk'"), "\(slip)")
        #expect(try await tool("dead", "retry", "0").status == 0)
      }
    }
  }

  @Test("a loss is accepted for queue/NAME too, also where a job has the queue's name")
  func acceptLoss() async throws {
    try await Tool.withBroker(Self.file) { tool in
      for name in ["q", "queue/q", "both", "queue/both"] {
        let outcome = try await tool("resume", name, "--accept-loss-below", "5", "--json")
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try outcome.objects().first?["queue"] as? String == (name.hasSuffix("q") ? "q" : "both"))
      }
      for name in ["ok", "job/both"] {
        let job = try await tool("resume", name, "--accept-loss-below", "5")
        #expect(job.status == 2 && job.errors.contains("is a job"), "\(job)")
      }
    }
  }

  @Test("whoever waits for a run on a queue that stands still is told why")
  func standstill() async throws {
    try await Tool.withBroker(Self.file) { tool in
      try await Log.with(tool) { log in
        try await log.send(
          "baton.control", type: "baton.problem", key: "problem/q",
          #"{"queue":"q","worker":"GREEN","message":"queue 'q': requests are gone","time":"2026-11-24T01:29:00Z"}"#)
        let waiting = try tool.start("enqueue", "ok", "--wait")
        #expect(await waiting.line("stands still (GREEN, ")?.contains("queue 'q': requests are gone") == true)
        waiting.signal(SIGTERM)
        await waiting.end()
      }
    }
  }

  @Test("a queue and a job of one name are told apart in what is said to do, and a job's former queue is not its own")
  func sharedName() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("pause", "queue/both").status == 0)
      #expect(try await tool("pause", "job/both").status == 0)
      let status = try await tool("status").output
      #expect(status.contains("(until `baton resume queue/both`)"), "\(status)")
      #expect(status.contains("(until `baton resume job/both`)"), "\(status)")
      #expect(try await tool("resume", "job/both").status == 0)
      try tool.write("baton.yaml", Self.file.replacingOccurrences(of: "ok: {queue: q", with: "ok: {queue: both"))
      #expect(try await tool("pause", "ok").status == 0)
      #expect(try await tool("status").output.contains("job ok is paused"))
      try tool.write("baton.yaml", Self.file)
      #expect(try await !tool("status").output.contains("job ok is paused"))
      #expect(try await tool("enqueue", "ok").status == 0)
    }
  }

  @Test("an enqueue on a paused queue says so, and the request's id although the output cannot be written")
  func enqueuePaused() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("pause", "q", "--reason", "rebuild").status == 0)
      let outcome = try await tool("enqueue", "ok")
      #expect(outcome.status == 0 && outcome.output.contains("next in line once the queue goes on"), "\(outcome)")
      #expect(outcome.errors.contains("queue q is paused by") && outcome.errors.contains("rebuild"), "\(outcome)")
      let facts = try await tool("enqueue", "ok", "--json").objects().first
      #expect((facts?["paused"] as? [String: Any])?["reason"] as? String == "rebuild", "\(facts ?? [:])")
      let full = try await tool.shell("$baton enqueue ok --id mine >/dev/full")
      #expect(full.status == 1 && full.errors.contains("mine IS enqueued, on queue q at offset 2"), "\(full)")
    }
  }

  @Test("a queue that waits for a request's not-before says until when, and for which")
  func held() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(
        try await tool("enqueue", "ok", "--id", "later", "--not-before", "2999-01-01T00:00:00Z").status == 0)
      #expect(try await tool("enqueue", "ok").status == 0)
      let status = try await tool("status").output
      #expect(status.contains("queue q waits until 2999-01-01T00:00:00.000Z for later (not-before)"), "\(status)")
      let facts = try #require(try await tool("status", "--json").objects().first)
      #expect((facts["waitsFor"] as? [String: Any])?["run"] as? String == "later", "\(facts)")
      #expect(try await tool("cancel", "later").status == 0)
      #expect(try await !tool("status").output.contains("not-before"))
    }
  }

  @Test("a second order to cancel, without a reason, leaves the first and its reason")
  func twice() async throws {
    try await Tool.withBroker(Self.file) { tool in
      #expect(try await tool("enqueue", "ok", "--id", "one").status == 0)
      let fire = "ok@2999-07-01T00:00:00Z"
      for order in [["cancel", "one"], ["skip", fire]] {
        let line = "$baton " + order.joined(separator: " ")
        #expect(try await tool.shell(line + " --reason 'wrong day'").status == 0)
        let again = try await tool.shell(line)
        let host = "operator@" + ProcessInfo.processInfo.hostName
        #expect(again.status == 0 && isTimed(again.output, "ordered already by \(host) at ", ": wrong day"), "\(again)")
        let facts = try await tool.shell(line + " --json").objects().first
        #expect(facts?["orderedAlready"] as? Bool == true && facts?["reason"] as? String == "wrong day")
        let other = try await tool.shell(line + " --reason holiday --json").objects().first
        #expect(other?["orderedAlready"] == nil && other?["offset"] != nil, "\(other ?? [:])")
      }
      #expect(try await tool("show", "one").output.contains("holiday"))
    }
  }
}
