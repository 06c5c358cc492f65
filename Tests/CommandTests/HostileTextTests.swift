import Foundation
import Testing

@Suite("What clients and runners write is printed, and not obeyed by the terminal", .timeLimit(.minutes(2)))
struct HostileTextTests {
  /// Clears the screen, sets the title, goes back to the line's start, and turns the text's direction.
  private static let bad = "\u{1B}[2J\u{9B}2J\u{9D}title\u{7}\roverwritten\nrun fake\u{202E}\u{7F}"
  private static let json = #"\u001b[2J\u009b2J\u009dtitle\u0007\roverwritten\nrun fake\u202e\u007f"#

  /// Records with such texts wherever one fits.
  private func fill(_ log: Log) async throws {
    let bad = Self.json
    try await log.request(
      "one", #"{"job":"ok","requestedBy":"me\#(bad)","params":{"a":"\#(bad)"},"deduplicationKey":"k\#(bad)"}"#)
    try await log.send(
      "baton.q.events", type: "baton.attempt.started",
      #"{"run":"one","request":0,"worker":"W\#(bad)",\#(Log.started)}"#)
    try await log.event(
      "baton.attempt.failed", run: "one", at: 0,
      #""attempt":1,"token":0,"message":"line 1\#(bad)","retryAt":"2026-11-24T01:29:00Z""#)
    try await log.event(
      "baton.run.failed", run: "one", at: 0,
      #""attempt":1,"token":0,"rows":0,"chunks":0,"kind":"not-retriable","message":"line 1\#(bad)""#)
    try await log.request("two", #"{"job":"ok","origin":"schedule","requestedBy":"S\#(bad)"}"#)
    try await log.order(
      key: "cancel/q/two", #""queue":"q","action":"cancel","run":"two","by":"p\#(bad)","reason":"r\#(bad)""#)
    try await log.order(key: "pause/q", #""queue":"q","action":"pause","by":"p\#(bad)","reason":"r\#(bad)""#)
    try await log.order(
      key: "pause-job/q/ok", #""queue":"q","action":"pause-job","job":"ok","by":"p\#(bad)","reason":"r\#(bad)""#)
    try await log.send(
      "baton.control", type: "baton.problem", key: "problem/q",
      #"{"queue":"q","worker":"W\#(bad)","message":"m\#(bad)","time":"2026-11-24T01:29:00Z"}"#)
    try await log.send(
      "baton.control", type: "baton.scheduler", key: "scheduler/S",
      #"{"name":"S\#(bad)","time":"2026-11-24T01:29:00Z"}"#)
    try await log.send(
      "baton.dead-letters", type: "baton.request", id: "one",
      more: [
        ("baton_topic", "baton.q.requests\(Self.bad); rm"), ("baton_offset", "0"), ("baton_run", "one\(Self.bad)"),
        ("baton_kind", "k\(Self.bad)"), ("baton_reason", "line 1\(Self.bad)"), ("baton_worker", "W\(Self.bad)"),
        ("name\(Self.bad)", "value\(Self.bad)"),
      ], "value \(Self.bad)")
  }

  @Test(
    "in no command's text, errors or JSON",
    arguments: [
      "show one", "show two", "follow one", "runs", "status", "dead list", "dead show 0", "dead retry 0", "retry one",
      "cancel one", "cancel two --undo", "enqueue ok", "rerun ok --yes", "schedule next", "schedule calendar",
      "audit q",
      "show one --json", "runs --json", "status --json", "dead show 0 --json", "follow one --json", "lag",
    ])
  func commands(_ line: String) async throws {
    try await Tool.withBroker(
      """
      kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
      scheduler: {in-workers: false}
      queues: {q: {}}
      jobs: {ok: {queue: q, run: ["/bin/true"], every: 12h, params: {a: {type: string, default: x}}}}
      """
    ) { tool in
      try await Log.with(tool) { try await fill($0) }
      let outcome = try await tool.shell("$baton \(line)")
      let text = outcome.output + outcome.errors
      #expect(!text.isEmpty)
      for scalar in text.unicodeScalars {
        let isLineEnd = scalar == "\n"
        let acts = scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
        #expect(!acts || isLineEnd, "U+\(String(scalar.value, radix: 16)) in \(text.debugDescription)")
        if acts, !isLineEnd { break }
      }
      // A line of its own is begun by no text but a block's, and by that only where it cannot be taken for ours.
      if line.hasPrefix("show") || line.hasPrefix("dead show") {
        #expect(!text.contains("\nrun fake"), "\(text)")
      }
      if ["show one", "status", "dead show 0", "follow one", "retry one"].contains(line) {
        #expect(text.contains("\u{FFFD}[2J\u{FFFD}2J"), "\(text)")
      }
      if line.hasSuffix("--json") { #expect(text.contains(#"\u001b[2J\u009b2J"#), "\(text)") }
    }
  }
}
