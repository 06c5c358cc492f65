import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let lag = Command(
    "lag", summary: "count the requests without an end, as monitoring wants it",
    discussion: """
      A queue that cannot go on is CRITICAL whatever the limits, with the reason: it stands still until a person has \
      decided, its requests topic was made anew (the group's committed offset lies beyond its end), or is missing.
      """,
    options: [
      SharedOption.queue,
      Option("warning", short: "w", value: "N", help: "end with 1 when a queue has more than this"),
      Option("critical", value: "N", help: "end with 2 when a queue has more than this"), SharedOption.json,
    ],
    examples: [Example("baton lag --warning 5 --critical 20", "a Nagios check")],
    exitCodes: [
      ExitCode(0, "OK"), ExitCode(1, "WARNING"),
      ExitCode(
        2,
        "CRITICAL: more than --critical, or a queue that cannot go on; or the command line was not understood"),
      ExitCode(3, "UNKNOWN: Kafka could not be reached, there is no such queue, or the configuration cannot be read"),
    ], unusedExitCodes: [4],
    run: { arguments in
      let warning = try arguments.integer("warning", in: 0...Int.max)
      let critical = try arguments.integer("critical", in: 0...Int.max)
      _ = try arguments.timeout()
      let lags: [QueueState]
      do {
        let context = try Context(arguments)
        lags = try await load(try context.queues(arguments.value("queue")), context)
      } catch {
        let reason = (error as? any UserFacingError)?.message ?? "\(error)"
        if arguments.flag("json") {
          printJSON(.object(["state": .string("UNKNOWN"), "reason": .string(reason)]), to: arguments.output)
        } else {
          let remedy = (error as? CommandError).flatMap(\.remedy).map { ". " + $0 } ?? ""
          arguments.output.line(printable("UNKNOWN: \(reason)\(remedy)"))
        }
        return 3
      }
      let codes = lags.map { $0.code(warning: warning, critical: critical) }
      let code = codes.max() ?? 0
      let words = ["OK", "WARNING", "CRITICAL"]
      if arguments.flag("json") {
        for (lag, code) in zip(lags, codes) { printJSON(lag.facts(state: words[Int(code)]), to: arguments.output) }
      } else {
        let told = lags.map(\.words).joined(separator: ", ")
        let data = lags.compactMap { state in
          state.lag.map {
            "'\($0.queue)'=\($0.count);\(warning.map(String.init) ?? "");\(critical.map(String.init) ?? "");0"
          }
        }.joined(separator: " ")
        arguments.output.line(
          "\(words[Int(code)]): requests without an end: \(told)" + (data.isEmpty ? "" : " | " + data))
      }
      return code
    })

  private static func load(_ queues: [String], _ context: Context) async throws -> [QueueState] {
    try await context.withReader { reader in
      let problems = try await ControlSnapshot.load(context, reader).problems
      return try await context.withAdmin { admin in
        var states: [QueueState] = []
        for queue in queues {
          let partition = TopicPartition(topic: context.configuration.requestsTopic(queue))
          let lag = try await context.reading(queue) {
            let committed = try await admin.groupOffsets(
              group: context.configuration.kafka.group, partitions: [partition])[partition]?.offset
            return QueueLag(queue: queue, committed: committed, requests: try await reader.bounds(of: partition))
          }
          switch lag {
          case .success(let lag): states.append(QueueState(queue: queue, lag: lag, trouble: problems[queue]?.message))
          case .failure(let missing): states.append(QueueState(queue: queue, trouble: missing.message))
          }
        }
        return states
      }
    }
  }
}

/// A queue as monitoring sees it.
private struct QueueState: Sendable {
  var queue: String
  /// Nil where a topic is missing.
  var lag: QueueLag?
  /// Why it cannot go on until a person has done something.
  var trouble: String?

  func code(warning: Int?, critical: Int?) -> Int32 {
    guard trouble == nil, let lag else { return 2 }
    return lag.code(warning: warning, critical: critical)
  }

  var words: String {
    let words = lag?.words ?? queue
    // What follows on a bar is figures, to whoever reads the line.
    let trouble = trouble.map { String($0.map { $0 == "|" ? "/" : $0.isNewline ? " " : $0 }) }
    return printable(words + (trouble.map { " (\(lag == nil ? "" : "stands still: ")\($0))" } ?? ""))
  }

  func facts(state: String) -> JSONValue {
    var facts: [String: JSONValue] = ["queue": .string(queue), "state": .string(state)]
    if let lag { facts.merge(lag.facts) { $1 } }
    if let trouble { facts["reason"] = .string(trouble) }
    return .object(facts)
  }
}

/// How many requests of a queue have no end.
struct QueueLag: Sendable {
  var queue: String
  /// Nil before anything was committed.
  var committed: Int64?
  /// Read after the committed offset, which then lies within them.
  var requests: LogBounds

  /// Whether the topic is another than the one that the offset was committed of.
  var isBeyondEnd: Bool { committed.map { $0 > requests.end } ?? false }

  /// The first request that has no end.
  var next: Int64 {
    guard let committed, !isBeyondEnd else { return requests.start }
    return max(committed, requests.start)
  }

  var count: Int64 { requests.end - next }

  fileprivate func code(warning: Int?, critical: Int?) -> Int32 {
    if isBeyondEnd { return 2 }
    return critical.map { count > $0 } ?? false ? 2 : warning.map { count > $0 } ?? false ? 1 : 0
  }

  fileprivate var words: String {
    guard isBeyondEnd, let committed else { return "\(queue) \(count)" }
    return
      "\(queue) \(count) (its topic was made anew: the committed offset \(committed) lies beyond its end \(requests.end))"
  }

  fileprivate var facts: [String: JSONValue] {
    [
      "lag": .integer(count), "end": .integer(requests.end),
      "committed": committed.map(JSONValue.integer) ?? .null, "beyondEnd": .boolean(isBeyondEnd),
    ]
  }
}
