import Dispatch

/// Gives a machine its inputs, and answers what it asks for: events land in a log of its own, commits are remembered.
struct Driver {
  typealias Machine = QueueMachine
  static let start = Timestamp(milliseconds: 1_764_000_000_000)
  static let suspension: Int64 = 30_000

  var machine: QueueMachine
  var now = Driver.start
  /// The offset of the next event: higher than any offset of a request, so that they cannot be taken for each other.
  var eventsEnd: Int64 = 100
  var events: [(offset: Int64, event: Event)] = []
  var deadLetters: [DeadLetter] = []
  /// What was asked for on other runs' success, and in which queue.
  var followers: [(request: Request, queue: String)] = []
  var committed: QueueHistory.Committed?

  private(set) var history: Int64?
  private(set) var reading: (ticket: Int64, range: Range<Int64>)?
  private(set) var publishing: (ticket: Int64, publications: [Publication])?
  var committing: (ticket: Int64, committed: QueueHistory.Committed)?

  init(
    jobs: [Job] = Driver.jobs, seed: UInt64 = 1, _ change: (inout QueueMachine.Settings) -> Void = { _ in }
  ) {
    var settings = QueueMachine.Settings()
    change(&settings)
    machine = QueueMachine(
      queue: "q", worker: "BLUE", jobs: Dictionary(uniqueKeysWithValues: jobs.map { ($0.name, $0) }),
      settings: settings, seed: seed)
  }

  static let jobs = [
    Job(name: "sync", queue: "q"), Job(name: "once", queue: "q", attempts: 1),
    Job(name: "timed", queue: "q", timeoutMilliseconds: 60_000),
    Job(name: "twin", queue: "q", parameters: [.init(name: "n", type: .integer)], whenWaiting: .coalesce),
    Job(name: "elsewhere", queue: "other"),
  ]

  static func queued(
    _ offset: Int64, id: String? = nil, job: String = "sync", after: Int64? = nil,
    _ change: (inout Request) -> Void = { _ in }
  ) -> QueuedRequest {
    var request = Request(id: id ?? "r\(offset)", job: job)
    change(&request)
    return QueuedRequest(
      offset: offset, appended: start + (after ?? offset), raw: RawRecord(value: [UInt8](repeating: 32, count: 100)),
      content: .request(request))
  }

  static func unreadable(_ offset: Int64) -> QueuedRequest {
    QueuedRequest(
      offset: offset, appended: start, raw: RawRecord(key: nil, value: [0xff]),
      content: .unreadable(reason: "the value is not valid UTF-8", id: nil))
  }

  static func lands(
    _ committed: QueueHistory.Committed?, requests: Range<Int64> = 0..<1, eventsEnd: Int64 = 100,
    taken: [TakenRequest] = [], events: [(offset: Int64, event: Event)] = [], storedCursor: String? = nil
  ) -> QueueHistory {
    var digest = EventDigest(floor: committed?.offset ?? requests.lowerBound)
    for (offset, event) in events { digest.apply(event, at: offset, appended: start) }
    return QueueHistory(
      committed: committed, requestsStart: requests.lowerBound, requestsEnd: requests.upperBound, eventsEnd: eventsEnd,
      taken: taken, digest: digest, storedCursor: storedCursor)
  }

  // MARK: Inputs

  @discardableResult
  mutating func give(_ input: QueueMachine.Input) -> [QueueMachine.Command] {
    let commands = machine.handle(input, now: now)
    for command in commands {
      switch command {
      case .readHistory(let ticket): history = ticket
      case .readEvents(let ticket, let from, let to): reading = (ticket, from..<to)
      case .publish(let ticket, let publications): publishing = (ticket, publications)
      case .commit(let ticket, let offset, let metadata):
        committing = (ticket, QueueHistory.Committed(offset: offset, metadata: metadata))
      default: break
      }
    }
    return commands
  }

  @discardableResult
  mutating func request(_ queued: QueuedRequest, end: Int64? = nil) -> [QueueMachine.Command] {
    give(.request(queued, requestsEnd: end ?? queued.offset + 1))
  }

  /// The queue is assigned and its history read: by default it has none.
  @discardableResult
  mutating func open(_ history: QueueHistory = Driver.lands(.init(offset: 0))) -> [QueueMachine.Command] {
    give(.assigned)
    return read(history)
  }

  @discardableResult
  mutating func read(_ history: QueueHistory) -> [QueueMachine.Command] {
    eventsEnd = max(eventsEnd, history.eventsEnd)
    return give(.historyRead(ticket: self.history ?? -1, history))
  }

  /// What another owner would find now.
  func lookBack(requests: Range<Int64> = 0..<1) -> QueueHistory {
    Driver.lands(committed, requests: requests, eventsEnd: eventsEnd, events: events)
  }

  @discardableResult
  mutating func published() -> [QueueMachine.Command] {
    guard let (ticket, publications) = publishing else { return [] }
    publishing = nil
    var offsets: [Int64] = []
    for publication in publications {
      switch publication {
      case .event(let event):
        events.append((eventsEnd, event))
        offsets.append(eventsEnd)
        eventsEnd += 1
      case .deadLetter(let letter):
        deadLetters.append(letter)
        offsets.append(Int64(deadLetters.count - 1))
      case .request(let request, let queue):
        followers.append((request, queue))
        offsets.append(Int64(followers.count - 1))
      }
    }
    return give(.published(ticket: ticket, offsets: offsets))
  }

  @discardableResult
  mutating func commit() -> [QueueMachine.Command] {
    guard let (ticket, committed) = committing else { return [] }
    committing = nil
    self.committed = committed
    return give(.committed(ticket: ticket))
  }

  /// The answer to `readEvents`: these events of others.
  @discardableResult
  mutating func found(_ event: Event? = nil, at offset: Int64 = 101) -> [QueueMachine.Command] {
    give(.eventsRead(ticket: reading?.ticket ?? 0, event.map { [(offset: offset, event: $0)] } ?? []))
  }

  @discardableResult
  mutating func refuse(_ refusal: CommitRefusal) -> [QueueMachine.Command] {
    guard let ticket = committing?.ticket else { return [] }
    committing = nil
    return give(.commitRefused(ticket: ticket, refusal))
  }

  @discardableResult
  mutating func refusePublication(_ failure: PublishFailure) -> [QueueMachine.Command] {
    guard let ticket = publishing?.ticket else { return [] }
    publishing = nil
    return give(.publishFailed(ticket: ticket, failure))
  }

  /// Publishes and commits until nothing is asked for any more; the commands of all steps.
  @discardableResult
  mutating func settle() -> [QueueMachine.Command] {
    var all: [QueueMachine.Command] = []
    while publishing != nil || committing != nil {
      if publishing != nil { all += published() } else { all += commit() }
    }
    return all
  }

  @discardableResult
  mutating func fire(_ timer: QueueMachine.TimerID, after milliseconds: Int64 = 0) -> [QueueMachine.Command] {
    now = now + milliseconds
    return give(.timer(timer))
  }

  @discardableResult
  mutating func chunk(_ number: Int, cursor: String? = nil, rows: Int64 = 10, total: Int64? = nil) -> [QueueMachine
    .Command]
  {
    give(
      .chunkReported(
        token: token, ChunkProgress(chunk: number, cursor: cursor ?? "c\(number)", rows: rows, total: total)))
  }

  @discardableResult
  mutating func ended(_ outcome: RunnerOutcome) -> [QueueMachine.Command] {
    give(.runnerEnded(token: token, outcome))
  }

  @discardableResult
  mutating func order(_ action: StandingOrder.Action) -> [QueueMachine.Command] {
    give(.control(StandingOrder(action: action, by: "ann", reason: "why")))
  }

  /// The token of the attempt in hand.
  var token: Int64 {
    switch machine.state {
    case .running(let running), .suspended(let running), .readingHistory(_, let running?): running.attempt.token
    default: -1
    }
  }

  var running: QueueMachine.Running? { if case .running(let running) = machine.state { running } else { nil } }

  /// A driver whose machine runs this request.
  static func running(
    _ queued: QueuedRequest = Driver.queued(0), _ change: (inout QueueMachine.Settings) -> Void = { _ in }
  ) -> Driver {
    var driver = Driver(change)
    driver.open(lands(.init(offset: queued.offset), requests: 0..<queued.offset + 1))
    driver.request(queued)
    driver.settle()
    return driver
  }

  /// The end of the request at this offset, as it was published last.
  func end(_ offset: Int64) -> Event.Ended? {
    for (_, event) in events.reversed() where event.request == offset {
      if case .ended(let ended) = event.body { return ended }
    }
    return nil
  }
}
