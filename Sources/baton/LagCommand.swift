import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let lag = Command(
    "lag", summary: "count the requests without an end, as monitoring wants it",
    discussion: """
      A requests topic that was made anew is CRITICAL whatever the limits: the group's committed offset lies beyond its \
      end, and its queue stands still until a person has decided.
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
        2, "CRITICAL: more than --critical, or a topic that was made anew; or the command line was not understood"),
      ExitCode(3, "UNKNOWN: Kafka could not be reached"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let warning = try arguments.integer("warning", in: 0...Int.max)
      let critical = try arguments.integer("critical", in: 0...Int.max)
      let queues = try context.queues(arguments.value("queue"))
      let lags: [QueueLag]
      do {
        lags = try await load(queues, context)
      } catch {
        let reason = (error as? any UserFacingError)?.message ?? "\(error)"
        if arguments.flag("json") {
          printJSON(.object(["state": .string("UNKNOWN"), "reason": .string(reason)]), to: arguments.output)
        } else {
          arguments.output.line(printable("UNKNOWN: \(reason)"))
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
        let data = lags.map {
          "'\($0.queue)'=\($0.count);\(warning.map(String.init) ?? "");\(critical.map(String.init) ?? "");0"
        }.joined(separator: " ")
        arguments.output.line("\(words[Int(code)]): requests without an end: \(told) | \(data)")
      }
      return code
    })

  private static func load(_ queues: [String], _ context: Context) async throws -> [QueueLag] {
    let partitions = queues.map { TopicPartition(topic: context.configuration.requestsTopic($0)) }
    return try await context.withReader { reader in
      let committed = try await context.withAdmin {
        try await $0.groupOffsets(group: context.configuration.kafka.group, partitions: partitions)
      }
      var lags: [QueueLag] = []
      for (queue, partition) in zip(queues, partitions) {
        lags.append(
          QueueLag(
            queue: queue, committed: committed[partition]?.offset, requests: try await reader.bounds(of: partition)))
      }
      return lags
    }
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

  fileprivate func facts(state: String) -> JSONValue {
    .object([
      "queue": .string(queue), "state": .string(state), "lag": .integer(count), "end": .integer(requests.end),
      "committed": committed.map(JSONValue.integer) ?? .null, "beyondEnd": .boolean(isBeyondEnd),
    ])
  }
}
