import Dispatch

extension World {
  // MARK: The coordinator

  func perform(_ step: GroupStep) {
    let downUntil = max(coordinatorDownUntil, brokerDownUntil)
    if downUntil > now {
      // A session does not run out while nobody keeps it.
      let grace: Int64 = if case .sessionEnds = step { 6_000 } else { 0 }
      heap.push(at: downUntil + grace, .group(step))
      return
    }
    switch step {
    case .join(let index, let life): join(workers[index], life: life)
    case .leave(let name, let epoch):
      if group.isMember(name, epoch: epoch) { remove(name, "leaves the group") }
    case .released(let name, let epoch):
      guard group.isMember(name, epoch: epoch), group.owner == name, group.isRevoking else { return }
      group.isRevoking = false
      group.owner = nil
      rebalance(except: name)
    case .sessionEnds(let name, let epoch, let silence):
      guard let member = group.members[name], member.epoch == epoch else { return }
      let worker = workers[member.worker]
      guard worker.silence == silence else { return }
      remove(name, "its session ends")
      // A client that cannot reach the coordinator finds out by itself, or only when it can again.
      if worker.isUp, worker.life == member.life, !worker.isPaused, random.chance(70) {
        send(worker, .group, after: 1...2_000, .group(.kicked(epoch: epoch)))
      }
    case .revocationEnds(let name, let epoch, let serial):
      guard group.serial == serial, group.isRevoking, group.isMember(name, epoch: epoch) else { return }
      ledger.disturbances += 1
      if let member = group.members[name] {
        send(workers[member.worker], .group, after: 1...100, .group(.kicked(epoch: epoch)))
      }
      remove(name, "does not let go in time")
    case .bounceBack(let name, let serial):
      guard group.serial == serial, group.owner == nil, group.members[name] != nil else { return }
      group.generation += 1
      spreadGeneration()
      assign(name)
    case .rebalance:
      if !group.present.isEmpty { rebalance() }
    }
  }

  private func join(_ worker: SimulatedWorker, life: Int) {
    guard worker.life == life, worker.isUp, !worker.isTerminating else { return }
    if worker.isolatedUntil > now {
      heap.push(at: worker.isolatedUntil, .group(.join(worker: worker.index, life: life)))
      return
    }
    let before = group.members[worker.name]
    group.lastEpoch += 1
    group.members[worker.name] = GroupCoordinator.Member(worker: worker.index, life: life, epoch: group.lastEpoch)
    worker.epoch = group.lastEpoch
    worker.silence += 1
    guard let before else {
      tell(worker, "joins")
      rebalance()
      return
    }
    tell(worker, "takes the place of its name")
    let old = workers[before.worker]
    if old.index != worker.index, old.isUp, old.life == before.life {
      ledger.disturbances += 1
      send(old, .group, after: 1...3_000, .group(.fenced))
    }
    worker.generation = group.generation
    guard group.owner == worker.name else { return }
    group.isRevoking = false
    group.serial += 1
    assign(worker.name)
  }

  private func remove(_ name: Int, _ why: String) {
    tell(nil, "coordinator: worker-\(name) \(why)")
    group.members[name] = nil
    if group.owner == name {
      group.owner = nil
      group.isRevoking = false
    }
    rebalance()
  }

  private func spreadGeneration() {
    for name in group.present {
      guard let member = group.members[name] else { continue }
      send(workers[member.worker], .group, after: 5...400, .group(.generation(group.generation)))
    }
  }

  private func assign(_ name: Int) {
    guard let member = group.members[name] else { return }
    group.owner = name
    group.serial += 1
    tell(nil, "coordinator: generation \(group.generation), the queue goes to worker-\(name)")
    send(
      workers[member.worker], .group, after: 5...100,
      .group(.assigned(generation: group.generation, epoch: member.epoch)))
  }

  /// One step of a rebalance. What is to move is first let go of by its owner: that ends in a second step.
  private func rebalance(except released: Int? = nil) {
    group.generation += 1
    spreadGeneration()
    guard !group.isRevoking else { return }
    let present = group.present
    guard let owner = group.owner else {
      let others = present.filter { $0 != released }
      let candidates = others.isEmpty ? present : others
      if !candidates.isEmpty { assign(candidates[random.below(candidates.count)]) }
      return
    }
    guard let member = group.members[owner] else { return }
    group.serial += 1
    if present.count > 1, !isHealed || random.chance(30), random.chance(scenario.movesQueue) {
      tell(nil, "coordinator: generation \(group.generation), worker-\(owner) is to let go")
      coverage.note(.movedByRebalance)
      group.isRevoking = true
      send(workers[member.worker], .group, after: 5...100, .group(.revoke(epoch: member.epoch)))
      heap.push(
        at: now + 60_000, .group(.revocationEnds(name: owner, epoch: member.epoch, serial: group.serial)))
    } else if random.chance(20) {
      tell(nil, "coordinator: generation \(group.generation), worker-\(owner) falls between two steps")
      coverage.note(.lostBetweenSteps)
      ledger.disturbances += 1
      group.owner = nil
      send(workers[member.worker], .group, after: 5...100, .group(.bounced(epoch: member.epoch)))
      heap.push(
        at: now + random.milliseconds(1_500...2_000),
        .group(.bounceBack(name: owner, serial: group.serial)))
    }
  }

  // MARK: The client in a worker

  func hear(_ message: GroupMessage, at worker: SimulatedWorker) {
    switch message {
    case .generation(let generation): worker.generation = max(worker.generation, generation)
    case .assigned(let generation, let epoch):
      guard worker.epoch == epoch, !worker.isTerminating else {
        if worker.isTerminating { leave(worker) }
        return
      }
      worker.generation = max(worker.generation, generation)
      worker.holdsQueue = true
      handle(.assigned, at: worker)
    case .revoke(let epoch):
      // One that was meant for an earlier process of the name is none to this one.
      guard worker.epoch == epoch else { return }
      guard worker.holdsQueue else {
        release(worker)
        return
      }
      handle(.revoked(deadline: deadline(worker)), at: worker)
    case .bounced(let epoch):
      guard worker.epoch == epoch, worker.holdsQueue else { return }
      letGo(worker)
      handle(.lost, at: worker)
      if worker.isUp, worker.isTerminating { leave(worker) }
    case .kicked(let epoch):
      guard worker.epoch == epoch else { return }
      worker.epoch = -1
      let held = worker.holdsQueue
      letGo(worker)
      if held { handle(.lost, at: worker) }
      guard worker.isUp else { return }
      if worker.isTerminating {
        leave(worker)
      } else {
        heap.push(at: now + random.milliseconds(10...500), .group(.join(worker: worker.index, life: worker.life)))
      }
    case .fenced: handle(.fenced("a second worker of this name"), at: worker)
    }
  }

  func deadline(_ worker: SimulatedWorker) -> Timestamp {
    Timestamp(milliseconds: Scenario.epoch + now + worker.skew + 20_000)
  }

  private func letGo(_ worker: SimulatedWorker) {
    worker.holdsQueue = false
    worker.isFetching = false
    worker.fetchEpoch += 1
    worker.isFetchScheduled = false
  }

  func release(_ worker: SimulatedWorker) {
    letGo(worker)
    if worker.isTerminating {
      leave(worker)
    } else {
      heap.push(
        at: max(now, worker.isolatedUntil) + random.milliseconds(1...50),
        .group(.released(name: worker.name, epoch: worker.epoch)))
    }
  }

  /// Told to end, and free to: it leaves the group, and its process ends.
  private func leave(_ worker: SimulatedWorker) {
    guard worker.isUp else { return }
    tell(worker, "leaves and ends")
    if worker.isolatedUntil > now {
      silence(worker)
    } else {
      heap.push(at: now + random.milliseconds(1...50), .group(.leave(name: worker.name, epoch: worker.epoch)))
    }
    end(worker)
    start(worker, after: random.milliseconds(500...20_000))
  }
}
