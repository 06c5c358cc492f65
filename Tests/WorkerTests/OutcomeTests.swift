import Dispatch
import KafkaLog
import Messages
import Testing

@Suite("What becomes of a request", .timeLimit(.minutes(2)))
struct OutcomeTests {
  @Test("a command succeeds, and finds its run in the environment", arguments: Cluster.all)
  func success(_ cluster: Cluster) async throws {
    let jobs = """
      hello:
        queue: q
        run: ["/bin/sh", "-c", 'echo "$1 run=$BATON_RUN job=$BATON_JOB attempt=$BATON_ATTEMPT token=$BATON_TOKEN"', sh, "${params.name}"]
        params: {name: {type: string, default: world}}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      let delivery = try await rig.enqueue("hello", id: "r1", params: ["name": .string("a b; $(c)")])
      let worker = try rig.start("GREEN")
      let (start, seen) = try await rig.started("r1")
      #expect(start.cause == .first && start.failures == 0 && start.crashes == 0)
      #expect(seen.event.worker == "GREEN" && seen.event.job == "hello" && seen.event.request == delivery.offset)
      let ended = try await rig.ended("r1")
      guard case .succeeded(let facts) = ended.end else { throw Unexpected(ended) }
      #expect(ended.attempt == 1 && ended.token == seen.offset && ended.rows == 0)
      guard case .integer(let peak)? = facts["peakMemoryBytes"] else { throw Unexpected(facts) }
      #expect(peak > 0)
      let line = try await worker.line(" token=")
      #expect(line.contains("a b; $(c) run=r1 job=hello attempt=1 token=\(seen.offset)"))
      try await rig.expectCleanAudit()
    }
  }

  @Test("params that no process can be given are not tried again", arguments: Cluster.all)
  func impossibleParams(_ cluster: Cluster) async throws {
    let jobs = """
      hello:
        queue: q
        run: ["/bin/echo", "${params.name}"]
        params: {name: {type: string}}
        attempts: 3
        backoff: {initial: 40ms, max: 50ms, factor: 2}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      let words = [("a\0b", "NUL byte"), (String(repeating: "x", count: 200_000), "argument 1 of 200000 bytes")]
      for (index, (word, _)) in words.enumerated() {
        _ = try await rig.enqueue("hello", id: "r\(index)", params: ["name": .string(word)])
      }
      _ = try rig.start("GREEN")
      for (index, (_, reason)) in words.enumerated() {
        let ended = try await rig.ended("r\(index)")
        guard case .failed(let failure) = ended.end else { throw Unexpected(ended) }
        #expect(ended.attempt == 1)
        #expect(failure.message.contains(reason), "\(failure.message.prefix(300))")
        #expect(failure.message.contains("no attempt can mend that"))
      }
    }
  }

  @Test("what fails is tried again after a pause, and then lies in the dead letters", arguments: Cluster.all)
  func failure(_ cluster: Cluster) async throws {
    let jobs = """
      fails:
        queue: q
        run: ["/bin/sh", "-c", "echo the reason, in its own words >&2; exit 7"]
        attempts: 3
        backoff: {initial: 40ms, max: 50ms, factor: 2}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      let sent = try await rig.enqueue("fails", id: "r1", key: "k")
      _ = try rig.start("GREEN")
      let ended = try await rig.ended("r1")
      // Whoever sees the end finds the letter: a worker that dies between must not leave the one without the other.
      let letters = try await rig.deadLetters()
      guard case .failed(let failure) = ended.end else { throw Unexpected(ended) }
      #expect(failure.kind == .attemptsUsedUp && ended.attempt == 3)
      #expect(failure.message.contains("exit status 7") && failure.message.contains("the reason, in its own words"))
      for attempt in 2...3 {
        let (start, seen) = try await rig.started("r1", attempt: attempt)
        #expect(start.cause == .failure && start.failures == attempt - 1 && start.crashes == 0)
        let failed = try await rig.events().first { seen in
          if case .attemptFailed(let failed) = seen.event.body { failed.attempt == attempt - 1 } else { false }
        }
        guard case .attemptFailed(let body) = failed.event.body else { throw Unexpected(failed) }
        #expect(body.message.contains("exit status 7"))
        #expect(seen.appended >= body.retryAt, "attempt \(attempt) began before its time")
      }
      try await rig.expectCleanAudit()
      let letter = try #require(letters.first)
      #expect(letter.kind == "attempts-used-up" && letter.run == "r1" && letter.attempts == 3)
      #expect(letter.topic == rig.configuration.requestsTopic("q") && letter.offset == sent.offset)
      #expect(letter.worker == "GREEN" && letter.reason == failure.message)
      let request = try #require(try await rig.records(rig.configuration.requestsTopic("q")).first)
      #expect(letter.original.value == request.value && letter.original.key == request.key)
    }
  }

  @Test("a program that is not there, or that may not be run, is a failure that names it", arguments: Cluster.all)
  func notFound(_ cluster: Cluster) async throws {
    let jobs = """
      missing: {queue: q, run: ["/nowhere/at-all"], attempts: 1}
      unknown: {queue: q, run: ["no-such-program-of-ours"], attempts: 1}
      folder: {queue: q, run: ["/tmp"], attempts: 1}
      after: {queue: q, run: ["/bin/true"]}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      for job in ["missing", "unknown", "folder", "after"] { try await rig.enqueue(job, id: job) }
      _ = try rig.start("GREEN")
      for (job, name) in [("missing", "/nowhere/at-all"), ("unknown", "no-such-program-of-ours"), ("folder", "/tmp")] {
        let ended = try await rig.ended(job)
        guard case .failed(let failure) = ended.end else { throw Unexpected(ended) }
        #expect(failure.message.contains(name) && failure.message.contains("cannot start"), "\(failure.message)")
      }
      guard case .succeeded = try await rig.ended("after").end else { throw Unexpected("after") }
      try await rig.expectCleanAudit()
    }
  }

  @Test(
    "what breaks the chunk protocol fails with the line; what cannot be helped is not tried again",
    arguments: Cluster.all)
  func protocolErrors(_ cluster: Cluster) async throws {
    let bodies = [
      (
        "no-rows", #"print('{"type":"chunk","chunk":1,"cursor":"1","rows":"x"}', flush=True); sys.stdin.readline()"#,
        "rows"
      ),
      ("skips", #"chunk(1); chunks += 1; chunk(2)"#, "chunk 3 is reported where chunk 2 is due"),
      ("no-done", #"chunk(1)"#, "without \"done\""),
      ("lies", #"done(); sys.exit(3)"#, "ended after \"done\": exit status 3"),
      ("hopeless", #"tell(type="failed", message="the column is gone", retriable=False)"#, "the column is gone"),
    ]
    let jobs = bodies.map {
      #"\#($0.0): {queue: q, run: [python3, "$folder/\#($0.0).py"], attempts: 2, backoff: {initial: 1ms}}"#
    }
    try await Rig.run(cluster, jobs: jobs.joined(separator: "\n")) { rig in
      for (name, body, _) in bodies {
        try rig.script(name + ".py", body)
        try await rig.enqueue(name, id: name)
      }
      _ = try rig.start("GREEN")
      for (name, _, words) in bodies {
        let ended = try await rig.ended(name)
        guard case .failed(let failure) = ended.end else { throw Unexpected("\(name): \(ended)") }
        #expect(failure.message.contains(words), "\(name): \(failure.message)")
        #expect(failure.kind == (name == "hopeless" ? .notRetriable : .attemptsUsedUp), "\(name)")
        #expect(ended.attempt == (name == "hopeless" ? 1 : 2), "\(name)")
      }
      try await rig.expectCleanAudit()
    }
  }

  @Test("a runner that crashes goes on at its cursor", arguments: Cluster.all)
  func resume(_ cluster: Cluster) async throws {
    let jobs = #"copy: {queue: q, run: [python3, "$folder/copy.py"], attempts: 3, backoff: {initial: 1ms}}"#
    try await Rig.run(cluster, jobs: jobs) { rig in
      // In attempt 1 it dies with chunk 2 acknowledged, in attempt 2 with chunk 4 written and not reported.
      try rig.script(
        "copy.py",
        """
        for n in range(cursor + 1, 7):
            put(f"{n} {attempt}")
            if attempt == 2 and n == 4:
                die()
            chunk(n)
            if attempt == 1 and n == 2:
                die()
        done(last=cursor)
        """)
      try await rig.enqueue("copy", id: "r1")
      _ = try rig.start("GREEN")
      let ended = try await rig.ended("r1")
      guard case .succeeded(let facts) = ended.end else { throw Unexpected(ended) }
      #expect(facts["last"] == .integer(3))
      #expect(ended.attempt == 3 && ended.rows == 60 && ended.chunks == 6)
      #expect(rig.sink == ["1 1", "2 1", "3 2", "4 2", "4 3", "5 3", "6 3"])
      let (second, _) = try await rig.started("r1", attempt: 2)
      #expect(second.cause == .failure && second.rows == 20 && second.failures == 1)
      try await rig.expectCleanAudit()
    }
  }

  @Test("an attempt that takes too long is stopped with all that it started", arguments: Cluster.all)
  func timeout(_ cluster: Cluster) async throws {
    let jobs = """
      slow: {queue: q, run: [python3, "$folder/slow.py"], attempts: 2, timeout: 5s, backoff: {initial: 1ms}}
      """
    try await Rig.run(cluster, jobs: jobs) { rig in
      let witness = try rig.witness("alive")
      try rig.script(
        "slow.py",
        """
        if attempt == 2:
            done()
            sys.exit(0)
        witness("alive")
        subprocess.Popen(["sleep", "1000"], close_fds=False)
        chunk(1)
        signal.pause()
        """)
      try await rig.enqueue("slow", id: "r1")
      _ = try rig.start("GREEN")
      let failed = try await rig.events().first { if case .attemptFailed = $0.event.body { true } else { false } }
      guard case .attemptFailed(let body) = failed.event.body else { throw Unexpected(failed) }
      #expect(body.message.contains("timed out after 5 s"))
      try await witness.gone()
      let ended = try await rig.ended("r1")
      #expect(ended.attempt == 2 && ended.end.kind == "succeeded" && ended.chunks == 1)
      try await rig.expectCleanAudit()
    }
  }
}

/// Something that the test did not expect, as it is.
struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ what: some Any) { description = "unexpected: \(what)" }
}
