extension QueueMachine {
  /// The checkpoint is committed under the attempt's token: the runner may begin.
  mutating func run(_ attempt: Attempt, now: Timestamp) -> [Command] {
    let deadline = attempt.job.timeoutMilliseconds.map { now + $0 }
    state = .running(Running(attempt: attempt, deadline: deadline, progressed: now))
    let order = RunnerOrder(
      run: attempt.run, job: attempt.job.name, attempt: attempt.number, token: attempt.token, params: attempt.params,
      cursor: attempt.cursorValue)
    return [.startRunner(order)] + (deadline.map { [.setTimer(.timeout, at: $0)] } ?? [])
  }

  mutating func chunkReported(_ token: Int64, _ report: ChunkProgress, now: Timestamp) -> [Command] {
    switch state {
    case .running(var running):
      guard running.attempt.token == token, running.report == nil, running.outcome == nil else { return [] }
      running.report = report
      running.reportedAt = now
      if !protections.acknowledgesAfterCheckpoint {
        running.report = nil
        count(report, in: &running.attempt)
        state = .running(running)
        return [.acknowledgeChunk(token: token, chunk: report.chunk)]
      }
      return commit(running, now: now)
    case .suspended(var running):
      guard running.attempt.token == token else { return [] }
      running.report = report
      running.reportedAt = now
      state = .suspended(running)
      return []
    case .readingHistory(let ticket, var running?):
      guard running.attempt.token == token else { return [] }
      running.report = report
      running.reportedAt = now
      state = .readingHistory(ticket: ticket, resuming: running)
      return []
    // Of an attempt that was given up: its runner is being stopped.
    case .unassigned, .readingHistory(_, nil), .idle, .holding, .turning, .stopped: return []
    }
  }

  private func count(_ report: ChunkProgress, in attempt: inout Attempt) {
    attempt.cursor = .inline(report.cursor)
    attempt.cursorValue = report.cursor
    add(report, to: &attempt)
  }

  private func add(_ report: ChunkProgress, to attempt: inout Attempt) {
    // Within what a checkpoint can hold.
    attempt.rows = min(report.total ?? attempt.rows + report.rows, JSONValue.exactIntegerMax)
    attempt.chunks += 1
    attempt.attemptChunks += 1
  }

  /// Commits where the attempt stands, with the chunk that was reported, if any.
  mutating func commit(_ running: Running, now: Timestamp) -> [Command] {
    var running = running
    var attempt = running.attempt
    if let report = running.report, case .stored = attempt.cursor, attempt.cursorValue == report.cursor {
      // Its cursor is in an event already.
      add(report, to: &attempt)
    } else if let report = running.report {
      count(report, in: &attempt)
      if JSONValue.string(report.cursor).jsonText.utf8.count > settings.cursorBytesMax { return storeCursor(running) }
    }
    let ticket = ticket()
    let isHandover = handover != nil
    running.commit = .inFlight(ticket: ticket, isHandover: isHandover)
    state = .running(running)
    return [
      .commit(
        ticket: ticket, offset: attempt.queued.offset,
        CommitMetadata(
          eventsFrom: eventsFrom(for: attempt.queued.offset, attempt.token),
          checkpoint: attempt.checkpoint(isHandover ? .handedOver : .running)))
    ]
  }

  /// Publishes the cursor of the reported chunk as an event of its own, for the checkpoint to refer to.
  mutating func storeCursor(_ running: Running) -> [Command] {
    var running = running
    guard let cursor = running.report?.cursor ?? running.attempt.cursorValue else {
      running.commit = .pending
      state = .running(running)
      return []
    }
    let ticket = ticket()
    running.commit = .storingCursor(ticket: ticket)
    state = .running(running)
    let stored = Event.Body.cursorStored(
      attempt: running.attempt.number, token: running.attempt.token, cursor: cursor)
    return [.publish(ticket: ticket, [.event(event(running.attempt.queued, stored))])]
  }

  /// The checkpoint is with the coordinator: the chunk counts, and its runner may go on.
  mutating func checkpointed(_ running: Running, isHandover: Bool, now: Timestamp) -> [Command] {
    var running = running
    var commands: [Command] = []
    if running.hasUnknownOwnership {
      running.hasUnknownOwnership = false
      commands.append(.cancelTimer(.suspension))
    }
    running.commit = .none
    let report = running.report
    running.report = nil
    if let since = running.reportedAt, let deadline = running.deadline, now >= deadline || now - since >= 1_000 {
      running.deadline = deadline + (now - since)
      if running.stop == nil { commands.append(.setTimer(.timeout, at: deadline + (now - since))) }
    }
    running.reportedAt = nil
    if let report {
      if case .stored = running.attempt.cursor, running.attempt.cursorValue == report.cursor {
        add(report, to: &running.attempt)
      } else {
        count(report, in: &running.attempt)
      }
    }
    state = .running(running)
    if running.outcome != nil { return commands + finish(running, now: now) }
    if handover != nil {
      // Asked for after this commit was sent: it must say so, or the next owner takes it for a crash.
      guard isHandover else { return commands + commit(running, now: now) }
      let ticket = ticket()
      let told = Command.publish(
        ticket: ticket, [.event(event(running.attempt.queued, .handedOver(running.attempt.progress)))])
      return commands + [told] + letGo()
    }
    if running.stop != nil { return commands }
    if let report { commands.append(.acknowledgeChunk(token: running.attempt.token, chunk: report.chunk)) }
    if now - running.progressed >= settings.progressMilliseconds {
      running.progressed = now
      state = .running(running)
      let progress = event(running.attempt.queued, .progressed(running.attempt.progress))
      commands.append(.publish(ticket: ticket(), [.event(progress)]))
    }
    return commands
  }

  mutating func runnerEnded(_ token: Int64, _ outcome: RunnerOutcome, now: Timestamp) -> [Command] {
    switch state {
    case .running(var running):
      guard running.attempt.token == token, running.outcome == nil else { return [] }
      running.outcome = outcome
      state = .running(running)
      guard running.commit == .none else { return [] }
      // Whether we own the queue still decides what a refusal by the sink means: ask the coordinator first.
      if case .fencedBySink = outcome { return commit(running, now: now) }
      return finish(running, now: now)
    case .suspended(var running):
      guard running.attempt.token == token else { return [] }
      running.outcome = outcome
      state = .suspended(running)
      return []
    case .readingHistory(let ticket, var running?):
      guard running.attempt.token == token else { return [] }
      running.outcome = outcome
      state = .readingHistory(ticket: ticket, resuming: running)
      return []
    case .unassigned, .readingHistory(_, nil), .idle, .holding, .turning, .stopped: return []
    }
  }

  /// The runner is gone and all that it wrote is checkpointed: what the attempt came to.
  mutating func finish(_ running: Running, now: Timestamp) -> [Command] {
    var running = running
    guard let outcome = running.outcome else { return [] }
    let timers: [Command] = [.cancelTimer(.timeout), .cancelTimer(.suspension)]
    switch (outcome, running.stop) {
    case (.succeeded(let facts), _):
      return timers + end(running.attempt, .succeeded(facts: facts), deadLetter: nil, now: now)
    case (_, .cancelled(let order)?):
      return timers + end(running.attempt, .cancelled(by: order.by, reason: order.reason), deadLetter: nil, now: now)
    case (.failed(let message, let isRetriable), nil):
      return timers + fail(running.attempt, message, isRetriable: isRetriable, now: now)
    case (_, .timedOut?):
      let limit = running.attempt.job.timeoutMilliseconds ?? 0
      let time = limit % 1000 == 0 ? "\(limit / 1000) s" : "\(limit) ms"
      return timers + fail(running.attempt, "timed out after \(time) (job's `timeout`)", isRetriable: true, now: now)
    case (.fencedBySink(let message), nil):
      // The commit was taken, and yet the sink has seen a newer attempt. A member that was out of the group for a while can
      // be in again without its client saying so: the events tell whether another owner was there meanwhile.
      if !running.hasLookedForOthers {
        running.hasLookedForOthers = true
        return timers + readHistory(resuming: running)
      }
      return timers + fail(running.attempt, message, isRetriable: false, now: now)
    case (_, .handover?):
      // Stopped at the deadline; what it had in hand is repeated by the next owner.
      running.outcome = nil
      return timers + commit(running, now: now)
    case (.stopped, nil):
      return timers + fail(running.attempt, "the runner was stopped by someone else", isRetriable: true, now: now)
    }
  }

  private mutating func fail(_ attempt: Attempt, _ message: String, isRetriable: Bool, now: Timestamp) -> [Command] {
    var attempt = attempt
    attempt.failures += 1
    if !isRetriable || attempt.failures >= attempt.job.attempts {
      let kind = isRetriable ? RunEnd.Failure.Kind.attemptsUsedUp : .notRetriable
      let failure = RunEnd.Failure(kind: kind, message: message)
      let deadLetter = DeadLetter(queued: attempt.queued, failure: failure, attempts: attempt.number)
      return end(attempt, .failed(failure), deadLetter: deadLetter, now: now)
    }
    let retryAt = now + backoff(attempt.job.backoff, failures: attempt.failures)
    let failed = Event.AttemptFailed(attempt: attempt.number, token: attempt.token, message: message, retryAt: retryAt)
    var turn = Turn(next: attempt.queued.offset)
    turn.publications = [.event(event(attempt.queued, .attemptFailed(failed)))]
    turn.failed = attempt
    turn.retryAt = retryAt
    return publish(turn)
  }

  mutating func end(_ attempt: Attempt, _ end: RunEnd, deadLetter: DeadLetter?, now: Timestamp) -> [Command] {
    var turn = Turn(next: attempt.queued.offset + 1)
    if let deadLetter { turn.publications.append(.deadLetter(deadLetter)) }
    let ended = Event.Ended(
      end: end, attempt: attempt.number, token: attempt.token, rows: attempt.rows, chunks: attempt.chunks)
    let event = event(attempt.queued, .ended(ended))
    turn.publications.append(.event(event))
    if case .succeeded = end { turn.publications += followers(attempt.queued, attempt.params, now: now) }
    turn.endedToken = attempt.token
    digest.apply(event, at: eventsNext, appended: now)
    return advance(from: turn, now: now)
  }

  private mutating func backoff(_ backoff: Job.Backoff, failures: Int) -> Int64 {
    var delay = Double(backoff.initialMilliseconds)
    for _ in 1..<max(failures, 1) { delay = min(delay * backoff.factor, Double(backoff.maxMilliseconds)) }
    let whole = Int64(min(delay, Double(backoff.maxMilliseconds)))
    return whole - whole / 2 + (whole < 2 ? 0 : Int64.random(in: 0...whole / 2, using: &random))
  }
}
