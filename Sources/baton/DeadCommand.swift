import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

extension Command {
  /// A letter is never larger; the record that it is about may be.
  private static let letterBytesMax = 8 << 20

  static let dead = Command(
    "dead", summary: "look at the dead letters, and put them back on their queues",
    subcommands: [
      Command(
        "list", summary: "list the dead letters, the latest first",
        options: [
          SharedOption.since, Option("limit", value: "COUNT", help: "at most this many", defaultValue: "50"),
          SharedOption.json,
        ],
        examples: [Example("baton dead list --since 1d", "what needs a person's eye")],
        run: { arguments in
          let context = try Context(arguments)
          let limit = try arguments.integer("limit", in: 1...1_000_000) ?? 50
          let letters = try await context.withReader(recordBytesMax: letterBytesMax) {
            try await DeadLetters(context, $0).latest(limit, since: try arguments.since())
          }
          let shown = letters.reversed()
          if arguments.flag("json") {
            for letter in shown { printJSON(facts(letter), to: arguments.output) }
            return ExitCode.success
          }
          var table = Table([
            .init("LETTER", .right), .init("RUN", canBeCut: false), .init("KIND"), .init("FROM"), .init("WHEN"),
            .init("REASON"),
          ])
          let now = Timestamp.now.milliseconds
          for (offset, letter) in shown {
            table.add([
              String(offset), letter.run, letter.kind, "\(letter.topic)@\(letter.offset)",
              letter.time.map { formatRelative(milliseconds: $0.milliseconds, now: now) } ?? "",
              letter.reason.split(separator: "\n").first.map(String.init) ?? "",
            ])
          }
          table.write(to: arguments.output)
          return ExitCode.success
        }),
      Command(
        "show", summary: "show one dead letter with its headers and bytes", options: [SharedOption.json],
        arguments: [Argument("LETTER", help: "its number in `dead list`, or a run's id")],
        examples: [Example("baton dead show 12", "")],
        run: { arguments in
          let context = try Context(arguments)
          let (letter, isThere) = try await context.withReader(recordBytesMax: letterBytesMax) { reader in
            let letter = try await DeadLetters(context, reader).find(arguments.argument("LETTER"))
            return (letter, try await letter.letter.isStillOnItsTopic(reader))
          }
          if arguments.flag("json") {
            printJSON(facts(letter, isThere: isThere), to: arguments.output)
          } else {
            describe(letter, isThere: isThere, context, arguments.output)
          }
          return ExitCode.success
        }),
      Command(
        "retry", summary: "put a dead letter back on its queue, under a new id", options: [SharedOption.json],
        arguments: [Argument("LETTER", help: "its number in `dead list`, or a run's id")],
        examples: [Example("baton dead retry 12", "after what was wrong is mended")],
        run: { arguments in
          let context = try Context(arguments)
          let (letter, original) = try await context.withReader(recordBytesMax: .max) { reader in
            let letter = try await DeadLetters(context, reader).find(arguments.argument("LETTER")).letter
            return (letter, try await letter.whole(reader))
          }
          guard case .request(let request) = RequestCodec.decode(original) else {
            throw CommandError(
              "this record is no request: \(letter.reason)",
              remedy: "Enqueue what its sender meant with `baton enqueue`.")
          }
          return try await again(request, original, topic: letter.topic, context, arguments)
        }),
    ])

  static let retry = Command(
    "retry", summary: "enqueue a run's request again, under a new id",
    options: [SharedOption.json], arguments: [Argument("RUN", help: "the run's id")],
    examples: [Example("baton retry person-search-k3m9qw2hxa", "the same job with the same params")],
    exitCodes: [ExitCode(1, "there is no such run, or it has not ended yet")],
    run: { arguments in
      let context = try Context(arguments)
      let id = arguments.argument("RUN")
      let (queue, run, raw) = try await context.withReader { reader in
        let (snapshot, run) = try await findRun(id, context, reader)
        let partition = TopicPartition(topic: context.configuration.requestsTopic(snapshot.queue))
        guard run.queued != nil else { return (snapshot.queue, run, nil as RawRecord?) }
        // The record itself has what its sender put beside the request.
        let record = try await reader.records(of: partition, from: run.request, to: run.request + 1).next()?.first
        return (snapshot.queue, run, record?.raw)
      }
      guard run.end != nil else {
        throw CommandError(
          "run \(id) has not ended yet: it is \(run.status.rawValue)", remedy: "See `baton show \(id)`.")
      }
      guard let request = run.queued?.request, let raw else {
        throw CommandError("the request of run \(id) cannot be read")
      }
      let topic = context.configuration.requestsTopic(queue)
      return try await again(request, raw, topic: topic, context, arguments)
    })

  private static func again(
    _ original: Request, _ raw: RawRecord, topic: String, _ context: Context, _ arguments: ParsedArguments
  ) async throws -> Int32 {
    try await context.withReader {
      try await ControlSnapshot.load(context, $0).checkIsNotPaused(job: original.job)
    }
    var request = original
    request.id = original.job + "-" + randomSuffix()
    request.origin = .cli
    request.requestedBy = Context.user
    request.time = .now
    // It would only be a duplicate, or late, again.
    request.deduplicationKey = nil
    request.expires = nil
    request.notBefore = nil
    var encoded = RequestCodec.encode(request, source: "/cli/" + Context.hostName)
    // What its sender put beside the request goes with it: a trace's id, say.
    encoded.headers += RequestCodec.sendersHeaders(raw)
    let record = OutgoingRecord(topic: topic, encoded)
    let delivery = try await context.withProducer { try await $0.send(record) }
    if arguments.flag("json") {
      printJSON(
        .object([
          "id": .string(request.id), "retryOf": .string(original.id), "job": .string(request.job),
          "queue": context.configuration.queueOrder.first { context.configuration.requestsTopic($0) == topic }
            .map(JSONValue.string) ?? .null, "offset": .integer(delivery.offset),
        ]), to: arguments.output)
    } else {
      arguments.output.line(
        "\(printable(request.id))  again what \(printable(original.id)) was, offset \(delivery.offset)")
    }
    return ExitCode.success
  }

  /// - Parameter isThere: whether the record is still where it came from, if that was asked.
  private static func facts(
    _ letter: (offset: Int64, letter: StoredDeadLetter), isThere: Bool? = nil
  ) -> JSONValue {
    let original = letter.letter.original
    var facts: [String: JSONValue] = [
      "letter": .integer(letter.offset), "run": .string(letter.letter.run), "kind": .string(letter.letter.kind),
      "reason": .string(letter.letter.reason), "topic": .string(letter.letter.topic),
      "offset": .integer(letter.letter.offset), "attempts": .integer(Int64(letter.letter.attempts)),
      "worker": .string(letter.letter.worker), "time": letter.letter.time.map { .string($0.description) } ?? .null,
      "headers": .array(
        original.headers.map { header in
          .object([
            "name": .string(header.name),
            "value": header.value.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null,
          ])
        }),
      "value": original.value.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null,
    ]
    if !original.leftOut.isNothing {
      let parts = [
        ("key", original.leftOut.key), ("value", original.leftOut.value), ("headers", original.leftOut.headers),
      ]
      var members: [String: JSONValue] = [:]
      for case (let name, let count?) in parts { members[name] = .integer(Int64(count)) }
      facts["dropped"] = .object(members)
      if let isThere { facts["stillOnTopic"] = .boolean(isThere) }
    }
    return .object(facts)
  }

  private static func describe(
    _ letter: (offset: Int64, letter: StoredDeadLetter), isThere: Bool, _ context: Context, _ output: TerminalOutput
  ) {
    let stored = letter.letter
    output.line("letter    \(letter.offset)")
    output.line("run       \(printable(stored.run))")
    output.line("from      \(printable(stored.topic)) at offset \(stored.offset)")
    output.line("when      \(stored.time?.description ?? "unknown"), by \(printable(stored.worker))")
    let reason = printable(stored.reason, keepsLines: true).split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\n          ")
    output.line("why       \(printable(stored.kind)), after \(stored.attempts) attempts: \(reason)")
    for header in stored.original.headers {
      output.line("header    \(printable(header.name)): \(header.value.map { shown($0, limit: 400) } ?? "null")")
    }
    let leftOut = stored.original.leftOut
    let value = stored.original.value.map { "\($0.count) bytes: " + shown($0, limit: 4_000) } ?? "null"
    output.line("value     \(leftOut.value.map { "\($0) bytes, not in this letter" } ?? value)")
    guard !leftOut.isNothing else { return }
    output.line("dropped   \(leftOut.words) (bytes): too large for a dead letter")
    guard isThere else {
      return output.line("          the topic it came from no longer has the record: these bytes are gone")
    }
    output.line("          they are still where it came from:")
    output.line(
      "          kafka-console-consumer.sh --bootstrap-server \(context.configuration.kafka.bootstrap) --topic \(printableShellWord(stored.topic)) "
        + "--partition 0 --offset \(stored.offset) --max-messages 1 --property print.headers=true --property print.key=true"
    )
  }

  /// The beginning of some bytes as text on one line.
  private static func shown(_ bytes: [UInt8], limit: Int) -> String {
    printable(String(decoding: bytes.prefix(limit), as: UTF8.self)) + (bytes.count > limit ? "…" : "")
  }
}
