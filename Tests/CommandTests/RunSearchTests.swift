import Foundation
import KafkaLog
import Telemetry
import Testing

@testable import baton

@Suite("Looking for a run", .timeLimit(.minutes(2)))
struct RunSearchTests {
  private static let day: Int64 = 86_400_000

  /// A context and a reader for the tool's broker.
  private func with(_ tool: Tool, _ body: (Context, LogReader) async throws -> Void) async throws {
    let address = try #require(tool.environment["BATON_KAFKA"])
    try tool.write("here.yaml", WaitTests.file.replacingOccurrences(of: "${BATON_KAFKA:-127.0.0.1:1}", with: address))
    let file = tool.folder.appending(path: "here.yaml").path
    let context = Context(try .load(file: file, environment: [:]))
    try await context.withReader { try await body(context, $0) }
  }

  @Test("it is the same run from however far back it is found")
  func windows() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        try await log.request("other", #"{"job":"ok"}"#)
        try await log.request("one", queue: "r", #"{"job":"after"}"#)
        try await log.request("twice", #"{"job":"ok"}"#)
        try await log.event("baton.run.succeeded", run: "twice", at: 1, Log.succeeded)
        try await log.request("twice", #"{"job":"ok"}"#)
        try await log.event(
          "baton.request.skipped", run: "twice", at: 2,
          #""attempt":0,"token":0,"rows":0,"chunks":0,"reason":"duplicate","of":"twice","ofRequest":1"#)
        try await log.event("baton.attempt.started", run: "gone", at: 9, queue: "r", Log.started)
        try await with(tool) { context, reader in
          for days in [0, 2, 30] {
            let (snapshot, run) = try await findRun("twice", context, reader, now: .now + Int64(days) * Self.day)
            #expect(snapshot.queue == "q" && run.request == 1 && run.status.rawValue == "succeeded", "\(days): \(run)")
            // Of other runs nothing is kept, and of this one no bytes.
            #expect(snapshot.ledger.ordered.map(\.request) == [1, 2])
            #expect(snapshot.ledger.ordered.allSatisfy { $0.ends.count == 1 && $0.queued?.raw.value == nil })
            let one = try await findRun("one", context, reader, now: .now + Int64(days) * Self.day)
            #expect(one.0.queue == "r" && one.1.queued?.request?.job == "after")
            let gone = try await findRun("gone", context, reader, now: .now + Int64(days) * Self.day)
            #expect(gone.0.queue == "r" && gone.1.request == 9 && gone.1.attempts.count == 1, "\(gone.1)")
          }
        }
      }
    }
  }

  @Test("of a duplicate that is found first, the run is the request that it is a duplicate of")
  func original() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        try await log.request("twice", #"{"job":"ok"}"#)
        try await log.event("baton.run.succeeded", run: "twice", at: 0, Log.succeeded)
        try await with(tool) { context, reader in
          func record(_ offset: Int64) async throws -> LogRecord {
            let records = reader.records(of: TopicPartition(topic: "baton.q.requests"), from: offset, to: offset + 1)
            return try #require(try await records.next()?.first)
          }
          let first = try await record(0)
          var last = first
          // Until the log's clock has moved on.
          while last.timestampMilliseconds == first.timestampMilliseconds {
            last = try await record(try await log.request("other", #"{"job":"ok"}"#))
          }
          try await log.request("twice", #"{"job":"ok"}"#)
          var search = try await RunSearch("twice", "q", context, reader)
          let found = try await search.find(since: last.appended, context, reader)
          #expect(found?.1.request == 0 && found?.1.status.rawValue == "succeeded", "\(String(describing: found))")
          var none = try await RunSearch("nobody", "q", context, reader)
          #expect(try await none.find(since: last.appended, context, reader) == nil)
          #expect(try await none.find(since: nil, context, reader) == nil)
        }
      }
    }
  }

  @Test("a retry takes along what the sender put beside the request, although nothing else reads its bytes")
  func bytes() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        try await log.request("one", more: [("trace", "4711")], #"{"job":"ok"}"#)
        try await log.event("baton.run.succeeded", run: "one", at: 0, Log.succeeded)
        #expect(try await tool("retry", "one").status == 0)
        try await with(tool) { _, reader in
          let record = try await reader.records(of: TopicPartition(topic: "baton.q.requests"), from: 1, to: 2).next()?
            .first
          #expect(record?.headers.contains(RecordHeader(name: "trace", text: "4711")) == true)
        }
      }
    }
  }

  @Test("a letter is found by its number or, the last of several, by its run")
  func letters() async throws {
    try await Tool.withBroker(WaitTests.file) { tool in
      try await Log.with(tool) { log in
        for (number, run) in ["one", "3", "one", "two"].enumerated() {
          try await log.send(
            "baton.dead-letters", type: "baton.request", id: run,
            more: [
              ("baton_topic", "baton.q.requests"), ("baton_offset", "\(number)"), ("baton_run", run),
              ("baton_kind", "attempts-used-up"), ("baton_reason", "why"),
            ], #"{"job":"ok"}"#)
        }
        try await log.send("baton.dead-letters", type: "other", "no letter")
        func number(_ word: String) async throws -> Int? {
          try await tool("dead", "show", word, "--json").objects().first?["letter"] as? Int
        }
        #expect(try await number("0") == 0)
        #expect(try await number("one") == 2)
        #expect(try await number("two") == 3)
        // A number is a letter's number before it is a run's id.
        #expect(try await number("3") == 3)
        for word in ["4", "5", "-1", "99", "nobody"] {
          let none = try await tool.shell("$baton dead show -- \(word)")
          #expect(none.status == 1 && none.errors.contains("there is no dead letter '\(word)'"), "\(none)")
        }
        let list = try await tool("dead", "list", "--limit", "2", "--json").objects()
        #expect(list.map { $0["letter"] as? Int } == [3, 2], "\(list)")
        #expect(try await tool("dead", "list", "--json").objects().count == 4)
      }
    }
  }
}
