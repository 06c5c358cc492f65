import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let status = Command(
    "status", summary: "show each queue: what runs, what waits, who has it",
    options: [SharedOption.queue, SharedOption.json],
    examples: [Example("baton status", "the first thing to look at")],
    run: { arguments in
      let context = try Context(arguments)
      let queues = try context.queues(arguments.value("queue"))
      var snapshots: [QueueSnapshot] = []
      var pauses = ControlSnapshot()
      try await context.withReader { reader in
        pauses = try await ControlSnapshot.load(context, reader)
        for queue in queues {
          snapshots.append(try await QueueSnapshot.load(queue, since: Timestamp.now + -86_400_000, context, reader))
        }
      }
      if arguments.flag("json") {
        for snapshot in snapshots {
          printJSON(snapshot.facts(paused: pauses.facts(.queue(snapshot.queue), now: .now)), to: arguments.output)
        }
        return ExitCode.success
      }
      var table = Table([
        .init("QUEUE", canBeCut: false), .init("WAITING", .right), .init("RUNNING"), .init("WORKER"),
        .init("ROWS", .right), .init("LAST END"), .init("24 H: OK", .right), .init("FAILED", .right),
      ])
      let now = Timestamp.now
      for snapshot in snapshots {
        let runs = snapshot.ledger.ordered
        let current = snapshot.current
        let last = runs.compactMap(\.end).max { $0.time < $1.time }
        table.add([
          Table.Cell(snapshot.queue),
          Table.Cell(formatCount(max(0, snapshot.lag - (current == nil ? 0 : 1)))),
          Table.Cell(
            current.map { "\($0.run) (\($0.status.rawValue))" }
              ?? (pauses.order(.queue(snapshot.queue), now: now) == nil ? "-" : "(paused)")),
          Table.Cell(current?.attempts.last?.worker ?? "-"),
          Table.Cell(current.map { formatCount(max($0.rows, snapshot.metadata?.checkpoint?.rows ?? 0)) } ?? ""),
          Table.Cell(
            last.map {
              "\($0.ended.end.kind) \(formatRelative(milliseconds: $0.time.milliseconds, now: now.milliseconds))"
            } ?? "-"),
          Table.Cell(String(runs.count { $0.status == .succeeded })),
          Table.Cell(String(runs.count { $0.status == .failed }), runs.contains { $0.status == .failed } ? .red : .dim),
        ])
      }
      table.write(to: arguments.output)
      for queue in queues {
        if let words = pauses.words(.queue(queue), now: now) {
          arguments.output.line(arguments.output.styled(words, .yellow))
        }
      }
      return ExitCode.success
    })

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

extension QueueSnapshot {
  /// The run that has begun and has no end.
  var current: RunRecord? {
    ledger.ordered.first { run in
      run.end == nil && !run.attempts.isEmpty && run.request >= (committed?.offset ?? 0)
    }
  }

  func facts(paused: JSONValue?) -> JSONValue {
    var facts: [String: JSONValue] = [
      "queue": .string(queue), "lag": .integer(lag), "end": .integer(requests.end),
      "committed": committed.map { .integer($0.offset) } ?? .null,
    ]
    if let paused { facts["paused"] = paused }
    if let current { facts["running"] = runFacts(current, queue: queue) }
    if let checkpoint = metadata?.checkpoint {
      facts["checkpoint"] = .object([
        "run": .string(checkpoint.run), "attempt": .integer(Int64(checkpoint.attempt)),
        "token": .integer(checkpoint.token), "rows": .integer(checkpoint.rows),
        "chunks": .integer(Int64(checkpoint.chunks)),
      ])
    }
    return .object(facts)
  }
}
