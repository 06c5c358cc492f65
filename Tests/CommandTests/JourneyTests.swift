import Foundation
import Testing

@Suite("From init to audit, by the command line alone", .timeLimit(.minutes(2)))
struct JourneyTests {
  @Test("init writes a file that is sound and runs, and does not overwrite")
  func initialize() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool("init").output.contains("wrote baton.yaml"))
    let again = try await tool("init")
    #expect(again.status == 1 && again.errors.contains("--force"))
    #expect(try await tool("init", "--force").status == 0)
    #expect(try await tool("init", "sub.yaml").status == 0)
    let check = try await tool("check", "--json")
    let facts = try #require(try check.objects().first)
    #expect(check.status == 0 && facts["ok"] as? Bool == true)
    #expect(facts["jobs"] as? [String] == ["person-search", "hello"])
    #expect(try await tool("names", "queues").lines == ["nightly", "reports"])
  }

  @Test("dev runs what init wrote, sample database and all, and ends on a signal")
  func dev() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    #expect(try await plain("init").status == 0)
    let dev = try plain.start("dev")
    let line = try #require(await dev.line("export BATON_KAFKA="))
    let tool = plain.with(["BATON_KAFKA": String(line.split(separator: "=")[1])])
    let first = try await tool("enqueue", "person-search", "--wait")
    #expect(first.status == 0, "\(first)")
    #expect(first.lines.last?.contains("succeeded, 20,000 rows in 4 chunks") == true, "\(first.output)")
    #expect(first.errors.contains("ran on dev"))
    let hello = try await tool("enqueue", "hello", "-p", "name=Ada", "--wait", "--json")
    #expect(hello.status == 0)
    #expect(try hello.objects().last?["end"] as? String == "succeeded")
    _ = try #require(await dev.line("Hello, Ada"))
    #expect(try await tool("runs").lines.count == 3)
    dev.signal(SIGINT)
    await dev.end()
    #expect(dev.lines.last?.contains("worker has ended") == true, "\(dev.lines.suffix(3))")
    // The broker is gone with it.
    #expect(try await tool("status", "--timeout", "1s").status == 3)
  }

  @Test("dev says when other terminals would reach another cluster than its own")
  func devWarning() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      "baton.yaml",
      """
      kafka: {bootstrap: "kafka.example.org:9092"}
      queues: {q: {}}
      jobs: {a: {queue: q, run: ["/bin/true"]}}
      """)
    let dev = try tool.start("dev")
    let line = await dev.line("does not ask for BATON_KAFKA")
    #expect(line?.contains("other terminals reach kafka.example.org:9092") == true, "\(dev.lines)")
    _ = await dev.line("worker is up")
    dev.signal(SIGTERM)
    await dev.end()
  }

  @Test("an operator's night: enqueue, look, pause, cancel, retry, dead letters, audit")
  func night() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write(
      "baton.yaml",
      """
      kafka: {bootstrap: "${BATON_KAFKA:-none:1}", properties: {fetch.wait.max.ms: 20}}
      queues: {q: {}, empty: {}}
      jobs:
        ok: {queue: q, run: ["/bin/true"], params: {day: {type: date}}}
        bad: {queue: q, run: ["/bin/sh", "-c", "echo the reason >&2; exit 9"], attempts: 1}
        slow: {queue: q, run: ["/bin/sleep", "1000"]}
      """)
    let broker = try plain.start("embedded-broker")
    let address = try #require(await broker.line("127.0.0.1:"))
    let tool = plain.with(["BATON_KAFKA": address])

    // Nobody works yet.
    #expect(try await tool("lag", "--warning", "0").status == 0)
    let waiting = try await tool("enqueue", "ok", "--id", "first", "--param", "day=2026-11-24", "--json")
    #expect(try waiting.objects().first?["offset"] as? Int == 0)
    #expect(try await tool("enqueue", "ok", "--id", "second").output.contains("behind 1 other"))
    let lag = try await tool("lag", "--warning", "1", "--critical", "1")
    #expect(lag.status == 2 && lag.output.hasPrefix("CRITICAL") && lag.output.contains("'q'=2;1;1;0"), "\(lag)")
    #expect(try await tool("lag", "--warning", "1").status == 1)
    #expect(try await tool("runs", "--status", "waiting", "--json").objects().count == 2)
    #expect(try await tool("cancel", "second", "--reason", "not needed").status == 0)

    let worker = try tool.start("worker", "--name", "GREEN")
    #expect(try await tool("follow", "first").status == 0)
    let cancelled = try await tool("follow", "second", "--json")
    #expect(cancelled.status == 5, "\(cancelled)")
    #expect(try cancelled.objects().first?["reason"] as? String == "not needed")
    let failed = try await tool("enqueue", "bad", "--id", "third", "--wait")
    #expect(failed.status == 1 && failed.output.contains("the reason"), "\(failed)")
    let expired = try await tool("enqueue", "ok", "--expires", "2020-01-01T00:00:00Z", "--wait")
    #expect(expired.status == 6 && expired.output.contains("expired"), "\(expired)")
    let duplicate = try await tool("enqueue", "ok", "--id", "first", "--wait")
    #expect(duplicate.status == 0 && duplicate.output.contains("a duplicate of first"), "\(duplicate)")

    let show = try await tool("show", "third")
    #expect(show.output.contains("exit status 9") && show.output.contains("operator@"), "\(show.output)")
    #expect(try await tool("show", "first", "--json").objects().first?["status"] as? String == "succeeded")
    #expect(try await tool("show", "nothing").status == 1)
    #expect(try await tool("cancel", "first").errors.contains("has ended already"))
    #expect(try await tool("retry", "third").output.contains("again what third was"))
    let letters = try await tool("dead", "list", "--json").objects()
    #expect(letters.contains { $0["run"] as? String == "third" && $0["kind"] as? String == "attempts-used-up" })
    #expect(try await tool("dead", "show", "third").output.contains("the reason"))
    let again = try await tool("dead", "retry", "third", "--json")
    #expect(try again.objects().first?["retryOf"] as? String == "third", "\(again)")
    #expect(try await tool("dead", "show", "999").errors.contains("dead list --since all"))

    // A run in hand is seen, and stopped.
    #expect(try await tool("enqueue", "slow", "--id", "long").status == 0)
    _ = try #require(await worker.line("run starts  queue=q run=long"))
    let status = try await tool("status")
    #expect(status.output.contains("long (running)") && status.output.contains("GREEN"), "\(status.output)")
    #expect(try await tool("cancel", "long").status == 0)
    #expect(try await tool("follow", "long").status == 5)
    #expect(try await tool("pause", "q", "--reason", "maintenance").status == 0)
    _ = try #require(await worker.line("order: pause"))
    #expect(try await tool("enqueue", "ok", "--id", "held").status == 0)
    let paused = try await tool("status")
    #expect(paused.output.contains("queue q is paused by operator@") && paused.output.contains(": maintenance"))
    let pausedFacts = try await tool("status", "--queue", "q", "--json").objects().first?["paused"] as? [String: Any]
    #expect(pausedFacts?["reason"] as? String == "maintenance")
    #expect(try await tool("resume", "q").status == 0)
    #expect(try await tool("follow", "held").status == 0)
    #expect(try await !tool("status").output.contains("paused"))

    let audit = try await tool("audit", "q", "--json")
    let facts = try #require(try audit.objects().first)
    #expect(audit.status == 0 && (facts["findings"] as? [Any])?.isEmpty == true, "\(audit)")
    worker.signal(SIGTERM)
    await worker.end()
    broker.closeInput()
    await broker.end()
  }

  @Test("output is plain for programs: no colours in a pipe or with NO_COLOR, and a reader that leaves is no error")
  func pipes() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    #expect(try await plain("init").status == 0)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    for number in 1...30 { #expect(try await tool("enqueue", "hello", "--id", "r\(number)").status == 0) }
    for line in ["runs", "status", "dead list", "show r1", "runs --json"] {
      let outcome = try await tool.with(["TERM": "xterm-256color"]).shell("$baton \(line)")
      #expect(outcome.status == 0 && !outcome.output.contains("\u{1b}"), "\(line)")
      let terminal = try await tool.with(["NO_COLOR": "1", "TERM": "xterm"]).shell(
        #"script -qec "$baton \#(line)" /dev/null"#)
      #expect(!terminal.output.contains("\u{1b}["), "\(line): \(terminal.output.debugDescription.prefix(300))")
    }
    let coloured = try await tool.with(["TERM": "xterm-256color"]).shell(#"script -qec "$baton status" /dev/null"#)
    #expect(coloured.output.contains("\u{1b}["))
    let head = try await tool.shell(
      "$baton runs --json | head -n 1; echo ${PIPESTATUS[0]}; $baton manual | head -n 1; echo ${PIPESTATUS[0]}")
    #expect(head.errors.isEmpty && head.lines.count == 4, "\(head)")
    #expect(["0", "141"].contains(head.lines[1]) && ["0", "141"].contains(head.lines[3]), "\(head.lines)")
    broker.closeInput()
    await broker.end()
  }
}
