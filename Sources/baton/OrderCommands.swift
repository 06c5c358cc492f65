import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  static let pause = Command(
    "pause", summary: "let no further run of a queue start",
    discussion: "The run in hand ends first. It holds on every server, and through restarts, until `resume`.",
    options: [
      Option("until", value: "TIME", help: "resume by itself then: 2026-11-24T06:00:00Z"), SharedOption.reason,
      SharedOption.json,
    ],
    arguments: [Argument("QUEUE", help: "the queue", completion: .command("names queues"))],
    examples: [Example("baton pause nightly --reason 'index rebuild'", "before maintenance")],
    run: { arguments in
      var until: Timestamp?
      if let text = arguments.value("until") {
        guard let moment = Timestamp(rfc3339: text) else {
          throw arguments.usageError("--until: '\(text)' is no time", remedy: "give it as in 2026-11-24T06:00:00Z")
        }
        until = moment
      }
      return try await order(.pause(until: until), arguments)
    })

  static let resume = Command(
    "resume", summary: "let a paused or stopped queue go on",
    options: [
      Option(
        "accept-loss-below", value: "OFFSET",
        help:
          "give up the requests below this offset that are gone from the log without an end; counts for this loss alone"
      ),
      SharedOption.reason, SharedOption.json,
    ],
    arguments: [Argument("QUEUE", help: "the queue", completion: .command("names queues"))],
    examples: [
      Example("baton resume nightly", "after maintenance"),
      Example("baton resume nightly --accept-loss-below 120", "as the error of a stopped queue says"),
    ],
    run: { arguments in
      if let below = try arguments.integer("accept-loss-below", in: 0...Int.max) {
        return try await acceptLoss(below: Int64(below), arguments)
      }
      return try await order(.resume, arguments)
    })

  static let cancel = Command(
    "cancel", summary: "end a run, or a request that still waits",
    discussion:
      "A run in hand is stopped at once; a waiting request ends when its turn comes. What is in the sink stays.",
    options: [SharedOption.reason, SharedOption.json], arguments: [Argument("RUN", help: "the run's id")],
    examples: [Example("baton cancel person-search-k3m9qw2hxa --reason 'wrong day'", "")],
    exitCodes: [ExitCode(1, "there is no such run, or it has ended")],
    run: { arguments in
      let context = try Context(arguments)
      let id = arguments.argument("RUN")
      let (snapshot, run) = try await context.withReader { try await findRun(id, context, $0) }
      if let end = run.end { throw CommandError("run \(id) has ended already: \(endWords(end.ended))") }
      return try await send(.cancel(run: id), queue: snapshot.queue, context, arguments)
    })

  /// The loss that is there now: one that is found after later events is another.
  private static func acceptLoss(below: Int64, _ arguments: ParsedArguments) async throws -> Int32 {
    let context = try Context(arguments)
    let queue = try context.queues(arguments.argument("QUEUE"))[0]
    let events = TopicPartition(topic: context.configuration.eventsTopic(queue))
    let end = try await context.withReader { try await $0.bounds(of: events).end }
    return try await send(.acceptLoss(below: below, events: end), queue: queue, context, arguments)
  }

  private static func order(_ action: StandingOrder.Action, _ arguments: ParsedArguments) async throws -> Int32 {
    let context = try Context(arguments)
    let queue = try context.queues(arguments.argument("QUEUE"))[0]
    return try await send(action, queue: queue, context, arguments)
  }

  private static func send(
    _ action: StandingOrder.Action, queue: String, _ context: Context, _ arguments: ParsedArguments
  ) async throws -> Int32 {
    let order = StandingOrder(action: action, by: Context.user, reason: arguments.value("reason"))
    let record = OutgoingRecord(
      topic: context.configuration.controlTopic,
      ControlCodec.encode(ControlMessage(queue: queue, order: order), time: .now))
    let delivery = try await context.withProducer { try await $0.send(record) }
    if arguments.flag("json") {
      printJSON(
        .object(["queue": .string(queue), "by": .string(order.by), "offset": .integer(delivery.offset)]),
        to: arguments.output)
    } else {
      arguments.output.line("ordered, for queue \(queue); every worker follows within a second")
    }
    return ExitCode.success
  }
}
