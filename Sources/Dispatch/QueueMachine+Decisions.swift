extension QueueMachine {
  /// What is to be done with the first waiting request.
  enum Decision {
    /// Its end is in the events already.
    case alreadyEnded
    case end(Event.Ended, DeadLetter?)
    case hold(Hold)
    case start(Attempt)
  }

  /// Decides from the log alone, so that any owner decides alike: only expiry, pauses and cancels depend on the moment.
  func decide(_ queued: QueuedRequest, now: Timestamp) -> Decision {
    if digest.ends[queued.offset] != nil { return .alreadyEnded }
    let isAcknowledged = checkpoint != nil && queued.offset == next && checkpoint?.run == queued.run
    let earlier = isAcknowledged ? checkpoint : begunBefore(queued)
    guard let request = queued.request else {
      guard case .unreadable(let reason, _) = queued.content else { return .alreadyEnded }
      return dead(queued, .unreadable, reason, earlier)
    }
    if !isAcknowledged, protections.deduplicates,
      let first = taken.earlier(
        id: request.id, key: request.deduplicationKey, than: queued.offset,
        since: queued.appended + -settings.deduplicationMilliseconds)
    {
      return .end(Event.Ended(end: .skipped(.duplicate(of: first.id, at: first.offset))), nil)
    }
    if let order = cancels[request.id] {
      return .end(ended(.cancelled(by: order.by, reason: order.reason), earlier), nil)
    }
    guard let job = jobs[request.job] else {
      return dead(
        queued, .unknownJob, "job '\(request.job.prefix(200))' is not in the configuration of worker '\(worker)'",
        earlier)
    }
    guard job.queue == queue else {
      return dead(
        queued, .unknownJob, "job '\(job.name)' belongs to queue '\(job.queue)', not to '\(queue)'", earlier)
    }
    if earlier == nil, let order = pausedJobs[job.name], isPaused(request, by: order, now: now) {
      let certain = queued.appended + settings.orderMilliseconds
      if request.origin == .schedule, now < certain { return .hold(.orders(until: certain)) }
      return .end(Event.Ended(end: .skipped(.paused(by: order.by, reason: order.reason))), nil)
    }
    let params: [String: JSONValue]
    switch job.resolve(request.params) {
    case .success(let complete): params = complete
    case .failure(let problem): return dead(queued, .badParams, problem.message, earlier)
    }
    if earlier == nil, let expires = request.expires, now >= expires {
      return .end(Event.Ended(end: .skipped(.expired(at: expires))), nil)
    }
    // One that is to wait for a moment of its own is not answered by what was done before that.
    if !isAcknowledged, job.whenWaiting == .coalesce, request.notBefore == nil,
      let cover = digest.cover(
        twin: Job.twinKey(job: job.name, params: params, asksForFollowers: request.asksForFollowers), at: queued.offset)
    {
      return .end(Event.Ended(end: .skipped(.covered(by: cover.run, at: cover.request))), nil)
    }
    return start(queued, job: job, params: params, earlier: earlier, now: now)
  }

  /// Schedulers do not propose while a job is paused, and know of the pause's end by their own clock: what one has
  /// proposed after that is not skipped because this worker's clock is behind.
  private func isPaused(_ request: Request, by order: StandingOrder, now: Timestamp) -> Bool {
    guard case .pauseJob(_, let until) = order.action else { return false }
    guard let until else { return true }
    return now < until && !(request.origin == .schedule && request.time.map { $0 >= until } ?? false)
  }

  /// What the events tell of a run that has no checkpoint: the commit's metadata was lost, or its owner was before it came.
  private func begunBefore(_ queued: QueuedRequest) -> Checkpoint? {
    guard let begun = digest.begun[queued.offset], !begun.hasEnded else { return nil }
    return Checkpoint(
      run: begun.run, attempt: begun.attempt, token: begun.token,
      phase: begun.failed.map { .failed(retryAt: $0.retryAt) } ?? .handedOver,
      cursor: begun.cursor.map(Checkpoint.Cursor.inline) ?? .beginning, rows: begun.rows, chunks: begun.chunks,
      attemptChunks: 0, failures: begun.failures, crashes: begun.crashes)
  }

  private func start(
    _ queued: QueuedRequest, job: Job, params: [String: JSONValue], earlier: Checkpoint?, now: Timestamp
  ) -> Decision {
    // There may have been later attempts than the checkpoint's.
    let before = earlier.map { max($0.attempt, digest.begun[queued.offset]?.attempt ?? 0) } ?? 0
    var attempt = Attempt(
      queued: queued, run: queued.run, job: job, params: params, number: before + 1, cause: .first,
      cursor: earlier?.cursor ?? .beginning, cursorValue: nil, rows: earlier?.rows ?? 0, chunks: earlier?.chunks ?? 0,
      failures: earlier?.failures ?? 0, crashes: earlier?.crashes ?? 0)
    if case .inline(let cursor) = attempt.cursor { attempt.cursorValue = cursor }
    if case .stored = attempt.cursor { attempt.cursorValue = cursorValue }
    if !protections.resumesFromCheckpoint {
      attempt.cursor = .beginning
      attempt.cursorValue = nil
    }
    if let earlier {
      var phase = earlier.phase
      // The failure was published, but its checkpoint was not committed.
      if phase == .running, let failed = digest.begun[queued.offset]?.failed, failed.token == earlier.token {
        phase = .failed(retryAt: failed.retryAt)
        attempt.failures += 1
      }
      switch phase {
      case .handedOver: attempt.cause = .handover
      case .failed(let retryAt):
        attempt.cause = .failure
        if attempt.failures >= job.attempts {
          return dead(queued, .attemptsUsedUp, "\(attempt.failures) attempts have failed", earlier)
        }
        // One that is further away than any backoff was set by a clock that was wrong.
        if now < retryAt, retryAt - now <= job.backoff.maxMilliseconds { return .hold(.backoff(retryAt)) }
      case .running where abandoned.contains(earlier.token): attempt.cause = .interruption
      case .running:
        attempt.cause = .crash
        attempt.crashes = earlier.attemptChunks > 0 ? 1 : earlier.crashes + 1
        if attempt.crashes >= job.crashes {
          return dead(
            queued, .crashesUsedUp,
            "\(attempt.crashes) workers in a row have died with this run, without a checkpoint between", earlier)
        }
      }
    }
    if let pause {
      let until: Timestamp? = if case .pause(let until) = pause.action { until } else { nil }
      if until == nil || now < until! { return .hold(.paused(until: until)) }
    }
    if earlier == nil, let notBefore = queued.request?.notBefore, now < notBefore {
      return .hold(.notBefore(notBefore))
    }
    return .start(attempt)
  }

  private func dead(
    _ queued: QueuedRequest, _ kind: RunEnd.Failure.Kind, _ message: String, _ earlier: Checkpoint?
  ) -> Decision {
    let failure = RunEnd.Failure(kind: kind, message: message)
    return .end(
      ended(.failed(failure), earlier),
      DeadLetter(queued: queued, failure: failure, attempts: earlier?.attempt ?? 0))
  }

  /// An end that is decided without an attempt of this owner's, with what the earlier ones have come to.
  private func ended(_ end: RunEnd, _ earlier: Checkpoint?) -> Event.Ended {
    guard let earlier else { return Event.Ended(end: end) }
    return Event.Ended(
      end: end, attempt: earlier.attempt, token: earlier.token, rows: earlier.rows, chunks: earlier.chunks)
  }
}
