import Configuration
import Dispatch
import KafkaLog
import Scheduling
import Terminal
import Worker

extension Command {
  static let scheduleCalendar = Command(
    "calendar", summary: "show the night's timetable, and where runs would wait for each other",
    discussion: """
      Times are by the clocks of each schedule's zone. A job's usual duration is the median of its last successful runs; \
      with these, and with the jobs that follow under `then`, the queues are played through: a fire that comes while a run \
      of its queue is on is marked. A job with more than six fires has one line.
      """,
    options: [
      SharedOption.queue,
      Option("from", value: "TIME", help: "the fires after this time: 2026-11-24T18:00:00Z", defaultText: "now"),
      Option("hours", value: "N", help: "for how long", defaultValue: "24"), SharedOption.json,
    ],
    examples: [
      Example("baton schedule calendar", "the next 24 hours"),
      Example("baton schedule calendar --queue nightly --hours 168", "a week of one queue"),
    ],
    run: { arguments in
      let hours = try arguments.integer("hours", in: 1...24 * 366) ?? 24
      let from = try arguments.moment("from") ?? .now
      let context = try Context(arguments)
      let queues = try context.queues(arguments.value("queue"))
      let known = await history(context, arguments)
      let timetable = Timetable(
        context.configuration, queues: queues, after: from.seconds, through: from.seconds + Int64(hours) * 3600,
        known?.durations ?? UsualDurations(), known?.control)
      if arguments.flag("json") {
        for facts in timetable.facts(queues) { printJSON(facts, to: arguments.output) }
      } else if timetable.lines.isEmpty {
        arguments.output.line("nothing is due in that time")
      } else {
        timetable.table.write(to: arguments.output)
        for words in timetable.summary(queues) { arguments.output.line(words) }
      }
      return ExitCode.success
    })

  /// What Kafka tells; nil, and a word about it, if it does not answer soon.
  private static func history(
    _ context: Context, _ arguments: ParsedArguments
  ) async -> (control: ControlSnapshot, durations: UsualDurations)? {
    let patience = min(context.settings.operationTimeoutMilliseconds, 5_000)
    let context = Context(context.configuration, timeout: patience)
    do {
      return try await context.withReader { reader in
        (
          try await ControlSnapshot.load(context, reader),
          try await UsualDurations.load(context.configuration.queueOrder, context, reader)
        )
      }
    } catch {
      let reason = (error as? any UserFacingError)?.message ?? "\(error)"
      arguments.errors.line(printable("how long runs take, and what is paused, is not known: \(reason)"))
      return nil
    }
  }
}

extension Timetable {
  private static func words(_ wait: Wait) -> String {
    "waits \(formatDuration(milliseconds: wait.milliseconds)) for \(wait.behind)"
  }

  private static func longest(_ waits: [Wait]) -> Wait? { waits.max { $0.milliseconds < $1.milliseconds } }

  /// Every line's rows, in the order of time; a folded line stands at its first fire.
  fileprivate var table: Table {
    var table = Table([
      .init("TIME", canBeCut: false), .init("JOB", canBeCut: false), .init("QUEUE"), .init("USUALLY", .right),
      .init("NOTE"),
    ])
    var rows: [(time: Int64, cells: [Table.Cell])] = []
    for line in lines {
      let zone = line.definition.schedule?.fireTimes.zone ?? .utc
      let usual = line.usual.map { formatDuration(milliseconds: $0) } ?? "-"
      func add(_ fire: ComingFire, _ when: String, _ notes: [String], _ isWaiting: Bool) {
        let note = notes.joined(separator: "; ")
        rows.append(
          (
            fire.fire,
            [
              Table.Cell(when), Table.Cell(line.definition.job.name), Table.Cell(line.definition.job.queue),
              Table.Cell(usual), isWaiting ? Table.Cell(note, .red) : Table.Cell(note, .yellow),
            ]
          ))
      }
      if line.isFolded, let first = line.entries.first {
        let count = (line.isCut ? "more than " : "") + formatCount(Int64(line.entries.count))
        let timing = line.definition.schedule?.fireTimes.timing.explanation ?? ""
        var notes: [String] = []
        if let longest = Self.longest(line.waits) {
          notes.append(
            "\(formatCount(Int64(line.waits.count))) of them wait, the longest \(Self.words(longest).dropFirst(6))")
        }
        let held = line.entries.count { !$0.notes.isEmpty }
        if held > 0, let note = line.entries.first(where: { !$0.notes.isEmpty })?.notes[0] {
          notes.append("\(formatCount(Int64(held))) of them: \(note)")
        }
        add(first.fire, "\(timing), \(count) times", notes, !line.waits.isEmpty)
      } else {
        for entry in line.entries {
          let notes = entry.notes + (entry.wait.map { [Self.words($0)] } ?? [])
          add(entry.fire, "\(entry.fire.local.replacingT) \(zone.name)", notes, entry.wait != nil)
        }
      }
    }
    for row in rows.sorted(by: { $0.time < $1.time }) { table.add(row.cells) }
    return table
  }

  /// A line for each queue in which something would wait, and what is not known.
  fileprivate func summary(_ queues: [String]) -> [String] {
    var words = queues.compactMap { queue -> String? in
      guard let found = waits[queue], let longest = Self.longest(found) else { return nil }
      let count = found.count == 1 ? "1 run would wait" : "\(formatCount(Int64(found.count))) runs would wait"
      return
        "queue \(queue): \(count), the longest \(formatDuration(milliseconds: longest.milliseconds)) for \(longest.behind)"
    }
    if words.isEmpty { words = ["no run would wait for another"] }
    let unknown = lines.filter { $0.usual == nil }.map(\.definition.job.name)
    if !unknown.isEmpty { words.append("no usual duration yet: " + unknown.joined(separator: ", ")) }
    return words
  }

  fileprivate func facts(_ queues: [String]) -> [JSONValue] {
    var facts: [JSONValue] = []
    for line in lines {
      let base: [String: JSONValue] = [
        "job": .string(line.definition.job.name), "queue": .string(line.definition.job.queue),
        "usualMilliseconds": line.usual.map(JSONValue.integer) ?? .null,
      ]
      if line.isFolded, let first = line.entries.first, let last = line.entries.last {
        let own: [String: JSONValue] = [
          "times": .integer(Int64(line.entries.count)), "first": .string(first.fire.utc),
          "last": .string(last.fire.utc),
          "words": .string(line.definition.schedule?.fireTimes.timing.explanation ?? ""),
          "waiting": .integer(Int64(line.waits.count)),
          "longestWaitMilliseconds": .integer(Self.longest(line.waits)?.milliseconds ?? 0),
        ]
        facts.append(.object(base.merging(own) { $1 }))
      } else {
        for entry in line.entries {
          var own = base
          own["id"] = .string(entry.fire.id.description)
          own["fire"] = .string(entry.fire.utc)
          own["local"] = .string(entry.fire.local)
          own["notes"] = .array(entry.notes.map(JSONValue.string))
          if let wait = entry.wait {
            own["waitMilliseconds"] = .integer(wait.milliseconds)
            own["waitsFor"] = .string(wait.behind)
          }
          facts.append(.object(own))
        }
      }
    }
    return facts
      + queues.map { queue in
        .object([
          "queue": .string(queue), "waiting": .integer(Int64(waits[queue]?.count ?? 0)),
          "longestWaitMilliseconds": .integer(Self.longest(waits[queue] ?? [])?.milliseconds ?? 0),
        ])
      }
  }
}

extension String {
  /// A local time as a person reads it: a blank for the T.
  fileprivate var replacingT: String { String(map { $0 == "T" ? " " : $0 }) }
}
