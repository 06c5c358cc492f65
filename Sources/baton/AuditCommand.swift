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
      no nominal fire of a schedule gave two runs.

      The log does not say when schedulers were there. That a fire without a request was forgotten is proved for jobs with \
      `catch-up: all`, by a request for a later fire that came when the first was still to be asked for. It is not for what \
      the policy leaves out (not-after, horizon, more than 1,000), and with `latest` and `none` doubling alone is proved. \
      Fires are judged by the configuration as it is now.
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
      return report.findings.isEmpty && fires.isKept ? ExitCode.success : ExitCode.failure
    })

  /// What the log tells of the fires of a queue's schedules.
  private struct Fires {
    var audits: [FireAudit] = []
    /// Jobs whose fires cannot be judged, and why.
    var unjudged: [(job: String, why: String)] = []

    var isKept: Bool { audits.allSatisfy(\.isKept) }
  }

  /// Looks at the fires of the queue's schedules, since each is known or the log begins.
  private static func auditFires(
    _ snapshot: QueueSnapshot, _ context: Context, _ reader: LogReader
  ) async throws -> Fires {
    let definitions = context.jobs(of: snapshot.queue).compactMap { context.configuration.jobs[$0] }
      .filter { $0.schedule.map { !$0.isDisabled } ?? false }
    var fires = Fires()
    guard !definitions.isEmpty else { return fires }
    let stored = try await ControlSnapshot.load(context, reader).schedules
    let runs = snapshot.ledger.ordered
    let settings = context.configuration.scheduler.settings
    // Where retention has taken requests, fires before the first that is left cannot be judged: that one may have come early.
    let logStart = runs.lazy.compactMap { $0.queued?.appended.milliseconds }.first.map {
      ($0 + settings.soundClocksApartMilliseconds) / 1000
    }
    for definition in definitions {
      guard let schedule = definition.schedule else { continue }
      guard let known = stored[schedule.job] else {
        fires.unjudged.append((schedule.job, "no scheduler has stored its schedule yet"))
        continue
      }
      guard known.signature == SchedulerMachine.Entry(schedule, queue: snapshot.queue).signature else {
        fires.unjudged.append((schedule.job, "its schedule is another now, and no scheduler has stored that yet"))
        continue
      }
      let since = known.since.milliseconds / 1000
      let from = snapshot.requests.start > 0 ? max(since, logStart ?? .max / 2) : since
      let scope = FireAudit.Scope(from: from, now: Timestamp.now.milliseconds, settings: settings)
      fires.audits.append(FireAudit(schedule, scope, runs: runs))
    }
    return fires
  }

  private static func facts(_ report: Audit.Report, _ fires: Fires, _ queue: String) -> JSONValue {
    .object([
      "queue": .string(queue), "requests": .integer(Int64(report.requests)),
      "ends": .object(
        Dictionary(uniqueKeysWithValues: report.ends.map { ($0.key.rawValue, JSONValue.integer(Int64($0.value))) })),
      "attempts": .integer(Int64(report.attempts)), "crashes": .integer(Int64(report.crashes)),
      "handovers": .integer(Int64(report.handovers)), "lateEnds": .integer(Int64(report.lateEnds)),
      "lost": .integer(Int64(report.lost)),
      "fires": .array(
        fires.audits.map { fires in
          .object([
            "job": .string(fires.job), "due": .integer(Int64(fires.due)), "once": .integer(Int64(fires.once)),
            "duplicates": .integer(Int64(fires.duplicates)), "waiting": .integer(Int64(fires.waiting)),
            "missing": .integer(Int64(fires.missing.count)), "leftOut": .integer(Int64(fires.leftOut.count)),
            "open": .integer(Int64(fires.open.count)), "doubled": .integer(Int64(fires.doubled.count)),
            "kept": .boolean(fires.isKept),
          ])
        }),
      "notJudged": .array(
        fires.unjudged.map { .object(["job": .string($0.job), "reason": .string($0.why)]) }),
      "findings": .array(
        report.findings.map { finding in
          .object([
            "invariant": .integer(Int64(finding.invariant)), "request": .integer(finding.request),
            "message": .string(finding.message),
          ])
        }),
    ])
  }

  private static func show(_ report: Audit.Report, _ fires: Fires, _ queue: String, _ output: TerminalOutput) {
    let ends = RunRecord.Status.allCases.compactMap { status in
      report.ends[status].map { "\(formatCount(Int64($0))) \(status.rawValue)" }
    }
    output.line("\(queue): \(formatCount(Int64(report.requests))) requests: " + ends.joined(separator: ", "))
    output.line(
      "attempts \(report.attempts), after crashes \(report.crashes), handed over \(report.handovers), late ends that do "
        + "not count \(report.lateEnds), given up as lost \(report.lost)")
    for audit in fires.audits { show(audit, output) }
    for (job, why) in fires.unjudged { output.line("fires of \(job): not judged: \(why)") }
    for finding in report.findings {
      output.line(output.styled("invariant \(finding.invariant) is broken: \(finding.message)", .red))
    }
    if report.findings.isEmpty, fires.isKept {
      output.line(output.styled("no overlap, no loss, no double end: all that can be read from the log holds", .green))
    }
  }

  private static func show(_ fires: FireAudit, _ output: TerminalOutput) {
    func count(_ number: Int) -> String { formatCount(Int64(number)) }
    var parts = ["\(count(fires.due)) due", "\(count(fires.once)) with one run each"]
    let without = fires.missing.count + fires.leftOut.count + fires.open.count
    if without == 0 {
      parts.append("none without a request")
    } else {
      var kinds: [String] = []
      if !fires.missing.isEmpty { kinds.append("\(count(fires.missing.count)) forgotten") }
      if !fires.leftOut.isEmpty {
        let policy =
          fires.catchUp == .all ? "" : " (catch-up: \(fires.catchUp.rawValue): only doubling is proved of these)"
        kinds.append("\(count(fires.leftOut.count)) left out by the policy" + policy)
      }
      if !fires.open.isEmpty { kinds.append("\(count(fires.open.count)) that may still be asked for") }
      parts.append("\(count(without)) without a request: " + kinds.joined(separator: ", "))
    }
    parts.append("\(count(fires.duplicates)) proposals dropped as duplicates")
    if fires.waiting > 0 { parts.append("\(count(fires.waiting)) still to be dropped") }
    output.line("fires of \(fires.job): " + parts.joined(separator: ", "))
    for (fire, offsets) in fires.doubled.sorted(by: { $0.key < $1.key }).prefix(20) {
      let id = FireIdentifier(job: fires.job, fire: fire)
      output.line(output.styled("invariant 7 is broken: \(id) has the requests \(offsets)", .red))
    }
    if let first = fires.missing.first {
      let id = FireIdentifier(job: fires.job, fire: first)
      output.line(
        output.styled("invariant 7 is broken: \(fires.missing.count) fires have no request, the first is \(id)", .red))
    }
  }
}
