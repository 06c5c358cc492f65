import Configuration
import Dispatch
import FoundationEssentials
import Glibc
import KafkaLog
import Messages
import RunnerProcess
import Sync
import Terminal
import Worker

extension Command {
  static let demo = Command(
    "demo", summary: "replay the incident that Baton exists for, in half a minute",
    discussion: """
      Two servers, GREEN and BLUE. The nightly person sync starts; somebody asks for a manual rerun while it runs; the \
      server that runs it is killed in the middle. In the incident both servers then ran the sync at once, and users \
      saw every person twice. Watch what happens here.
      """,
    options: [
      Option("persons", value: "COUNT", help: "rows of the sample database", defaultValue: "200000"),
      Option("keep", help: "keep the folder with the databases and the workers' logs"), SharedOption.json,
    ],
    examples: [Example("baton demo", "needs nothing but this executable")],
    exitCodes: [
      ExitCode(1, "a figure is not what it must be"),
      ExitCode(ExitCode.interrupted, "interrupted by a signal; all that was started has ended"),
    ],
    run: { arguments in
      let persons = try arguments.integer("persons", in: 10_000...100_000_000) ?? 200_000
      let ground = try DemoGround(isKept: arguments.flag("keep"), arguments.errors)
      SignalWatch.start([SIGINT, SIGTERM]) { count in
        if count > 1 { _exit(ExitCode.interrupted) }
        Task {
          await ground.end(isInterrupted: true)
          _exit(ExitCode.interrupted)
        }
      }
      do {
        let isGood = try await Demo(persons: persons, arguments, on: ground).run()
        return await ground.end() ? ExitCode.interrupted : isGood ? ExitCode.success : ExitCode.failure
      } catch {
        // What failed because its broker was ended is no news.
        if await ground.end() { return ExitCode.interrupted }
        throw error
      }
    })
}

extension ExitCode {
  /// As shells have it for Ctrl-C.
  fileprivate static let interrupted: Int32 = 130
}

/// The incident, replayed with real processes on the embedded broker.
private struct Demo: Sendable {
  static let queue = "nightly"
  static let nightly = "person-sync@2026-11-24T01:29:00Z"
  static let manual = "person-sync-manual-rerun"
  static let chunkRows = 250

  let persons: Int
  let arguments: ParsedArguments
  let folder: String
  let host: ProcessHost
  let context: Context
  let began = MonotonicClock.milliseconds()

  init(persons: Int, _ arguments: ParsedArguments, on ground: DemoGround) async throws {
    self.persons = persons
    self.arguments = arguments
    (folder, host) = (ground.folder, ground.host)
    let topics = try TopicDeclaration.declarations(
      for: Configuration.parse(text: Demo.yaml(bootstrap: "-"), file: folder + "/baton.yaml", environment: [:])
    ).map(\.name)
    let (_, bootstrap) = try await startBroker(topics: topics, on: host)
    try Data(Demo.yaml(bootstrap: bootstrap).utf8).write(to: URL(filePath: folder + "/baton.yaml"))
    context = Context(
      try Configuration.load(file: folder + "/baton.yaml", environment: [:]))
  }

  private static func yaml(bootstrap: String) -> String {
    """
    kafka: {bootstrap: "\(bootstrap)", properties: {fetch.wait.max.ms: 20}}
    queues: {nightly: {description: What must never run twice at once}}
    connections: {tis: "sqlite:tis.db", search: "sqlite:search.db"}
    jobs:
      person-sync:
        queue: nightly
        sync: {from: tis, query: "SELECT id, given_name, family_name FROM person", key: [id], to: search, table: person, mode: upsert}
        chunk: {rows: \(chunkRows)}
        when-waiting: coalesce

    """
  }

  /// One line of the timeline.
  private func say(_ text: String) {
    guard !arguments.flag("json") else { return }
    let tenths = (MonotonicClock.milliseconds() - began) / 100
    let time = "\(tenths / 10).\(tenths % 10) s"
    let padded = String(repeating: " ", count: max(0, 8 - time.count)) + time
    arguments.output.line(arguments.output.styled(padded, .dim) + "  " + text)
    arguments.output.flush()
  }

  private func startWorker(_ name: String) async throws -> ChildProcess {
    let log = try LineFile(folder + "/\(name.lowercased()).log")
    return try await ChildProcess.start(
      name, ["worker", "--name", name, "--config", folder + "/baton.yaml"], environment: Context.environment, on: host,
      onLine: { log.append($0) })
  }

  func run() async throws -> Bool {
    say("a sample database is made: \(formatCount(Int64(persons))) persons")
    try SampleDatabase.makePersons(at: folder + "/tis.db", count: persons)
    try SampleDatabase.makeEmptyPersons(at: folder + "/search.db", countsRows: true)

    say("two servers start, GREEN and BLUE; Kafka gives the queue to one of them")
    let workers = ["GREEN": try await startWorker("GREEN"), "BLUE": try await startWorker("BLUE")]
    let partition = TopicPartition(topic: context.configuration.requestsTopic(Demo.queue), partition: 0)
    let events = TopicPartition(topic: context.configuration.eventsTopic(Demo.queue), partition: 0)
    let reader = try LogReader(settings: context.settings, waitsForNews: true, logger: context.logger)
    let producer = try Producer(settings: context.settings, logger: context.logger)
    let admin = try TopicAdmin(settings: context.settings, logger: context.logger)

    // So that the connection is there when the run's progress is watched.
    _ = try await admin.groupOffsets(group: context.configuration.kafka.group, partitions: [partition])
    _ = try await enqueue(Demo.nightly, origin: .schedule, by: "the schedule, 01:29", producer)
    say("01:29  the nightly person sync is due: its request is on the log")
    var first: String?
    var attempts = 0
    var differing: Int64 = 0
    var ended: [String: Event.Ended] = [:]
    let records = reader.follow(events, from: 0)
    follow: while let batch = try await records.next() {
      for record in batch {
        let event = try EventCodec.decode(record.raw)
        switch event.body {
        case .attemptStarted(let start) where event.run == Demo.nightly && start.attempt == 1:
          first = event.worker
          say("\(event.worker) runs it (fencing token \(record.offset))")
          try await interrupt(event.worker, workers, partition, producer, admin)
        case .attemptStarted(let start) where event.run == Demo.nightly:
          attempts = start.attempt
          say(
            "\(event.worker) has the queue now and goes on at the last checkpoint, \(formatCount(start.rows)) rows in (token "
              + "\(record.offset): whatever \(first ?? "") still wrote would be refused)")
        case .attemptStarted: say("\(event.worker) runs the manual rerun, which waited its turn")
        case .ended(let end):
          ended[event.run] = end
          let what = event.run == Demo.nightly ? "the nightly sync" : "the manual rerun"
          // Now, and again at the end: the rerun, which begins, would mend what the nightly sync left out.
          if event.run == Demo.nightly {
            differing =
              try SampleDatabase.comparePersons(source: folder + "/tis.db", sink: folder + "/search.db").differing
          }
          say("\(what): \(endWords(Event.Ended(end: end.end.withoutFacts, rows: end.rows, chunks: end.chunks)))")
          if ended.count == 2 { break follow }
        default: break
        }
      }
    }
    let isGood = try await figures(ended, attempts: attempts, differing: differing, workers, reader)
    await producer.close(timeoutMilliseconds: 1_000)
    await reader.close()
    await admin.close()
    return isGood
  }

  private func enqueue(_ id: String, origin: Request.Origin, by: String, _ producer: Producer) async throws -> Delivery
  {
    let request = Request(id: id, job: "person-sync", origin: origin, requestedBy: by, time: .now)
    return try await producer.send(
      OutgoingRecord(
        topic: context.configuration.requestsTopic(Demo.queue), RequestCodec.encode(request, source: "/demo")))
  }

  /// Asks for the manual rerun and then kills the worker, each at its point of the run's progress.
  private func interrupt(
    _ worker: String, _ workers: [String: ChildProcess], _ partition: TopicPartition, _ producer: Producer,
    _ admin: TopicAdmin
  ) async throws {
    var isAsked = false
    while true {
      let offsets = try await admin.groupOffsets(group: context.configuration.kafka.group, partitions: [partition])
      guard let committed = offsets[partition] else { continue }
      let checkpoint = try CheckpointCodec.decode(committed.metadata)?.checkpoint
      if committed.offset > 0 {
        throw CommandError("the run was over before it could be interrupted: use more --persons")
      }
      let rows = checkpoint?.rows ?? 0
      if !isAsked, rows >= Int64(persons) / 4 {
        isAsked = true
        say("01:31  \(formatCount(rows)) rows in, somebody asks for a manual rerun: its request waits on the log")
        _ = try await enqueue(Demo.manual, origin: .cli, by: "an operator", producer)
      }
      if isAsked, rows >= Int64(persons) / 2 {
        workers[worker]?.kill()
        say("01:33  \(formatCount(rows)) rows in, \(worker) is killed (SIGKILL), as by the kernel when memory runs out")
        return
      }
    }
  }

  private func figures(
    _ ended: [String: Event.Ended], attempts: Int, differing: Int64, _ workers: [String: ChildProcess],
    _ reader: LogReader
  ) async throws -> Bool {
    let snapshot = try await QueueSnapshot.load(Demo.queue, since: nil, context, reader)
    let audit = Audit.run(snapshot.ledger, requestsStart: 0, committed: snapshot.committed?.offset)
    var comparison = try SampleDatabase.comparePersons(source: folder + "/tis.db", sink: folder + "/search.db")
    comparison.differing = max(comparison.differing, differing)
    let figures = DemoFigures(
      comparison: comparison, given: try SampleDatabase.rowsGiven(to: folder + "/search.db", by: Demo.nightly),
      attempts: attempts, nightly: ended[Demo.nightly]?.end, manual: ended[Demo.manual]?.end,
      findings: audit.findings.map(\.message), overlaps: audit.findings.count { $0.invariant == 1 },
      requests: audit.requests, ends: audit.ends.values.reduce(0, +),
      workerPeak: workers.values.compactMap { peakMemory(of: $0.pid) }.max() ?? 0, chunkRows: Int64(Demo.chunkRows))
    if arguments.flag("json") {
      printJSON(figures.facts(milliseconds: MonotonicClock.milliseconds() - began), to: arguments.output)
    } else {
      figures.write(to: arguments.output)
    }
    say(
      figures.isGood
        ? arguments.output.styled("every person once, every request run once", .green)
        : arguments.output.styled("this is not what was promised", .red))
    return figures.isGood
  }

  private func peakMemory(of pid: Int32) -> Int64? {
    guard pid > 0, let status = try? String(contentsOf: URL(filePath: "/proc/\(pid)/status"), encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(separator: " ").dropFirst().compactMap({ Int64($0.filter(\.isNumber)) }).first
    else { return nil }
    return kibibytes * 1024
  }
}

extension RunEnd {
  /// The end in its plainest form.
  fileprivate var withoutFacts: RunEnd {
    if case .succeeded = self { .succeeded(facts: [:]) } else { self }
  }
}

/// A file that lines are added to, from any thread.
private final class LineFile: Sendable {
  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw CommandError("cannot write \(path): \(String(cString: strerror(errno)))") }
  }

  func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
  }
}
