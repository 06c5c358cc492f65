import Dispatch

extension World {
  // MARK: Processes

  func start(_ worker: SimulatedWorker, after delay: Int64) {
    heap.push(at: now + delay, .restart(worker: worker.index, life: worker.life))
  }

  func restart(_ worker: SimulatedWorker, life: Int) {
    guard worker.life == life, !worker.isUp, !worker.isRetired else { return }
    worker.life += 1
    worker.isUp = true
    worker.reset(machine: machine(name: worker.name))
    tell(worker, "starts")
    for order in orders { send(worker, .control, after: 1...40, .input(.control(order))) }
    heap.push(at: now + random.milliseconds(20...80), .group(.join(worker: worker.index, life: worker.life)))
  }

  /// The process is gone from one step to the next.
  func crash(_ worker: SimulatedWorker, _ why: @autoclosure () -> String) {
    guard worker.isUp else { return }
    tell(worker, why())
    ledger.disturbances += 1
    end(worker)
    let delay = random.chance(60) ? random.milliseconds(50...3_000) : random.milliseconds(7_000...30_000)
    start(worker, after: delay)
    silence(worker)
  }

  /// Ends the process: nothing more reaches it, and its runners die with it or soon after.
  func end(_ worker: SimulatedWorker) {
    for runner in runners where runner.worker == worker.index && runner.life == worker.life && runner.isAlive {
      if random.chance(50) { runner.diesAt = now + random.milliseconds(1...1_500) } else { runner.isAlive = false }
    }
    worker.isUp = false
    worker.isPaused = false
    worker.backlog = []
  }

  /// Its heartbeats stop; the session ends some seconds after the last one.
  func silence(_ worker: SimulatedWorker) {
    worker.silence += 1
    heap.push(
      at: now + random.milliseconds(4_000...6_000),
      .group(.sessionEnds(name: worker.name, epoch: worker.epoch, silence: worker.silence)))
  }

  func wake(_ worker: SimulatedWorker, life: Int) {
    guard worker.life == life, worker.isUp, worker.isPaused else { return }
    worker.isPaused = false
    worker.silence += 1
    tell(worker, "wakes; \(worker.backlog.count) messages wait")
    let backlog = worker.backlog
    worker.backlog = []
    tellIfKicked(worker)
    for delivery in backlog {
      guard worker.life == life, worker.isUp else { return }
      arrive(delivery, at: worker)
    }
  }

  func endIsolation(_ worker: SimulatedWorker, life: Int) {
    guard worker.life == life, worker.isUp, worker.isolatedUntil <= now else { return }
    worker.silence += 1
    tell(worker, "reaches the broker again")
    tellIfKicked(worker)
  }

  private func tellIfKicked(_ worker: SimulatedWorker) {
    guard worker.epoch >= 0, !group.isMember(worker.name, epoch: worker.epoch) else { return }
    if group.members[worker.name] != nil {
      send(worker, .group, after: 1...100, .group(.fenced))
    } else {
      send(worker, .group, after: 1...100, .group(.kicked(epoch: worker.epoch)))
    }
  }

  // MARK: Messages to a worker

  func send(_ worker: SimulatedWorker, _ channel: Channel, after delay: ClosedRange<Int64>, _ delivery: Delivery) {
    let at = max(worker.arrivals[channel.rawValue], now + random.milliseconds(delay))
    worker.arrivals[channel.rawValue] = at
    heap.push(at: at, .deliver(worker: worker.index, life: worker.life, delivery))
  }

  func arrive(_ delivery: Delivery, at worker: SimulatedWorker) {
    if worker.isPaused {
      worker.backlog.append(delivery)
      return
    }
    switch delivery {
    case .input(let input): handle(input, at: worker)
    case .request(let queued, let requestsEnd, let epoch):
      if worker.fetchEpoch == epoch { handle(.request(queued, requestsEnd: requestsEnd), at: worker) }
    case .outOfRange(let epoch): if worker.fetchEpoch == epoch { handle(.offsetOutOfRange, at: worker) }
    case .timer(let timer, let setting):
      if worker.timers[timerIndex(timer)] == setting { handle(.timer(timer), at: worker) }
    case .group(let message): hear(message, at: worker)
    }
  }

  func timerIndex(_ timer: QueueMachine.TimerID) -> Int {
    switch timer {
    case .retry: 0
    case .hold: 1
    case .timeout: 2
    case .suspension: 3
    case .handover: 4
    }
  }

  func handle(_ input: QueueMachine.Input, at worker: SimulatedWorker) {
    let before = coverage.note(worker.machine.state, input)
    tell(worker, "\(Coverage.stateName(worker.machine.state)) <- \(input.words)")
    let commands = worker.machine.handle(input, now: Timestamp(milliseconds: Scenario.epoch + now + worker.skew))
    coverage.note(worker.machine, after: input, from: before, commands)
    checkWaiting(worker)
    if before.isTurning || before.isRunning, commands.contains(.release) { checkRelease(worker) }
    let life = worker.life
    for command in commands {
      let isTriggered = worker.trigger?.kind == CommandKind(command)
      if isTriggered, let trigger = worker.trigger, !trigger.isAfter {
        crash(worker, "dies before \(command.words)")
        return
      }
      tell(worker, "  -> \(command.words)")
      execute(command, of: worker)
      if isTriggered { crash(worker, "dies after that") }
      guard worker.life == life, worker.isUp else { return }
    }
  }

  // MARK: A machine's commands

  private func execute(_ command: QueueMachine.Command, of worker: SimulatedWorker) {
    switch command {
    case .readHistory(let ticket):
      heap.push(
        at: now + random.milliseconds(2...30), .readCommitted(worker: worker.index, life: worker.life, ticket: ticket))
    case .readEvents(let ticket, let from, let to):
      heap.push(
        at: now + random.milliseconds(2...30),
        .readEvents(worker: worker.index, life: worker.life, ticket: ticket, from: from, to: to))
    case .startFetch(let offset):
      worker.fetchEpoch += 1
      (worker.fetchPosition, worker.isFetching, worker.isFetchPaused) = (offset, true, false)
      worker.isFetchScheduled = false
      scheduleFetch(worker)
    case .pauseFetch: worker.isFetchPaused = true
    case .resumeFetch:
      worker.isFetchPaused = false
      scheduleFetch(worker)
    case .publish(let ticket, let publications):
      worker.produceArrival = max(worker.produceArrival, now + random.milliseconds(1...20))
      heap.push(
        at: worker.produceArrival,
        .produce(worker: worker.index, life: worker.life, ticket: ticket, publications, sent: now))
    case .commit(let ticket, let offset, let metadata):
      let request = CommitRequest(
        ticket: ticket, offset: offset, metadata: metadata, epoch: worker.epoch, generation: worker.generation)
      worker.commitArrival = max(worker.commitArrival, now + random.milliseconds(1...20))
      heap.push(at: worker.commitArrival, .commit(worker: worker.index, life: worker.life, request))
    case .startRunner(let order): startRunner(order, of: worker)
    case .acknowledgeChunk(let token, let chunk):
      if let index = runner(of: worker, token: token) {
        heap.push(at: now + random.milliseconds(1...10), .runner(index, .acknowledged(chunk: chunk)))
      }
    case .stopRunner(let token):
      if let index = runner(of: worker, token: token) {
        heap.push(at: now + random.milliseconds(5...200), .runner(index, .killed))
      }
    case .setTimer(let timer, let moment):
      let index = timerIndex(timer)
      worker.timers[index] += 1
      let at = max(now + 1, moment.milliseconds - Scenario.epoch - worker.skew)
      heap.push(
        at: at, .deliver(worker: worker.index, life: worker.life, .timer(timer, setting: worker.timers[index])))
    case .cancelTimer(let timer): worker.timers[timerIndex(timer)] += 1
    case .release: release(worker)
    case .report(let problem): report(problem, by: worker)
    case .warn(.followersUnknown(let run, _, _)): ledger.unknownFollowers.insert(run)
    case .withdrawCancel(let run): withdrawCancel(run)
    }
  }

  private func runner(of worker: SimulatedWorker, token: Int64) -> Int? {
    runners.lastIndex { $0.worker == worker.index && $0.life == worker.life && $0.token == token }
  }
}
