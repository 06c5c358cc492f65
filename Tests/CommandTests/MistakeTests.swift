import Testing

@Suite("Mistakes, and what is said of them", .timeLimit(.minutes(2)))
struct MistakeTests {
  @Test(
    "usage mistakes end with 2, and name the help",
    arguments: [
      ("", "needs a command"), ("enqueu hello", "did you mean baton enqueue"), ("enqueue", "JOB is missing"),
      ("runs --limit many", "--limit"), ("runs --limit 0", "--limit"), ("runs --since yesterday", "12h, 7d"),
      ("runs --status odd", "--status"), ("status --nonsense", "--nonsense"), ("lag --warning -1", "--warning"),
      ("enqueue hello --param nam=x", "it has: name"), ("enqueue hello --param name", "key=value"),
      ("enqueue hello --expires soon", "2026-11-24T06:00:00Z"), ("enqueue hello --id ''", "the id is empty"),
      ("pause nightly --until soon", "--until"), ("pause nightly --until 2020-01-01T00:00:00Z", "baton resume"),
      ("pause hello --until 2020-01-01T00:00:00Z", "is past"), ("enqueue hello --dedupe ''", "1 to 1,000 bytes"),
      ("enqueue hello --dedupe $(printf %01001d 7)", "has 1001 bytes"),
      ("enqueue hello --not-before 2999-01-02T00:00:00Z --expires 2999-01-02T00:00:00Z", "--not-before"),
      ("enqueue hello --param name=$'a\\xff'", "no UTF-8"), ("rerun hello --yes --param name=$'a\\xff'", "no UTF-8"),
      ("enqueue hello --id $'a\\xff'", "no UTF-8"), ("worker --log-level loud", "--log-level"),
      ("worker --name ''", "1 to 200 printable characters"), ("worker --name $(printf %0201d 7)", "1 to 200"),
      ("scheduler --name $'a\\nb'", "1 to 200 printable characters"),
      ("status --timeout 0s", "--timeout"), ("resume nightly --accept-loss-below -3", "--accept-loss-below"),
    ])
  func usage(_ line: String, _ words: String) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool("init").status == 0)
    let outcome = try await tool.shell("$baton \(line)")
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.errors.contains(words) && outcome.errors.contains("--help"), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  @Test("a name that is not in the configuration ends with 1 and lists those that are")
  func names() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    #expect(try await tool("init").status == 0)
    for line in ["enqueue helo", "status --queue nigthly", "audit x", "pause x"] {
      let outcome = try await tool.shell("$baton \(line)")
      #expect(outcome.status == 1, "\(line): \(outcome)")
      #expect(outcome.errors.contains("It has"), "\(outcome.errors)")
    }
    // A monitoring plug-in speaks on its standard output, and 1 and 2 would be states of queues.
    for (line, words) in [("lag -q x", "UNKNOWN: there is no queue 'x'"), ("lag -c /nowhere", "UNKNOWN: /nowhere:1:1")]
    {
      let lag = try await tool.shell("$baton \(line)")
      #expect(lag.status == 3 && lag.output.hasPrefix(words) && lag.lines.count == 1, "\(lag)")
    }
  }

  @Test("the help of every command has the statuses of Kafka and of the configuration, and what they mean for it")
  func statuses() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    for command in ["status", "enqueue", "topics plan", "worker", "dead retry"] {
      let help = try await tool.shell("$baton \(command) --help").output
      #expect(help.contains("  Kafka could not be reached"), "\(help)")
      #expect(help.contains("the configuration has errors"), "\(help)")
    }
    let lag = try await tool("lag", "--help").output
    #expect(lag.contains("UNKNOWN") && !lag.contains("the configuration has errors"), "\(lag)")
  }

  @Test("errors of the configuration end with 4, all of them at once, with line, column and remedy")
  func configuration() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let missing = try await tool("status")
    #expect(missing.status == 4 && missing.errors.contains("baton init"))
    #expect(try await tool("check", "--config", "nowhere.yaml").status == 4)
    try tool.write(
      "baton.yaml",
      """
      kafka: {bootstrap: "localhost:9092"}
      queues: {nightly: {}}
      jobs:
        a: {queue: nigthly, run: ["/bin/true"]}
        b: {queue: nightly, run: ["/bin/true"], atempts: 3}
      """)
    for command in ["check", "status", "worker", "enqueue a", "dev", "topics plan"] {
      let outcome = try await tool.shell("$baton \(command)")
      #expect(outcome.status == 4, "\(command): \(outcome)")
      #expect(outcome.errors.contains("baton.yaml:4:") && outcome.errors.contains("baton.yaml:5:"), "\(outcome.errors)")
      #expect(outcome.errors.contains("nightly") && outcome.errors.contains("attempts"))
    }
    let facts = try await tool("check", "--json")
    #expect(facts.status == 4)
    let object = try #require(try facts.objects().first)
    #expect(object["ok"] as? Bool == false && (object["problems"] as? [Any])?.count == 2)
  }

  @Test("a Kafka that does not answer ends with 3, names the address, and shows no stack trace")
  func unreachable() async throws {
    let tool = try Tool(["BATON_KAFKA": "127.0.0.1:1"])
    defer { tool.remove() }
    #expect(try await tool("init").status == 0)
    for line in [
      "status", "runs", "show x", "cancel x", "pause nightly", "enqueue hello", "topics plan", "dead list",
      "audit nightly", "check --kafka",
    ] {
      let outcome = try await tool.shell("$baton \(line) --timeout 1s")
      #expect(outcome.status == 3, "\(line): \(outcome)")
      #expect(outcome.errors.contains("Kafka at 127.0.0.1:1 did not answer within 1 s"), "\(line): \(outcome.errors)")
      #expect(!outcome.errors.contains("Local: "), "\(line): \(outcome.errors)")
      #expect(outcome.errors.contains("Connection refused"), "\(line): \(outcome.errors)")
      #expect(outcome.errors.contains("baton check --kafka") == (line != "check --kafka"), "\(line): \(outcome.errors)")
      #expect(outcome.errors.contains("kafka.bootstrap") && !outcome.errors.contains("Fatal"), "\(outcome.errors)")
      #expect(outcome.output.isEmpty, "\(line): \(outcome.output)")
    }
    // A monitoring plug-in speaks on its standard output.
    let lag = try await tool("lag", "--timeout", "1s")
    #expect(lag.status == 3 && lag.output.hasPrefix("UNKNOWN: Kafka at 127.0.0.1:1 did not answer"))
  }
}
