import Configuration
import Dispatch
import KafkaLog
import Messages
import RunnerProcess
import Telemetry

/// Runs what a group's queues hold: drives one `QueueMachine` per queue, the log on one side and runners on the other.
///
/// The machines decide; this executes their commands and tells them what came of it. Everything that happens arrives in
/// one mailbox and is handled by one task, in order.
public actor Worker {
  /// Why a worker has ended.
  public enum End: Sendable, Hashable {
    /// It was told to, and has let go of its queues.
    case shutDown
    /// Another worker of the same name has taken its place: to be started again by a person only.
    case fenced(String)
  }

  /// What reaches the worker.
  enum Message: Sendable {
    /// Of the member with this number: each time that the worker joins, it gets a new one.
    case group(GroupEvent, member: Int)
    case machine(queue: String, QueueMachine.Input)
    case runnerGone(queue: String, token: Int64, AttemptRunner.Usage)
    case order(ControlMessage)
    /// What the control topic says of why a queue stands still; nil if it goes on.
    case problemTold(queue: String, message: String?)
    case shutDown(deadline: Timestamp)
    /// Who works under this worker's name, now that the group has fenced it.
    case holder(Result<NameWatch.Holder, any Error>)
    /// Kafka answers.
    case probed
    /// A producer can never be used again.
    case producerBroke(Producer)
    /// The group has been left.
    case left
  }

  nonisolated let configuration: Configuration
  nonisolated public let name: String
  nonisolated let logger: Logger
  nonisolated let mailbox = Mailbox<Message>()
  nonisolated let trace: (@Sendable (WorkerStep) -> Void)?
  nonisolated let troubles: Troubles
  let launch: RunnerLaunch
  var producer: Producer
  /// Producers that broke for good, while what they had in hand is told.
  var brokenProducers: [Producer] = []
  let reader: LogReader
  let controlReader: LogReader
  let host: ProcessHost
  let history: HistoryReader
  var consumer: GroupConsumer?
  /// Counts the times that this worker has joined the group.
  var member = 0
  var nameWatch: Task<Void, Never>?
  /// Asks until Kafka answers, when it seems that it does not.
  var probe: Task<Void, Never>?
  var drivers: [String: QueueDriver] = [:]
  var isShuttingDown = false
  private var hasLeft = false
  var fencedBy: String?
  /// Why the group's client can never be used again, if that is not another worker's doing.
  var failure: (any Error)?

  /// Connects, without joining the group yet.
  /// - Parameters:
  ///   - name: the static member name; one worker at a time may have it.
  ///   - executable: the `baton` executable, for the sync runner and the process guard.
  ///   - environment: what runners inherit.
  ///   - trace: is told of each step, on any thread; it must not block.
  /// - Throws: `KafkaError`, `RunnerStartError`.
  public init(
    configuration: Configuration, name: String, executable: String, environment: [String: String], logger: Logger,
    metrics: Metrics = Metrics(), trace: (@Sendable (WorkerStep) -> Void)? = nil
  ) throws {
    self.configuration = configuration
    self.trace = trace
    self.name = name
    self.logger = logger
    troubles = Troubles(logger: logger)
    launch = RunnerLaunch(configuration: configuration, executable: executable, environment: environment)
    let settings = KafkaSettings(configuration, clientID: "baton-\(name)")
    let kafkaLogger = logger.with(component: "kafka")
    producer = try Worker.makeProducer(settings, kafkaLogger)
    reader = try LogReader(settings: settings, recordBytesMax: RawRecord.bytesMax, logger: kafkaLogger)
    controlReader = try LogReader(
      settings: settings, waitsForNews: true, recordBytesMax: RawRecord.bytesMax, logger: kafkaLogger)
    host = try ProcessHost(guardCommand: [executable, "process-guard"])
    history = HistoryReader(configuration: configuration, reader: reader, logger: logger)
    var seed = SystemRandomNumberGenerator()
    let jobs = configuration.jobs.mapValues(\.job)
    for queue in configuration.queueOrder {
      var options = QueueMachine.Settings()
      // Taking up a paused fetch may take the library a second: half of this must last so long in a queue of short runs.
      // What waits is bounded by its bytes too.
      options.waitingRequestsMax = 2_000
      if let queueOptions = configuration.queues[queue] {
        options.deduplicationMilliseconds = queueOptions.deduplicationMilliseconds
        options.deduplicationElsewhere = configuration.queues.mapValues(\.deduplicationMilliseconds)
      }
      let mailbox = mailbox
      drivers[queue] = QueueDriver(
        queue: queue, partition: TopicPartition(topic: configuration.requestsTopic(queue), partition: 0),
        machine: QueueMachine(queue: queue, worker: name, jobs: jobs, settings: options, seed: seed.next()),
        deadlines: Deadlines { mailbox.post(.machine(queue: queue, .timer($0))) },
        metrics: QueueMetrics(metrics, queue: queue))
    }
  }

  /// Joins the group and works until `shutDown`, or until another worker of the same name takes over.
  /// - Parameter onUp: called once the start has succeeded.
  /// - Throws: `WorkerError` for topics that are missing or have the wrong shape, `KafkaError`.
  public func run(onUp: @Sendable () -> Void = {}) async throws -> End {
    trace?(.workerBegins)
    let prepared = Task { [producer, configuration, logger] in
      do {
        try await producer.prepare(
          topics: configuration.queueOrder.map(configuration.eventsTopic) + [configuration.deadLettersTopic])
      } catch {
        logger.warning("the first events will take longer: \(error)")
      }
    }
    try await TopicCheck(configuration: configuration).run(reader: reader)
    let follower = try await followOrders()
    await prepared.value
    trace?(.groupJoining)
    try join()
    logger.info("worker is up", ["name": name, "queues": configuration.queueOrder.joined(separator: ",")])
    onUp()
    while !isDone {
      for message in await mailbox.next() { handle(message) }
    }
    follower.cancel()
    nameWatch?.cancel()
    probe?.cancel()
    await leave()
    await follower.value
    await nameWatch?.value
    await probe?.value
    await close()
    if let failure { throw failure }
    if let fencedBy { return .fenced(fencedBy) }
    logger.info("worker has ended", ["name": name])
    return .shutDown
  }

  /// Lets go of the queues after the chunks in hand, at the latest when the configured time is over.
  nonisolated public func shutDown() {
    mailbox.post(.shutDown(deadline: .now + configuration.worker.shutdownMilliseconds))
  }

  private var isDone: Bool {
    guard isShuttingDown || fencedBy != nil else { return false }
    return drivers.values.allSatisfy { driver in
      switch driver.machine.state {
      case .unassigned, .stopped(.fenced): driver.runners.isEmpty
      default: false
      }
    }
  }

  /// Says goodbye to the group, which asks for the queues back one last time.
  private func leave() async {
    for driver in drivers.values { driver.deadlines.cancelAll() }
    guard let consumer else { return }
    guard fencedBy == nil else { return await consumer.close() }
    let leaving = Task { [mailbox] in
      await consumer.leave()
      mailbox.post(.left)
    }
    while !hasLeft {
      for message in await mailbox.next() { handle(message) }
    }
    await leaving.value
  }

  private func close() async {
    mailbox.close()
    await producer.close(timeoutMilliseconds: 10_000)
    for broken in brokenProducers { await broken.close(timeoutMilliseconds: 0) }
    await reader.close()
    await controlReader.close()
    await host.shutdown()
  }

  private static func makeProducer(_ settings: KafkaSettings, _ logger: Logger) throws -> Producer {
    try Producer(settings: settings, logger: logger, onStatistics: { logger.debug($0) })
  }

  var statistics: @Sendable (String) -> Void {
    let logger = logger.with(component: "kafka")
    return { logger.debug($0) }
  }

  /// An idempotent producer that has lost its place in the broker's sequence is of no more use; a new one is.
  private func replace(_ broken: Producer) {
    guard broken === producer else { return }
    logger.warning("the producer cannot go on and is replaced")
    do {
      producer = try Worker.makeProducer(
        KafkaSettings(configuration, clientID: "baton-\(name)"), logger.with(component: "kafka"))
      brokenProducers.append(broken)
    } catch {
      // The same settings have made one before.
      logger.error("cannot make a producer: \(error)")
    }
  }

  // MARK: Messages

  private func handle(_ message: Message) {
    switch message {
    // What a former member still has to tell is of no more interest: it has lost all.
    case .group(let event, let member): if member == self.member { handle(event) }
    case .holder(let holder): settle(holder)
    case .machine(let queue, let input): if let driver = drivers[queue] { tell(driver, input) }
    case .runnerGone(let queue, let token, let usage):
      drivers[queue]?.runners[token] = nil
      drivers[queue]?.metrics.runnerEnded(usage)
    case .order(let message):
      guard let driver = drivers[message.queue] else { return }
      log(message)
      tell(driver, .control(message.order))
    case .probed: probe = nil
    case .problemTold(let queue, let message):
      guard let driver = drivers[queue] else { return }
      driver.toldProblem = message
      tellProblem(driver)
    case .left: hasLeft = true
    case .producerBroke(let broken): replace(broken)
    case .shutDown(let deadline):
      guard !isShuttingDown else { return }
      isShuttingDown = true
      trace?(.releaseAsked)
      logger.info("told to end: the chunks in hand are finished first", ["name": name])
      for driver in drivers.values where driver.machine.state != .unassigned {
        tell(driver, .revoked(deadline: deadline))
      }
    }
  }

  /// Gives the machine an input and executes what it answers.
  func tell(_ driver: QueueDriver, _ input: QueueMachine.Input) {
    for command in driver.machine.handle(input, now: .now) { execute(command, driver) }
    driver.metrics.note(driver.machine)
    tellProblem(driver)
  }

  private func handle(_ event: GroupEvent) {
    switch event {
    case .assigned(let partitions):
      for driver in drivers(of: partitions) where !isShuttingDown {
        trace?(.queueAssigned)
        driver.isAssigned = true
        logger.info("queue assigned", ["queue": driver.queue])
        tell(driver, .assigned)
      }
    case .revoked(let partitions):
      trace?(.releaseAsked)
      let deadline = Timestamp.now + configuration.worker.shutdownMilliseconds
      for driver in drivers(of: partitions) {
        if driver.isAssigned { logger.info("queue is to be handed over", ["queue": driver.queue]) }
        tell(driver, .revoked(deadline: deadline))
      }
    case .lost(let partitions):
      for driver in drivers(of: partitions) {
        driver.isAssigned = false
        for trouble in [Troubles.Subject.history(queue: driver.queue), .checkpoints(queue: driver.queue)] {
          troubles.forget(trouble)
        }
        logger.warning("queue lost: another worker may have it now", ["queue": driver.queue])
        tell(driver, .lost)
      }
    case .record(let record, let highWatermark):
      guard let driver = drivers(of: [record.topicPartition]).first else { return }
      tell(driver, .request(queued(record), requestsEnd: highWatermark))
    case .fenced(let error): suspectFence(error)
    case .error(let error):
      if error.isOffsetOutOfRange {
        // Each queue looks for itself whether it is the one.
        for driver in drivers.values { tell(driver, .offsetOutOfRange) }
      } else if error.isFatal {
        fail(error)
      } else if error.isAboutAllBrokers {
        // So it seems to a client that was with one broker alone.
        logger.debug("\(error)")
        if probe == nil { probeKafka() }
      } else if error.isUnreachable || error.isTimeout {
        troubles.meetBroker(error)
      } else {
        logger.warning("\(error)")
      }
    }
  }

  private func drivers(of partitions: [TopicPartition]) -> [QueueDriver] {
    drivers.values.filter { partitions.contains($0.partition) }
  }

  /// Reads a record, and applies the job's own expiry, counted from when the log took the request.
  private func queued(_ record: LogRecord) -> QueuedRequest {
    let raw = record.raw
    var content = RequestCodec.decode(raw)
    if case .request(var request) = content, let expiry = configuration.jobs[request.job]?.expiresMilliseconds {
      let limit = record.appended + expiry
      request.expires = min(request.expires ?? limit, limit)
      content = .request(request)
    }
    return QueuedRequest(offset: record.offset, appended: record.appended, raw: raw, content: content)
  }
}
