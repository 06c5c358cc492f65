import Dispatch

/// One simulated history: a log, a coordinator, a sink, workers and what befalls them, in virtual time.
final class World {
  let scenario: Scenario
  let removed: Protection?
  var random: SplitMix64
  var now: Int64 = 0
  var step = 0
  var heap = EventHeap<Action>()
  var log = SimulatedLog()
  var group: GroupCoordinator
  var sink = FencedSink()
  var workers: [SimulatedWorker] = []
  var runners: [SimulatedRunner] = []
  var ledger = Ledger()
  var coverage = Coverage()
  var violation: Violation?
  /// The orders so far, as a compacted topic holds them: read from its beginning by every new process.
  var orders: [StandingOrder] = []
  /// The runs that were ordered to be cancelled, also where that was taken back.
  var cancelled: Set<String> = []
  /// Sends that are still to come, and the requests whose first answer was lost.
  var unsent: Int
  var sentAgain: Set<Int> = []
  var isHealed = false
  var brokerDownUntil: Int64 = 0
  var coordinatorDownUntil: Int64 = 0
  var refusesUntil: Int64 = 0
  var refusesMetadataUntil: Int64 = 0
  /// Something that a machine needs answers from has been silent, or refused, at some time.
  var wasSilent = false
  var lastQuiet: Int64?
  private(set) var trace: [String]?

  init(seed: UInt64, removed: Protection?, isTracing: Bool) {
    random = SplitMix64(seed: seed)
    scenario = Scenario(random: &random)
    self.removed = removed
    trace = isTracing ? [] : nil
    group = GroupCoordinator(names: scenario.workers)
    group.checksGeneration = removed != .coordinatorFences
    sink.isFenced = removed != .sinkFences
    unsent = scenario.requests.count
    for index in 0..<scenario.workers {
      let worker = SimulatedWorker(
        index: index, name: index, skew: scenario.skews[index], machine: machine(name: index))
      workers.append(worker)
      start(worker, after: random.milliseconds(0...500))
    }
    for index in scenario.requests.indices { heap.push(at: scenario.requests[index].at, .enqueue(index)) }
    for (at, order) in scenario.orders { heap.push(at: at, .order(order)) }
    for (at, fault) in scenario.faults { heap.push(at: at, .fault(fault)) }
    heap.push(at: scenario.healsAt, .heal)
  }

  func machine(name: Int) -> QueueMachine {
    var machine = QueueMachine(
      queue: Scenario.queue, worker: "worker-\(name)", jobs: Scenario.jobs, settings: scenario.settings,
      seed: random.next())
    removed?.remove(from: &machine.protections)
    return machine
  }

  /// After the faults have ended, everything must come to its end within this.
  static let patienceMilliseconds: Int64 = 3_600_000
  static let stepsMax = 200_000

  func run() {
    while violation == nil, let (time, action) = heap.pop() {
      now = time
      step += 1
      perform(action)
      if isFinished { break }
      if now > scenario.healsAt + World.patienceMilliseconds || step > World.stepsMax {
        violate(.nothingLost, "after \(now / 1000) s and \(step) steps \(unfinished)")
      }
    }
    if violation == nil { checkAtTheEnd() }
  }

  /// Everything has an end, and has had for a while: zombies have said their last.
  private var isFinished: Bool {
    guard isHealed, unsent == 0, ledger.open == 0, group.committed?.offset == log.requestsEnd else {
      lastQuiet = nil
      return false
    }
    let since = lastQuiet ?? now
    lastQuiet = since
    return now - since > 20_000
  }

  func perform(_ action: Action) {
    switch action {
    case .deliver(let index, let life, let delivery):
      let worker = workers[index]
      if worker.life == life, worker.isUp { arrive(delivery, at: worker) }
    case .produce(let index, let life, let ticket, let publications, let sent):
      produce(workers[index], life: life, ticket, publications, sent: sent)
    case .commit(let index, let life, let request): commit(workers[index], life: life, request)
    case .readCommitted(let index, let life, let ticket): readCommitted(workers[index], life: life, ticket)
    case .readTopics(let index, let life, let ticket, let committed):
      readTopics(workers[index], life: life, ticket, committed)
    case .readEvents(let index, let life, let ticket, let from, let to):
      readEvents(workers[index], life: life, ticket, from: from, to: to)
    case .fetch(let index, let life, let epoch): fetch(workers[index], life: life, epoch: epoch)
    case .runner(let index, let step): perform(step, of: runners[index], index)
    case .group(let step): perform(step)
    case .fault(let fault): strike(fault)
    case .wake(let index, let life): wake(workers[index], life: life)
    case .isolationEnds(let index, let life): endIsolation(workers[index], life: life)
    case .restart(let index, let life): restart(workers[index], life: life)
    case .terminationEnds(let index, let life):
      let worker = workers[index]
      if worker.life == life, worker.isUp { crash(worker, "does not end in time, and is killed") }
    case .enqueue(let index): enqueue(index)
    case .order(let order): give(order)
    case .heal: heal()
    }
  }

  // MARK: Words

  var timestamp: Timestamp { Timestamp(milliseconds: Scenario.epoch + now) }

  func tell(_ worker: SimulatedWorker? = nil, _ text: @autoclosure () -> String) {
    guard trace != nil else { return }
    let who = worker.map { "worker-\($0.name)\($0.index >= scenario.workers ? "'" : "").\($0.life)" } ?? ""
    let seconds = String(now / 1000)
    let fraction = String(now % 1000)
    let time =
      String(repeating: " ", count: max(0, 6 - seconds.count)) + seconds + "."
      + String(repeating: "0", count: 3 - fraction.count) + fraction
    trace?.append("\(time) \(who)\(String(repeating: " ", count: max(0, 12 - who.count))) \(text())")
  }

  func violate(_ invariant: Invariant, _ message: @autoclosure () -> String) {
    guard violation == nil else { return }
    let text = message()
    violation = Violation(invariant: invariant, message: text, step: step, milliseconds: now)
    tell(nil, "VIOLATION of \(invariant.rawValue) (\(invariant.name)): \(text)")
  }

  private var unfinished: String {
    let open = ledger.entries.indices.filter {
      ledger.entries[$0].firstEnd == nil && Int64($0) >= ledger.lossAcceptedBelow
    }
    return "requests \(open) have no end; committed is \(group.committed?.offset ?? -1) of \(log.requestsEnd), unsent "
      + "\(unsent); states \(workers.map { "\($0.isUp ? Coverage.stateName($0.machine.state) : "down")" })"
  }
}
