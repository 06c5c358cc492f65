import Dispatch
import Scheduling

extension SchedulerWorld {
  // MARK: The topics

  func append(_ proposal: SchedulerMachine.Proposal, by scheduler: SimulatedScheduler) {
    let id = proposal.id
    checkAppended(id)
    tell(scheduler, "\(id) is at offset \(asked.count)\(fires[id] == nil ? "" : ", where others were before")")
    count("proposals")
    if fires[id] == nil {
      fires[id] = FireRecord(firstAppended: now)
    } else {
      fires[id]?.requests += 1
      count("duplicates")
    }
    asked.append(id)
    let request = Request(
      id: "\(id)", job: id.job, origin: .schedule, expires: proposal.expiry.map(Timestamp.init(milliseconds:)))
    let offset = log.append(.request(request), raw: RawRecord(), at: Timestamp(milliseconds: now))
    if isConsumerUp, let queued = log.request(at: offset) {
      consume(.request(queued, requestsEnd: log.requestsEnd))
    }
    for other in schedulers { notify(other) }
  }

  func append(_ job: String, _ known: KnownTiming?) {
    control.append(.known(job: job, known))
    KnownTiming.fold(&view, job, known)
    for scheduler in schedulers { notify(scheduler) }
  }

  func order(_ index: Int) {
    let (_, jobIndex, order) = scenario.orders[index]
    let job = scenario.names[jobIndex]
    let reached = scenario.silences.map { $0.end(at: now) }.max() ?? now
    if reached > now {
      heap.push(at: reached, .order(index))
      return
    }
    tell(nil, "\(order) \(job)")
    control.append(.order(job: job, order))
    notePause(job, order)
    let action: StandingOrder.Action =
      switch order {
      case .pause(let until): .pauseJob(job, until: until.map(Timestamp.init(milliseconds:)))
      case .resume: .resumeJob(job)
      }
    consume(.control(StandingOrder(action: action, by: "operator")))
    for scheduler in schedulers { notify(scheduler) }
  }

  // MARK: Following

  func notify(_ scheduler: SimulatedScheduler) {
    guard scheduler.isUp, scheduler.isFollowing else { return }
    if scheduler.requestsPosition < asked.count, !scheduler.areRequestsScheduled {
      scheduler.areRequestsScheduled = true
      let late = scenario.lags[scheduler.index].end(at: now + random.milliseconds(2...100))
      heap.push(
        at: scenario.silences[scheduler.index].end(at: late),
        .followRequests(scheduler.index, life: scheduler.life))
    }
    if scheduler.controlPosition < control.count, !scheduler.isControlScheduled {
      scheduler.isControlScheduled = true
      heap.push(
        at: scenario.silences[scheduler.index].end(at: now + random.milliseconds(2...100)),
        .followControl(scheduler.index, life: scheduler.life))
    }
  }

  func followRequests(_ scheduler: SimulatedScheduler) {
    scheduler.areRequestsScheduled = false
    let from = scheduler.requestsPosition
    scheduler.requestsPosition = asked.count
    for id in asked[from...] { tell(scheduler, .logged(id)) }
  }

  func followControl(_ scheduler: SimulatedScheduler) {
    scheduler.isControlScheduled = false
    let from = scheduler.controlPosition
    scheduler.controlPosition = control.count
    for record in control[from...] {
      switch record {
      case .known(let job, let timing):
        KnownTiming.fold(&scheduler.view, job, timing)
        tell(scheduler, .known(job: job, timing?.known))
      case .order(let job, .pause(let until)): tell(scheduler, .paused(job: job, until: until))
      case .order(let job, .resume): tell(scheduler, .resumed(job: job))
      }
    }
  }

  // MARK: The queue's owner

  func stopConsumer(_ downFor: Int64) {
    guard isConsumerUp else { return }
    tell(nil, "the queue has no owner")
    isConsumerUp = false
    heap.push(at: now + downFor, .consumerUp)
  }

  func startConsumer() {
    guard !isConsumerUp || log.requestsEnd == 0 else { return }
    tell(nil, "the queue has an owner")
    isConsumerUp = true
    consumer = QueueMachine(queue: "nightly", worker: "worker", jobs: jobs, seed: 0)
    if removed == .deduplicates { consumer.protections.deduplicates = false }
    for case .order(let job, let order) in control {
      if case .pause(let until) = order {
        let moment = until.map(Timestamp.init(milliseconds:))
        consume(.control(StandingOrder(action: .pauseJob(job, until: moment), by: "operator")))
      } else {
        consume(.control(StandingOrder(action: .resumeJob(job), by: "operator")))
      }
    }
    consume(.assigned)
  }

  /// The owner executes at once what its machine decides, and every run succeeds.
  func consume(_ input: QueueMachine.Input) {
    guard isConsumerUp else { return }
    let time = Timestamp(milliseconds: now)
    var inputs = [input]
    var next = 0
    while next < inputs.count {
      let commands = consumer.handle(inputs[next], now: time)
      next += 1
      for command in commands {
        switch command {
        case .readHistory(let ticket):
          let window = QueueMachine.Settings().deduplicationMilliseconds
          inputs.append(
            .historyRead(
              ticket: ticket, log.history(committed: committed, windowMilliseconds: window, now: time)))
        case .readEvents(let ticket, _, _): inputs.append(.eventsRead(ticket: ticket, []))
        case .startFetch(let offset):
          for queued in log.requests[Int(offset)...] {
            inputs.append(.request(queued, requestsEnd: log.requestsEnd))
          }
        case .publish(let ticket, let publications):
          inputs.append(.published(ticket: ticket, offsets: publications.map(publish)))
        case .commit(let ticket, let offset, let metadata):
          committed = QueueHistory.Committed(offset: offset, metadata: metadata)
          inputs.append(.committed(ticket: ticket))
        case .startRunner(let order):
          noteRun()
          inputs.append(.runnerEnded(token: order.token, .succeeded(facts: [:])))
        case .pauseFetch, .resumeFetch, .acknowledgeChunk, .stopRunner, .release, .warn, .withdrawCancel: break
        case .setTimer(.hold, let moment):
          consumerHold += 1
          heap.push(at: max(now, moment.milliseconds), .consumerHold(consumerHold))
        case .cancelTimer(.hold): consumerHold += 1
        case .setTimer, .cancelTimer: break
        case .report(let problem): violate("the queue stands still: \(problem)")
        }
      }
    }
  }

  private func publish(_ publication: Publication) -> Int64 {
    guard case .event(let event) = publication else {
      violate("a dead letter, or a request that nobody asked for: \(publication)")
      return 0
    }
    switch event.body {
    case .attemptStarted: begun = event.request
    case .ended(let ended): noteEnd(ended.end, of: event.request)
    case .progressed, .cursorStored, .attemptFailed, .handedOver, .lossAccepted: break
    }
    return log.append(event, at: Timestamp(milliseconds: now))
  }
}
