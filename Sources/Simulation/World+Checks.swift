import Dispatch

extension World {
  // MARK: At every step

  /// 6: what waits in memory is bounded by the limits and one batch.
  func checkWaiting(_ worker: SimulatedWorker) {
    let settings = scenario.settings
    // A put-back request comes on top.
    let countMax = settings.waitingRequestsMax + World.fetchBatchMax + 1
    if worker.machine.waiting.count > countMax {
      violate(.boundedMemory, "\(worker.machine.waiting.count) requests wait in memory, more than \(countMax)")
    }
    let bytesMax = settings.waitingBytesMax + (World.fetchBatchMax + 1) * 150
    if worker.machine.waitingBytes > bytesMax {
      violate(.boundedMemory, "\(worker.machine.waitingBytes) bytes wait in memory, more than \(bytesMax)")
    }
  }

  /// A run that is handed over says so in its checkpoint, or the next owner takes it for a crash; only a coordinator that
  /// could not be reached, or a broker that refuses what must be published first, excuses it.
  func checkRelease(_ worker: SimulatedWorker) {
    guard group.owner == worker.name, group.isMember(worker.name, epoch: worker.epoch),
      group.committed?.metadata?.checkpoint?.phase == .running
    else { return }
    ledger.disturbances += 1
    if !wasSilent, scenario.lostAnswers == 0 {
      violate(.nothingLost, "worker-\(worker.name) lets go of a run in hand, and its checkpoint does not say so")
    }
  }

  /// 2: an end of an attempt comes only from one whose token was taken.
  func checkEvent(_ event: Event, at offset: Int64) {
    switch event.body {
    case .ended(let ended):
      if ended.token > 0, !ledger.acknowledged.contains(ended.token) {
        let isMadeUp = ended.attempt > 0 && wasBegunOnly(ended)
        if !isMadeUp {
          violate(.nothingLost, "an end under token \(ended.token), which the coordinator never took")
        }
      }
      ledger.end(event.request, token: ended.token, end: ended.end, event: offset)
      coverage.note(ended.end)
    case .lossAccepted(let from, let to, _): checkLoss(from..<to, at: offset)
    case .attemptStarted, .progressed, .cursorStored, .attemptFailed, .handedOver: break
    }
  }

  /// An order to accept a loss counts for one.
  private func checkLoss(_ lost: Range<Int64>, at offset: Int64) {
    defer { ledger.loss = (lost, offset) }
    ledger.acceptLoss(below: lost.upperBound)
    let since = ledger.loss.map { $0.requests.lowerBound == lost.lowerBound ? -1 : $0.event } ?? -1
    let isOrdered = orders.contains { order in
      if case .acceptLoss(let below, let events) = order.action {
        below >= lost.upperBound && events > since
      } else {
        false
      }
    }
    if !isOrdered { violate(.nothingLost, "the loss of requests \(lost) is accepted by an order for an earlier one") }
  }

  /// Ends that need no attempt carry the last token that the events tell of, taken or not.
  private func wasBegunOnly(_ ended: Event.Ended) -> Bool {
    switch ended.end {
    case .cancelled: true
    case .failed(let failure): failure.kind != .notRetriable
    case .succeeded, .skipped: false
    }
  }

  /// 1, 3, 4, and that nothing runs again after its end.
  func checkCommit(_ request: CommitRequest, by worker: SimulatedWorker) {
    if let committed = group.committed, request.offset < committed.offset {
      violate(.commitAfterCompletion, "the committed offset moves back from \(committed.offset) to \(request.offset)")
    }
    while ledger.verifiedBelow < request.offset {
      let offset = ledger.verifiedBelow
      if offset >= ledger.lossAcceptedBelow, ledger[offset].firstEnd == nil {
        if request.metadata.checkpoint != nil {
          violate(.order, "request \(request.offset) begins, and request \(offset) before it has no end")
          return
        }
        violate(.commitAfterCompletion, "offset \(request.offset) is committed, and request \(offset) has no end")
        return
      }
      ledger.verifiedBelow += 1
    }
    guard let checkpoint = request.metadata.checkpoint else { return }
    if checkpoint.token < ledger.highestToken {
      violate(
        .oneRunner, "a checkpoint of token \(checkpoint.token) is taken after one of token \(ledger.highestToken)")
    }
    if ledger.acknowledge(checkpoint.token) { checkStart(request.offset, checkpoint) }
  }

  private func checkStart(_ offset: Int64, _ checkpoint: Checkpoint) {
    guard checkpoint.token >= 0, checkpoint.token < log.eventsEnd, log.events[Int(checkpoint.token)].request == offset,
      case .attemptStarted = log.events[Int(checkpoint.token)].body
    else {
      violate(.oneRunner, "token \(checkpoint.token) is not an attempt's start of request \(offset)")
      return
    }
    if let end = ledger[offset].firstEnd, end < checkpoint.token {
      violate(.nothingLost, "request \(offset) begins under token \(checkpoint.token) after its end in event \(end)")
    }
    if offset < ledger.lastStarted {
      violate(.order, "request \(offset) begins after request \(ledger.lastStarted)")
    }
    ledger.lastStarted = max(ledger.lastStarted, offset)
    ledger[offset].starts += 1
    checkBlame(offset, crashes: checkpoint.crashes, failures: checkpoint.failures)
    if let first = earlierTwinID(of: offset) {
      violate(.nothingLost, "request \(offset) runs although request \(first) has taken its id or key")
    }
  }

  /// Nobody is punished for what did not happen to him.
  private func checkBlame(_ offset: Int64, crashes: Int, failures: Int) {
    let entry = ledger[offset]
    let kills = entry.behaviour.kind == .killsWorker ? entry.strikes : 0
    // A worker that ended in an outage could not write down that it handed over.
    let unwritten = wasSilent ? 1 : 0
    if crashes > ledger.disturbances + kills + unwritten {
      violate(.nothingLost, "request \(offset) counts \(crashes) crashes, and only \(ledger.disturbances) happened")
    }
    let mayTimeOut = log.requests[Int(offset)].request?.job == "timed" || slow(entry)
    if !mayTimeOut, failures > entry.failures {
      violate(.nothingLost, "request \(offset) counts \(failures) failures, and only \(entry.failures) happened")
    }
  }

  /// A run that may reach its time limit without being to blame.
  private func slow(_ entry: Ledger.Entry) -> Bool { entry.behaviour.chunkMilliseconds.upperBound > 1_000 }

  /// The first request whose id or key the given one repeats inside the window.
  private func earlierTwinID(of offset: Int64) -> Int64? {
    guard let request = log.requests[Int(offset)].request else { return nil }
    let since = log.requests[Int(offset)].appended + -scenario.settings.deduplicationMilliseconds
    for earlier in log.requestsStart..<max(offset, log.requestsStart) {
      let queued = log.requests[Int(earlier)]
      guard let other = queued.request, queued.appended >= since else { continue }
      if other.id == request.id
        || (request.deduplicationKey != nil && other.deduplicationKey == request.deduplicationKey)
      {
        return earlier
      }
    }
    return nil
  }

  // MARK: Runners

  /// 2: nothing before the cursor is missing in the sink.
  func checkBegin(_ runner: SimulatedRunner) {
    guard let missing = sink.firstMissing(run: runner.request, rows: runner.behaviour.rows) else { return }
    if missing < runner.position {
      violate(
        .nothingLost,
        "token \(runner.token) begins at row \(runner.position) of request \(runner.request), and row \(missing) is missing"
      )
    }
  }

  /// 1 and 5.
  func checkWrite(_ runner: SimulatedRunner, repeated: Int) {
    if runner.token < ledger.lastFence {
      violate(.oneRunner, "the sink takes token \(runner.token) after token \(ledger.lastFence)")
    }
    ledger.lastFence = max(ledger.lastFence, runner.token)
    if !ledger.acknowledged.contains(runner.token) {
      violate(.oneRunner, "the sink takes token \(runner.token), which the coordinator never took")
    }
    if repeated > 0 { coverage.note(.rowsRepeated) }
    if repeated > runner.behaviour.chunkRows, !ledger[runner.request].isExcused {
      violate(
        .boundedRepeat,
        "token \(runner.token) writes \(repeated) rows of request \(runner.request) again; a chunk has "
          + "\(runner.behaviour.chunkRows)")
    }
  }

  // MARK: At the end

  func checkAtTheEnd() {
    if ledger.open > 0 { violate(.nothingLost, "nothing more will happen, and \(ledger.open) requests have no end") }
    for index in ledger.entries.indices {
      let offset = Int64(index)
      guard let end = ledger[offset].end else { continue }
      switch end.end {
      case .succeeded: checkSucceeded(offset)
      case .failed(let failure): checkFailed(offset, failure)
      case .skipped(let reason): checkSkipped(offset, reason)
      case .cancelled:
        let run = log.requests[index].run
        if !cancelled.contains(run) {
          violate(.nothingLost, "request \(offset) is cancelled, and nobody has ordered it")
        }
      }
    }
  }

  private func checkSucceeded(_ offset: Int64) {
    let entry = ledger[offset]
    if let row = sink.firstMissing(run: offset, rows: entry.behaviour.rows) {
      violate(.nothingLost, "request \(offset) has succeeded, and row \(row) is not in the sink")
    }
    checkFollowers(of: offset)
    if entry.behaviour.kind == .failsForGood || (entry.behaviour.kind == .killsWorker && entry.behaviour.times == .max)
    {
      violate(.nothingLost, "request \(offset) has succeeded, and cannot have")
    }
  }

  /// A success is followed by what its job names; that it runs once, the checks of duplicates see to. An outage longer than
  /// the deduplication window may cost it.
  private func checkFollowers(of offset: Int64) {
    guard scenario.settings.deduplicationMilliseconds > World.patienceMilliseconds,
      let request = log.requests[Int(offset)].request, let job = Scenario.jobs[request.job],
      !ledger[offset].isExcused, !ledger.unknownFollowers.contains(request.id)
    else { return }
    for name in job.then {
      let id = Request.followerID(of: name, after: request.id)
      if !log.requests.contains(where: { $0.request?.id == id }) {
        violate(.nothingLost, "request \(offset) has succeeded, and job \(name) was not asked for")
      }
    }
  }

  private func checkFailed(_ offset: Int64, _ failure: RunEnd.Failure) {
    let entry = ledger[offset]
    if entry.deadLetters == 0 { violate(.nothingLost, "request \(offset) has failed and is not in the dead letters") }
    let request = log.requests[Int(offset)].request
    let isLegitimate: Bool =
      switch failure.kind {
      case .unreadable: request == nil
      case .unknownJob: request?.job == "unheard-of" || request?.job == "elsewhere"
      case .badParams:
        request?.params["day"] == .string("tuesday") || (request?.job == "timed" && request?.params != [:])
      case .notRetriable: entry.behaviour.kind == .failsForGood
      case .attemptsUsedUp: entry.behaviour.kind == .failsRetriable || entry.behaviour.kind == .hangs || slow(entry)
      case .crashesUsedUp: entry.behaviour.kind == .killsWorker || ledger.disturbances >= 3
      }
    if !isLegitimate {
      violate(.nothingLost, "request \(offset) has failed as \(failure.kind.rawValue): \(failure.message)")
    }
  }

  private func checkSkipped(_ offset: Int64, _ reason: RunEnd.SkipReason) {
    let queued = log.requests[Int(offset)]
    guard let request = queued.request else {
      violate(.nothingLost, "request \(offset) cannot be read, and is skipped")
      return
    }
    switch reason {
    case .duplicate(_, let at):
      let first = log.requests[Int(at)]
      let isSame =
        first.request?.id == request.id
        || (request.deduplicationKey != nil && first.request?.deduplicationKey == request.deduplicationKey)
      if !isSame || at >= offset || queued.appended - first.appended > scenario.settings.deduplicationMilliseconds {
        violate(.nothingLost, "request \(offset) is skipped as a duplicate of request \(at), which it is not")
      }
    case .covered(_, let at):
      checkCovered(offset, by: at)
    case .paused:
      let job = request.job
      if !scenario.orders.contains(where: { if case .pauseJob(job, _) = $0.order.action { true } else { false } }) {
        violate(.nothingLost, "request \(offset) is skipped as paused, and nobody has paused its job")
      }
    case .expired(let moment):
      if request.expires != moment { violate(.nothingLost, "request \(offset) has not expired") }
    }
  }

  private func checkCovered(_ offset: Int64, by covering: Int64) {
    let entry = ledger[covering]
    if log.requests[Int(covering)].request?.job != log.requests[Int(offset)].request?.job || covering >= offset {
      violate(.nothingLost, "request \(offset) is no twin of request \(covering)")
    }
    if let read = entry.firstRead, read < ledger[offset].appended {
      violate(.nothingLost, "request \(covering) read its source before request \(offset), which it covers, was there")
    }
    switch entry.end?.end {
    case .succeeded, .failed: break
    case .cancelled, .skipped, nil:
      violate(.nothingLost, "request \(offset) is covered by request \(covering), which did not run")
    }
    if entry.starts == 0 {
      violate(.nothingLost, "request \(offset) is covered by request \(covering), which never began")
    }
  }
}
