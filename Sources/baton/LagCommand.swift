import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let lag = Command(
    "lag", summary: "count the requests without an end, as monitoring wants it",
    options: [
      SharedOption.queue,
      Option("warning", short: "w", value: "N", help: "end with 1 when a queue has more than this"),
      Option("critical", value: "N", help: "end with 2 when a queue has more than this"), SharedOption.json,
    ],
    examples: [Example("baton lag --warning 5 --critical 20", "a Nagios check")],
    exitCodes: [
      ExitCode(0, "OK"), ExitCode(1, "WARNING"), ExitCode(2, "CRITICAL, or the command line was not understood"),
      ExitCode(3, "UNKNOWN: Kafka could not be reached"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let warning = try arguments.integer("warning", in: 0...Int.max)
      let critical = try arguments.integer("critical", in: 0...Int.max)
      let queues = try context.queues(arguments.value("queue"))
      var lags: [(queue: String, committed: Int64?, end: Int64, lag: Int64)] = []
      do {
        try await context.withReader { reader in
          let partitions = queues.map {
            TopicPartition(topic: context.configuration.requestsTopic($0), partition: 0)
          }
          let committed = try await context.withAdmin {
            try await $0.groupOffsets(group: context.configuration.kafka.group, partitions: partitions)
          }
          for (queue, partition) in zip(queues, partitions) {
            let bounds = try await reader.bounds(of: partition)
            let offset = committed[partition]?.offset
            lags.append((queue, offset, bounds.end, max(0, bounds.end - max(offset ?? bounds.start, bounds.start))))
          }
        }
      } catch {
        arguments.output.line("UNKNOWN: \((error as? any UserFacingError)?.message ?? "\(error)")")
        return 3
      }
      let worst = lags.map(\.lag).max() ?? 0
      let code: Int32 =
        critical.map { worst > $0 } ?? false ? 2 : warning.map { worst > $0 } ?? false ? 1 : 0
      if arguments.flag("json") {
        for lag in lags {
          printJSON(
            .object([
              "queue": .string(lag.queue), "lag": .integer(lag.lag), "end": .integer(lag.end),
              "committed": lag.committed.map(JSONValue.integer) ?? .null,
            ]), to: arguments.output)
        }
      } else {
        let word = ["OK", "WARNING", "CRITICAL"][Int(code)]
        let words = lags.map { "\($0.queue) \($0.lag)" }.joined(separator: ", ")
        let data = lags.map {
          "'\($0.queue)'=\($0.lag);\(warning.map(String.init) ?? "");\(critical.map(String.init) ?? "");0"
        }.joined(separator: " ")
        arguments.output.line("\(word): requests without an end: \(words) | \(data)")
      }
      return code
    })
}
