import Dispatch
import KafkaLog
import Scheduler
import Scheduling
import Terminal
import Worker

extension Command {
  static let audit = Command(
    "audit", summary: "prove from the log that the promise was kept, or name the record that breaks it",
    discussion: """
      Replays the queue's requests and events: each request has exactly one end, runs began in log order and never \
      overlapped, the committed offset has passed no request without an end, what was skipped was rightly skipped, and \
      each nominal fire of a schedule gave one run.
      """,
    options: [SharedOption.json],
    arguments: [Argument("QUEUE", help: "the queue", completion: .command("names queues"))],
    examples: [Example("baton audit nightly", "the morning after")],
    exitCodes: [ExitCode(1, "an invariant was broken")],
    run: { arguments in
      let context = try Context(arguments)
      let queue = try context.queues(arguments.argument("QUEUE"))[0]
      let (snapshot, fires) = try await context.withReader { reader in
        let snapshot = try await QueueSnapshot.load(queue, since: nil, context, reader)
        return (snapshot, try await auditFires(snapshot, context, reader))
      }
      let report = Audit.run(
        snapshot.ledger, requestsStart: snapshot.requests.start, committed: snapshot.committed?.offset)
      if arguments.flag("json") {
        printJSON(facts(report, fires, queue), to: arguments.output)
      } else {
        show(report, fires, queue, arguments.output)
      }
      return report.findings.isEmpty && fires.allSatisfy(\.isKept) ? ExitCode.success : ExitCode.failure
    })

  /// What is due in this last while may still be proposed.
  private static let graceMilliseconds: Int64 = 10_000

  /// Looks at the fires of the queue's schedules, since each is known or the log begins.
  private static func auditFires(
    _ snapshot: QueueSnapshot, _ context: Context, _ reader: LogReader
  ) async throws -> [FireAudit] {
    let schedules = context.jobs(of: snapshot.queue).compactMap { context.configuration.jobs[$0] }
      .filter { $0.schedule != nil }
    guard !schedules.isEmpty else { return [] }
    let since = try await ControlSnapshot.load(context, reader).schedules
    let runs = snapshot.ledger.ordered
    let logStart = (runs.lazy.compactMap { $0.queued?.appended.milliseconds }.first ?? .max / 2) / 1000
    return schedules.compactMap { definition in
      // One that no scheduler knows yet has no fires to answer for.
      guard let schedule = definition.schedule, let known = since[schedule.job]?.seconds else { return nil }
      // Where retention has taken requests, fires before the first that is left cannot be judged.
      let from = snapshot.requests.start > 0 ? max(known, logStart) : known
      return FireAudit(
        schedule, from: from, through: Timestamp.now.milliseconds - graceMilliseconds, runs: runs)
    }
  }

  private static func facts(_ report: Audit.Report, _ fires: [FireAudit], _ queue: String) -> JSONValue {
    .object([
      "queue": .string(queue), "requests": .integer(Int64(report.requests)),
      "ends": .object(
        Dictionary(uniqueKeysWithValues: report.ends.map { ($0.key.rawValue, JSONValue.integer(Int64($0.value))) })),
      "attempts": .integer(Int64(report.attempts)), "crashes": .integer(Int64(report.crashes)),
      "handovers": .integer(Int64(report.handovers)), "lateEnds": .integer(Int64(report.lateEnds)),
      "lost": .integer(Int64(report.lost)),
      "fires": .array(
        fires.map { fires in
          .object([
            "job": .string(fires.job), "due": .integer(Int64(fires.due)), "once": .integer(Int64(fires.once)),
            "duplicates": .integer(Int64(fires.duplicates)), "missing": .integer(Int64(fires.missing.count)),
            "doubled": .integer(Int64(fires.doubled.count)), "kept": .boolean(fires.isKept),
          ])
        }),
      "findings": .array(
        report.findings.map { finding in
          .object([
            "invariant": .integer(Int64(finding.invariant)), "request": .integer(finding.request),
            "message": .string(finding.message),
          ])
        }),
    ])
  }

  private static func show(_ report: Audit.Report, _ fires: [FireAudit], _ queue: String, _ output: TerminalOutput) {
    let ends = RunRecord.Status.allCases.compactMap { status in
      report.ends[status].map { "\(formatCount(Int64($0))) \(status.rawValue)" }
    }
    output.line("\(queue): \(formatCount(Int64(report.requests))) requests: " + ends.joined(separator: ", "))
    output.line(
      "attempts \(report.attempts), after crashes \(report.crashes), handed over \(report.handovers), late ends that do "
        + "not count \(report.lateEnds), given up as lost \(report.lost)")
    for fires in fires {
      output.line(
        "fires of \(fires.job): \(fires.due) due, \(fires.once) with one run each, \(fires.missing.count) without a request, "
          + "\(fires.duplicates) proposals dropped as duplicates")
      for (fire, offsets) in fires.doubled.sorted(by: { $0.key < $1.key }).prefix(20) {
        let id = FireIdentifier(job: fires.job, fire: fire)
        output.line(output.styled("invariant 7 is broken: \(id) has the requests \(offsets)", .red))
      }
      if let first = fires.missing.first, fires.mustHaveAll {
        let id = FireIdentifier(job: fires.job, fire: first)
        output.line(
          output.styled("invariant 7 is broken: \(fires.missing.count) fires have no request, the first is \(id)", .red)
        )
      }
    }
    for finding in report.findings {
      output.line(output.styled("invariant \(finding.invariant) is broken: \(finding.message)", .red))
    }
    if report.findings.isEmpty, fires.allSatisfy(\.isKept) {
      output.line(output.styled("no overlap, no loss, no double end: all that can be read from the log holds", .green))
    }
  }
}
