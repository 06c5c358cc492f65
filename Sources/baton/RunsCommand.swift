import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let runs = Command(
    "runs", summary: "list runs, the latest request first",
    options: [
      SharedOption.queue, SharedOption.since,
      Option("job", value: "JOB", help: "only this job", completion: .command("names jobs")),
      Option(
        "status", value: "STATUS", help: "only runs that stand so",
        completion: .values(RunRecord.Status.allCases.map(\.rawValue))),
      Option("limit", value: "COUNT", help: "at most this many a queue", defaultValue: "50"), SharedOption.json,
    ],
    examples: [
      Example("baton runs --since 12h", "what happened last night"),
      Example("baton runs --status failed --json", "what is in the dead letters, for a program"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let since = try arguments.since()
      let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 50
      let queues = try context.queues(arguments.value("queue"))
      var rows: [(queue: String, run: RunRecord)] = []
      var control = ControlSnapshot()
      var missing: [MissingTopic] = []
      try await context.withReader { reader in
        control = try await ControlSnapshot.load(context, reader)
        for queue in queues {
          let snapshot: QueueSnapshot
          switch try await context.reading(
            queue,
            {
              try await QueueSnapshot.load(queue, since: since, context, reader)
            })
          {
          case .success(let loaded): snapshot = loaded
          case .failure(let topic):
            missing.append(topic)
            continue
          }
          let chosen = snapshot.ledger.ordered.reversed().filter { run in
            (arguments.value("job").map { run.job == $0 } ?? true)
              && (arguments.value("status").map { run.status.rawValue == $0 } ?? true)
          }
          rows += chosen.prefix(limit).map { (queue, $0) }
        }
      }
      // A job that the configuration no longer has may have runs; one that has none is a slip.
      if rows.isEmpty, let job = arguments.value("job") { _ = try context.job(job) }
      // By when they were asked for; what is left of a request that is gone tells when it began.
      rows.sort { ($0.run.asked, $0.run.request) > ($1.run.asked, $1.run.request) }
      if arguments.flag("json") {
        for row in rows {
          printJSON(runFacts(row.run, queue: row.queue, more: row.run.orders(control, row.queue)), to: arguments.output)
        }
      } else {
        table(rows, control).write(to: arguments.output)
      }
      arguments.output.flush()
      for topic in missing { arguments.errors.line(arguments.errors.styled(topic.message, .red)) }
      return missing.first?.exitCode ?? ExitCode.success
    })

  private static func table(_ rows: [(queue: String, run: RunRecord)], _ control: ControlSnapshot) -> Table {
    var table = Table([
      .init("RUN", canBeCut: false), .init("JOB"), .init("QUEUE"), .init("STATUS"), .init("REQUESTED"),
      .init("TOOK", .right), .init("ROWS", .right), .init("TRIES", .right),
    ])
    let now = Timestamp.now
    for (queue, run) in rows {
      table.add([
        Table.Cell(run.run), Table.Cell(run.job ?? "?"), Table.Cell(queue),
        run.cancel(control, queue) == nil
          ? run.status.cell : Table.Cell("\(run.status.rawValue), cancel ordered", .yellow),
        Table.Cell(
          run.queued.map { formatRelative(milliseconds: $0.appended.milliseconds, now: now.milliseconds) } ?? ""),
        Table.Cell(run.took(now: now).map { formatDuration(milliseconds: $0) } ?? ""),
        Table.Cell(formatCount(run.rows)), Table.Cell(String(run.attempts.count)),
      ])
    }
    return table
  }
}

extension RunRecord.Status {
  var cell: Table.Cell {
    switch self {
    case .succeeded: Table.Cell(rawValue, .green)
    case .failed: Table.Cell(rawValue, .red)
    case .retrying, .handedOver: Table.Cell(rawValue, .yellow)
    case .running: Table.Cell(rawValue, .bold)
    case .waiting, .skipped, .cancelled: Table.Cell(rawValue, .dim)
    }
  }
}

extension RunRecord {
  /// When it was asked for or, where the request is gone from the log, the first that is known of it.
  var asked: Timestamp {
    queued?.appended ?? attempts.first?.started ?? ends.first?.time ?? Timestamp(milliseconds: 0)
  }

  /// The order to cancel it, which is not yet carried out.
  func cancel(_ control: ControlSnapshot, _ queue: String) -> ControlSnapshot.Given? {
    end == nil ? control.cancel(run: run, queue: queue) : nil
  }

  /// What is ordered for it, as JSON.
  func orders(_ control: ControlSnapshot, _ queue: String) -> [String: JSONValue] {
    cancel(control, queue).map { ["cancelOrdered": .object($0.facts)] } ?? [:]
  }

  /// From the first attempt's start to the end, or until now.
  func took(now: Timestamp) -> Int64? {
    guard let began = attempts.first?.started else { return nil }
    return (end?.time ?? now) - began
  }
}

/// A run as JSON.
func runFacts(_ run: RunRecord, queue: String, more: [String: JSONValue] = [:]) -> JSONValue {
  var facts: [String: JSONValue] = [
    "run": .string(run.run), "queue": .string(queue), "offset": .integer(run.request),
    "status": .string(run.status.rawValue), "rows": .integer(run.rows), "chunks": .integer(Int64(run.chunks)),
  ]
  if let job = run.job { facts["job"] = .string(job) }
  if let queued = run.queued {
    facts["requested"] = .string(queued.appended.description)
    if let request = queued.request {
      facts["origin"] = .string(request.origin.rawValue)
      facts["params"] = .object(request.params)
      if let by = request.requestedBy { facts["requestedBy"] = .string(by) }
    }
  }
  facts["attempts"] = .array(
    run.attempts.map { attempt in
      .object([
        "attempt": .integer(Int64(attempt.number)), "token": .integer(attempt.token),
        "worker": .string(attempt.worker), "cause": .string(attempt.cause.rawValue),
        "started": .string(attempt.started.description),
      ])
    })
  if let end = run.end {
    facts["end"] = endFacts(end.ended)
    facts["ended"] = .string(end.time.description)
  }
  return .object(facts.merging(more) { $1 })
}
