import Dispatch
import Foundation
import KafkaLog
import Messages
import Testing
import Worker

/// What the embedded broker does not have: static members, topic administration, a broker that can be restarted.
@Suite(
  "On a real Kafka only", .timeLimit(.minutes(3)),
  .enabled(if: Cluster.realBootstrap != nil, "BATON_TEST_KAFKA is not set"))
struct RealKafkaTests {
  static let cluster = Cluster.real(bootstrap: Cluster.realBootstrap ?? "")

  @Test("a missing topic is named, with the remedy")
  func missingTopic() async throws {
    for ending in [".q.requests", ".q.events", ".control", ".dead-letters"] {
      try await Rig.run(Self.cluster, jobs: DecisionTests.quick, without: ending) { rig in
        let worker = try rig.start("GREEN")
        let error = await #expect(throws: WorkerError.self) { try await worker.end() }
        let text = error?.description ?? ""
        #expect(text.contains("\(rig.configuration.kafka.prefix)\(ending)' does not exist"), "\(text)")
        #expect(text.contains("baton topics apply"))
      }
    }
  }

  @Test("a worker that is killed and started again has its queue back without waiting for its session")
  func quickReturn() async throws {
    // The session is longer than the test may take: only a static member can be back before its end.
    try await Rig.run(Self.cluster, jobs: OwnershipTests.steps, session: "10m") { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script("steps.py", #"witness("alive")"# + "\n" + OwnershipTests.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let first = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await first.line("acknowledged 2 of attempt 1")
      first.signal(SIGKILL)
      await first.end()
      // Its runner would take what is meant for the next one.
      try await witness.gone()
      gate.open(3)
      let second = try rig.spawn("GREEN")
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.attempt == 2 && ended.rows == 50)
      #expect(try await rig.started("r1", attempt: 2).0.cause == .crash)
      try await rig.expectCleanAudit()
      second.signal(SIGTERM)
      #expect(await second.end() == 0)
    }
  }

  @Test("a second worker of the same name fences the first, which ends with 78 and publishes no more")
  func fencing() async throws {
    try await Rig.run(Self.cluster, jobs: OwnershipTests.steps) { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script(
        "steps.py",
        """
        if attempt == 1:
            witness("alive")

        """ + OwnershipTests.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let first = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await first.line("acknowledged 2 of attempt 1")
      let second = try rig.spawn("GREEN")
      #expect(await first.end() == 78)
      #expect(await first.output().contains("another worker of this name has taken this one's place"))
      try await witness.gone()
      gate.open(3)
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.rows == 50)
      let report = try await rig.expectCleanAudit()
      #expect(report.lateEnds == 0)
      #expect(!second.hasEnded)
    }
  }

  @Test("a worker that is fenced by a member that nobody is behind joins again, and its attempt goes on")
  func shadow() async throws {
    try await Rig.run(Self.cluster, jobs: OwnershipTests.steps) { rig in
      let gate = try rig.gate("gate")
      try rig.script("steps.py", OwnershipTests.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let worker = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await worker.line("acknowledged 2 of attempt 1")
      // What an answer that is lost on the way leaves behind: a member of this name that never says a word.
      let events = Feed<GroupEvent>()
      let shadow = try GroupConsumer(
        settings: rig.settings, group: rig.configuration.kafka.group, instanceID: "GREEN",
        topics: [rig.configuration.requestsTopic("q")], sessionTimeoutMilliseconds: 2_000, logger: .discarding,
        onEvent: { events.add($0) })
      _ = try await events.first("an assignment") { if case .assigned = $0 { true } else { false } }
      await shadow.close()
      // Its checkpoint is refused now, if the group has not said so before.
      gate.open()
      _ = try await worker.line("joining the group again")
      gate.open(2)
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.attempt == 1 && ended.chunks == 5, "\(ended)")
      #expect(rig.sink.map { $0.prefix(3) } == ["1 1", "2 1", "3 1", "4 1", "5 1"])
      try await rig.expectCleanAudit()
      worker.signal(SIGTERM)
      #expect(await worker.end() == 0)
    }
  }

  @Test("a requests topic that is made anew is worked from its start, whatever is told of the offsets of the old one")
  func requestsTopicMadeAnew() async throws {
    try await Rig.run(Self.cluster, jobs: DecisionTests.quick) { rig in
      let topic = rig.configuration.requestsTopic("q")
      let first = try rig.start("GREEN")
      for id in ["r1", "r2"] {
        try await rig.enqueue("quick", id: id)
        _ = try await rig.ended(id)
      }
      await first.shutDown()
      // The cluster forgets the group's offsets with it; the events stay.
      try await rig.admin.delete(topic: topic)
      while true {
        do {
          try await rig.admin.create(topic: topic)
          break
        } catch let error as KafkaError where error.isTopicAlreadyThere { try Task.checkCancellation() }
      }
      let second = try rig.start("BLUE")
      for id in ["n1", "n2"] {
        try await rig.enqueue("quick", id: id)
        #expect(try await rig.ended(id).end.kind == "succeeded")
      }
      await second.shutDown()
    }
  }

  @Test("a control topic that is deleted is missed once, and followed again from its start when it is made anew")
  func controlTopicMadeAnew() async throws {
    try await Rig.run(Self.cluster, jobs: DecisionTests.quick) { rig in
      let topic = rig.configuration.controlTopic
      for _ in 1...5 { try await rig.order(.resume) }
      let worker = try rig.start("GREEN")
      try await rig.enqueue("quick", id: "r1")
      _ = try await rig.ended("r1")
      try await rig.admin.delete(topic: topic)
      _ = try await worker.line("cannot follow the standing orders")
      // The cluster has forgotten it.
      while true {
        do {
          try await rig.admin.create(topic: topic)
          break
        } catch let error as KafkaError where error.isTopicAlreadyThere { try Task.checkCancellation() }
      }
      _ = try await worker.line("the standing orders are followed again")
      try await rig.order(.cancel(run: "r2"))
      _ = try await worker.line("order: cancel r2")
      let lines = worker.lines.all.filter { $0.contains("standing orders") }
      #expect(lines.count == 2, "\(lines.joined(separator: "\n"))")
      #expect(worker.lines.all.contains { $0.contains("the control topic has begun anew") })
      await worker.shutDown()
    }
  }

  @Test(
    "a worker that is fenced and cannot find out by whom ends with a status that it may be started again after",
    .enabled(if: KafkaTool.path != nil))
  func unknownHolder() async throws {
    try await KafkaTool.withCluster { kafka in
      try await Rig.run(.real(bootstrap: kafka.bootstrap), jobs: DecisionTests.quick) { rig in
        let worker = try rig.spawn("GREEN")
        try await rig.enqueue("quick", id: "r1")
        _ = try await rig.ended("r1")
        let shadow = try GroupConsumer(
          settings: rig.settings, group: rig.configuration.kafka.group, instanceID: "GREEN",
          topics: [rig.configuration.requestsTopic("q")], logger: .discarding, onEvent: { _ in })
        _ = try await worker.line("the group has a member of this name")
        try await kafka.kill(1)
        #expect(await worker.end() == 3)
        #expect(await worker.output().contains("cannot be asked whether another worker has this one's name"))
        await shadow.close()
      }
    }
  }

  @Test(
    "the broker is killed in the middle of a run and comes back: the run goes on", .enabled(if: KafkaTool.path != nil))
  func brokerRestart() async throws {
    try await KafkaTool.withCluster { kafka in
      try await Rig.run(.real(bootstrap: kafka.bootstrap), jobs: OwnershipTests.steps, session: "10s") { rig in
        let gate = try rig.gate("gate")
        try rig.script("steps.py", OwnershipTests.stepsBody)
        try await rig.enqueue("steps", id: "r1")
        let worker = try rig.start("GREEN")
        gate.open(2)
        _ = try await worker.line("acknowledged 2 of attempt 1")
        try await kafka.kill(1)
        // The chunk is reported to a worker that has no broker: it waits for its checkpoint.
        gate.open(3)
        try await kafka.restart(1)
        let ended = try await rig.ended("r1")
        #expect(ended.end.kind == "succeeded" && ended.chunks == 5, "\(ended)")
        try await rig.enqueue("steps", id: "r2")
        gate.open(5)
        #expect(try await rig.ended("r2").end.kind == "succeeded")
        let report = try await rig.expectCleanAudit()
        #expect(report.crashes == 0)
      }
    }
  }

  @Test(
    "a group whose offsets are gone goes on at the first request without an end", .enabled(if: KafkaTool.path != nil))
  func forgottenGroup() async throws {
    try await Rig.run(Self.cluster, jobs: DecisionTests.quick + "\n" + OwnershipTests.steps) { rig in
      let gate = try rig.gate("gate")
      try rig.script("steps.py", OwnershipTests.stepsBody)
      for id in ["r1", "r2"] { try await rig.enqueue("quick", id: id) }
      try await rig.enqueue("steps", id: "r3")
      try await rig.enqueue("quick", id: "r4")
      let green = try rig.start("GREEN")
      gate.open(2)
      _ = try await green.line("acknowledged 2 of attempt 1")
      green.tellToEnd()
      _ = try await green.line("told to end")
      gate.open()
      #expect(try await green.end() == .shutDown)
      let group = rig.configuration.kafka.group
      try await KafkaTool.run(
        "run", "consumer-groups", "--bootstrap-server", rig.configuration.kafka.bootstrap, "--delete-offsets",
        "--group", group, "--topic", rig.configuration.requestsTopic("q"))
      #expect(try await rig.committed() == nil)
      gate.open(5)
      _ = try rig.start("BLUE")
      #expect(try await rig.ended("r4").end.kind == "succeeded")
      let third = try await rig.ended("r3")
      #expect(third.end.kind == "succeeded" && third.chunks == 5 && third.attempt == 2)
      let runs = try await rig.ledger().ordered
      #expect(runs.map { $0.attempts.count } == [1, 1, 2, 1], "what had an end is not run again")
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "requests that are deleted while they wait stop the queue until somebody accepts the loss",
    .enabled(if: KafkaTool.path != nil))
  func lostRequests() async throws {
    try await Rig.run(Self.cluster, jobs: DecisionTests.quick) { rig in
      try await rig.enqueue("quick", id: "r0")
      let green = try rig.start("GREEN")
      _ = try await rig.ended("r0")
      try await rig.committed(1)
      #expect(await green.shutDown() == .shutDown)
      for number in 1...5 { try await rig.enqueue("quick", id: "r\(number)") }
      let order = rig.folder.appending(path: "delete.json").path
      try #"{"version":1,"partitions":[{"topic":"\#(rig.configuration.requestsTopic("q"))","partition":0,"offset":4}]}"#
        .write(toFile: order, atomically: false, encoding: .utf8)
      try await KafkaTool.run(
        "run", "delete-records", "--bootstrap-server", rig.configuration.kafka.bootstrap, "--offset-json-file", order)
      let blue = try rig.start("BLUE")
      let line = try await blue.line("are gone from the log")
      #expect(
        line.contains("the requests at offsets 1 to 3 are gone from the log, and 3 of them had no end"), "\(line)")
      #expect(line.contains("baton resume q --accept-loss-below 4"), "\(line)")
      let control = TopicPartition(topic: rig.configuration.controlTopic)
      // The queue's problem is on the control topic while it stands still, and is taken off when it goes on.
      var told: [ControlRecord] = []
      let problems = rig.reader.follow(control, from: 0)
      while told.isEmpty, let batch = try await problems.next() {
        told += batch.compactMap { try? ControlCodec.read($0.raw) }.filter {
          if case .problem = $0 { true } else { false }
        }
      }
      guard case .problem(let problem) = told.first else { throw MissingProblem() }
      #expect(problem.queue == "q" && problem.worker == "BLUE" && problem.message.contains("--accept-loss-below 4"))
      // A plain resume is no consent.
      try await rig.order(.resume)
      _ = try await blue.line("order: resume")
      let events = TopicPartition(topic: rig.configuration.eventsTopic("q"))
      let end = try await rig.reader.bounds(of: events).end
      try await rig.order(.acceptLoss(below: 4, events: end), reason: "they were tests")
      #expect(try await rig.ended("r4").end.kind == "succeeded")
      #expect(try await rig.ended("r5").end.kind == "succeeded")
      let lost = try await rig.events().first { if case .lossAccepted = $0.event.body { true } else { false } }
      #expect(lost.event.body == .lossAccepted(from: 1, to: 4, by: "test"))
      var isWithdrawn = false
      while !isWithdrawn, let batch = try await problems.next() {
        isWithdrawn = batch.contains { record in
          guard case .withdrawn(let key)? = try? ControlCodec.read(record.raw) else { return false }
          return ControlCodec.queue(ofProblemKey: key) == "q"
        }
      }
      #expect(isWithdrawn)
      try await rig.expectCleanAudit()
    }
  }

  @Test("a worker that was stopped for longer than its session can neither write nor end what another has taken over")
  func zombie() async throws {
    let jobs = """
      copy:
        queue: q
        sync: {from: source, query: "SELECT id, name FROM person", key: [id], to: sink, table: person, mode: upsert}
        chunk: {rows: 50}
      """
    let connections = #"{source: "sqlite:source.db", sink: "sqlite:sink.db"}"#
    try await Rig.run(Self.cluster, jobs: jobs, connections: connections) { rig in
      let count = 20_000
      let made = try Child(
        "/usr/bin/env",
        [
          "python3", "-c",
          """
          import sqlite3, sys
          folder, count = sys.argv[1], int(sys.argv[2])
          for name in ["source", "sink"]:
              database = sqlite3.connect(f"{folder}/{name}.db")
              database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
              if name == "source":
                  database.executemany("INSERT INTO person VALUES (?, ?)", ((n, f"Person {n}") for n in range(count)))
              else:
                  database.execute("PRAGMA journal_mode = WAL")
              database.commit()
          """, rig.folder.path, String(count),
        ])
      #expect(await made.end() == 0)
      try await rig.enqueue("copy", id: "r1")
      let green = try rig.spawn("GREEN")
      try await rig.checkpoint { $0.chunks >= 5 }
      // The machine stands still: the worker, and the runner between two writes. In the middle of one it would keep
      // SQLite's lock, and nobody could write.
      let family = [green.pid] + descendants(of: green.pid)
      #expect(family.count >= 2)
      // Whatever happens, nothing is left that can neither run nor end.
      defer { for pid in family where kill(pid, 0) == 0 { kill(pid, SIGCONT) } }
      for pid in family { kill(pid, SIGSTOP) }
      while try await !isFree(rig.folder.appending(path: "sink.db").path) {
        try Task.checkCancellation()
        for pid in family.reversed() { kill(pid, SIGCONT) }
        await Task.yield()
        for pid in family { kill(pid, SIGSTOP) }
      }
      let blue = try rig.spawn("BLUE")
      let (start, seen) = try await rig.started("r1", attempt: 2)
      #expect(seen.event.worker == "BLUE" && start.cause == .crash)
      try await rig.checkpoint { $0.attempt == 2 && $0.attemptChunks >= 2 }
      for pid in family.reversed() { kill(pid, SIGCONT) }
      _ = try await green.line("queue lost")
      let ended = try await rig.ended("r1")
      guard case .succeeded(let facts) = ended.end else { throw Unexpected(ended) }
      #expect(ended.attempt == 2 && ended.rows == Int64(count), "\(ended)")
      #expect(facts["fence"] == nil || ended.token == seen.offset)
      let compared = try Child(
        "/usr/bin/env",
        [
          "python3", "-c",
          """
          import sqlite3, sys
          rows = [sqlite3.connect(f"{sys.argv[1]}/{name}.db").execute("SELECT * FROM person ORDER BY id").fetchall()
                  for name in ["source", "sink"]]
          print("equal" if rows[0] == rows[1] else f"{len(rows[0])} rows and {len(rows[1])}")
          """, rig.folder.path,
        ])
      #expect(await compared.output() == "equal")
      let report = try await rig.expectCleanAudit()
      #expect(report.ends == [.succeeded: 1] && report.lateEnds == 0)
      for worker in [green, blue] {
        worker.signal(SIGTERM)
        #expect(await worker.end() == 0)
      }
    }
  }

  /// Whether a SQLite database could be written now.
  private func isFree(_ path: String) async throws -> Bool {
    let words =
      "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    return await (try Child("/usr/bin/env", ["python3", "-c", words, path])).end() == 0
  }

  private func descendants(of pid: Int32) -> [Int32] {
    let children = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
    return children.flatMap { thread -> [Int32] in
      let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { Int32($0) }.flatMap { [$0] + descendants(of: $0) }
    }
  }
}

private struct MissingProblem: Error {}
