import Dispatch
import Scheduling

extension SchedulerWorld {
  /// A record that could not be sent for so long is given up: the producer's limit.
  static let sendMilliseconds: Int64 = 60_000

  func start(_ scheduler: SimulatedScheduler) {
    guard !scheduler.isUp else { return }
    let version = scenario.deployments[scheduler.index].lastIndex { $0 <= now } ?? 0
    var machine = SchedulerMachine(scenario.versions[version], settings: scenario.settings)
    removed?.remove(from: &machine.protections)
    scheduler.begin(machine, version: version)
    count("starts")
    tell(scheduler, "starts with version \(version), its clock \(scheduler.ahead) ms ahead")
    guard reach(scheduler) else { return }
    heap.push(
      at: now + random.milliseconds(2...30),
      .looked(scheduler.index, life: scheduler.life, seen: scheduler.ahead, ahead: scheduler.ahead))
    heap.push(at: now + scenario.lookMilliseconds, .look(scheduler.index, life: scheduler.life))
    heap.push(at: now + random.milliseconds(31...200), .readControl(scheduler.index, life: scheduler.life))
  }

  /// Whether the broker can be reached; a process that starts ends if not, and is started again.
  func reach(_ scheduler: SimulatedScheduler) -> Bool {
    let from = scenario.silences[scheduler.index].end(at: now)
    guard from > now else { return true }
    tell(scheduler, "cannot read the log, and ends")
    down(scheduler)
    heap.push(at: from + random.milliseconds(100...60_000), .start(scheduler.index))
    return false
  }

  func crash(_ scheduler: SimulatedScheduler, downFor: Int64) {
    guard scheduler.isUp else { return }
    tell(scheduler, "dies")
    count("ends")
    down(scheduler)
    heap.push(at: now + downFor, .start(scheduler.index))
  }

  private func down(_ scheduler: SimulatedScheduler) {
    endSoundTime(scheduler)
    scheduler.isUp = false
  }

  func begin(_ scheduler: SimulatedScheduler, _ fires: [FireIdentifier]) {
    guard reach(scheduler) else { return }
    for (job, until) in scheduler.toldPauses.sorted(by: { $0.key < $1.key }) {
      tell(scheduler, .paused(job: job, until: until))
    }
    scheduler.hasReadTheLog = true
    scheduler.told = Set(fires)
    tell(scheduler, .logRead(fires: fires, known: scheduler.view.mapValues(\.known)))
    scheduler.isFollowing = true
    notify(scheduler)
  }

  func setClock(_ scheduler: SimulatedScheduler, _ ahead: Int64) {
    guard ahead != scheduler.ahead else { return }
    scheduler.ahead = ahead
    tell(scheduler, "its clock is set, and is \(ahead) ms ahead")
    noteSoundness(scheduler)
    // A timer keeps its moment by the clock.
    if let timer = scheduler.timer { set(scheduler, timer) }
  }

  /// Whether its clock was set further than goes unnoticed since it was so far ahead.
  func wasSet(_ scheduler: SimulatedScheduler, since ahead: Int64) -> Bool {
    abs(scheduler.ahead - ahead) > scenario.settings.clockWarningMilliseconds
  }

  private func set(_ scheduler: SimulatedScheduler, _ timer: Int64) {
    scheduler.timer = timer
    scheduler.timerSetting += 1
    heap.push(
      at: max(now, timer - scheduler.ahead),
      .timer(scheduler.index, life: scheduler.life, setting: scheduler.timerSetting))
  }

  // MARK: The driver

  func tell(_ scheduler: SimulatedScheduler, _ input: SchedulerMachine.Input) {
    let wall = now + scheduler.ahead
    if wasSet(scheduler, since: scheduler.seenAhead) {
      scheduler.seenAhead = scheduler.ahead
      scheduler.isSure = false
      tell(scheduler, "notices that its clock was set")
      for command in scheduler.machine.handle(.clockSet, now: wall) { execute(scheduler, command) }
    }
    switch input {
    case .logged(let id): scheduler.told.insert(id)
    case .paused(let job, let until): scheduler.toldPauses.updateValue(until, forKey: job)
    case .resumed(let job): scheduler.toldPauses[job] = nil
    case .clock(let ahead): scheduler.isSure = abs(ahead) <= scenario.settings.clockLimitMilliseconds
    case .failed(let id):
      scheduler.toldFailed.insert(id)
      tell(scheduler, "is told that \(id) has failed")
    case .logRead, .known, .notStored, .storeLost, .clockSet, .timer: break
    }
    noteSoundness(scheduler)
    for command in scheduler.machine.handle(input, now: wall) { execute(scheduler, command) }
  }

  private func execute(_ scheduler: SimulatedScheduler, _ command: SchedulerMachine.Command) {
    switch command {
    case .setTimer(let moment): if scheduler.timer != moment { set(scheduler, moment) }
    case .lookAtClock: send(scheduler, .look)
    case .propose(let proposal):
      checkProposal(scheduler, proposal)
      send(scheduler, .proposal(proposal))
    case .remember(let job, let known):
      tell(scheduler, "stores that \(job) is known since \(known.since): \(known.signature)")
      if let stored = scheduler.view[job], stored.known.signature == known.signature, !stored.isOfAWrongClock {
        violate("scheduler-\(scheduler.index) stores \(job)'s timing anew, though the log said since when it is known")
      }
      send(scheduler, .timing(job: job, known, begun: now))
    case .forget(let job):
      tell(scheduler, "stores that \(job) has no schedule")
      send(scheduler, .timing(job: job, nil, begun: now))
    case .report(let report): tell(scheduler, "reports \(report)")
    }
  }

  // MARK: Sending

  func send(_ scheduler: SimulatedScheduler, _ record: SchedulerRecordSent) {
    let arrival = now + random.milliseconds(1...15)
    let reached = scenario.silences[scheduler.index].end(at: arrival)
    heap.push(
      at: min(reached, now + SchedulerWorld.sendMilliseconds),
      .arrive(
        scheduler.index, life: scheduler.life, record, sent: now, waited: reached > arrival, ahead: scheduler.ahead))
  }

  func arrive(
    _ scheduler: SimulatedScheduler, _ life: Int, _ record: SchedulerRecordSent, sent: Int64, waited: Bool,
    ahead: Int64
  ) {
    let isAlive = scheduler.life == life && scheduler.isUp
    if waited {
      // It is still with its sender, who may be gone, or stopped.
      guard isAlive else { return }
      let awake = scenario.pauses[scheduler.index].end(at: now)
      let reached = scenario.silences[scheduler.index].end(at: awake)
      if awake - sent >= SchedulerWorld.sendMilliseconds || reached - sent >= SchedulerWorld.sendMilliseconds {
        return fail(scheduler, life, record, at: max(awake, sent + SchedulerWorld.sendMilliseconds))
      }
      if reached > now {
        heap.push(
          at: reached, .arrive(scheduler.index, life: life, record, sent: sent, waited: true, ahead: ahead))
        return
      }
    }
    if case .look = record {
      // Set while it was under way: nothing is learned.
      // Nor if it took so long that much would be explained.
      guard !wasSet(scheduler, since: ahead), now - sent <= scenario.settings.clockLimitMilliseconds / 4 else { return }
      // What the waiting explains is no difference.
      heap.push(
        at: now + random.milliseconds(1...15),
        .looked(
          scheduler.index, life: life, seen: waited ? max(0, ahead - (now - sent)) + min(0, ahead) : ahead, ahead: ahead
        ))
      return
    }
    if now < scenario.healsAt, random.chance(scenario.lostRecords), isBadLuckAllowed(scheduler, record) {
      count("records lost")
      return fail(scheduler, life, record, at: now + random.milliseconds(1_000...5_000))
    }
    let isAnswerLost = now < scenario.healsAt && random.chance(scenario.lostAnswers)
    let answer = now + random.milliseconds(1...15)
    switch record {
    case .proposal(let proposal):
      append(proposal, by: scheduler)
      if !isAnswerLost {
        heap.push(at: answer, .tell(scheduler.index, life: life, .logged(proposal.id)))
        if !waited { heap.push(at: answer, .looked(scheduler.index, life: life, seen: ahead, ahead: ahead)) }
      }
    case .timing(let job, let known, let begun):
      append(job, known.map { KnownTiming(known: $0, from: begun, surelyFrom: max(now, $0.since * 1000)) })
    case .look: break
    }
    if isAnswerLost {
      count("answers lost")
      fail(scheduler, life, record, at: random.chance(50) ? answer + 3_000 : sent + SchedulerWorld.sendMilliseconds)
    }
  }

  private func isBadLuckAllowed(_ scheduler: SimulatedScheduler, _ record: SchedulerRecordSent) -> Bool {
    guard case .proposal(let proposal) = record else { return true }
    scheduler.lostRecords[proposal.id, default: 0] += 1
    return scheduler.lostRecords[proposal.id, default: 0] <= 2
  }

  private func fail(_ scheduler: SimulatedScheduler, _ life: Int, _ record: SchedulerRecordSent, at moment: Int64) {
    switch record {
    case .proposal(let proposal):
      heap.push(at: moment, .tell(scheduler.index, life: life, .failed(proposal.id)))
    case .timing(let job, _, _): heap.push(at: moment, .tell(scheduler.index, life: life, .notStored(job: job)))
    case .look: break
    }
  }
}

extension SimulatedScheduler {
  func readControl(_ world: SchedulerWorld) {
    guard world.reach(self) else { return }
    controlPosition = world.control.count
    view = world.view
    for case .order(let job, let order) in world.control {
      switch order {
      case .pause(let until): toldPauses.updateValue(until, forKey: job)
      case .resume: toldPauses[job] = nil
      }
    }
    world.heap.push(at: world.now + world.random.milliseconds(1...20), .readRequests(index, life: life))
  }

  func readRequests(_ world: SchedulerWorld) {
    guard world.reach(self) else { return }
    requestsPosition = world.asked.count
    let from = world.now + ahead - world.scenario.settings.horizonMilliseconds - 3_600_000
    var fires: [FireIdentifier] = []
    for offset in world.asked.indices.reversed() {
      guard world.log.requests[offset].appended.milliseconds >= from else { break }
      fires.append(world.asked[offset])
    }
    world.heap.push(
      at: world.now + world.random.milliseconds(world.scenario.readingMilliseconds),
      .begin(index, life: life, fires: fires))
  }
}
