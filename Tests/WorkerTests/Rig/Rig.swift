import Configuration
import Dispatch
import Foundation
import KafkaLog
import Messages
import Synchronization
import Telemetry
import Testing
import Worker

/// One test's own world: a folder, a configuration, topics, a group, and what reads and writes beside the workers.
final class Rig: Sendable {
  let cluster: Cluster
  let folder: URL
  let configuration: Configuration
  let settings: KafkaSettings
  let producer: Producer
  let reader: LogReader
  let admin: TopicAdmin
  private let broker: EmbeddedBroker?
  private let state = Mutex(State())

  private struct State {
    var workers: [InProcessWorker] = []
    var children: [Child] = []
    var feeds: [String: Feed<Seen>] = [:]
    var tasks: [Task<Void, Never>] = []
    var readers: [LogReader] = []
    var gates: [Gate] = []
    var witnesses: [Witness] = []
  }

  /// An event with its place.
  struct Seen: Sendable {
    var offset: Int64
    var appended: Timestamp
    var event: Event
  }

  /// How many tests have a world at a time.
  private static let slots = Slots(6)

  /// Makes a world, runs the test in it, and takes it down whatever happens.
  /// - Parameters:
  ///   - jobs: the `jobs` of the configuration; `$folder` is the folder's path.
  ///   - partitions: of the requests topics.
  ///   - without: topics that are left out, by the end of their names.
  static func run(
    _ cluster: Cluster, queues: [String] = ["q"], jobs: String, connections: String = "{}", session: String? = nil,
    bootstrap: String? = nil, partitions: Int32 = 1, without: String? = nil, _ body: (Rig) async throws -> Void
  ) async throws {
    await slots.enter()
    do {
      let rig = try await Rig(
        cluster, queues: queues, jobs: jobs, connections: connections, session: session, bootstrap: bootstrap,
        partitions: partitions, without: without)
      do {
        try await body(rig)
      } catch {
        rig.attachLogs()
        await rig.close()
        throw error
      }
      await rig.close()
    } catch {
      await slots.leave()
      throw error
    }
    await slots.leave()
  }

  private init(
    _ cluster: Cluster, queues: [String], jobs: String, connections: String, session: String?, bootstrap: String?,
    partitions: Int32, without: String?
  ) async throws {
    self.cluster = cluster
    let name = "baton-worker-" + UUID().uuidString.lowercased().prefix(8)
    folder = FileManager.default.temporaryDirectory.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let address: String
    switch cluster {
    case .embedded:
      broker = try EmbeddedBroker()
      address = broker?.bootstrap ?? ""
    case .real(let named):
      broker = nil
      address = bootstrap ?? named
    }
    // The mock broker takes 3 s to arrange a new group, and throws out members whose session is shorter.
    let yaml = """
      kafka:
        bootstrap: "\(address)"
        prefix: \(name)
        group: \(name)
        properties: {fetch.wait.max.ms: \(cluster.isEmbedded ? 20 : 100)}
      worker: {session-timeout: \(session ?? (cluster.isEmbedded ? "4s" : "2s")), shutdown: 20s}
      queues: {\(queues.map { $0 + ": {}" }.joined(separator: ", "))}
      connections: \(connections)
      jobs:
      \(jobs.replacing("$folder", with: folder.path).split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

      """
    let file = folder.appending(path: "baton.yaml").path
    try yaml.write(toFile: file, atomically: false, encoding: .utf8)
    configuration = try Configuration.load(file: file, environment: [:])
    settings = KafkaSettings(configuration, clientID: "test")
    producer = try Producer(settings: settings, logger: .discarding)
    reader = try LogReader(settings: settings, logger: .discarding)
    admin = try TopicAdmin(settings: settings, logger: .discarding)
    for topic in TopicDeclaration.declarations(for: configuration) {
      if let without, topic.name.hasSuffix(without) { continue }
      let count = topic.name.hasSuffix(".requests") ? partitions : 1
      if let broker {
        try await broker.createTopic(topic.name, partitions: count)
      } else {
        try await admin.create(topic: topic.name, partitions: count, configs: topic.configs)
      }
    }
  }

  /// The `baton` executable that was built beside this test program.
  static let executable: String = {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: program).deletingLastPathComponent().appending(path: "baton").path
  }()

  // MARK: Workers

  /// A worker in this process.
  func start(_ name: String, trace: (@Sendable (WorkerStep) -> Void)? = nil) throws -> InProcessWorker {
    let worker = try InProcessWorker(name, configuration, executable: Rig.executable, trace: trace)
    state.withLock { $0.workers.append(worker) }
    return worker
  }

  /// A worker in a process of its own, which can be killed.
  func spawn(_ name: String) throws -> Child {
    let child = try Child(
      Rig.executable, ["worker", "--name", name, "--config", configuration.file, "--log-level", "info"])
    state.withLock { $0.children.append(child) }
    return child
  }

  /// Writes a runner into the folder: `run: ["python3", "$folder/NAME"]`.
  func script(_ name: String, _ body: String) throws {
    try (Script.prelude + body).write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
  }

  func gate(_ name: String) throws -> Gate {
    let gate = try Gate(folder.appending(path: name).path)
    state.withLock { $0.gates.append(gate) }
    return gate
  }

  func witness(_ name: String) throws -> Witness {
    let witness = try Witness(folder.appending(path: name).path)
    state.withLock { $0.witnesses.append(witness) }
    return witness
  }

  /// What runners have `put`.
  var sink: [String] {
    let text = (try? String(contentsOf: folder.appending(path: "sink"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  // MARK: The log

  @discardableResult
  func enqueue(
    _ job: String, id: String, queue: String = "q", params: [String: JSONValue] = [:], key: String? = nil,
    expires: Timestamp? = nil, notBefore: Timestamp? = nil
  ) async throws -> Delivery {
    let request = Request(
      id: id, job: job, params: params, origin: .cli, time: .now, deduplicationKey: key, expires: expires,
      notBefore: notBefore)
    return try await send(RequestCodec.encode(request, source: "/test"), to: configuration.requestsTopic(queue))
  }

  @discardableResult
  func send(_ record: RawRecord, to topic: String) async throws -> Delivery {
    try await producer.send(OutgoingRecord(topic: topic, record))
  }

  @discardableResult
  func order(_ action: StandingOrder.Action, queue: String = "q", reason: String? = nil) async throws -> Delivery {
    let message = ControlMessage(queue: queue, order: StandingOrder(action: action, by: "test", reason: reason))
    return try await send(ControlCodec.encode(message, time: .now), to: configuration.controlTopic)
  }

  /// The queue's events from the first on, followed as they come.
  func events(_ queue: String = "q") throws -> Feed<Seen> {
    if let feed = state.withLock({ $0.feeds[queue] }) { return feed }
    let feed = Feed<Seen>()
    let follower = try LogReader(settings: settings, waitsForNews: true, logger: .discarding)
    let partition = TopicPartition(topic: configuration.eventsTopic(queue))
    let task = Task {
      do {
        let records = follower.follow(partition, from: 0)
        while let batch = try await records.next() {
          for record in batch {
            feed.add(
              Seen(offset: record.offset, appended: record.appended, event: try EventCodec.decode(record.raw)))
          }
        }
      } catch is CancellationError {
      } catch let error as KafkaError where error.isClosed {
      } catch {
        Issue.record("the events of \(queue) cannot be followed: \(error)")
      }
      feed.end()
    }
    state.withLock { state in
      state.feeds[queue] = feed
      state.readers.append(follower)
      state.tasks.append(task)
    }
    return feed
  }

  /// The start of the run's attempt of this number.
  func started(_ run: String, attempt: Int = 1, queue: String = "q") async throws -> (Event.AttemptStarted, Seen) {
    let seen = try await events(queue).first("attempt \(attempt) of \(run)") { seen in
      if case .attemptStarted(let start) = seen.event.body {
        seen.event.run == run && start.attempt == attempt
      } else {
        false
      }
    }
    guard case .attemptStarted(let start) = seen.event.body else { throw CancellationError() }
    return (start, seen)
  }

  /// The run's end; with `request`, that of the request at this offset.
  func ended(_ run: String, request: Int64? = nil, queue: String = "q") async throws -> Event.Ended {
    let seen = try await events(queue).first("the end of \(run)") { seen in
      if case .ended = seen.event.body {
        seen.event.run == run && (request ?? seen.event.request) == seen.event.request
      } else {
        false
      }
    }
    guard case .ended(let ended) = seen.event.body else { throw CancellationError() }
    return ended
  }

  /// Answers the next requests of this sort with errors; the embedded broker only.
  func failNextRequests(_ requestKey: Int16, with codes: [Int32]) async {
    await broker?.failNextRequests(requestKey, with: codes)
  }

  // MARK: The end

  private func attachLogs() {
    for worker in state.withLock({ $0.workers }) {
      print(
        "--- worker \(worker.name) of a failed test in \(folder.path)\n"
          + worker.lines.all.suffix(60).joined(separator: "\n"))
    }
    for child in state.withLock({ $0.children }) {
      print("--- worker process \(child.pid) of a failed test\n" + child.lines.all.suffix(60).joined(separator: "\n"))
    }
  }

  private func close() async {
    let all = state.withLock { $0 }
    for child in all.children where !child.hasEnded {
      child.signal(SIGKILL)
      await child.end()
    }
    for worker in all.workers { await worker.shutDown() }
    for task in all.tasks { task.cancel() }
    for reader in all.readers { await reader.close() }
    await producer.close(timeoutMilliseconds: 1_000)
    await reader.close()
    await admin.close()
    await broker?.close()
    for gate in all.gates { gate.remove() }
    for witness in all.witnesses { witness.remove() }
    try? FileManager.default.removeItem(at: folder)
  }
}
