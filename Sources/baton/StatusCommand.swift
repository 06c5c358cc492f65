import Dispatch
import KafkaLog
import Scheduling
import Terminal
import Worker

extension Command {
  static let status = Command(
    "status", summary: "show each queue: what runs, what waits, who has it, and what keeps it from going on",
    discussion: """
      Below the queues stand the workers that are in the group with what they have, the schedulers with when they were \
      last seen (each says so every five minutes), paused queues and jobs, runs that are to be cancelled or skipped, and \
      why a queue stands still; who ordered it, when and why. With --json \
      there is a line for each queue, and a last one with `workers` and `schedulers`.
      """,
    options: [SharedOption.queue, SharedOption.json],
    examples: [Example("baton status", "the first thing to look at")],
    run: { arguments in
      let context = try Context(arguments)
      let queues = try context.queues(arguments.value("queue"))
      var snapshots: [QueueSnapshot] = []
      var missing: [(queue: String, topic: MissingTopic)] = []
      var control = ControlSnapshot()
      try await context.withReader { reader in
        control = try await ControlSnapshot.load(context, reader)
        for queue in queues {
          switch try await context.reading(
            queue,
            {
              try await QueueSnapshot.load(queue, since: Timestamp.now + -86_400_000, context, reader)
            })
          {
          case .success(let snapshot): snapshots.append(snapshot)
          case .failure(let topic): missing.append((queue, topic))
          }
        }
      }
      let members = await GroupMembers.load(context)
      let code = missing.first?.topic.exitCode ?? ExitCode.success
      if arguments.flag("json") {
        for snapshot in snapshots {
          printJSON(snapshot.facts(control, members, context), to: arguments.output)
        }
        for (queue, topic) in missing {
          printJSON(
            .object(["queue": .string(queue), "missingTopic": .string(topic.topic), "reason": .string(topic.message)]),
            to: arguments.output)
        }
        printJSON(.object(members.facts.merging(control.schedulerFacts) { $1 }), to: arguments.output)
        return code
      }
      let now = Timestamp.now
      table(snapshots, control, members, now: now).write(to: arguments.output)
      members.write(to: arguments.output)
      if context.configuration.hasSchedules || !control.schedulers.isEmpty {
        control.writeSchedulers(to: arguments.output, now: now)
      }
      for snapshot in snapshots { writeTroubles(of: snapshot, control, context, arguments.output, now: now) }
      for (queue, topic) in missing {
        arguments.output.line(arguments.output.styled("queue \(queue) cannot work: \(topic.message)", .red))
      }
      return code
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
        ? "(stands still)"
        : control.order(.queue(snapshot.queue), now: now) != nil
          ? "(paused)" : snapshot.held(control, now: now) != nil ? "(waits)" : "-"
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

  /// Why a queue, a job of it or a run does not go on.
  private static func writeTroubles(
    of snapshot: QueueSnapshot, _ control: ControlSnapshot, _ context: Context, _ output: TerminalOutput, now: Timestamp
  ) {
    let queue = snapshot.queue
    if let words = control.standstill(of: queue, now: now) { output.line(output.styled(words, .red)) }
    for target in [.queue(queue)] + context.jobs(of: queue).map(ControlSnapshot.Target.job) {
      if let words = control.words(target, now: now) { output.line(output.styled(words, .yellow)) }
    }
    if let held = snapshot.held(control, now: now) {
      let words = "queue \(queue) waits until \(held.until) for \(printable(held.run)) (not-before)"
      output.line(output.styled(words, .yellow))
    }
    let cancels = snapshot.standingCancels(control, context, now: now)
    for cancel in cancels.prefix(cancelsMax) {
      let words = "\(printable(cancel.run)) is to be cancelled: ordered \(cancel.given.words)"
      output.line(output.styled(words, .yellow))
    }
    if cancels.count > cancelsMax {
      output.line(output.styled("\(cancels.count - cancelsMax) more of queue \(queue) are to be cancelled", .yellow))
    }
  }

  private static let cancelsMax = 10
}

extension QueueSnapshot {
  /// The run that has begun and has no end.
  var current: RunRecord? {
    ledger.ordered.first { run in
      run.end == nil && !run.attempts.isEmpty && run.request >= (committed?.offset ?? 0)
    }
  }

  /// The request whose turn it is, where it may not start yet: the queue waits for it.
  func held(_ control: ControlSnapshot, now: Timestamp) -> (run: String, until: Timestamp)? {
    let next = QueueLag(queue: queue, committed: committed?.offset, requests: requests).next
    guard let run = ledger.runs[next], run.end == nil, run.attempts.isEmpty, run.cancel(control, queue) == nil,
      let request = run.queued?.request, let until = request.notBefore, now < until
    else { return nil }
    // One that expires, or whose job is paused, ends without a wait.
    guard request.expires.map({ now < $0 }) ?? true, control.order(.job(request.job), now: now) == nil else {
      return nil
    }
    return (run.run, until)
  }

  /// The orders to cancel a run that waits, is under way, or is still to be proposed. One that came just after its run's
  /// end is carried out by nobody, and is none of them.
  func standingCancels(
    _ control: ControlSnapshot, _ context: Context, now: Timestamp
  ) -> [(run: String, given: ControlSnapshot.Given)] {
    let open = Set(ledger.runs.values.lazy.filter { $0.end == nil }.map(\.run))
    return control.cancels(of: queue).filter { run, _ in
      if open.contains(run) { return true }
      guard ledger.first(run: run) == nil, let fire = FireIdentifier(run)?.fire else { return false }
      return Timestamp(milliseconds: fire * 1000) + context.configuration.scheduler.horizonMilliseconds >= now
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
    if let held = held(control, now: now) {
      facts["waitsFor"] = .object(["run": .string(held.run), "notBefore": .string(held.until.description)])
    }
    let cancels = standingCancels(control, context, now: now)
    if !cancels.isEmpty {
      facts["cancelOrdered"] = .array(
        cancels.map { run, given in .object(given.facts.merging(["run": .string(run)]) { $1 }) })
    }
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
