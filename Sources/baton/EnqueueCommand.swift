import Configuration
import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  static let enqueue = Command(
    "enqueue", summary: "put a request on its job's queue",
    discussion: """
      The request is on the log, and safe, when this returns. It runs when its turn comes, on whichever server owns \
      the queue. With --wait this follows the run and ends with its result.
      """,
    options: [
      SharedOption.param,
      Option("wait", short: "w", help: "follow the run and end with its result"),
      Option("dedupe", value: "KEY", help: "a second request with this key inside the queue's window is a duplicate"),
      Option("without-dependents", help: "the jobs under the job's `then` do not follow on it"),
      Option("id", value: "ID", help: "the request's id", defaultText: "the job's name and random letters"),
      Option("expires", value: "TIME", help: "do not start it at or after this time: 2026-11-24T06:00:00Z"),
      Option("not-before", value: "TIME", help: "do not start it before this time; the queue waits for it"),
      SharedOption.json,
    ],
    arguments: [Argument("JOB", help: "the job", completion: .command("names jobs"))],
    examples: [
      Example("baton enqueue person-search --wait", "run the person sync and see how it goes"),
      Example("baton enqueue report --param date=2026-11-24", "with a param"),
      Example("baton enqueue person-search --dedupe ticket-4711", "once, however often this is repeated"),
    ],
    exitCodes: [
      ExitCode(1, "there is no such job, or it is paused; with --wait: the run failed"),
      ExitCode(5, "with --wait: the run was cancelled"),
      ExitCode(6, "with --wait: the request expired"), ExitCode(7, "with --wait: the request was given up as lost"),
    ],
    run: { arguments in
      let context = try Context(arguments)
      let definition = try context.job(arguments.argument("JOB"))
      let request = try makeRequest(arguments, definition.job)
      let queue = definition.job.queue
      let record = OutgoingRecord(
        topic: context.configuration.requestsTopic(queue),
        RequestCodec.encode(request, source: "/cli/" + Context.hostName))
      return try await context.withReader { reader in
        let control = try await ControlSnapshot.load(context, reader)
        try control.checkIsNotPaused(job: definition.job.name)
        // Where its events will begin, before it can have any.
        let events = TopicPartition(topic: context.configuration.eventsTopic(queue), partition: 0)
        let from = try await reader.bounds(of: events).end
        let delivery = try await context.withProducer { try await $0.send(record) }
        let ahead = try? await context.withAdmin { admin in
          try await waitingBefore(delivery.offset, queue: queue, context, admin, reader)
        }
        announce(request, queue: queue, offset: delivery.offset, ahead: ahead, control, arguments)
        guard arguments.flag("wait") else { return ExitCode.success }
        let follower = RunFollower(context: context, queue: queue, reader: reader)
        return try await follower.wait(request.id, request: delivery.offset, eventsFrom: from, arguments)
      }
    })

  private static func makeRequest(_ arguments: ParsedArguments, _ job: Job) throws -> Request {
    let params = try params(arguments, job)
    let id = arguments.value("id") ?? job.name + "-" + randomSuffix()
    try arguments.checkIsText("id", id)
    do {
      try RequestCodec.checkID(id)
    } catch {
      throw arguments.usageError("--id: \(error.reason)")
    }
    var request = Request(
      id: id, job: job.name, params: params, origin: .cli, requestedBy: Context.user, time: .now,
      deduplicationKey: arguments.value("dedupe"), expires: try arguments.moment("expires"),
      notBefore: try arguments.moment("not-before"))
    request.asksForFollowers = !arguments.flag("without-dependents")
    if let key = request.deduplicationKey {
      try arguments.checkIsText("dedupe", key)
      guard (1...1_000).contains(key.utf8.count) else {
        throw arguments.usageError(
          "--dedupe: the key has \(key.utf8.count) bytes", remedy: "give one of 1 to 1,000 bytes, or leave it out")
      }
    }
    if let expires = request.expires, let notBefore = request.notBefore, notBefore >= expires {
      // It could never run, and the queue would wait for it.
      throw arguments.usageError(
        "--not-before: the request may not start before \(notBefore), and expires at \(expires)",
        remedy: "give a time before that of --expires")
    }
    return request
  }

  /// The params of `--param`, as the job declares them.
  static func params(_ arguments: ParsedArguments, _ job: Job) throws -> [String: JSONValue] {
    var params: [String: JSONValue] = [:]
    for (key, text) in try arguments.pairs("param") {
      try arguments.checkIsText("param", key + text)
      guard let parameter = job.parameters.first(where: { $0.name == key }) else {
        params[key] = .string(text)
        continue
      }
      guard let value = parameter.type.parse(text) else {
        throw arguments.usageError("--param \(key)=\(text): it must be \(parameter.type.wording)")
      }
      params[key] = value
    }
    if case .failure(let problem) = job.resolve(params) { throw arguments.usageError(problem.message) }
    return params
  }

  /// Ten letters and digits that are easy to read out: 50 bits.
  static func randomSuffix() -> String {
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
    return String((0..<10).map { _ in letters[Int.random(in: 0..<letters.count)] })
  }

  /// Requests of the queue that have no end yet and come before this one.
  static func waitingBefore(
    _ offset: Int64, queue: String, _ context: Context, _ admin: TopicAdmin, _ reader: LogReader
  ) async throws -> Int64 {
    let partition = TopicPartition(topic: context.configuration.requestsTopic(queue), partition: 0)
    let committed = try await admin.groupOffsets(group: context.configuration.kafka.group, partitions: [partition])
    let bounds = try await reader.bounds(of: partition)
    return max(0, offset - QueueLag(queue: queue, committed: committed[partition]?.offset, requests: bounds).next)
  }

  static func announce(
    _ request: Request, queue: String, offset: Int64, ahead: Int64?, _ control: ControlSnapshot,
    _ arguments: ParsedArguments
  ) {
    let now = Timestamp.now
    let pause = control.words(.queue(queue), now: now)
    if arguments.flag("json") {
      var facts: [String: JSONValue] = [
        "id": .string(request.id), "job": .string(request.job), "queue": .string(queue), "offset": .integer(offset),
      ]
      if let ahead { facts["ahead"] = .integer(ahead) }
      if let paused = control.facts(.queue(queue), now: now) { facts["paused"] = paused }
      printJSON(.object(facts), to: arguments.output)
    } else {
      let place =
        switch ahead {
        case nil: ""
        case 0?: pause == nil ? ", next in line" : ", next in line once the queue goes on"
        case 1?: ", behind 1 other"
        case let count?: ", behind \(formatCount(count)) others"
        }
      arguments.output.line("\(request.id)  queue \(queue), offset \(offset)\(place)")
      // Who waits for the run is told then.
      if !arguments.flag("wait") {
        for words in [control.standstill(of: queue, now: now), pause] {
          if let words { arguments.errors.line(arguments.errors.styled(words, .yellow)) }
        }
      }
    }
    // Whoever reads a pipe gets the id now, and not when the run has ended.
    arguments.output.flush()
    if arguments.output.hasFailed {
      // Whoever sees the failure alone would ask for it again.
      arguments.errors.line("\(printable(request.id)) IS enqueued, on queue \(queue) at offset \(offset)")
    }
  }
}

extension ParsedArguments {
  /// Refuses a value in which bytes that are no UTF-8 were replaced before anybody could see them: it is not what was
  /// given, and would be kept so.
  func checkIsText(_ option: String, _ text: String) throws {
    guard text.unicodeScalars.contains("\u{FFFD}") else { return }
    throw usageError(
      "--\(option): '\(text)' has bytes that are no UTF-8, or U+FFFD, which stands for such",
      remedy: "give it in UTF-8, without U+FFFD")
  }
}
