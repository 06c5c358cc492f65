import Dispatch
import KafkaLog
import Terminal
import Worker

extension Command {
  static let status = Command(
    "status", summary: "show each queue: what runs, what waits, who has it, and what keeps it from going on",
    discussion: """
      Below the queues stand the workers that are in the group with what they have, the schedulers with when they were \
      last seen (each says so every five minutes), paused queues and jobs, and why a queue stands still. With --json \
      there is a line for each queue, and a last one with `workers` and `schedulers`.
      """,
    options: [SharedOption.queue, SharedOption.json],
    examples: [Example("baton status", "the first thing to look at")],
    run: { arguments in
      let context = try Context(arguments)
      let queues = try context.queues(arguments.value("queue"))
      var snapshots: [QueueSnapshot] = []
      var control = ControlSnapshot()
      try await context.withReader { reader in
        control = try await ControlSnapshot.load(context, reader)
        for queue in queues {
          snapshots.append(try await QueueSnapshot.load(queue, since: Timestamp.now + -86_400_000, context, reader))
        }
      }
      let members = await GroupMembers.load(context)
      if arguments.flag("json") {
        for snapshot in snapshots {
          printJSON(snapshot.facts(control, members, context), to: arguments.output)
        }
        printJSON(.object(members.facts.merging(control.schedulerFacts) { $1 }), to: arguments.output)
        return ExitCode.success
      }
      let now = Timestamp.now
      table(snapshots, control, members, now: now).write(to: arguments.output)
      members.write(to: arguments.output)
      if context.configuration.hasSchedules || !control.schedulers.isEmpty {
        control.writeSchedulers(to: arguments.output, now: now)
      }
      for queue in queues { writeTroubles(of: queue, control, context, arguments.output, now: now) }
      return ExitCode.success
    })

  private static func table(
    _ snapshots: [QueueSnapshot], _ control: ControlSnapshot, _ members: GroupMembers, now: Timestamp
  ) -> Table {
    var table = Table([
      .init("QUEUE", canBeCut: false), .init("WAITING", .right), .init("RUNNING"), .init("WORKER"),
      .init("ROWS", .right), .init("LAST END"), .init("24 H: OK", .right), .init("FAILED", .right),
    ])
    for snapshot in snapshots {
      let runs = snapshot.ledger.ordered
      let current = snapshot.current
      let last = runs.compactMap(\.end).max { $0.time < $1.time }
      let rest =
        control.problems[snapshot.queue] != nil
        ? "(stands still)" : control.order(.queue(snapshot.queue), now: now) != nil ? "(paused)" : "-"
      table.add([
        Table.Cell(snapshot.queue),
        Table.Cell(formatCount(max(0, snapshot.lag - (current == nil ? 0 : 1)))),
        Table.Cell(current.map { "\($0.run) (\($0.status.rawValue))" } ?? rest),
        Table.Cell(members.owner(of: snapshot.queue) ?? current?.attempts.last?.worker ?? "-"),
        Table.Cell(current.map { formatCount(max($0.rows, snapshot.metadata?.checkpoint?.rows ?? 0)) } ?? ""),
        Table.Cell(
          last.map {
            "\($0.ended.end.kind) \(formatRelative(milliseconds: $0.time.milliseconds, now: now.milliseconds))"
          } ?? "-"),
        Table.Cell(String(runs.count { $0.status == .succeeded })),
        Table.Cell(String(runs.count { $0.status == .failed }), runs.contains { $0.status == .failed } ? .red : .dim),
      ])
    }
    return table
  }

  /// Why a queue, or a job of it, does not go on.
  private static func writeTroubles(
    of queue: String, _ control: ControlSnapshot, _ context: Context, _ output: TerminalOutput, now: Timestamp
  ) {
    if let problem = control.problems[queue] {
      let since = formatRelative(milliseconds: problem.time.milliseconds, now: now.milliseconds)
      output.line(output.styled("stands still (\(problem.worker), \(since)): \(problem.message)", .red))
    }
    for target in [.queue(queue)] + context.jobs(of: queue).map(ControlSnapshot.Target.job) {
      if let words = control.words(target, now: now) { output.line(output.styled(words, .yellow)) }
    }
  }
}

extension QueueSnapshot {
  /// The run that has begun and has no end.
  var current: RunRecord? {
    ledger.ordered.first { run in
      run.end == nil && !run.attempts.isEmpty && run.request >= (committed?.offset ?? 0)
    }
  }

  func facts(_ control: ControlSnapshot, _ members: GroupMembers, _ context: Context) -> JSONValue {
    let now = Timestamp.now
    var facts: [String: JSONValue] = [
      "queue": .string(queue), "lag": .integer(lag), "end": .integer(requests.end),
      "committed": committed.map { .integer($0.offset) } ?? .null,
    ]
    if let paused = control.facts(.queue(queue), now: now) { facts["paused"] = paused }
    let pausedJobs = context.jobs(of: queue).compactMap { job in
      control.facts(.job(job), now: now).map { (job, $0) }
    }
    if !pausedJobs.isEmpty { facts["pausedJobs"] = .object(Dictionary(uniqueKeysWithValues: pausedJobs)) }
    if let owner = members.owner(of: queue) { facts["owner"] = .string(owner) }
    if let problem = control.problems[queue] {
      facts["problem"] = .object([
        "message": .string(problem.message), "worker": .string(problem.worker),
        "since": .string(problem.time.description),
      ])
    }
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
