import Configuration
import Dispatch
import KafkaLog
import Scheduling
import Terminal
import Worker

extension Command {
  static let skip = Command(
    "skip", summary: "order that one coming fire of a job is not run",
    discussion: """
      The order stands on the log before the request does: whichever server takes the request ends it as cancelled, and \
      jobs that follow on it do not run. TIME is the fire's nominal time, in UTC with a Z or by the clocks of its \
      schedule's zone without one; `baton schedule next JOB` lists them. Until the fire's turn has come, --undo takes the \
      order back; later, `baton enqueue` runs the job all the same.
      """,
    options: [
      Option("undo", help: "take the order back, while the fire's turn has not come"), SharedOption.reason,
      SharedOption.json,
    ],
    arguments: [Argument("JOB@TIME", help: "the job and its fire")],
    examples: [
      Example("baton skip person-search@2026-11-25T01:29:00Z --reason rebuild", "in UTC"),
      Example("baton skip person-search@2026-11-25T01:29", "by the clocks of the job's zone"),
      Example("baton skip person-search@2026-11-25T01:29 --undo", "let it run after all"),
    ],
    exitCodes: [
      ExitCode(
        1, "the job has no such fire, or its run has begun or ended already; with --undo, also: it is not to be skipped"
      )
    ],
    run: { arguments in
      let context = try Context(arguments)
      let coming = try fire(arguments.argument("JOB@TIME"), context.configuration, arguments)
      let id = coming.id.description
      let horizon = context.configuration.scheduler.horizonMilliseconds
      guard coming.due + horizon >= .now else {
        throw CommandError(
          "\(id) is further back than missed fires are looked for (\(formatDuration(milliseconds: horizon)))",
          remedy: "It will not be proposed any more: there is nothing to skip.")
      }
      let snapshot = try await context.withReader { reader in
        try await QueueSnapshot.load(
          coming.queue, since: min(coming.due, .now) + -horizon, runs: [id], context, reader)
      }
      if arguments.flag("undo") {
        return try await uncancel(id, snapshot.ledger.first(run: id), queue: coming.queue, context, arguments)
      }
      if let run = snapshot.ledger.first(run: id) {
        if let end = run.end { throw CommandError("run \(id) has ended already: \(endWords(end.ended))") }
        if !run.attempts.isEmpty {
          throw CommandError(
            "run \(id) is \(run.status.rawValue) already", remedy: "Stop it with `baton cancel \(id)`.")
        }
      }
      if try await stands(cancel: id, queue: coming.queue, context, arguments) { return ExitCode.success }
      let order = StandingOrder(action: .cancel(run: id), by: Context.user, reason: arguments.value("reason"))
      let delivery = try await publish(order, queue: coming.queue, context)
      if arguments.flag("json") {
        printJSON(
          .object([
            "run": .string(id), "queue": .string(coming.queue), "fire": .string(coming.utc),
            "local": .string(coming.local), "by": .string(order.by), "offset": .integer(delivery.offset),
          ]), to: arguments.output)
      } else {
        arguments.output.line("\(id) will be skipped (\(coming.local) \(coming.schedule.fireTimes.zone.name))")
      }
      return ExitCode.success
    })

  /// The fire that was meant.
  private static func fire(
    _ text: String, _ configuration: Configuration, _ arguments: ParsedArguments
  ) throws -> ComingFire {
    guard let at = text.lastIndex(of: "@"), at > text.startIndex else {
      throw arguments.usageError("'\(text)' is no JOB@TIME", remedy: "give it as in person-search@2026-11-25T01:29:00Z")
    }
    let definition = try configuration.job(String(text[..<at]))
    let schedule = try definition.requiredSchedule(configuration)
    let time = String(text[text.index(after: at)...])
    guard let meant = moments(time, schedule.fireTimes.zone) else {
      throw arguments.usageError(
        "'\(time)' is no time", remedy: "give it as in 2026-11-25T01:29:00Z, or without the Z by the schedule's clocks")
    }
    if schedule.isDisabled { throw CommandError("the schedule of job '\(schedule.job)' is disabled: it has no fires") }
    let fires = schedule.fireTimes
    guard let fire = meant.moments.first(where: { fires.next(after: $0 - 1) == $0 }) else {
      let near = meant.moments.first ?? meant.about
      let nearest = [fires.previous(before: near + 1), fires.next(after: near)].compactMap { $0 }.map { moment in
        "\(FireIdentifier(job: schedule.job, fire: moment)) (\(fires.zone.text(of: moment)))"
      }
      let reason =
        meant.moments.isEmpty
        ? "the clocks of \(fires.zone.name) skip that time" : "job '\(schedule.job)' has no fire then"
      throw CommandError("\(text): \(reason)", remedy: "The nearest: " + nearest.joined(separator: " and "))
    }
    return ComingFire(schedule: schedule, queue: definition.job.queue, fire: fire)
  }

  /// The moments that a text may mean, in seconds since 1970, and one near them where the clocks skip it; nil for no time.
  private static func moments(_ text: String, _ zone: TimeZoneRules) -> (moments: [Int64], about: Int64)? {
    // Seconds may be left out.
    let isShort = text.utf8.count { $0 == UInt8(ascii: ":") } == 1
    let whole = isShort ? (text.hasSuffix("Z") ? text.dropLast() + ":00Z" : text + ":00") : text
    if let moment = Timestamp(rfc3339: String(whole)) {
      return moment.milliseconds % 1000 == 0 ? ([moment.seconds], moment.seconds) : nil
    }
    guard let civil = CivilTime(String(whole)) else { return nil }
    return (zone.moments(showing: civil), civil.seconds - zone.offset(at: civil.seconds))
  }
}
