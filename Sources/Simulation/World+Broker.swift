import Dispatch

extension World {
  /// When the worker's next request can be answered: now, unless the broker is down or cannot be reached.
  private func reachable(_ worker: SimulatedWorker) -> Int64 { max(brokerDownUntil, worker.isolatedUntil) }

  private var losesAnswer: Bool { !isHealed && scenario.lostAnswers > 0 && random.chance(scenario.lostAnswers) }

  // MARK: Publications

  func produce(
    _ worker: SimulatedWorker, life: Int, _ ticket: Int64, _ publications: [Publication], sent: Int64
  ) {
    let isLate = worker.life != life || !worker.isUp
    // What a dead process had in its socket may land, or a part of it.
    if isLate, random.chance(50) { return }
    let landing = isLate ? random.within(0...publications.count) : publications.count
    if reachable(worker) > now {
      if isLate { return }
      if reachable(worker) - sent > 15_000 {
        let failed = Delivery.input(.publishFailed(ticket: ticket, .unknown))
        heap.push(at: max(now, sent + 15_000), .deliver(worker: worker.index, life: life, failed))
        return
      }
      let again = Action.produce(worker: worker.index, life: life, ticket: ticket, publications, sent: sent)
      worker.produceArrival = max(worker.produceArrival, reachable(worker))
      heap.push(at: reachable(worker), again)
      return
    }
    if now < refusesUntil, !isLate {
      send(worker, .produce, after: 1...20, .input(.publishFailed(ticket: ticket, .refused("the topic is read-only"))))
      return
    }
    if losesAnswer, !isLate {
      let part = random.within(0...publications.count)
      tell(worker, "  \(part) of \(publications.count) publications land, and the answer is lost")
      for publication in publications.prefix(part) { _ = append(publication) }
      send(worker, .produce, after: 1_000...5_000, .input(.publishFailed(ticket: ticket, .unknown)))
      return
    }
    let offsets = publications.prefix(landing).map(append)
    if !isLate { send(worker, .produce, after: 1...20, .input(.published(ticket: ticket, offsets: offsets))) }
  }

  private func append(_ publication: Publication) -> Int64 {
    switch publication {
    case .event(let event):
      let offset = log.append(event, at: timestamp)
      tell(nil, "  event \(offset): \(event.words)")
      checkEvent(event, at: offset)
      return offset
    case .deadLetter(let letter):
      ledger[letter.queued.offset].deadLetters += 1
      if letter.queued.raw != log.requests[Int(letter.queued.offset)].raw {
        violate(.nothingLost, "the dead letter of request \(letter.queued.offset) has other bytes")
      }
      return log.append(letter)
    case .request(let request, let queue):
      if queue != Scenario.queue { violate(.nothingLost, "what follows goes to queue \(queue)") }
      return append(request)
    }
  }

  private func append(_ request: Request) -> Int64 {
    let offset = log.append(.request(request), raw: RawRecord(value: [1]), at: timestamp)
    ledger.append(Ledger.Entry(appended: now, behaviour: Scenario.Behaviour(rows: 3, chunkRows: 4)))
    tell(nil, "request \(offset) (\(request.id)) is appended")
    for worker in workers where worker.isUp { scheduleFetch(worker) }
    return offset
  }

  // MARK: Commits

  func commit(_ worker: SimulatedWorker, life: Int, _ request: CommitRequest) {
    let isLate = worker.life != life || !worker.isUp
    if isLate, random.chance(50) { return }
    let reply: QueueMachine.Input
    var delay: ClosedRange<Int64> = 1...20
    if max(reachable(worker), coordinatorDownUntil) > now {
      reply = .commitRefused(ticket: request.ticket, .unavailable)
      delay = 500...5_000
    } else if let refusal = group.refusal(name: worker.name, epoch: request.epoch, generation: request.generation) {
      reply = .commitRefused(ticket: request.ticket, refusal)
    } else if size(of: request.metadata) > (now < refusesMetadataUntil ? 50 : scenario.metadataBytesMax) {
      reply = .commitRefused(ticket: request.ticket, .metadataTooLarge)
    } else {
      checkCommit(request, by: worker)
      group.committed = QueueHistory.Committed(offset: request.offset, metadata: request.metadata)
      if losesAnswer {
        tell(worker, "  commit \(request.offset) is taken, and the answer is lost")
        reply = .commitRefused(ticket: request.ticket, .unavailable)
        delay = 1_000...5_000
      } else {
        reply = .committed(ticket: request.ticket)
      }
    }
    if !isLate { send(worker, .commit, after: delay, .input(reply)) }
  }

  private func size(of metadata: CommitMetadata) -> Int {
    guard let checkpoint = metadata.checkpoint else { return 20 }
    let cursor = if case .inline(let text) = checkpoint.cursor { text.utf8.count } else { 10 }
    return 60 + checkpoint.run.utf8.count + cursor
  }

  // MARK: Reads

  func readCommitted(_ worker: SimulatedWorker, life: Int, _ ticket: Int64) {
    guard worker.life == life, worker.isUp else { return }
    if max(reachable(worker), coordinatorDownUntil) > now || losesAnswer {
      send(worker, .history, after: 500...3_000, .input(.historyFailed(ticket: ticket)))
      return
    }
    // Not one snapshot: the topics are read after the committed offset.
    heap.push(
      at: now + random.milliseconds(2...50),
      .readTopics(worker: worker.index, life: life, ticket: ticket, group.committed))
  }

  func readTopics(_ worker: SimulatedWorker, life: Int, _ ticket: Int64, _ committed: QueueHistory.Committed?) {
    guard worker.life == life, worker.isUp else { return }
    if reachable(worker) > now {
      send(worker, .history, after: 500...3_000, .input(.historyFailed(ticket: ticket)))
      return
    }
    let history = log.history(
      committed: committed, windowMilliseconds: scenario.settings.deduplicationMilliseconds, now: timestamp)
    send(worker, .history, after: scenario.historyMilliseconds, .input(.historyRead(ticket: ticket, history)))
  }

  func readEvents(_ worker: SimulatedWorker, life: Int, _ ticket: Int64, from: Int64, to: Int64) {
    guard worker.life == life, worker.isUp else { return }
    if reachable(worker) > now {
      let again = Action.readEvents(worker: worker.index, life: life, ticket: ticket, from: from, to: to)
      heap.push(at: reachable(worker), again)
      return
    }
    var found: [(offset: Int64, event: Event)] = []
    for offset in max(from, log.eventsStart)..<max(from, log.eventsStart, to) {
      found.append((offset, log.events[Int(offset)]))
    }
    send(worker, .history, after: 2...30, .input(.eventsRead(ticket: ticket, found)))
  }

  // MARK: Fetching

  func scheduleFetch(_ worker: SimulatedWorker) {
    guard worker.isFetching, !worker.isFetchPaused, !worker.isFetchScheduled else { return }
    worker.isFetchScheduled = true
    heap.push(
      at: now + random.milliseconds(1...30),
      .fetch(worker: worker.index, life: worker.life, epoch: worker.fetchEpoch))
  }

  static let fetchBatchMax = 3

  func fetch(_ worker: SimulatedWorker, life: Int, epoch: Int) {
    guard worker.life == life, worker.isUp, worker.fetchEpoch == epoch else { return }
    worker.isFetchScheduled = false
    guard worker.isFetching, !worker.isFetchPaused else { return }
    if worker.isPaused {
      worker.isFetchScheduled = true
      heap.push(at: worker.pausedUntil + 1, .fetch(worker: worker.index, life: life, epoch: epoch))
      return
    }
    if reachable(worker) > now {
      worker.isFetchScheduled = true
      heap.push(at: reachable(worker), .fetch(worker: worker.index, life: life, epoch: epoch))
      return
    }
    if worker.fetchPosition < log.requestsStart || worker.fetchPosition > log.requestsEnd {
      worker.isFetching = false
      send(worker, .fetch, after: 1...10, .outOfRange(epoch: epoch))
      return
    }
    let end = min(log.requestsEnd, worker.fetchPosition + Int64(World.fetchBatchMax))
    guard worker.fetchPosition < end else { return }
    let delay = random.milliseconds(1...10)
    for offset in worker.fetchPosition..<end {
      let queued = log.requests[Int(offset)]
      send(worker, .fetch, after: delay...delay, .request(queued, requestsEnd: log.requestsEnd, epoch: epoch))
    }
    worker.fetchPosition = end
    // The next batch is asked for when this one has arrived.
    worker.isFetchScheduled = true
    heap.push(
      at: now + delay + random.milliseconds(1...30), .fetch(worker: worker.index, life: life, epoch: epoch))
  }
}
