import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  static let pause = Command(
    "pause", summary: "let no further run of a queue, or of a job, start",
    discussion: """
      The run in hand ends first. It holds on every server, and through restarts, until `resume`. The requests of a \
      paused queue wait. A paused job's fires are not proposed, and its requests are skipped, so that its queue goes on; \
      what was missed is caught up with as its `catch-up` says.
      """,
    options: [
      Option("until", value: "TIME", help: "resume by itself then: 2026-11-24T06:00:00Z"), SharedOption.reason,
      SharedOption.json,
    ],
    arguments: [pausable],
    examples: [
      Example("baton pause nightly --reason 'index rebuild'", "before maintenance"),
      Example("baton pause person-search --until 2026-11-25T06:00:00Z", "one job, for this night"),
    ],
    run: { arguments in
      let until = try arguments.moment("until")
      // It would hold for no moment, and end a pause that holds.
      if let until, until <= .now {
        throw arguments.usageError(
          "--until: \(until) is past, and it is \(Timestamp.now) now",
          remedy: "give a time to come; `baton resume` ends a pause at once")
      }
      let context = try Context(arguments)
      switch try context.target(arguments.argument("NAME")) {
      case .queue(let queue): return try await send(.pause(until: until), queue: queue, context, arguments)
      case .job(let job):
        return try await send(.pauseJob(job, until: until), queue: context.job(job).job.queue, context, arguments)
      }
    })

  static let resume = Command(
    "resume", summary: "let a paused or stopped queue, or a paused job, go on",
    options: [
      Option(
        "accept-loss-below", value: "OFFSET",
        help:
          "give up the requests below this offset that are gone from the log without an end; counts for this loss alone"
      ),
      SharedOption.reason, SharedOption.json,
    ],
    arguments: [pausable],
    examples: [
      Example("baton resume nightly", "after maintenance"),
      Example("baton resume nightly --accept-loss-below 120", "as the error of a stopped queue says"),
    ],
    run: { arguments in
      if let below = try arguments.integer("accept-loss-below", in: 0...Int.max) {
        return try await acceptLoss(below: Int64(below), arguments)
      }
      let context = try Context(arguments)
      switch try context.target(arguments.argument("NAME")) {
      case .queue(let queue): return try await send(.resume, queue: queue, context, arguments)
      case .job(let job):
        return try await send(.resumeJob(job), queue: context.job(job).job.queue, context, arguments)
      }
    })

  static let cancel = Command(
    "cancel", summary: "end a run, or a request that still waits",
    discussion:
      "A run in hand is stopped at once; a waiting request ends when its turn comes. What is in the sink stays.",
    options: [
      Option("undo", help: "take the order back, while the request still waits"), SharedOption.reason,
      SharedOption.json,
    ],
    arguments: [Argument("RUN", help: "the run's id")],
    examples: [
      Example("baton cancel person-search-k3m9qw2hxa --reason 'wrong day'", ""),
      Example("baton cancel person-search-k3m9qw2hxa --undo", "it was the right day, and its turn has not come yet"),
    ],
    exitCodes: [ExitCode(1, "there is no such run, or it has ended; with --undo, also: it is not to be cancelled")],
    run: { arguments in
      let context = try Context(arguments)
      let id = arguments.argument("RUN")
      let (snapshot, run) = try await context.withReader { try await findRun(id, context, $0) }
      if arguments.flag("undo") { return try await uncancel(id, run, queue: snapshot.queue, context, arguments) }
      if let end = run.end { throw CommandError("run \(id) has ended already: \(endWords(end.ended))") }
      if try await stands(cancel: id, queue: snapshot.queue, context, arguments) { return ExitCode.success }
      return try await send(.cancel(run: id), queue: snapshot.queue, context, arguments)
    })

  /// Whether the order to cancel a run stands already, in which case that is told: another without a reason would only
  /// take the first one's place, and its reason with it.
  static func stands(
    cancel id: String, queue: String, _ context: Context, _ arguments: ParsedArguments
  ) async throws -> Bool {
    guard arguments.value("reason") == nil else { return false }
    let control = try await context.withReader { try await ControlSnapshot.load(context, $0) }
    guard let given = control.cancel(run: id, queue: queue) else { return false }
    if arguments.flag("json") {
      let more: [String: JSONValue] = [
        "run": .string(id), "queue": .string(queue), "orderedAlready": .boolean(true),
      ]
      printJSON(.object(given.facts.merging(more) { $1 }), to: arguments.output)
    } else {
      arguments.output.line(printable("ordered already \(given.words)"))
    }
    return true
  }

  /// Takes the order to cancel a run back, which it may have been given before its request was there.
  /// - Parameter run: nil where there is no request yet.
  /// - Throws: `CommandError` if nobody has given the order, or if it is carried out.
  static func uncancel(
    _ id: String, _ run: RunRecord?, queue: String, _ context: Context, _ arguments: ParsedArguments
  ) async throws -> Int32 {
    if let end = run?.end {
      throw CommandError(
        "run \(id) has ended already: \(endWords(end.ended))",
        remedy: "Run the job all the same with `baton enqueue JOB` or `baton rerun JOB`.")
    }
    let control = try await context.withReader { try await ControlSnapshot.load(context, $0) }
    guard control.cancel(run: id, queue: queue) != nil else {
      throw CommandError("nobody has ordered that \(id) is not run", remedy: "There is nothing to take back.")
    }
    if run?.status == .running { throw CommandError("run \(id) has begun, and is being stopped") }
    // No tombstone follows it: a cancel that another person gives in between would be gone from the topic with it, while
    // the workers that are there obey it.
    return try await send(.uncancel(run: id), queue: queue, context, arguments)
  }

  /// The loss that is there now: one that is found after later events is another.
  private static func acceptLoss(below: Int64, _ arguments: ParsedArguments) async throws -> Int32 {
    let context = try Context(arguments)
    let name = arguments.argument("NAME")
    // Only a queue loses requests: a job of the same name is not meant.
    let target = context.configuration.queues[name] == nil ? try context.target(name) : .queue(name)
    guard case .queue(let queue) = target else {
      throw arguments.usageError(
        "--accept-loss-below: '\(name)' is a job", remedy: "requests are lost by queues: name the job's queue")
    }
    let events = TopicPartition(topic: context.configuration.eventsTopic(queue))
    let end = try await context.withReader { try await $0.bounds(of: events).end }
    return try await send(.acceptLoss(below: below, events: end), queue: queue, context, arguments)
  }

  private static let pausable = Argument(
    "NAME", help: "the queue or the job; queue/NAME or job/NAME where both have it", completion: .command("names all"))

  static func send(
    _ action: StandingOrder.Action, queue: String, _ context: Context, _ arguments: ParsedArguments
  ) async throws -> Int32 {
    let order = StandingOrder(action: action, by: Context.user, reason: arguments.value("reason"))
    let delivery = try await publish(order, queue: queue, context)
    if arguments.flag("json") {
      printJSON(
        .object(["queue": .string(queue), "by": .string(order.by), "offset": .integer(delivery.offset)]),
        to: arguments.output)
    } else {
      arguments.output.line("ordered, for queue \(queue); every worker follows within a second")
    }
    return ExitCode.success
  }

  /// Puts an order on the control topic.
  static func publish(_ order: StandingOrder, queue: String, _ context: Context) async throws -> Delivery {
    let record = OutgoingRecord(
      topic: context.configuration.controlTopic,
      ControlCodec.encode(ControlMessage(queue: queue, order: order), time: .now))
    try await context.require(context.configuration.controlTopic)
    return try await context.withProducer { try await $0.send(record) }
  }
}
