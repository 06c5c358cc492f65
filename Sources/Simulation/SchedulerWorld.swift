import Dispatch
import Scheduling

/// One simulated history of schedulers: a log, a queue's owner, and what befalls them, in virtual time.
final class SchedulerWorld {
  let scenario: SchedulerScenario
  let removed: SchedulerProtection?
  var random: SplitMix64
  /// Milliseconds since 1970.
  var now: Int64
  var step = 0
  var heap = EventHeap<SchedulerAction>()
  var schedulers: [SimulatedScheduler] = []
  var control: [SimulatedControl] = []
  var view: [String: KnownTiming] = [:]
  var fires: [FireIdentifier: FireRecord] = [:]
  /// What each request asks for; the offset is the index.
  var asked: [FireIdentifier] = []
  /// As the queue's owner knows them.
  let jobs: [String: Job]
  var consumer: QueueMachine
  /// How often its hold timer was set or cancelled.
  var consumerHold = 0
  var isConsumerUp = true
  var log = SimulatedLog()
  var committed: QueueHistory.Committed?
  var begun: Int64 = -1
  /// When each job was paused, ends included that their clocks may see later.
  var pausedSpans: [String: Spans] = [:]
  var openPauses: [String: (from: Int64, until: Int64?)] = [:]
  var soundTimes: [SoundTime] = []
  var violation: Violation?
  var counts: [String: Int] = [:]
  private(set) var trace: [String]?
  private var isOver = false

  /// What became of a fire.
  struct FireRecord {
    var requests = 1
    var firstAppended: Int64
    var runs = 0
    var ends = 0
  }

  /// A time in which a scheduler was there and its clock sound, as it knew.
  struct SoundTime {
    var scheduler: Int
    var version: Int
    var from: Int64
    var to: Int64
    var bounds: [String: (from: Int64, surelyFrom: Int64)]
  }

  init(seed: UInt64, removed: SchedulerProtection?, isTracing: Bool) {
    random = SplitMix64(seed: seed)
    scenario = SchedulerScenario(random: &random)
    self.removed = removed
    trace = isTracing ? [] : nil
    now = scenario.startsAt
    jobs = Dictionary(uniqueKeysWithValues: scenario.names.map { ($0, Job(name: $0, queue: "nightly")) })
    consumer = QueueMachine(queue: "nightly", worker: "worker", jobs: jobs, seed: 0)
    startConsumer()
    for (job, known) in scenario.wrongTimings {
      append(
        job,
        KnownTiming(known: known, from: known.since * 1000, surelyFrom: known.since * 1000, isOfAWrongClock: true))
    }
    for index in 0..<scenario.schedulers {
      schedulers.append(SimulatedScheduler(index: index, ahead: scenario.skews[index]))
      heap.push(at: now + random.milliseconds(0...60_000), .start(index))
      for moment in scenario.deployments[index].dropFirst() {
        heap.push(at: moment, .crash(index, downFor: random.milliseconds(500...20_000)))
      }
    }
    for (at, index, ahead) in scenario.clockSets { heap.push(at: at, .setClock(index, ahead: ahead)) }
    for (at, index, downFor) in scenario.crashes { heap.push(at: at, .crash(index, downFor: downFor)) }
    for index in scenario.orders.indices { heap.push(at: scenario.orders[index].at, .order(index)) }
    for (at, downFor) in scenario.consumerRestarts { heap.push(at: at, .consumerDown(downFor)) }
    heap.push(at: scenario.healsAt, .heal)
    heap.push(at: scenario.endsAt, .end)
  }

  static let stepsMax = 1_000_000

  func run() {
    while violation == nil, !isOver, let (time, action) = heap.pop() {
      now = time
      step += 1
      perform(action)
      if step > SchedulerWorld.stepsMax { violate("it comes to no end") }
    }
    if violation == nil { checkAtTheEnd() }
  }

  private func perform(_ action: SchedulerAction) {
    switch action {
    case .start(let index): start(schedulers[index])
    case .crash(let index, let downFor): crash(schedulers[index], downFor: downFor)
    case .readControl(let index, let life): awake(index, life, action)?.readControl(self)
    case .readRequests(let index, let life): awake(index, life, action)?.readRequests(self)
    case .begin(let index, let life, let fires):
      if let scheduler = awake(index, life, action) { begin(scheduler, fires) }
    case .timer(let index, let life, let setting):
      if let scheduler = awake(index, life, action), scheduler.timerSetting == setting {
        scheduler.timer = nil
        tell(scheduler, .timer)
      }
    case .look(let index, let life):
      if let scheduler = awake(index, life, action) {
        send(scheduler, .look)
        heap.push(at: now + scenario.lookMilliseconds, action)
      }
    case .tell(let index, let life, let input): if let scheduler = awake(index, life, action) { tell(scheduler, input) }
    case .looked(let index, let life, let seen, let ahead):
      // Set since then: what was seen is void.
      if let scheduler = awake(index, life, action), !wasSet(scheduler, since: ahead) {
        tell(scheduler, .clock(aheadMilliseconds: seen))
      }
    case .arrive(let index, let life, let record, let sent, let waited, let ahead):
      arrive(schedulers[index], life, record, sent: sent, waited: waited, ahead: ahead)
    case .followRequests(let index, let life):
      if let scheduler = awake(index, life, action) { followRequests(scheduler) }
    case .followControl(let index, let life):
      if let scheduler = awake(index, life, action) { followControl(scheduler) }
    case .setClock(let index, let ahead): setClock(schedulers[index], ahead)
    case .order(let index): order(index)
    case .consumerDown(let downFor): stopConsumer(downFor)
    case .consumerUp: startConsumer()
    case .consumerHold(let setting): if setting == consumerHold { consume(.timer(.hold)) }
    case .heal: heal()
    case .end: isOver = true
    }
  }

  /// The scheduler, if that process still is and is not stopped; one that is stopped goes on later.
  private func awake(_ index: Int, _ life: Int, _ action: SchedulerAction) -> SimulatedScheduler? {
    let scheduler = schedulers[index]
    guard scheduler.life == life, scheduler.isUp else { return nil }
    let end = scenario.pauses[index].end(at: now)
    guard end == now else {
      heap.push(at: end, action)
      return nil
    }
    return scheduler
  }

  /// The faults are over: clocks are right, and who is down comes back.
  private func heal() {
    tell(nil, "all faults are over")
    for scheduler in schedulers {
      setClock(scheduler, random.milliseconds(-500...500))
      if !scheduler.isUp { heap.push(at: now + random.milliseconds(1_000...20_000), .start(scheduler.index)) }
    }
    if !isConsumerUp { startConsumer() }
  }

  // MARK: Words

  func tell(_ scheduler: SimulatedScheduler?, _ text: @autoclosure () -> String) {
    guard trace != nil else { return }
    let who = scheduler.map { "scheduler-\($0.index).\($0.life)" } ?? ""
    trace?.append(
      "\(Timestamp(milliseconds: now)) \(who)\(String(repeating: " ", count: max(0, 15 - who.count))) \(text())")
  }

  func violate(_ message: @autoclosure () -> String) {
    guard violation == nil else { return }
    let text = message()
    violation = Violation(
      invariant: .eachFireOnce, message: text, step: step, milliseconds: now - scenario.startsAt)
    tell(nil, "VIOLATION of \(Invariant.eachFireOnce.rawValue) (\(Invariant.eachFireOnce.name)): \(text)")
  }

  func count(_ what: String) { counts[what, default: 0] += 1 }
}
