extension QueueMachine {
  /// Decides on the waiting requests until one is to run or none is left, and sends off what was decided as one batch.
  /// - Parameter seed: what must be published and committed in any case, such as the end of the last run.
  mutating func advance(from seed: Turn? = nil, now: Timestamp) -> [Command] {
    var turn = seed ?? Turn(next: next)
    var hold: Hold?
    var ended = 0
    var warnings: [Command] = []
    while ended < settings.turnRequestsMax, handover == nil, let first = candidate() {
      digest.forgetOthers(at: first.offset, than: first.run)
      let decision = decide(first, now: now)
      if case .hold(let reason) = decision {
        hold = reason
        break
      }
      removeCandidate(first)
      if case .start(let attempt) = decision {
        take(first)
        turn.start = attempt
        turn.next = first.offset
        turn.publications.append(.event(startEvent(attempt)))
        break
      }
      take(first)
      ended += 1
      turn.next = first.offset + 1
      if case .alreadyEnded = decision {
        turn.found.append(first.run)
        let (owed, warning) = owedFollowers(first, now: now)
        turn.publications += owed
        if let warning { warnings.append(warning) }
      }
      if case .end(let end, let deadLetter) = decision {
        if let deadLetter { turn.publications.append(.deadLetter(deadLetter)) }
        let ended = event(first, .ended(end))
        turn.publications.append(.event(ended))
        // What is decided next must know of it already: a cancelled run covers nobody.
        digest.apply(ended, at: eventsNext, appended: now)
      }
    }
    let regulate = warnings + regulateFetch()
    if turn.publications.isEmpty, turn.next == next, turn.start == nil, !turn.setsPosition {
      if let hold {
        state = .holding(hold)
        return regulate + (hold.until.map { [.setTimer(.hold, at: $0)] } ?? [])
      }
      state = .idle
      if isFetchBroken, handover == nil { return readHistory() }
      // What was asked to be let go while the last turn was under way.
      return handover == nil ? regulate : regulate + letGo()
    }
    return regulate + publish(turn)
  }

  private func candidate() -> QueuedRequest? { protections.startsInOrder ? waiting.first : waiting.last }

  private mutating func removeCandidate(_ queued: QueuedRequest) {
    if protections.startsInOrder { dropFirst() } else { waiting.removeLast() }
  }

  func event(_ queued: QueuedRequest, _ body: Event.Body) -> Event {
    Event(run: queued.run, job: queued.request?.job, request: queued.offset, worker: worker, body: body)
  }

  private func startEvent(_ attempt: Attempt) -> Event {
    event(
      attempt.queued,
      .attemptStarted(
        Event.AttemptStarted(
          attempt: attempt.number, cause: attempt.cause, failures: attempt.failures, crashes: attempt.crashes,
          rows: attempt.rows, waitingThrough: waitingThrough(attempt),
          twin: attempt.job.whenWaiting == .coalesce
            ? Job.twinKey(
              job: attempt.job.name, params: attempt.params,
              asksForFollowers: attempt.queued.request?.asksForFollowers ?? true) : nil)))
  }

  /// Only what waited before the first attempt read from its source is covered; where that is not known, nothing is.
  private func waitingThrough(_ attempt: Attempt) -> Int64 {
    let known = digest.begun[attempt.queued.offset]?.waitingThrough
    if attempt.number > 1 { return known ?? attempt.queued.offset }
    return min(max(requestsEnd - 1, attempt.queued.offset), known ?? .max)
  }

  mutating func publish(_ turn: Turn) -> [Command] {
    var turn = turn
    guard !turn.publications.isEmpty else { return commit(turn) }
    let ticket = ticket()
    turn.step = .publishing(ticket: ticket)
    state = .turning(turn)
    var commands: [Command] = [.publish(ticket: ticket, turn.publications)]
    if !protections.commitsAfterCompletion, turn.start != nil {
      commands.append(
        .commit(ticket: -1, offset: turn.next + 1, CommitMetadata(eventsFrom: eventsNext)))
    }
    return commands
  }

  private mutating func commit(_ turn: Turn) -> [Command] {
    var turn = turn
    let ticket = ticket()
    turn.step = .committing(ticket: ticket)
    var latest = gapFrom ?? eventsNext
    var checkpoint: Checkpoint?
    if let start = turn.start {
      turn.isCommittedAsHandover = handover != nil
      latest = start.token
      checkpoint = start.checkpoint(handover == nil ? .running : .handedOver)
    } else if let failed = turn.failed, let retryAt = turn.retryAt {
      latest = failed.token
      checkpoint = failed.checkpoint(.failed(retryAt: retryAt))
    }
    let metadata = CommitMetadata(eventsFrom: eventsFrom(for: turn.next, latest), checkpoint: checkpoint)
    state = .turning(turn)
    return [.commit(ticket: ticket, offset: turn.next, metadata)]
  }

  /// Where a new owner must begin to read: no later than an end that is known already of a request still to be passed.
  mutating func eventsFrom(for offset: Int64, _ latest: Int64) -> Int64 {
    if !digest.ends.keys.contains(where: { $0 >= offset }) { eventsFrom = latest }
    return min(eventsFrom, latest)
  }

  /// Tries again what was refused or unanswered.
  mutating func resume(_ turn: Turn) -> [Command] {
    switch turn.step {
    case .waitingToPublish: publish(turn)
    case .waitingToCommit: commit(turn)
    case .publishing, .checking, .storingCursor, .committing: []
    }
  }

  func retryDelay() -> Int64 { min(settings.retryMilliseconds << min(retries, 10), settings.retryMillisecondsMax) }

  mutating func retryTimer(_ now: Timestamp) -> Command {
    defer { retries += 1 }
    return .setTimer(.retry, at: now + retryDelay())
  }

  // MARK: Answers

  mutating func published(_ ticket: Int64, _ offsets: [Int64], now: Timestamp) -> [Command] {
    // Published before the queue was lost, and delivered after its history was read: nobody has looked at these events, and
    // an end may be among them. They are a gap.
    guard ticket > historyTicket else { return [] }
    switch state {
    case .turning(var turn):
      if turn.step == .publishing(ticket: ticket) {
        retries = 0
        note(zip(turn.publications, offsets), now: now)
        if turn.start != nil, let token = offsets.last { turn.start?.token = token }
        if !protections.startsAfterCommit, let start = turn.start { return run(start, now: now) }
        return check(turn)
      }
      if turn.step == .storingCursor(ticket: ticket), let offset = offsets.first {
        if turn.start != nil {
          turn.start?.cursor = .stored(event: offset)
        } else {
          turn.failed?.cursor = .stored(event: offset)
        }
        note(at: offset)
        return commit(turn)
      }
      offsets.forEach { note(at: $0) }
      return []
    case .running(var running):
      offsets.forEach { note(at: $0) }
      guard running.commit == .storingCursor(ticket: ticket), let offset = offsets.first else { return [] }
      running.attempt.cursor = .stored(event: offset)
      if let report = running.report { running.attempt.cursorValue = report.cursor }
      running.commit = .pending
      return commit(running, now: now)
    case .idle, .holding:
      offsets.forEach { note(at: $0) }
      return []
    // Of a time that is over: the history that is read on return tells it.
    case .unassigned, .readingHistory, .suspended, .stopped: return []
    }
  }

  private mutating func note(_ published: some Sequence<(Publication, Int64)>, now: Timestamp) {
    for case (.event(let event), let offset) in published {
      note(at: offset)
      digest.apply(event, at: offset, appended: now)
    }
  }

  /// Counts an event of our own; what lies between it and the last one was written by others.
  private mutating func note(at offset: Int64) {
    guard offset >= eventsNext else { return }
    if offset > eventsNext, gapFrom == nil { gapFrom = eventsNext }
    eventsNext = offset + 1
  }

  /// An end that an earlier owner wrote just before it was gone must be seen before the attempt begins.
  private mutating func check(_ turn: Turn) -> [Command] {
    guard turn.start != nil, let from = gapFrom, protections.checksGap else { return commit(turn) }
    var turn = turn
    let ticket = ticket()
    turn.step = .checking(ticket: ticket)
    state = .turning(turn)
    return [.readEvents(ticket: ticket, from: from, to: eventsNext)]
  }

  mutating func eventsRead(_ ticket: Int64, _ events: [(offset: Int64, event: Event)], now: Timestamp) -> [Command] {
    guard case .turning(var turn) = state, turn.step == .checking(ticket: ticket) else { return [] }
    gapFrom = nil
    for (offset, event) in events { digest.apply(event, at: offset, appended: now) }
    if let start = turn.start, digest.ends[start.queued.offset]?.run == start.run {
      turn.start = nil
      putBack(start.queued)
    }
    return commit(turn)
  }

  mutating func publishFailed(_ ticket: Int64, _ failure: PublishFailure, now: Timestamp) -> [Command] {
    switch state {
    case .turning(var turn):
      let isCursor = turn.step == .storingCursor(ticket: ticket)
      guard turn.step == .publishing(ticket: ticket) || isCursor else { return [] }
      if case .refused(let reason) = failure {
        giveUp(turn)
        return stop(.publishRefused(reason))
      }
      turn.step = isCursor ? .waitingToCommit : .waitingToPublish
      state = .turning(turn)
      return [retryTimer(now)]
    case .running(var running):
      // The loss of a progress event harms nobody.
      guard running.commit == .storingCursor(ticket: ticket) else { return [] }
      if case .refused(let reason) = failure {
        return stop(running, .publishRefused(reason))
      }
      running.commit = .pending
      state = .running(running)
      return [retryTimer(now)]
    case .unassigned, .readingHistory, .idle, .holding, .suspended, .stopped: return []
    }
  }

  /// The same with an attempt in hand, which is given up.
  private mutating func stop(_ running: Running, _ problem: QueueProblem) -> [Command] {
    let killed: [Command] = running.outcome == nil ? [.stopRunner(token: running.attempt.token)] : []
    return killed + giveUp(running) + stop(problem)
  }

  /// Stands still until a person decides; a queue that is asked back goes to its next owner, who comes to the same.
  private mutating func stop(_ problem: QueueProblem) -> [Command] {
    let isAskedBack = handover != nil
    reset()
    state = .stopped(problem)
    return [.cancelTimer(.retry), .report(problem)] + (isAskedBack ? letGo() : [])
  }

  mutating func committed(_ ticket: Int64, now: Timestamp) -> [Command] {
    switch state {
    case .turning(let turn):
      guard turn.step == .committing(ticket: ticket) else { return [] }
      retries = 0
      return [.cancelTimer(.suspension)] + withdrawEnded(by: turn) + completed(turn, now: now)
    case .running(let running):
      guard case .inFlight(ticket, let isHandover) = running.commit else { return [] }
      retries = 0
      return checkpointed(running, isHandover: isHandover, now: now)
    case .unassigned, .readingHistory, .idle, .holding, .suspended, .stopped: return []
    }
  }

  private mutating func completed(_ turn: Turn, now: Timestamp) -> [Command] {
    next = turn.next
    abandoned = []
    checkpoint = nil
    cursorValue = nil
    digest.raiseFloor(to: next)
    if let start = turn.start {
      if handover != nil {
        // The next owner must not take it for a crash.
        return turn.isCommittedAsHandover ? letGo() : commit(turn)
      }
      // Ordered while its start was under way.
      if let order = cancels[start.run] {
        return end(start, .cancelled(by: order.by, reason: order.reason), deadLetter: nil, now: now)
      }
      return run(start, now: now)
    }
    if let failed = turn.failed, let retryAt = turn.retryAt {
      checkpoint = failed.checkpoint(.failed(retryAt: retryAt))
      cursorValue = failed.cursorValue
      putBack(failed.queued)
    }
    return advance(now: now)
  }

  mutating func commitRefused(_ ticket: Int64, _ refusal: CommitRefusal, now: Timestamp) -> [Command] {
    switch state {
    case .turning(var turn):
      guard turn.step == .committing(ticket: ticket) else { return [] }
      switch refusal {
      case .fenced(let reason): return fenced(reason)
      case .metadataTooLarge:
        if let attempt = turn.start ?? turn.failed, let cursor = attempt.cursorValue, case .inline = attempt.cursor {
          let ticket = self.ticket()
          turn.step = .storingCursor(ticket: ticket)
          state = .turning(turn)
          let stored = Event.Body.cursorStored(attempt: attempt.number, token: attempt.token, cursor: cursor)
          return [.publish(ticket: ticket, [.event(event(attempt.queued, stored))])]
        }
        giveUp(turn)
        return stop(.checkpointRefused(run: (turn.start ?? turn.failed)?.run))
      case .generationLost, .unavailable: break
      }
      turn.step = .waitingToCommit
      let isFirst = !turn.hasUnknownOwnership
      if refusal == .generationLost { turn.hasUnknownOwnership = true }
      state = .turning(turn)
      return waitForOwnership(refusal, isFirst: isFirst, now: now)
    case .running(var running):
      guard case .inFlight(ticket, _) = running.commit else { return [] }
      switch refusal {
      case .fenced(let reason): return fenced(reason)
      case .metadataTooLarge:
        if hasInlineCursor(running) { return storeCursor(running) }
        return stop(running, .checkpointRefused(run: running.attempt.run))
      case .generationLost, .unavailable: break
      }
      running.commit = .pending
      let isFirst = !running.hasUnknownOwnership
      if refusal == .generationLost { running.hasUnknownOwnership = true }
      state = .running(running)
      return waitForOwnership(refusal, isFirst: isFirst, now: now)
    case .unassigned, .readingHistory, .idle, .holding, .suspended, .stopped: return []
    }
  }

  /// Whether the checkpoint that was refused held the cursor itself.
  private func hasInlineCursor(_ running: Running) -> Bool {
    guard let report = running.report else {
      if case .inline = running.attempt.cursor { return true } else { return false }
    }
    if case .stored = running.attempt.cursor { return running.attempt.cursorValue != report.cursor }
    return true
  }

  /// A refused commit is tried again until the rebalance has settled; an unanswered one for as long as the queue is ours.
  private mutating func waitForOwnership(_ refusal: CommitRefusal, isFirst: Bool, now: Timestamp) -> [Command] {
    let retry = retryTimer(now)
    guard refusal == .generationLost, isFirst else { return [retry] }
    return [retry, .setTimer(.suspension, at: now + settings.suspensionMilliseconds)]
  }
}
