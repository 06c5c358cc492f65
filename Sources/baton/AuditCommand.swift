import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let audit = Command(
    "audit", summary: "prove from the log that the promise was kept, or name the record that breaks it",
    discussion: """
      Replays the queue's requests and events: each request has exactly one end, runs began in log order and never \
      overlapped, the committed offset has passed no request without an end, what was skipped was rightly skipped.
      """,
    options: [SharedOption.json],
    arguments: [Argument("QUEUE", help: "the queue", completion: .command("names queues"))],
    examples: [Example("baton audit nightly", "the morning after")],
    exitCodes: [ExitCode(1, "an invariant was broken")],
    run: { arguments in
      let context = try Context(arguments)
      let queue = try context.queues(arguments.argument("QUEUE"))[0]
      let snapshot = try await context.withReader {
        try await QueueSnapshot.load(queue, since: nil, context, $0)
      }
      let report = Audit.run(
        snapshot.ledger, requestsStart: snapshot.requests.start, committed: snapshot.committed?.offset)
      if arguments.flag("json") {
        printJSON(facts(report, queue), to: arguments.output)
      } else {
        show(report, queue, arguments.output)
      }
      return report.findings.isEmpty ? ExitCode.success : ExitCode.failure
    })

  private static func facts(_ report: Audit.Report, _ queue: String) -> JSONValue {
    .object([
      "queue": .string(queue), "requests": .integer(Int64(report.requests)),
      "ends": .object(
        Dictionary(uniqueKeysWithValues: report.ends.map { ($0.key.rawValue, JSONValue.integer(Int64($0.value))) })),
      "attempts": .integer(Int64(report.attempts)), "crashes": .integer(Int64(report.crashes)),
      "handovers": .integer(Int64(report.handovers)), "lateEnds": .integer(Int64(report.lateEnds)),
      "lost": .integer(Int64(report.lost)),
      "findings": .array(
        report.findings.map { finding in
          .object([
            "invariant": .integer(Int64(finding.invariant)), "request": .integer(finding.request),
            "message": .string(finding.message),
          ])
        }),
    ])
  }

  private static func show(_ report: Audit.Report, _ queue: String, _ output: TerminalOutput) {
    let ends = RunRecord.Status.allCases.compactMap { status in
      report.ends[status].map { "\(formatCount(Int64($0))) \(status.rawValue)" }
    }
    output.line("\(queue): \(formatCount(Int64(report.requests))) requests: " + ends.joined(separator: ", "))
    output.line(
      "attempts \(report.attempts), after crashes \(report.crashes), handed over \(report.handovers), late ends that do "
        + "not count \(report.lateEnds), given up as lost \(report.lost)")
    for finding in report.findings {
      output.line(output.styled("invariant \(finding.invariant) is broken: \(finding.message)", .red))
    }
    if report.findings.isEmpty {
      output.line(output.styled("no overlap, no loss, no double end: all that can be read from the log holds", .green))
    }
  }
}
