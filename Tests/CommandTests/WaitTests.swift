import Foundation
import KafkaLog
import Telemetry
import Testing

@Suite("Waiting for a run", .timeLimit(.minutes(2)))
struct WaitTests {
  static let file = """
    kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
    scheduler: {in-workers: false}
    queues: {q: {}, r: {}}
    jobs:
      ok: {queue: q, run: ["/bin/true"], then: after}
      after: {queue: r, run: ["/bin/true"]}
    """

  @Test("it ends when the request is given up as lost, and says who did so")
  func lost() async throws {
    try await Tool.withBroker(Self.file) { tool in
      try await Log.with(tool) { log in
        // Its request is gone from the log.
        try await log.event("baton.attempt.started", run: "gone", at: 7, Log.started)
        try await log.event("baton.requests.lost", run: "offset-5", at: 5, #""from":5,"to":8,"by":"ada@host""#)
        let outcome = try await tool("follow", "gone")
        #expect(outcome.status == 7 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.errors.contains("run gone: given up as lost by ada@host"), "\(outcome)")
        let facts = try await tool("follow", "gone", "--json")
        let object = try #require(try facts.objects().first)
        #expect(facts.status == 7 && object["end"] as? String == "lost" && object["by"] as? String == "ada@host")
        #expect(try await tool("show", "gone").output.contains("given up as lost by ada@host"))
      }
    }
  }

  @Test("a loss of other requests is none, nor one at the same offset before the topic was made anew")
  func notLost() async throws {
    try await Tool.withBroker(Self.file) { tool in
      try await Log.with(tool) { log in
        let place = try await log.request("r0", #"{"job":"ok"}"#)
        try await log.event("baton.attempt.started", run: "r0", at: place, Log.started)
        try await log.event("baton.requests.lost", run: "offset-0", at: 0, #""from":0,"to":9,"by":"ada@host""#)
        try await log.event("baton.requests.lost", run: "offset-4", at: 4, #""from":4,"to":9,"by":"ada@host""#)
        // Of the run that had this offset on the old topic.
        try await log.event(
          "baton.run.failed", run: "old", at: place,
          #""attempt":1,"token":0,"rows":0,"chunks":0,"kind":"bad-params","message":"x""#)
        try await log.event("baton.run.succeeded", run: "r0", at: place, Log.succeeded)
        let outcome = try await tool("follow", "r0")
        #expect(outcome.errors.contains("running on GREEN\n"), "\(outcome)")
        #expect(outcome.status == 0 && outcome.output.contains("succeeded"), "\(outcome)")
      }
    }
  }

  @Test("rerun does not wait for a run that the workers do not ask for")
  func unasked() async throws {
    try await Tool.withBroker(Self.file) { tool in
      try tool.write("worker.yaml", Self.file.replacingOccurrences(of: ", then: after", with: ""))
      let worker = try tool.start("worker", "--name", "GREEN", "--config", "worker.yaml")
      let outcome = try await tool("rerun", "ok", "--with-dependents", "--yes", "--wait")
      #expect(outcome.status == 1 && outcome.output.contains("succeeded"), "\(outcome)")
      #expect(outcome.errors.contains("the workers' configuration does not ask for it"), "\(outcome)")
      #expect(outcome.errors.contains("baton rerun after"), "\(outcome)")
      worker.signal(SIGTERM)
      await worker.end()
    }
  }

  @Test("a program that reads a pipe has the id before the run has ended", arguments: ["enqueue ok", "rerun ok --yes"])
  func idAtOnce(_ words: String) async throws {
    try await Tool.withBroker(Self.file) { tool in
      var line = words.split(separator: " ").map(String.init)
      line += ["--wait", "--json"]
      // Nobody works: it would wait for ever.
      let waiting = try tool.start(line)
      let id = try #require(await waiting.line(#""offset":0"#))
      #expect(id.contains(#""id":"ok-"#), "\(id)")
      waiting.signal(SIGTERM)
      await waiting.end()
    }
  }
}
