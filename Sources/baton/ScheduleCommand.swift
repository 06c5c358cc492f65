import Configuration
import Dispatch
import Glibc
import KafkaLog
import Scheduling
import Terminal
import Worker

extension Command {
  static let schedule = Command(
    "schedule", summary: "tell when jobs are due",
    subcommands: [scheduleNext, scheduleExplain, scheduleCalendar])

  static let scheduleNext = Command(
    "next", summary: "list the coming fires of a job, or of all jobs",
    discussion: """
      Each fire has its nominal time in UTC, of which its request's id is made, and by the clocks of its schedule's zone; \
      when its request is proposed, which a `spread` makes later; and the time from which on its run must not start \
      (`not-after`). Pauses and skipped fires are read from Kafka; if that cannot be reached, the times are told all the \
      same.
      """,
    options: [
      Option("count", short: "n", value: "N", help: "how many", defaultValue: "10"),
      Option("from", value: "TIME", help: "the fires after this time: 2026-11-24T00:00:00Z", defaultText: "now"),
      SharedOption.json,
    ],
    arguments: [Argument("JOB", help: "only this job", isOptional: true, completion: .command("names jobs"))],
    examples: [
      Example("baton schedule next", "what is due next"),
      Example("baton schedule next person-search --count 3", "the next three fires of one job"),
      Example("baton schedule next person-search --from 2027-03-28T00:00:00Z", "around the next change of the clocks"),
    ],
    run: { arguments in
      let count = try arguments.integer("count", in: 1...100_000) ?? 10
      let from = try arguments.moment("from") ?? .now
      let context = try Context(arguments)
      let configuration = context.configuration
      let definitions = try scheduled(arguments.optionalArgument("JOB"), configuration, arguments)
      let fires = ComingFire.merged(definitions, after: from.seconds, limit: count)
      let orders = await standingOrders(context, arguments)
      if arguments.flag("json") {
        for fire in fires { printJSON(facts(fire, orders), to: arguments.output) }
      } else {
        table(fires, orders).write(to: arguments.output)
      }
      return ExitCode.success
    })

  /// The job that was asked for, or all that have a schedule. What has none, or is disabled, is told.
  private static func scheduled(
    _ name: String?, _ configuration: Configuration, _ arguments: ParsedArguments
  ) throws -> [JobDefinition] {
    if let name {
      let definition = try configuration.job(name)
      if try definition.requiredSchedule(configuration).isDisabled {
        throw CommandError(
          "the schedule of job '\(name)' is disabled", remedy: "Take 'disabled' out of it in \(configuration.file).")
      }
      return [definition]
    }
    let all = configuration.jobOrder.compactMap { configuration.jobs[$0] }.filter { $0.schedule != nil }
    if all.isEmpty { arguments.errors.line("no job in \(configuration.file) has a schedule") }
    return all
  }

  /// The orders in force; nil, and a word about it, if Kafka does not answer soon.
  static func standingOrders(_ context: Context, _ arguments: ParsedArguments) async -> ControlSnapshot? {
    let patience = min(context.settings.operationTimeoutMilliseconds, 5_000)
    let context = Context(context.configuration, timeout: patience)
    do {
      return try await context.withReader { try await ControlSnapshot.load(context, $0) }
    } catch {
      let reason = (error as? any UserFacingError)?.message ?? "\(error)"
      arguments.errors.line(printable("whether anything is paused or skipped is not known: \(reason)"))
      return nil
    }
  }

  private static func table(_ fires: [ComingFire], _ orders: ControlSnapshot?) -> Table {
    var table = Table([
      .init("UTC", canBeCut: false), .init("JOB"), .init("BY ITS CLOCKS", canBeCut: false), .init("ZONE"),
      .init("PROPOSED"), .init("NOT AFTER"), .init("NOTE"),
    ])
    for fire in fires {
      let offset = fire.schedule.offsetMilliseconds
      let notes = fire.notes(orders)
      table.add([
        Table.Cell(fire.utc), Table.Cell(fire.schedule.job), Table.Cell(fire.local),
        Table.Cell(fire.schedule.fireTimes.zone.name),
        Table.Cell(offset == 0 ? "at once" : "\(formatDuration(milliseconds: offset)) later"),
        Table.Cell(fire.expiry.map { fire.schedule.fireTimes.zone.text(of: $0.seconds) } ?? "-"),
        Table.Cell(notes.joined(separator: "; "), .yellow),
      ])
    }
    return table
  }

  private static func facts(_ fire: ComingFire, _ orders: ControlSnapshot?) -> JSONValue {
    var facts: [String: JSONValue] = [
      "id": .string(fire.id.description), "job": .string(fire.schedule.job), "queue": .string(fire.queue),
      "fire": .string(fire.utc), "local": .string(fire.local), "zone": .string(fire.schedule.fireTimes.zone.name),
      "proposed": .string(fire.due.description), "pausesKnown": .boolean(orders != nil),
    ]
    if let expiry = fire.expiry { facts["notAfter"] = .string(expiry.description) }
    if let paused = orders?.facts(.job(fire.schedule.job), now: fire.due) { facts["paused"] = paused }
    if let paused = orders?.facts(.queue(fire.queue), now: fire.due) { facts["queuePaused"] = paused }
    if let skip = orders?.cancel(run: fire.id.description, queue: fire.queue) {
      facts["skipped"] = .object(skip.facts)
    }
    return .object(facts)
  }
}

extension ComingFire {
  /// What keeps it from running at its time.
  func notes(_ orders: ControlSnapshot?) -> [String] {
    guard let orders else { return [] }
    var notes: [String] = []
    if let skip = orders.cancel(run: id.description, queue: queue) {
      notes.append("skipped \(skip.words)")
    }
    let targets = [ControlSnapshot.Target.job(schedule.job), .queue(queue)]
    return notes
      + targets.compactMap { target in
        orders.order(target, now: due).map { given, until in
          let subject = target == .queue(queue) ? "queue \(queue) is paused" : "paused"
          return "\(subject) \(given.words)" + (until.map { " until \($0)" } ?? "")
        }
      }
  }
}

extension Timestamp {
  /// Whole seconds since 1970, rounded down.
  var seconds: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }
}

extension ParsedArguments {
  /// An option's value as a moment, in RFC 3339.
  func moment(_ option: String) throws -> Timestamp? {
    guard let text = value(option) else { return nil }
    guard let moment = Timestamp(rfc3339: text) else {
      throw usageError("--\(option): '\(text)' is no time", remedy: "give it as in 2026-11-24T06:00:00Z")
    }
    return moment
  }
}
