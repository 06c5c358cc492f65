import Dispatch
import Foundation
import KafkaLog
import Messages
import Synchronization
import Testing
import Worker

@Suite("Who has a queue", .timeLimit(.minutes(2)))
struct OwnershipTests {
  /// Five chunks, each behind a gate.
  static let steps = #"steps: {queue: q, run: [python3, "$folder/steps.py"], backoff: {initial: 1ms}}"#
  static let stepsBody = """
    say(f"begins at {cursor}")
    for n in range(cursor + 1, 6):
        gate("gate")
        put(f"{n} {attempt} {token}")
        chunk(n)
    done()
    """

  @Test(
    "a cursor that no commit can hold brings the next attempt to its place", arguments: Cluster.all, [3_000, 100_000])
  func longCursor(_ cluster: Cluster, _ length: Int) async throws {
    let jobs = #"long: {queue: q, run: [python3, "$folder/long.py"], attempts: 2, backoff: {initial: 1ms}}"#
    try await Rig.run(cluster, jobs: jobs) { rig in
      try rig.script(
        "long.py",
        """
        padding = "p\\u00e4d\\"" * (\(length) // 4)
        if attempt == 2:
            assert text_cursor == "3:" + padding, "it is not what was reported"
        for n in range(cursor + 1, 6):
            chunk(f"{n}:{padding}" if n != 2 else "2")
            if attempt == 1 and n == 3:
                die()
        done(begun=cursor)
        """)
      try await rig.enqueue("long", id: "r1")
      let green = try rig.start("GREEN")
      let ended = try await rig.ended("r1")
      guard case .succeeded(let facts) = ended.end else { throw Unexpected(ended) }
      #expect(facts["begun"] == .integer(3) && ended.attempt == 2 && ended.rows == 50 && ended.chunks == 5)
      await green.shutDown()
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "a worker that is told to end hands its run over, long cursor and all, and nobody is blamed",
    arguments: Cluster.all, [0, 100_000])
  func handover(_ cluster: Cluster, _ padding: Int) async throws {
    try await Rig.run(cluster, jobs: Self.steps) { rig in
      let gate = try rig.gate("gate")
      try rig.script("steps.py", Self.stepsBody.replacing("chunk(n)", with: "chunk(f\"{n}:\" + \"x\" * \(padding))"))
      try await rig.enqueue("steps", id: "r1")
      let green = try rig.start("GREEN")
      gate.open(2)
      _ = try await green.line("acknowledged 2 of attempt 1")
      green.tellToEnd()
      _ = try await green.line("told to end")
      // The chunk in hand is finished and counts, though its runner hears no more of it.
      gate.open()
      #expect(try await green.end() == .shutDown)
      let handed = try await rig.events().first { if case .handedOver = $0.event.body { true } else { false } }
      guard case .handedOver(let progress) = handed.event.body else { throw Unexpected(handed) }
      #expect(progress.rows == 30 && progress.chunks == 3)
      let checkpoint = try await rig.checkpoint { _ in true }
      #expect(checkpoint.phase == .handedOver && checkpoint.rows == 30 && checkpoint.failures == 0)

      gate.open(2)
      let blue = try rig.start("BLUE")
      let (start, seen) = try await rig.started("r1", attempt: 2)
      #expect(start.cause == .handover && start.failures == 0 && start.crashes == 0 && start.rows == 30)
      #expect(seen.event.worker == "BLUE")
      _ = try await blue.line("begins at 3")
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.rows == 50 && ended.chunks == 5)
      #expect(rig.sink.map { $0.prefix(3) } == ["1 1", "2 1", "3 1", "4 2", "5 2"])
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "a worker that is killed leaves no process behind, and its run goes on as after a crash", arguments: Cluster.all)
  func kill(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: Self.steps) { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script(
        "steps.py",
        """
        if attempt == 1:
            witness("alive")
            subprocess.Popen(["sleep", "1000"], close_fds=False)

        """ + Self.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let green = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await green.line("acknowledged 2 of attempt 1")
      green.signal(SIGKILL)
      #expect(await green.end() == -SIGKILL)
      try await witness.gone()
      let blue = try rig.spawn("BLUE")
      gate.open(3)
      let (start, seen) = try await rig.started("r1", attempt: 2)
      #expect(start.cause == .crash && start.crashes == 1 && start.failures == 0 && start.rows == 20)
      #expect(seen.event.worker == "BLUE")
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.rows == 50)
      #expect(rig.sink.map { $0.prefix(3) } == ["1 1", "2 1", "3 2", "4 2", "5 2"])
      let report = try await rig.expectCleanAudit()
      #expect(report.crashes == 1)
      blue.signal(SIGTERM)
      #expect(await blue.end() == 0)
    }
  }

  @Test("a run that kills its workers ends in the dead letters, and the queue goes on", arguments: Cluster.all)
  func crashLoop(_ cluster: Cluster) async throws {
    let jobs = """
      killer: {queue: q, run: [python3, "$folder/killer.py"], crashes: 2}
      after: {queue: q, run: ["/bin/true"]}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      try rig.script("killer.py", "die(pid=os.getppid())\nsignal.pause()")
      try await rig.enqueue("killer", id: "r1")
      try await rig.enqueue("after", id: "r2")
      for _ in 1...2 { #expect(await (try rig.spawn("GREEN")).end() == -SIGKILL) }
      _ = try rig.spawn("GREEN")
      let ended = try await rig.ended("r1")
      guard case .failed(let failure) = ended.end else { throw Unexpected(ended) }
      #expect(failure.kind == .crashesUsedUp && ended.attempt == 2, "\(failure)")
      #expect(try await rig.started("r1", attempt: 2).0.crashes == 1)
      #expect(try await rig.ended("r2").end.kind == "succeeded")
      try await rig.expectCleanAudit()
      #expect(try await rig.deadLetters().map(\.kind) == ["crashes-used-up"])
    }
  }

  @Test("two workers share the queues; each request runs once, in order", arguments: Cluster.all)
  func twoWorkers(_ cluster: Cluster) async throws {
    let queues = ["a", "b", "c"]
    let jobs = queues.map {
      #"job-\#($0): {queue: \#($0), run: ["/bin/sh", "-c", "echo $BATON_RUN >> $folder/sink-\#($0)"]}"#
    }
    try await Rig.run(cluster, queues: queues, jobs: jobs.joined(separator: "\n")) { rig in
      let workers = try ["GREEN", "BLUE"].map { try rig.start($0) }
      let count = 30
      for number in 1...count {
        for queue in queues { try await rig.enqueue("job-\(queue)", id: "\(queue)\(number)", queue: queue) }
      }
      var owners: Set<String> = []
      for queue in queues {
        #expect(try await rig.ended("\(queue)\(count)", queue: queue).end.kind == "succeeded")
        let report = try await rig.expectCleanAudit(queue)
        #expect(report.ends == [.succeeded: count])
        let text = try String(contentsOf: rig.folder.appending(path: "sink-\(queue)"), encoding: .utf8)
        #expect(text.split(separator: "\n").map(String.init) == (1...count).map { "\(queue)\($0)" })
        owners.formUnion(try rig.events(queue).all.map(\.event.worker))
      }
      for worker in workers { #expect(await worker.shutDown() == .shutDown) }
      #expect(owners == ["GREEN", "BLUE"], "three queues, two workers: each must have had one")
    }
  }

  @Test("a requests topic with two partitions is refused, with the reason and the remedy", arguments: Cluster.all)
  func twoPartitions(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: DecisionTests.quick, partitions: 2) { rig in
      let worker = try rig.start("GREEN")
      let error = await #expect(throws: WorkerError.self) { try await worker.end() }
      let text = error?.description ?? ""
      #expect(text.contains("has 2 partitions and must have exactly one") && text.contains("baton topics apply"))
      let child = try rig.spawn("BLUE")
      #expect(await child.end() == 1)
      #expect(await child.output().contains("has 2 partitions and must have exactly one"))
    }
  }

  @Test(
    "a first signal finishes the chunk in hand, a second one ends the worker and its runner at once",
    arguments: Cluster.all)
  func signals(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: Self.steps) { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script("steps.py", #"witness("alive")"# + "\n" + Self.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let green = try rig.spawn("GREEN")
      gate.open()
      _ = try await green.line("acknowledged 1 of attempt 1")
      green.signal(SIGTERM)
      _ = try await green.line("told to end")
      green.signal(SIGTERM)
      #expect(await green.end() == 130)
      try await witness.gone()
      gate.open(4)
      let blue = try rig.spawn("BLUE")
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.rows == 50)
      try await rig.expectCleanAudit()
      blue.signal(SIGINT)
      #expect(await blue.end() == 0)
    }
  }
}
