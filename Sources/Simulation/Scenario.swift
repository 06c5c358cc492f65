import Dispatch

/// Everything that a seed decides before the first step: who takes part, what is asked for, what goes wrong and when.
struct Scenario {
  static let queue = "nightly"
  static let epoch: Int64 = 1_764_000_000_000

  var settings = QueueMachine.Settings()
  var workers: Int
  /// How far each worker's clock is from the broker's, in milliseconds.
  var skews: [Int64]
  var requests: [PlannedRequest] = []
  var orders: [(at: Int64, order: StandingOrder)] = []
  var faults: [(at: Int64, fault: Fault)] = []
  /// Of a hundred answers of the broker, so many are lost before the faults end.
  var lostAnswers: Int
  /// Of a hundred rebalances with another member present, so many move the queue.
  var movesQueue: Int
  /// The most metadata that the broker takes, in bytes.
  var metadataBytesMax = 4_096
  var healsAt: Int64
  /// How long the reading of a history takes: long logs take seconds, in which a zombie may still publish.
  var historyMilliseconds: ClosedRange<Int64> = 2...50

  /// One send by a producer; a repeat of an earlier one carries its id again.
  struct PlannedRequest {
    var at: Int64
    var content: QueuedRequest.Content
    var raw: RawRecord
    var behaviour: Behaviour
    /// The answer is lost, and the producer sends it again after so long.
    var isSentAgainAfter: Int64?
  }

  /// What the source holds for a run and how its runner behaves.
  struct Behaviour {
    var rows = 0
    var chunkRows = 1
    var kind = Kind.succeeds
    /// The chunk, counted from 0 over the whole table, at which it does what `kind` says, and how often.
    var chunk = 0
    var times = 1
    /// Speaks no protocol: one chunk, no reports.
    var isCommand = false
    /// Resumes from the cursor that the sink keeps, instead of the one it is given.
    var keepsCursor = false
    /// The length of its cursors in bytes.
    var cursorBytes = 0
    var chunkMilliseconds: ClosedRange<Int64> = 20...300

    enum Kind {
      case succeeds, failsRetriable, failsForGood, hangs, killsWorker
    }
  }

  static let jobs: [String: Job] = {
    let quick = Job.Backoff(initialMilliseconds: 500, maxMilliseconds: 5_000)
    let jobs = [
      Job(
        name: "plain", queue: queue,
        parameters: [Job.Parameter(name: "day", type: .integer, defaultValue: .integer(0))],
        attempts: 4, backoff: quick, timeoutMilliseconds: 120_000),
      Job(
        name: "twin", queue: queue, parameters: [Job.Parameter(name: "day", type: .integer, defaultValue: .integer(0))],
        attempts: 4, backoff: quick, timeoutMilliseconds: 120_000, whenWaiting: .coalesce),
      Job(name: "timed", queue: queue, attempts: 3, backoff: quick, timeoutMilliseconds: 15_000),
      Job(name: "elsewhere", queue: "other"),
      Job(name: "parent", queue: queue, attempts: 4, backoff: quick, timeoutMilliseconds: 120_000).followed(
        by: "child"),
      Job(
        name: "child", queue: queue, parameters: [Job.Parameter(name: "day", type: .integer)], attempts: 4,
        backoff: quick, timeoutMilliseconds: 120_000),
    ]
    return Dictionary(uniqueKeysWithValues: jobs.map { ($0.name, $0) })
  }()
}

extension Job {
  fileprivate func followed(by name: String) -> Job {
    var job = self
    job.then = [name]
    return job
  }
}

extension Scenario {
  init(random: inout SplitMix64) {
    workers = random.within(2...4)
    let skewMax = [Int64(0), 200, 2_000, 30_000][random.below(4)]
    skews = []
    lostAnswers = [0, 0, 2, 10][random.below(4)]
    movesQueue = [10, 40, 70][random.below(3)]
    healsAt = random.milliseconds(20_000...150_000)
    for _ in 0..<workers { skews.append(random.milliseconds(-skewMax...skewMax)) }
    if random.chance(40) { historyMilliseconds = 500...6_000 }
    if random.chance(20) { settings.deduplicationMilliseconds = 20_000 }
    settings.waitingRequestsMax = [3, 6, 64][random.below(3)]
    if random.chance(25) { settings.waitingBytesMax = 400 }
    settings.turnRequestsMax = [2, 100][random.below(2)]
    settings.suspensionMilliseconds = [4_000, 30_000][random.below(2)]
    if random.chance(30) {
      settings.cursorBytesMax = [30, 90][random.below(2)]
      metadataBytesMax = 140
    }
    planRequests(&random)
    planOrders(&random)
    for _ in 0..<random.within(0...6) {
      faults.append((random.milliseconds(0...healsAt), Fault.draw(&random)))
    }
  }

  private mutating func planRequests(_ random: inout SplitMix64) {
    let count = random.within(3...12)
    let isBurst = random.chance(50)
    var at: Int64 = random.milliseconds(0...3_000)
    for index in 0..<count {
      at += isBurst ? random.milliseconds(0...200) : random.milliseconds(0...2 * healsAt / Int64(count))
      let planned = plan(index, at: at, &random)
      requests.append(planned)
    }
  }

  private mutating func plan(_ index: Int, at: Int64, _ random: inout SplitMix64) -> PlannedRequest {
    var behaviour = Behaviour()
    behaviour.rows = random.chance(10) ? 0 : random.within(1...48)
    behaviour.chunkRows = random.within(4...16)
    behaviour.keepsCursor = random.chance(40)
    behaviour.isCommand = random.chance(15)
    if behaviour.isCommand { behaviour.chunkRows = max(behaviour.rows, 1) }
    if settings.cursorBytesMax < 100, random.chance(70) { behaviour.cursorBytes = [20, 60, 85, 110][random.below(4)] }
    behaviour.chunkMilliseconds = [20...300, 20...300, 1_000...6_000][random.below(3)]
    switch random.below(100) {
    case 0..<12:
      behaviour.kind = .failsRetriable
      behaviour.times = random.within(1...5)
    case 12..<16:
      behaviour.kind = .failsForGood
      behaviour.times = .max
    case 16..<22:
      behaviour.kind = .hangs
      behaviour.times = random.within(1...2)
    case 22..<27:
      behaviour.kind = .killsWorker
      behaviour.times = random.chance(60) ? Int.max : 1
    default: break
    }
    behaviour.chunk = random.below(3)
    if behaviour.kind != .succeeds {
      behaviour.rows = max(behaviour.rows, behaviour.chunk * behaviour.chunkRows + 1)
      if behaviour.isCommand { (behaviour.chunk, behaviour.chunkRows) = (0, behaviour.rows) }
    }
    let raw = RawRecord(value: [UInt8](repeating: UInt8(index), count: random.within(20...150)))
    let again = random.chance(12) ? random.milliseconds(10...5_000) : nil
    func planned(_ content: QueuedRequest.Content) -> PlannedRequest {
      PlannedRequest(at: at, content: content, raw: raw, behaviour: behaviour, isSentAgainAfter: again)
    }
    if random.chance(4) {
      return planned(.unreadable(reason: "no `ce_type`", id: random.chance(50) ? "r\(index)" : nil))
    }
    var request = Request(id: "r\(index)", job: ["plain", "twin", "timed", "parent"][random.below(4)])
    if index > 0, random.chance(8) { request.id = "r\(random.below(index))" }
    if behaviour.kind == .hangs, random.chance(80) { request.job = "timed" }
    switch random.below(100) {
    case 0..<3: request.job = "unheard-of"
    case 3..<5: request.job = "elsewhere"
    case 5..<8 where request.job != "parent": request.params["day"] = .string("tuesday")
    case 8..<20 where request.job == "plain" || request.job == "twin":
      request.params["day"] = .integer(Int64(random.below(2)))
    case 20..<28: request.deduplicationKey = "k\(random.below(2))"
    case 28..<34:
      request.expires = Timestamp(milliseconds: Scenario.epoch + at + random.milliseconds(100...40_000))
    case 34..<40:
      request.notBefore = Timestamp(milliseconds: Scenario.epoch + at + random.milliseconds(100...20_000))
    default: break
    }
    return planned(.request(request))
  }

  private mutating func planOrders(_ random: inout SplitMix64) {
    if random.chance(20) {
      let at = random.milliseconds(0...healsAt)
      let until = random.chance(50) ? Timestamp(milliseconds: Scenario.epoch + at + 10_000) : nil
      orders.append((at, StandingOrder(action: .pause(until: until), by: "operator")))
      if random.chance(60) {
        orders.append((at + random.milliseconds(100...20_000), StandingOrder(action: .resume, by: "operator")))
      }
    }
    if random.chance(10) {
      let at = random.milliseconds(0...healsAt)
      orders.append((at, StandingOrder(action: .pauseJob("plain", until: nil), by: "operator")))
      let resume = StandingOrder(action: .resumeJob("plain"), by: "operator")
      if random.chance(60) { orders.append((at + random.milliseconds(100...20_000), resume)) }
    }
    while random.chance(25) {
      let run = "r\(random.below(requests.count))"
      let at = random.milliseconds(0...healsAt)
      orders.append((at, StandingOrder(action: .cancel(run: run), by: "operator")))
      if random.chance(30) {
        let back = StandingOrder(action: .uncancel(run: run), by: "operator")
        orders.append((at + random.milliseconds(1...20_000), back))
      }
    }
  }
}
