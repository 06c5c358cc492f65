import Configuration
import Dispatch
import KafkaLog
import Messages
import Scheduling
import Telemetry
import Worker

/// Proposes the jobs that are due: drives a `SchedulerMachine`, the log on one side and the wall clock on the other.
///
/// Any number may run. What each proposes goes to the log, whose order keeps the first of each fire.
public actor Scheduler {
  enum Message: Sendable {
    case input(SchedulerMachine.Input)
    case lookAtTheClock
    case looked(ClockLook)
    case shutDown
  }

  nonisolated let configuration: Configuration
  nonisolated public let name: String
  nonisolated let logger: Logger
  private let messages: AsyncStream<Message>
  nonisolated let mailbox: AsyncStream<Message>.Continuation
  private let producer: Producer
  private let reader: LogReader
  private var machine: SchedulerMachine
  private var timer: DeadlineTimer?
  private var entries: [SchedulerMachine.Entry] = []
  private var clockReading = ClockReading.now()
  private let clockWarningMilliseconds: Int64
  private let clockLimitMilliseconds: Int64

  /// How often a scheduler that proposes seldom looks at its clock.
  private static let clockCheckMilliseconds: Int64 = 300_000

  /// Connects; nothing is proposed yet.
  /// - Parameter name: what requests and log lines call this scheduler.
  /// - Throws: `KafkaError`.
  public init(configuration: Configuration, name: String, logger: Logger) throws {
    self.configuration = configuration
    self.name = name
    self.logger = logger
    (messages, mailbox) = AsyncStream.makeStream()
    let settings = KafkaSettings(configuration, clientID: "baton-scheduler-\(name)")
    let kafkaLogger = logger.with(component: "kafka")
    producer = try Producer(settings: settings, logger: kafkaLogger)
    reader = try LogReader(settings: settings, logger: kafkaLogger)
    entries = configuration.jobOrder.compactMap { name in
      guard let job = configuration.jobs[name], let schedule = job.schedule else { return nil }
      return SchedulerMachine.Entry(schedule, queue: job.job.queue)
    }
    var options = SchedulerMachine.Settings()
    options.horizonMilliseconds = configuration.scheduler.horizonMilliseconds
    options.clockWarningMilliseconds = configuration.scheduler.clockWarningMilliseconds
    options.clockLimitMilliseconds = configuration.scheduler.clockLimitMilliseconds
    clockWarningMilliseconds = options.clockWarningMilliseconds
    clockLimitMilliseconds = options.clockLimitMilliseconds
    machine = SchedulerMachine(entries, settings: options)
  }

  /// Proposes what was missed, then what comes due, until `shutDown`.
  /// - Throws: `KafkaError` if the log cannot be read at the start.
  public func run() async throws {
    let mailbox = mailbox
    let timer = DeadlineTimer(.wall) { mailbox.yield(.input(.timer)) }
    self.timer = timer
    // By elapsed time: a clock that was set far back must be noticed all the same.
    let clock = DeadlineTimer(.elapsed) { mailbox.yield(.lookAtTheClock) }
    defer { clock.close() }
    var followers: [Task<Void, Never>] = []
    do {
      if let look = try await lookAtTheClock() { tell(look) }
      followers = try await readTheLog()
      logger.info("scheduler is up", ["name": name, "jobs": String(entries.count)])
      await serve(clock)
    } catch {
      await close(timer, followers)
      throw error
    }
    await close(timer, followers)
    logger.info("scheduler has ended", ["name": name])
  }

  /// Ends it, without waiting.
  nonisolated public func shutDown() { mailbox.yield(.shutDown) }

  private func serve(_ clock: DeadlineTimer) async {
    clock.set(ClockReading.now().elapsed + Self.clockCheckMilliseconds)
    for await message in messages {
      switch message {
      case .input(let input): tell(input)
      case .lookAtTheClock:
        startLook()
        clock.set(ClockReading.now().elapsed + Self.clockCheckMilliseconds)
      case .looked(let look): tell(look)
      case .shutDown: return
      }
    }
  }

  private func close(_ timer: DeadlineTimer, _ followers: [Task<Void, Never>]) async {
    mailbox.finish()
    timer.close()
    for follower in followers { follower.cancel() }
    await reader.close()
    for follower in followers { await follower.value }
    write(ControlCodec.withdrawnScheduler(name: name), nil, "that this scheduler has ended")
    await producer.close(timeoutMilliseconds: 5_000)
  }

  private func tell(_ look: ClockLook) {
    // Set since then: what was seen is void.
    guard !ClockReading.now().wasSet(since: look.reading, byMoreThan: clockWarningMilliseconds) else { return }
    tell(.clock(aheadMilliseconds: look.aheadMilliseconds))
  }

  private func tell(_ input: SchedulerMachine.Input) {
    let reading = ClockReading.now()
    if reading.wasSet(since: clockReading, byMoreThan: clockWarningMilliseconds) {
      clockReading = reading
      logger.warning("this machine's clock was set: it is compared with the broker's before anything is proposed")
      for command in machine.handle(.clockSet, now: reading.wall) { execute(command) }
    }
    for command in machine.handle(input, now: reading.wall) { execute(command) }
  }

  // MARK: Reading

  /// Reads the control topic and what was asked for inside the horizon, and goes on following both.
  private func readTheLog() async throws -> [Task<Void, Never>] {
    var known: [String: SchedulerMachine.Known] = [:]
    var inputs: [SchedulerMachine.Input] = []
    let control = TopicPartition(topic: configuration.controlTopic)
    let bounds = try await reader.bounds(of: control)
    for try await batch in reader.records(of: control, from: bounds.start, to: bounds.end) {
      for record in batch { note(record, &known, &inputs) }
    }
    var followers = [follow(control, from: bounds.end, take: takeOrder)]
    var fires: [FireIdentifier] = []
    // A record's time is the broker's, and the horizon is counted by this clock: an hour more than enough.
    let from = WallClock.milliseconds() - configuration.scheduler.horizonMilliseconds - 3_600_000
    for queue in Set(entries.map(\.queue)).sorted() {
      let requests = TopicPartition(topic: configuration.requestsTopic(queue))
      let end = try await reader.bounds(of: requests).end
      let start = try await reader.offset(of: requests, atOrAfter: from)
      for try await batch in reader.records(of: requests, from: start, to: end) {
        fires += batch.compactMap(Scheduler.fire)
      }
      followers.append(follow(requests, from: end, take: takeRequest))
    }
    for input in inputs { tell(input) }
    tell(.logRead(fires: fires, known: known))
    return followers
  }

  private func note(
    _ record: LogRecord, _ known: inout [String: SchedulerMachine.Known], _ inputs: inout [SchedulerMachine.Input]
  ) {
    switch try? ControlCodec.read(record.raw) {
    case .schedule(let schedule): known[schedule.job] = Scheduler.known(schedule)
    case .withdrawn(let key): if let job = ControlCodec.job(ofScheduleKey: key) { known[job] = nil }
    case .order(let message): if let input = Scheduler.input(message) { inputs.append(input) }
    // What is none of these, a worker tells of.
    case .scheduler, .problem, nil: break
    }
  }

  private func follow(
    _ partition: TopicPartition, from: Int64, take: @escaping @Sendable (LogRecord) -> Void
  ) -> Task<Void, Never> {
    Task { [reader, logger] in
      await LogFollower(reader: reader, partition: partition).run(from: from) { news in
        switch news {
        case .trouble(let error): logger.warning("cannot follow \(partition), trying again: \(error)")
        case .recovered: logger.info("\(partition) is followed again")
        case .begunAnew: logger.warning("\(partition) has begun anew: it is read from the start")
        }
      } onRecord: { record in
        take(record)
      }
    }
  }

  nonisolated private func takeRequest(_ record: LogRecord) {
    if let fire = Scheduler.fire(record) { mailbox.yield(.input(.logged(fire))) }
  }

  nonisolated private func takeOrder(_ record: LogRecord) {
    switch try? ControlCodec.read(record.raw) {
    case .order(let message): if let input = Scheduler.input(message) { mailbox.yield(.input(input)) }
    case .schedule(let schedule): mailbox.yield(.input(.known(job: schedule.job, Scheduler.known(schedule))))
    case .withdrawn(let key):
      if let job = ControlCodec.job(ofScheduleKey: key) { mailbox.yield(.input(.known(job: job, nil))) }
    case .scheduler, .problem, nil: break
    }
  }

  private static func known(_ record: ScheduleRecord) -> SchedulerMachine.Known {
    SchedulerMachine.Known(signature: record.signature, since: record.since.milliseconds / 1000)
  }

  /// The fire that a request was made for; nil for any other record.
  private static func fire(_ record: LogRecord) -> FireIdentifier? {
    guard case .request(let request) = RequestCodec.decode(record.raw), request.origin == .schedule else { return nil }
    return FireIdentifier(request.id)
  }

  private static func input(_ message: ControlMessage) -> SchedulerMachine.Input? {
    switch message.order.action {
    case .pauseJob(let job, let until): .paused(job: job, until: until?.milliseconds)
    case .resumeJob(let job): .resumed(job: job)
    case .pause, .resume, .cancel, .uncancel, .acceptLoss: nil
    }
  }

  // MARK: The clock

  private func startLook() {
    let (mailbox, logger) = (mailbox, logger)
    Task {
      // The followers tell of an outage; the next look comes anyway.
      do {
        if let look = try await lookAtTheClock() { mailbox.yield(.looked(look)) }
      } catch {
        logger.debug("the clock could not be compared: \(error)")
      }
    }
  }

  /// Says that this scheduler is there; when the log took that tells how far the clock is ahead.
  /// - Returns: nil if the answer took so long, or the clock was set meanwhile, that it tells nothing.
  private func lookAtTheClock() async throws -> ClockLook? {
    let sent = ClockReading.now()
    let record = ControlCodec.encode(SchedulerRecord(name: name, time: Timestamp(milliseconds: sent.wall)))
    let delivery = try await producer.send(OutgoingRecord(topic: configuration.controlTopic, record))
    return look(sent: sent, delivery)
  }

  nonisolated private func look(sent: ClockReading, _ delivery: Delivery) -> ClockLook? {
    let received = ClockReading.now()
    let appended = delivery.timestampMilliseconds
    // The embedded broker, on this machine, gives a moment of 1970.
    guard appended > 86_400_000 else { return ClockLook(aheadMilliseconds: 0, reading: received) }
    // A long wait would explain too much.
    guard !received.wasSet(since: sent, byMoreThan: clockWarningMilliseconds),
      received.elapsed - sent.elapsed <= clockLimitMilliseconds / 4
    else { return nil }
    return ClockLook(aheadMilliseconds: sent.ahead(of: appended, until: received), reading: received)
  }

  // MARK: Executing

  private func execute(_ command: SchedulerMachine.Command) {
    switch command {
    case .setTimer(let moment): timer?.set(moment)
    case .lookAtClock: startLook()
    case .propose(let proposal): propose(proposal)
    case .remember(let job, let known):
      let record = ScheduleRecord(
        job: job, signature: known.signature, since: Timestamp(milliseconds: known.since * 1000))
      write(
        ControlCodec.encode(record, time: .init(milliseconds: WallClock.milliseconds())), job, "the schedule of \(job)")
    case .forget(let job): write(ControlCodec.withdrawnSchedule(job: job), job, "that \(job) has no schedule")
    case .report(let report): tell(report)
    }
  }

  private func propose(_ proposal: SchedulerMachine.Proposal) {
    let sent = ClockReading.now()
    let request = Request(
      id: proposal.id.description, job: proposal.id.job, origin: .schedule, requestedBy: name,
      time: Timestamp(milliseconds: sent.wall), expires: proposal.expiry.map(Timestamp.init(milliseconds:)))
    let record = OutgoingRecord(
      topic: configuration.requestsTopic(proposal.queue), RequestCodec.encode(request, source: "/scheduler/\(name)"))
    let (mailbox, logger) = (mailbox, logger)
    let late = sent.wall - proposal.due
    producer.submit([record]) { results in
      switch results.first {
      case .success(let delivery)?:
        logger.info(
          "proposed", ["run": request.id, "offset": String(delivery.offset), "late": "\(late)ms"])
        mailbox.yield(.input(.logged(proposal.id)))
        if let look = self.look(sent: sent, delivery) { mailbox.yield(.looked(look)) }
      case .failure(let error)?:
        logger.warning("a proposal was not taken, trying again: \(error)", ["run": request.id])
        mailbox.yield(.input(.failed(proposal.id)))
      case nil: break
      }
    }
  }

  /// - Parameter job: whose schedule it is about, which the machine then tries to store again; nil for none.
  private func write(_ record: RawRecord, _ job: String?, _ what: String) {
    let (mailbox, logger) = (mailbox, logger)
    producer.submit([OutgoingRecord(topic: configuration.controlTopic, record)]) { results in
      guard case .failure(let error)? = results.first else { return }
      logger.warning("could not store \(what): \(error)")
      if let job { mailbox.yield(.input(.notStored(job: job))) }
    }
  }

  private func tell(_ report: SchedulerMachine.Report) {
    switch report {
    case .omitted(let job, let reason, let count, let fires):
      let span =
        "\(FireIdentifier(job: job, fire: fires.lowerBound)) to \(FireIdentifier(job: job, fire: fires.upperBound))"
      logger.info("missed fires are left: \(reason.words)", ["job": job, "count": String(count), "fires": span])
    case .clockOff(let ahead): logger.warning("this machine's clock is \(Scheduler.words(ahead)): set it right")
    case .clockWrong(let ahead):
      logger.error(
        "this machine's clock is \(Scheduler.words(ahead)): nothing is proposed from here until it is right "
          + "(scheduler.clock-limit)")
    case .clockRight: logger.info("this machine's clock agrees with the broker's")
    }
  }

  private static func words(_ ahead: Int64) -> String {
    "\(abs(ahead)) ms \(ahead > 0 ? "ahead of" : "behind") the broker's"
  }
}

extension CatchUpPlan.Reason {
  /// Why, in words.
  fileprivate var words: String {
    switch self {
    case .superseded: "a later one stands for them"
    case .expired: "they may no longer start (not-after)"
    case .notWanted: "the job does not catch up"
    case .overLimit: "there are too many"
    }
  }
}
