import Dispatch

extension World {
  // MARK: Faults

  /// Whom a fault hits: mostly the one that has something in hand.
  private func victim() -> SimulatedWorker? {
    let up = workers.filter { $0.isUp && !$0.isPaused }
    let holding = up.filter(\.holdsQueue)
    if let first = holding.first, random.chance(80) { return first }
    return up.isEmpty ? nil : up[random.below(up.count)]
  }

  func strike(_ fault: Fault) {
    guard !isHealed else { return }
    coverage.note(fault)
    switch fault {
    case .brokerOutage(let milliseconds):
      tell(nil, "the broker is down for \(milliseconds) ms")
      brokerDownUntil = max(brokerDownUntil, now + milliseconds)
      wasSilent = true
    case .coordinatorMove(let milliseconds):
      tell(nil, "the coordinator moves, for \(milliseconds) ms")
      coordinatorDownUntil = max(coordinatorDownUntil, now + milliseconds)
      wasSilent = true
    case .publicationsRefused(let milliseconds):
      tell(nil, "the broker refuses publications for \(milliseconds) ms")
      refusesUntil = max(refusesUntil, now + milliseconds)
      wasSilent = true
    case .metadataRefused(let milliseconds):
      tell(nil, "the broker refuses checkpoints for \(milliseconds) ms")
      refusesMetadataUntil = max(refusesMetadataUntil, now + milliseconds)
      wasSilent = true
    case .rebalance: heap.push(at: now, .group(.rebalance))
    case .retention: deleteRequests()
    case .cursorDeleted: deleteCursor()
    case .offsetsForgotten: forgetOffsets()
    case .crash, .crashAtCommand, .pause, .isolation, .termination, .double:
      if let worker = victim() { strike(worker, fault) }
    }
  }

  private func strike(_ worker: SimulatedWorker, _ fault: Fault) {
    switch fault {
    case .crash: crash(worker, "dies")
    case .crashAtCommand(let kind, let isAfter): worker.trigger = (kind, isAfter)
    case .pause(let milliseconds, let withRunners):
      tell(worker, "is stopped for \(milliseconds) ms\(withRunners ? ", its runners too" : "")")
      ledger.disturbances += 1
      worker.isPaused = true
      worker.areRunnersPaused = withRunners
      worker.pausedUntil = now + milliseconds
      silence(worker)
      heap.push(at: worker.pausedUntil, .wake(worker: worker.index, life: worker.life))
    case .isolation(let milliseconds):
      guard worker.isolatedUntil <= now else { return }
      tell(worker, "is cut off for \(milliseconds) ms")
      ledger.disturbances += 1
      worker.isolatedUntil = now + milliseconds
      wasSilent = true
      silence(worker)
      heap.push(at: worker.isolatedUntil, .isolationEnds(worker: worker.index, life: worker.life))
    case .termination:
      guard !worker.isTerminating else { return }
      tell(worker, "is told to end")
      worker.isTerminating = true
      heap.push(at: now + 30_000, .terminationEnds(worker: worker.index, life: worker.life))
      handle(.revoked(deadline: deadline(worker)), at: worker)
    case .double:
      guard workers.count == scenario.workers, group.members[worker.name]?.worker == worker.index else { return }
      let double = SimulatedWorker(
        index: workers.count, name: worker.name, skew: -worker.skew, machine: machine(name: worker.name))
      workers.append(double)
      start(double, after: 1)
    default: break
    }
  }

  private func forgetOffsets() {
    // What is lost from the log before anybody has seen it, with no offset to tell of it, leaves no trace.
    guard let committed = group.committed, committed.offset >= log.requestsStart else { return }
    // With the offsets gone the events alone say what has ended; who loses both has lost that, and events are kept longer.
    guard log.eventsStart == 0 else { return }
    // A group's offsets go only while nobody is in it.
    for worker in workers { crash(worker, "dies with all the others") }
    for name in group.members.indices { group.members[name] = nil }
    group.owner = nil
    group.isRevoking = false
    group.serial += 1
    group.committed = nil
    tell(nil, "the group's offsets are forgotten")
    ledger.verifiedBelow = 0
    for offset in ledger.entries.indices where ledger.entries[offset].starts > 0 {
      ledger[Int64(offset)].isExcused = true
    }
  }

  private func deleteRequests() {
    guard log.requestsEnd > log.requestsStart, group.committed != nil else { return }
    let below = log.requestsStart + random.milliseconds(1...log.requestsEnd - log.requestsStart)
    tell(nil, "requests below \(below) are deleted")
    log.deleteRequests(below: below)
  }

  private func deleteCursor() {
    guard case .stored(let event)? = group.committed?.metadata?.checkpoint?.cursor else { return }
    tell(nil, "events below \(event + 1) are deleted")
    log.deleteEvents(below: event + 1)
    if let offset = group.committed?.offset { ledger[offset].isExcused = true }
    // With it goes what the events told of covering runs and of later requests.
  }

  // MARK: Healing, and the operator

  func heal() {
    tell(nil, "no more faults")
    isHealed = true
    (brokerDownUntil, coordinatorDownUntil, refusesUntil, refusesMetadataUntil) = (0, 0, 0, 0)
    for worker in workers {
      worker.trigger = nil
      if worker.isolatedUntil > now {
        worker.isolatedUntil = now
        heap.push(at: now, .isolationEnds(worker: worker.index, life: worker.life))
      }
      if worker.isPaused { heap.push(at: now, .wake(worker: worker.index, life: worker.life)) }
      worker.pausedUntil = min(worker.pausedUntil, now)
    }
    give(StandingOrder(action: .resume, by: "operator"))
  }

  func give(_ given: StandingOrder) {
    var order = given
    if case .acceptLoss(let below, _) = given.action {
      order.action = .acceptLoss(below: below, events: log.eventsEnd)
    }
    tell(nil, "order: \(order.action)")
    // Compacted: the last order of a kind, or for a run, is what holds.
    switch order.action {
    case .pause, .resume:
      orders.removeAll {
        switch $0.action {
        case .pause, .resume: true
        case .pauseJob, .resumeJob, .cancel, .uncancel, .acceptLoss: false
        }
      }
    case .pauseJob, .resumeJob:
      orders.removeAll {
        switch $0.action {
        case .pauseJob, .resumeJob: true
        case .pause, .resume, .cancel, .uncancel, .acceptLoss: false
        }
      }
    case .cancel(let run): cancelled.insert(run)
    case .uncancel(let run): orders.removeAll { $0.action == .cancel(run: run) }
    case .acceptLoss: break
    }
    orders.append(order)
    if case .acceptLoss(let below, _) = order.action { ledger.acceptLoss(below: min(below, log.requestsStart)) }
    for worker in workers where worker.isUp { send(worker, .control, after: 1...500, .input(.control(order))) }
  }

  /// A tombstone: those who come later find nothing, and those who are there hear of it.
  func withdrawCancel(_ run: String) {
    let withdrawn = StandingOrder(action: .uncancel(run: run), by: "worker")
    orders.removeAll { $0.action == .cancel(run: run) || $0.action == withdrawn.action }
    for worker in workers where worker.isUp { send(worker, .control, after: 1...500, .input(.control(withdrawn))) }
  }

  /// The operator reads the report and does what it says.
  func report(_ problem: QueueProblem, by worker: SimulatedWorker) {
    let at = now + random.milliseconds(500...10_000)
    switch problem {
    case .requestsLost(_, let to, _):
      // Some say more than they are asked for: it counts for this loss all the same.
      let below = to + (random.chance(30) ? random.milliseconds(1...20) : 0)
      heap.push(at: at, .order(StandingOrder(action: .acceptLoss(below: below, events: 0), by: "operator")))
    case .offsetBeyondLog(let committed, _):
      violate(.nothingLost, "the committed offset \(committed) is beyond the log's end")
    case .storedCursorMissing(let run, _):
      heap.push(at: at, .order(StandingOrder(action: .cancel(run: run), by: "operator")))
    case .publishRefused:
      // What its last attempt came to cannot be told to a later owner.
      ledger.disturbances += 1
      heap.push(at: max(at, refusesUntil), .order(StandingOrder(action: .resume, by: "operator")))
    case .checkpointRefused:
      // An owner after this one takes what it had begun for a crash.
      ledger.disturbances += 1
      heap.push(at: max(at, refusesMetadataUntil), .order(StandingOrder(action: .resume, by: "operator")))
    case .fenced:
      tell(worker, "ends for good")
      worker.isRetired = true
      end(worker)
    }
  }

  // MARK: Producers

  func enqueue(_ index: Int) {
    if brokerDownUntil > now {
      heap.push(at: brokerDownUntil + 1, .enqueue(index))
      return
    }
    let planned = scenario.requests[index]
    let offset = log.append(planned.content, raw: planned.raw, at: timestamp)
    ledger.append(Ledger.Entry(appended: now, behaviour: planned.behaviour))
    tell(nil, "request \(offset) (\(log.requests[Int(offset)].run)) is appended")
    if let delay = planned.isSentAgainAfter, sentAgain.insert(index).inserted {
      heap.push(at: now + delay, .enqueue(index))
    } else {
      unsent -= 1
    }
    for worker in workers where worker.isUp { scheduleFetch(worker) }
  }
}
