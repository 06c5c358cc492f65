import Dispatch
import KafkaLog
import Messages
import Synchronization
import Testing
import Worker

@Suite("What is decided from the log", .timeLimit(.minutes(2)))
struct DecisionTests {
  static let quick = #"quick: {queue: q, run: ["/bin/true"]}"#
  /// Waits for the test before and after its only chunk.
  static let gated = #"gated: {queue: q, run: [python3, "$folder/gated.py"]}"#
  static let gatedBody = """
    say("at the gate")
    gate("gate")
    chunk(1)
    gate("gate")
    done()
    """

  @Test(
    "a running run is cancelled with all that it started, a waiting one when its turn comes", arguments: Cluster.all)
  func cancel(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: Self.quick + "\n" + Self.gated) { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script("gated.py", #"witness("alive")"# + "\n" + Self.gatedBody)
      for (job, id) in [("gated", "r1"), ("quick", "r2"), ("quick", "r3")] { try await rig.enqueue(job, id: id) }
      let worker = try rig.start("GREEN")
      _ = try await worker.line("at the gate")
      gate.open()
      _ = try await worker.line("acknowledged 1 of attempt 1")
      try await rig.order(.cancel(run: "r2"), reason: "not needed")
      _ = try await worker.line("order: cancel r2")
      try await rig.order(.cancel(run: "r1"), reason: "wrong day")
      let first = try await rig.ended("r1")
      #expect(first.end == .cancelled(by: "test", reason: "wrong day"))
      #expect(first.attempt == 1 && first.rows == 10 && first.token > 0 || first.token == 0 && first.chunks == 1)
      try await witness.gone()
      let second = try await rig.ended("r2")
      #expect(second.end == .cancelled(by: "test", reason: "not needed") && second.attempt == 0)
      #expect(try await rig.ended("r3").end.kind == "succeeded")
      // The orders are carried out, and the compacted topic need not keep them.
      while try await rig.records(rig.configuration.controlTopic).count(where: { $0.value == nil }) < 2 {
        try Task.checkCancellation()
      }
      #expect(try await rig.deadLetters().isEmpty)
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "a paused queue lets its run end and starts none until it is resumed; other queues go on", arguments: Cluster.all)
  func pause(_ cluster: Cluster) async throws {
    let jobs = Self.quick + "\n" + Self.gated + "\n" + #"other: {queue: p, run: ["/bin/true"]}"#
    try await Rig.run(cluster, queues: ["q", "p"], jobs: jobs) { rig in
      let gate = try rig.gate("gate")
      try rig.script("gated.py", Self.gatedBody)
      try await rig.enqueue("gated", id: "r1")
      let worker = try rig.start("GREEN")
      _ = try await worker.line("at the gate")
      try await rig.order(.pause(until: nil), reason: "maintenance")
      _ = try await worker.line("order: pause")
      try await rig.enqueue("quick", id: "r2")
      gate.open(2)
      #expect(try await rig.ended("r1").end.kind == "succeeded")
      for number in 1...5 {
        try await rig.enqueue("other", id: "o\(number)", queue: "p")
        #expect(try await rig.ended("o\(number)", queue: "p").end.kind == "succeeded")
      }
      let resumed = try await rig.order(.resume)
      let (_, seen) = try await rig.started("r2")
      #expect(seen.appended.milliseconds >= resumed.timestampMilliseconds, "it began while the queue was paused")
      #expect(try await rig.ended("r2").end.kind == "succeeded")
      // A pause with an end is over by itself.
      let until = Timestamp.now + 700
      try await rig.order(.pause(until: until))
      _ = try await worker.line("order: pause until")
      try await rig.enqueue("quick", id: "r3")
      #expect(try await rig.started("r3").1.appended >= until)
      _ = try await rig.ended("r3")
      try await rig.expectCleanAudit()
    }
  }

  @Test("a second request with the id or the key is a duplicate, for the next owner too", arguments: Cluster.all)
  func duplicates(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: Self.quick) { rig in
      let first = try await rig.enqueue("quick", id: "a")
      let again = try await rig.enqueue("quick", id: "a")
      let key = try await rig.enqueue("quick", id: "b", key: "ticket")
      let sameKey = try await rig.enqueue("quick", id: "c", key: "ticket")
      try await rig.enqueue("quick", id: "d")
      let green = try rig.start("GREEN")
      #expect(try await rig.ended("a", request: first.offset).end.kind == "succeeded")
      #expect(
        try await rig.ended("a", request: again.offset).end == .skipped(.duplicate(of: "a", at: first.offset)))
      #expect(
        try await rig.ended("c", request: sameKey.offset).end == .skipped(.duplicate(of: "b", at: key.offset)))
      #expect(try await rig.ended("d").end.kind == "succeeded")
      #expect(await green.shutDown() == .shutDown)
      let late = try await rig.enqueue("quick", id: "a")
      let lateKey = try await rig.enqueue("quick", id: "e", key: "ticket")
      _ = try rig.start("BLUE")
      #expect(
        try await rig.ended("a", request: late.offset).end == .skipped(.duplicate(of: "a", at: first.offset)))
      #expect(
        try await rig.ended("e", request: lateKey.offset).end == .skipped(.duplicate(of: "b", at: key.offset)))
      try await rig.expectCleanAudit()
    }
  }

  @Test("a twin that waits is covered by the one before it, never by one that runs", arguments: Cluster.all)
  func coalescing(_ cluster: Cluster) async throws {
    let jobs = """
      copy:
        queue: q
        run: [python3, "$folder/gated.py"]
        params: {day: {type: string, default: today}}
        when-waiting: coalesce
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      let gate = try rig.gate("gate")
      try rig.script("gated.py", Self.gatedBody)
      let received = Feed<Int>()
      let count = Mutex(0)
      let worker = try rig.start("GREEN") { step in
        if step == .requestReceived {
          received.add(
            count.withLock {
              $0 += 1
              return $0
            })
        }
      }
      try await rig.enqueue("copy", id: "runs")
      _ = try await worker.line("at the gate")
      let waits = try await rig.enqueue("copy", id: "waits")
      try await rig.enqueue("copy", id: "other-day", params: ["day": .string("tomorrow")])
      try await rig.enqueue("copy", id: "twin", params: ["day": .string("today")])
      _ = try await received.first { $0 == 4 }
      gate.open(6)
      #expect(try await rig.ended("runs").end.kind == "succeeded")
      #expect(try await rig.ended("waits").end.kind == "succeeded")
      #expect(try await rig.ended("other-day").end.kind == "succeeded")
      #expect(try await rig.ended("twin").end == .skipped(.covered(by: "waits", at: waits.offset)))
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "what has expired is skipped, by its own moment or by its job's; what is not due yet is waited for",
    arguments: Cluster.all)
  func times(_ cluster: Cluster) async throws {
    let jobs = Self.quick + "\n" + #"short: {queue: q, run: ["/bin/true"], expires: 1ms}"#
    try await Rig.run(cluster, jobs: jobs) { rig in
      let past = Timestamp(milliseconds: Timestamp.now.milliseconds - 1)
      try await rig.enqueue("quick", id: "late", expires: past)
      try await rig.enqueue("quick", id: "in-time", expires: .now + 3_600_000)
      try await rig.enqueue("short", id: "aged")
      let due = Timestamp.now + 6_000
      try await rig.enqueue("quick", id: "later", notBefore: due)
      try await rig.enqueue("quick", id: "behind")
      _ = try rig.start("GREEN")
      #expect(try await rig.ended("late").end == .skipped(.expired(at: past)))
      #expect(try await rig.ended("in-time").end.kind == "succeeded")
      guard case .skipped(.expired) = try await rig.ended("aged").end else { throw Unexpected("aged") }
      #expect(try await rig.started("later").1.appended >= due)
      #expect(try await rig.ended("behind").end.kind == "succeeded")
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "bad records lie in the dead letters as they were, with the reason, and the queue goes on", arguments: Cluster.all)
  func badRecords(_ cluster: Cluster) async throws {
    let jobs =
      Self.quick + "\n" + """
        day: {queue: q, run: ["/bin/true"], params: {date: {type: date, required: true}}}
        other: {queue: p, run: ["/bin/true"]}
        """
    try await Rig.run(cluster, queues: ["q", "p"], jobs: jobs) { rig in
      let topic = rig.configuration.requestsTopic("q")
      let good = RequestCodec.encode(Request(id: "x", job: "quick"), source: "/test")
      func changed(_ change: (inout RawRecord) -> Void) -> RawRecord {
        var record = good
        change(&record)
        return record
      }
      let strange: [UInt8] = [0xff, 0x00, 0x0a, 0x22]
      let bad: [(RawRecord, kind: String, run: String, words: String)] = [
        (RawRecord(key: nil, value: strange, headers: []), "unreadable", "offset-0", "ce_specversion"),
        (changed { $0.value = nil }, "unreadable", "x", "empty"),
        (changed { $0.value = strange }, "unreadable", "x", "UTF-8"),
        (
          changed {
            $0.value = Array(#"{"job":"quick","prams":{}}"#.utf8)
            $0.headers += [.init(name: "trace", value: nil), .init(name: "trace", value: strange)]
          }, "unreadable", "x", "prams"
        ),
        (RequestCodec.encode(Request(id: "u", job: "no-such-job"), source: "/test"), "unknown-job", "u", "no-such-job"),
        (RequestCodec.encode(Request(id: "o", job: "other"), source: "/test"), "unknown-job", "o", "queue 'p'"),
        (RequestCodec.encode(Request(id: "p1", job: "day"), source: "/test"), "bad-params", "p1", "date"),
        (
          RequestCodec.encode(Request(id: "p2", job: "day", params: ["date": .string("2026-02-30")]), source: "/test"),
          "bad-params", "p2", "date"
        ),
        (
          RequestCodec.encode(Request(id: "p3", job: "quick", params: ["a": .integer(1)]), source: "/test"),
          "bad-params", "p3", "a"
        ),
      ]
      for entry in bad { try await rig.send(entry.0, to: topic) }
      try await rig.enqueue("quick", id: "after")
      _ = try rig.start("GREEN")
      #expect(try await rig.ended("after").end.kind == "succeeded")
      let report = try await rig.expectCleanAudit()
      #expect(report.ends == [.failed: bad.count, .succeeded: 1])
      let letters = try await rig.deadLetters()
      try #require(letters.count == bad.count)
      for (index, (letter, entry)) in zip(letters, bad).enumerated() {
        #expect(letter.original == entry.0, "letter \(index)")
        #expect(letter.kind == entry.kind && letter.run == entry.run, "letter \(index): \(letter.kind) \(letter.run)")
        #expect(letter.reason.contains(entry.words), "letter \(index): \(letter.reason)")
        #expect(letter.topic == topic && letter.offset == Int64(index) && letter.attempts == 0)
        let ended = try await rig.ended(entry.run, request: Int64(index))
        #expect(ended.end.kind == "failed" && ended.attempt == 0)
      }
    }
  }
}
