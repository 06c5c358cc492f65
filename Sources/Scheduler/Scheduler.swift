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
    /// The clock was looked at and the log read, or that failed.
    case started(Result<Void, any Error>)
    /// A producer can never be used again.
    case producerBroke(Producer)
    case shutDown(withdraws: Bool)
  }

  nonisolated let configuration: Configuration
  nonisolated public let name: String
  nonisolated let logger: Logger
  private let messages: AsyncStream<Message>
  nonisolated let mailbox: AsyncStream<Message>.Continuation
  var producer: Producer
  /// Producers that broke for good, while what they had in hand is told.
  private var brokenProducers: [Producer] = []
  let reader: LogReader
  private var machine: SchedulerMachine
  var timer: DeadlineTimer?
  /// The queue of each job that has a schedule.
  nonisolated let queues: [String: String]
  var followers: [Task<Void, Never>] = []
  private var clockReading = ClockReading.now()
  /// Whether its record on the control topic is still its own.
  private var withdraws = true
  let clockWarningMilliseconds: Int64
  let clockLimitMilliseconds: Int64

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
    let entries = configuration.jobOrder.compactMap { name -> SchedulerMachine.Entry? in
      guard let job = configuration.jobs[name], let schedule = job.schedule else { return nil }
      return SchedulerMachine.Entry(schedule, queue: job.job.queue)
    }
    queues = Dictionary(uniqueKeysWithValues: entries.map { ($0.schedule.job, $0.queue) })
    let options = configuration.scheduler.settings
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
    // Beside the mailbox: in an outage it takes a minute, and may be told to end.
    let start = Task {
      do {
        if let look = try await lookAtTheClock() { tell(look) }
        try await readTheLog()
        mailbox.yield(.started(.success(())))
      } catch {
        mailbox.yield(.started(.failure(error)))
      }
    }
    let (end, early) = await started()
    let isUp = if case .success? = end { true } else { false }
    if isUp {
      logger.info("scheduler is up", ["name": name, "jobs": String(queues.count)])
      await serve(clock, early)
    }
    await close(timer, start, isUp: isUp)
    try end?.get()
    logger.info("scheduler has ended", ["name": name])
  }

  /// Waits for the start, and keeps what comes meanwhile.
  /// - Returns: how the start ended; nil if it was told to end before.
  private func started() async -> (Result<Void, any Error>?, early: [Message]) {
    var early: [Message] = []
    for await message in messages {
      switch message {
      case .started(let end): return (end, early)
      case .shutDown(let withdraws):
        self.withdraws = withdraws
        return (nil, [])
      case .input, .lookAtTheClock, .looked, .producerBroke: early.append(message)
      }
    }
    return (nil, [])
  }

  /// Ends it, without waiting.
  /// - Parameter withdraws: whether its record is taken from the control topic; not if another has its name now, whose
  ///   record it would be.
  nonisolated public func shutDown(withdraws: Bool = true) { mailbox.yield(.shutDown(withdraws: withdraws)) }

  private func serve(_ clock: DeadlineTimer, _ early: [Message]) async {
    clock.set(ClockReading.now().elapsed + Self.clockCheckMilliseconds)
    for message in early { guard handle(message, clock) else { return } }
    for await message in messages { guard handle(message, clock) else { return } }
  }

  /// - Returns: whether it goes on.
  private func handle(_ message: Message, _ clock: DeadlineTimer) -> Bool {
    switch message {
    case .input(let input): tell(input)
    case .lookAtTheClock:
      startLook()
      clock.set(ClockReading.now().elapsed + Self.clockCheckMilliseconds)
    case .looked(let look): tell(look)
    case .producerBroke(let broken): replace(broken)
    case .started: break
    case .shutDown(let withdraws):
      self.withdraws = withdraws
      return false
    }
    return true
  }

  private func close(_ timer: DeadlineTimer, _ start: Task<Void, Never>, isUp: Bool) async {
    mailbox.finish()
    timer.close()
    start.cancel()
    for follower in followers { follower.cancel() }
    await reader.close()
    if withdraws { write(ControlCodec.withdrawnScheduler(name: name), nil, "that this scheduler has ended") }
    // In an outage, one that is not up yet has hardly anything to say that is worth a wait.
    await producer.close(timeoutMilliseconds: isUp ? 5_000 : 500)
    for broken in brokenProducers { await broken.close(timeoutMilliseconds: 0) }
    await start.value
    // The start may have made more of them meanwhile.
    for follower in followers { follower.cancel() }
    for follower in followers { await follower.value }
  }

  /// An idempotent producer that has lost its place in the broker's sequence is of no more use; a new one is. What failed
  /// with it is proposed again.
  private func replace(_ broken: Producer) {
    guard broken === producer else { return }
    logger.warning("the producer cannot go on and is replaced")
    do {
      producer = try Producer(
        settings: KafkaSettings(configuration, clientID: "baton-scheduler-\(name)"),
        logger: logger.with(component: "kafka"))
      brokenProducers.append(broken)
    } catch {
      // The same settings have made one before.
      logger.error("cannot make a producer: \(error)")
    }
  }

  func tell(_ look: ClockLook) {
    // Set since then: what was seen is void.
    guard !ClockReading.now().wasSet(since: look.reading, byMoreThan: clockWarningMilliseconds) else { return }
    tell(.clock(aheadMilliseconds: look.aheadMilliseconds))
  }

  func tell(_ input: SchedulerMachine.Input) {
    let reading = ClockReading.now()
    if reading.wasSet(since: clockReading, byMoreThan: clockWarningMilliseconds) {
      clockReading = reading
      logger.warning("this machine's clock was set: it is compared with the broker's before anything is proposed")
      for command in machine.handle(.clockSet, now: reading.wall) { execute(command) }
    }
    for command in machine.handle(input, now: reading.wall) { execute(command) }
  }
}
