extension QueueMachine {
  mutating func assigned() -> [Command] {
    switch state {
    case .unassigned: return readHistory()
    case .suspended(let running): return readHistory(resuming: running)
    case .stopped(.fenced): return []
    // Said twice: what is under way goes on.
    case .readingHistory, .idle, .holding, .turning, .running, .stopped: return []
    }
  }

  /// Forgets what was known of the queue and reads it anew.
  mutating func readHistory(resuming: Running? = nil) -> [Command] {
    // Nothing is begun that is to be let go of.
    if handover != nil { return letGo() }
    reset()
    let ticket = ticket()
    historyTicket = ticket
    state = .readingHistory(ticket: ticket, resuming: resuming)
    return [.cancelTimer(.retry), .cancelTimer(.hold), .readHistory(ticket: ticket)]
  }

  mutating func reset() {
    state = .unassigned
    checkpoint = nil
    cursorValue = nil
    waiting = []
    waitingBytes = 0
    isFetchPaused = false
    gapFrom = nil
    handover = nil
    isFetchBroken = false
  }

  mutating func historyFailed(_ ticket: Int64, now: Timestamp) -> [Command] {
    guard case .readingHistory(ticket, _) = state else { return [] }
    return [retryTimer(now)]
  }

  mutating func historyRead(_ ticket: Int64, _ history: QueueHistory, now: Timestamp) -> [Command] {
    guard case .readingHistory(ticket, let resuming) = state else { return [] }
    retries = 0
    requestsEnd = history.requestsEnd
    eventsNext = history.eventsEnd
    eventsFrom = history.committed?.metadata?.eventsFrom ?? 0
    foundAt = history.committed?.offset
    gapFrom = nil
    digest = protections.readsHistory ? history.digest : EventDigest(floor: history.digest.floor)
    taken = TakenIDs()
    for request in history.taken { taken.take(request) }

    let offset = history.committed?.offset ?? history.requestsStart
    let saved = history.committed?.metadata?.checkpoint
    if let running = resuming {
      let ours = running.attempt.checkpoint(.running)
      let isUnchanged = saved?.run == ours.run && saved?.attempt == ours.attempt && saved?.token == ours.token
      // An owner in between may have published an end, and not have come to commit it.
      let isOver = digest.ends[offset]?.run == ours.run && protections.checksCheckpointOnReturn
      // Begun by an owner in between, who has lost the queue again.
      let isSuperseded =
        running.hasLookedForOthers
        && digest.begun[offset].map { $0.run == ours.run && $0.token > ours.token } ?? false
      if isSuperseded { abandoned.insert(ours.token) }
      if offset == running.attempt.queued.offset, !isOver, !isSuperseded,
        isUnchanged || !protections.checksCheckpointOnReturn
      {
        return goOn(running, at: offset, now: now)
      }
    }
    var commands = withdrawPassed(below: offset)
    if let running = resuming {
      commands += [.stopRunner(token: running.attempt.token), .cancelTimer(.suspension)]
    }
    commands += lostFollowers(history, at: offset)
    next = offset
    var seed = Turn(next: next)
    seed.setsPosition = history.committed == nil
    if let loss = loss(history, offset: offset) {
      switch acceptance(of: loss, history) {
      case .none:
        state = .stopped(loss.problem)
        return commands + [.report(loss.problem)]
      case .recorded: break
      case .ordered(let by): seed.publications = [.event(lossAccepted(loss.requests, by: by))]
      }
      seed.setsPosition = true
    }
    if next > history.requestsEnd {
      // The topic is new, and begins at its start. What the events tell is of requests that had these offsets before.
      next = history.requestsStart
      digest = EventDigest(floor: next)
    } else if next < history.requestsStart {
      next = history.requestsStart
    }
    seed.next = next
    if next == offset, let saved {
      checkpoint = saved
      switch saved.cursor {
      case .inline(let cursor): cursorValue = cursor
      case .stored(let event):
        guard let cursor = history.storedCursor else {
          if cancels[saved.run] == nil {
            let problem = QueueProblem.storedCursorMissing(run: saved.run, event: event)
            state = .stopped(problem)
            return commands + [.report(problem)]
          }
          break
        }
        cursorValue = cursor
      case .beginning: break
      }
    }
    fetchNext = next
    return commands + [.startFetch(at: next)] + advance(from: seed, now: now)
  }

  private func lossAccepted(_ lost: Range<Int64>, by: String) -> Event {
    Event(
      run: "offset-\(lost.lowerBound)", job: nil, request: lost.lowerBound, worker: worker,
      body: .lossAccepted(from: lost.lowerBound, to: lost.upperBound, by: by))
  }

  private func unended(_ lost: Range<Int64>) -> Int64 {
    Int64(lost.count) - Int64(digest.ends.keys.count { lost.contains($0) })
  }

  /// Requests without an end that the log no longer has.
  private struct Loss {
    var problem: QueueProblem
    var requests: Range<Int64>
    /// What is accepted must reach as far as this.
    var below: Int64
  }

  private func loss(_ history: QueueHistory, offset: Int64) -> Loss? {
    let start = history.requestsStart
    if offset > history.requestsEnd {
      let known = max(digest.ends.keys.max() ?? -1, digest.begun.keys.max() ?? -1)
      return Loss(
        problem: .offsetBeyondLog(committed: offset, end: history.requestsEnd),
        requests: start..<max(offset, known + 1), below: offset)
    }
    if offset < start {
      let count = unended(offset..<start)
      guard count > 0 else { return nil }
      return Loss(
        problem: .requestsLost(from: offset, to: start, unended: count), requests: offset..<start, below: start)
    }
    // Without a committed offset the only trace of a lost request is that it was begun.
    guard history.committed == nil,
      let lost = digest.begun.filter({ $0.key < start && !$0.value.hasEnded }).keys.min()
    else { return nil }
    return Loss(problem: .requestsLost(from: lost, to: start, unended: 1), requests: lost..<start, below: start)
  }

  private enum Acceptance {
    case none
    /// An earlier owner has written it down, and has not come to commit what follows.
    case recorded
    case ordered(by: String)
  }

  /// An acceptance counts once: what was committed or written down since it was given is of a later time, and a loss
  /// found after that is another one.
  private func acceptance(of loss: Loss, _ history: QueueHistory) -> Acceptance {
    var since = history.committed?.metadata?.eventsFrom ?? 0
    // Of an events topic that is gone.
    if since > history.eventsEnd { since = 0 }
    if let written = digest.loss, !written.isPast, written.event >= since,
      written.requests.lowerBound == loss.requests.lowerBound, written.requests.upperBound >= loss.below
    {
      return .recorded
    }
    if let order = lossOrder, case .acceptLoss(let below, let events) = order.action, below >= loss.below,
      events >= since, events <= history.eventsEnd, digest.loss.map({ $0.event < events }) ?? true
    {
      return .ordered(by: order.by)
    }
    return .none
  }

  /// Nobody was in between: the attempt goes on where it was.
  private mutating func goOn(_ running: Running, at offset: Int64, now: Timestamp) -> [Command] {
    var running = running
    running.hasUnknownOwnership = false
    running.commit = .none
    next = offset
    fetchNext = offset + 1
    take(running.attempt.queued)
    var commands: [Command] = [.cancelTimer(.suspension), .startFetch(at: offset + 1)]
    // Ordered while the queue was away.
    if running.stop == nil, let order = cancels[running.attempt.run] {
      running.stop = .cancelled(order)
      if running.outcome == nil { commands.append(.stopRunner(token: running.attempt.token)) }
    }
    state = .running(running)
    if let deadline = running.deadline { commands.append(.setTimer(.timeout, at: deadline)) }
    if running.report != nil { return commands + commit(running, now: now) }
    if running.outcome != nil { return commands + finish(running, now: now) }
    return commands
  }

  /// Remembers that the request's id is taken, and forgets those outside the window.
  mutating func take(_ queued: QueuedRequest) {
    guard let request = queued.request else { return }
    taken.forget(before: queued.appended + -settings.deduplicationMilliseconds)
    taken.take(
      TakenRequest(
        id: request.id, deduplicationKey: request.deduplicationKey, offset: queued.offset, appended: queued.appended))
  }

  // MARK: Letting go

  mutating func revoked(_ deadline: Timestamp, now: Timestamp) -> [Command] {
    switch state {
    case .unassigned: return [.release]
    case .idle, .holding, .stopped: return letGo()
    case .readingHistory: return letGo()
    case .suspended(let running):
      return [.stopRunner(token: running.attempt.token)] + giveUp(running) + letGo()
    case .turning:
      handover = deadline
      return [.setTimer(.handover, at: deadline)]
    case .running:
      handover = deadline
      return [.setTimer(.handover, at: deadline)]
    }
  }

  mutating func letGo() -> [Command] {
    var commands = TimerID.allCases.map(Command.cancelTimer)
    switch state {
    case .running(let running):
      if running.outcome == nil { commands.append(.stopRunner(token: running.attempt.token)) }
      abandoned.insert(running.attempt.token)
    case .readingHistory(_, let resuming?): commands += [.stopRunner(token: resuming.attempt.token)] + giveUp(resuming)
    case .turning(let turn): giveUp(turn)
    case .unassigned, .readingHistory(_, nil), .idle, .holding, .suspended, .stopped: break
    }
    // A fenced worker stays out, and the reason stays visible.
    let problem: QueueProblem? = if case .stopped(let problem) = state, case .fenced = problem { problem } else { nil }
    reset()
    if let problem { state = .stopped(problem) }
    return commands + [.release]
  }

  mutating func lost(now: Timestamp) -> [Command] {
    let commands: [Command] = [.cancelTimer(.retry), .cancelTimer(.hold), .cancelTimer(.handover)]
    switch state {
    case .unassigned, .suspended, .stopped(.fenced): return []
    case .running(var running):
      // It was to be handed over; somebody else has it already.
      if handover != nil {
        let stop: [Command] = running.outcome == nil ? [.stopRunner(token: running.attempt.token)] : []
        let given = giveUp(running)
        reset()
        return commands + stop + given
      }
      if running.commit != .none { running.commit = .pending }
      running.hasUnknownOwnership = true
      reset()
      state = .suspended(running)
      return commands + [.setTimer(.suspension, at: now + settings.suspensionMilliseconds)]
    case .readingHistory(_, let resuming?):
      reset()
      state = .suspended(resuming)
      return commands
    case .turning(let turn):
      giveUp(turn)
      reset()
      return commands + [.cancelTimer(.suspension)]
    case .readingHistory(_, nil), .idle, .holding, .stopped:
      reset()
      return commands + [.cancelTimer(.suspension)]
    }
  }

  mutating func fenced(_ reason: String) -> [Command] {
    var commands = TimerID.allCases.map(Command.cancelTimer)
    switch state {
    case .running(let running), .suspended(let running), .readingHistory(_, let running?):
      if running.outcome == nil { commands.append(.stopRunner(token: running.attempt.token)) }
    case .stopped(.fenced): return []
    case .unassigned, .readingHistory(_, nil), .idle, .holding, .turning, .stopped: break
    }
    reset()
    let problem = QueueProblem.fenced(reason)
    state = .stopped(problem)
    return commands + [.report(problem)]
  }

  /// The attempt ends without a word in the events: another may have begun elsewhere.
  mutating func giveUp(_ running: Running) -> [Command] {
    abandoned.insert(running.attempt.token)
    return [.cancelTimer(.timeout), .cancelTimer(.suspension)]
  }

  /// Whichever of its attempts' checkpoints is found later, no worker has died of it.
  mutating func giveUp(_ turn: Turn) {
    for token in [turn.start?.token, turn.failed?.token, turn.endedToken] {
      if let token, token >= 0 { abandoned.insert(token) }
    }
  }
}
