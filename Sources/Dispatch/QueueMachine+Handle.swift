extension QueueMachine {
  /// Takes one input and says what is to be done.
  public mutating func handle(_ input: Input, now: Timestamp) -> [Command] {
    switch input {
    case .assigned: assigned()
    case .historyRead(let ticket, let history): historyRead(ticket, history, now: now)
    case .historyFailed(let ticket): historyFailed(ticket, now: now)
    case .request(let queued, let requestsEnd): request(queued, requestsEnd: requestsEnd, now: now)
    case .offsetOutOfRange: offsetOutOfRange()
    case .published(let ticket, let offsets): published(ticket, offsets, now: now)
    case .publishFailed(let ticket, let failure): publishFailed(ticket, failure, now: now)
    case .eventsRead(let ticket, let events): eventsRead(ticket, events, now: now)
    case .committed(let ticket): committed(ticket, now: now)
    case .commitRefused(let ticket, let refusal): commitRefused(ticket, refusal, now: now)
    case .chunkReported(let token, let report): chunkReported(token, report, now: now)
    case .runnerEnded(let token, let outcome): runnerEnded(token, outcome, now: now)
    case .revoked(let deadline): revoked(deadline, now: now)
    case .lost: lost(now: now)
    case .fenced(let reason): fenced(reason)
    case .control(let order): control(order, now: now)
    case .timer(let timer): fired(timer, now: now)
    }
  }

  mutating func ticket() -> Int64 {
    lastTicket += 1
    return lastTicket
  }

  // MARK: Requests

  private mutating func request(_ queued: QueuedRequest, requestsEnd: Int64, now: Timestamp) -> [Command] {
    switch state {
    case .unassigned, .readingHistory, .suspended, .stopped: return []
    case .idle, .holding, .turning, .running: break
    }
    self.requestsEnd = max(self.requestsEnd, requestsEnd, queued.offset + 1)
    // Delivered twice, or before the position that was asked for.
    guard queued.offset >= fetchNext else { return [] }
    fetchNext = queued.offset + 1
    waiting.append(queued)
    waitingBytes += queued.raw.byteCount
    var commands = regulateFetch()
    if case .idle = state { commands += advance(now: now) }
    return commands
  }

  /// Pauses the fetch when enough waits in memory, and resumes it when half of that is decided.
  mutating func regulateFetch() -> [Command] {
    guard protections.boundsWaiting else { return [] }
    let isFull = waiting.count >= settings.waitingRequestsMax || waitingBytes >= settings.waitingBytesMax
    let isHalf = waiting.count * 2 <= settings.waitingRequestsMax && waitingBytes * 2 <= settings.waitingBytesMax
    if isFull, !isFetchPaused {
      isFetchPaused = true
      return [.pauseFetch]
    }
    if isHalf, isFetchPaused {
      isFetchPaused = false
      return [.resumeFetch]
    }
    return []
  }

  mutating func dropFirst() {
    let first = waiting.removeFirst()
    waitingBytes -= first.raw.byteCount
  }

  mutating func putBack(_ queued: QueuedRequest) {
    waiting.insert(queued, at: 0)
    waitingBytes += queued.raw.byteCount
  }

  private mutating func offsetOutOfRange() -> [Command] {
    switch state {
    case .idle, .holding: return readHistory()
    // Looked into once there is nothing else to do.
    case .turning, .running:
      isFetchBroken = true
      return []
    case .unassigned, .readingHistory, .suspended, .stopped: return []
    }
  }

  // MARK: Orders

  private mutating func control(_ order: StandingOrder, now: Timestamp) -> [Command] {
    switch order.action {
    case .pause: pause = order
    case .resume: pause = nil
    case .pauseJob(let job, _): pausedJobs[job] = order
    case .resumeJob(let job): pausedJobs[job] = nil
    case .cancel(let run): cancels[run] = order
    case .uncancel(let run): cancels[run] = nil
    case .acceptLoss: lossOrder = order
    }
    switch (state, order.action) {
    case (.stopped(.fenced), _): return []
    case (.stopped, .resume), (.stopped, .acceptLoss), (.stopped, .cancel): return readHistory()
    case (.holding, _): return [.cancelTimer(.hold)] + advance(now: now)
    case (.running(var running), .cancel(let run)) where running.attempt.run == run && running.stop == nil:
      running.stop = .cancelled(order)
      state = .running(running)
      // A runner that is waiting for its acknowledgement has nothing in hand.
      return running.outcome == nil ? [.stopRunner(token: running.attempt.token)] : []
    // It came too late, and would else be there for a later request of the same id.
    case (.idle, .cancel), (.running, .cancel), (.turning, .cancel): return withdrawPassed(below: next)
    case (.running, _), (.unassigned, _), (.readingHistory, _), (.idle, _), (.turning, _), (.suspended, _),
      (.stopped, _):
      return []
    }
  }

  /// Takes orders to cancel back of which the runs have ended, and are known to have.
  mutating func withdrawPassed(below offset: Int64) -> [Command] {
    withdraw(cancels.keys.filter { run in taken.latest(id: run).map { $0 < offset } ?? false }.sorted())
  }

  /// The batch is committed: the runs that it has ended are over.
  mutating func withdrawEnded(by turn: Turn) -> [Command] {
    guard !cancels.isEmpty else { return [] }
    let ended = turn.publications.compactMap { publication -> String? in
      guard case .event(let event) = publication, case .ended = event.body else { return nil }
      return event.run
    }
    return withdraw(ended + turn.found)
  }

  private mutating func withdraw(_ runs: [String]) -> [Command] {
    runs.compactMap { cancels.removeValue(forKey: $0) == nil ? nil : .withdrawCancel(run: $0) }
  }

  // MARK: Timers

  private mutating func fired(_ timer: TimerID, now: Timestamp) -> [Command] {
    switch (timer, state) {
    case (.retry, .readingHistory(_, let resuming)): return readHistory(resuming: resuming)
    case (.retry, .turning(let turn)): return resume(turn)
    case (.retry, .running(let running)): return running.commit == .pending ? commit(running, now: now) : []
    case (.retry, _): return []

    case (.hold, .holding): return advance(now: now)
    case (.hold, _): return []

    case (.timeout, .running(var running)):
      // While it waits for its acknowledgement it has nothing in hand; the timer is set again after that.
      guard running.stop == nil, running.outcome == nil, running.report == nil else { return [] }
      running.stop = .timedOut
      state = .running(running)
      return [.stopRunner(token: running.attempt.token)]
    case (.timeout, _): return []

    case (.suspension, .running(let running)):
      guard running.hasUnknownOwnership else { return [] }
      if handover != nil { return letGo() }
      return [.stopRunner(token: running.attempt.token)] + giveUp(running) + readHistory()
    case (.suspension, .turning(let turn)):
      guard turn.hasUnknownOwnership else { return [] }
      giveUp(turn)
      return readHistory()
    case (.suspension, .suspended(let running)):
      let commands = [.stopRunner(token: running.attempt.token)] + giveUp(running)
      reset()
      return commands
    case (.suspension, .readingHistory(let ticket, let resuming?)):
      state = .readingHistory(ticket: ticket, resuming: nil)
      return [.stopRunner(token: resuming.attempt.token)] + giveUp(resuming)
    case (.suspension, _): return []

    case (.handover, .running(var running)):
      guard handover != nil else { return [] }
      if running.outcome == nil, running.commit == .none, running.report == nil {
        running.stop = running.stop ?? .handover
        state = .running(running)
        return [.stopRunner(token: running.attempt.token)]
      }
      return letGo()
    case (.handover, .turning), (.handover, .readingHistory): return handover == nil ? [] : letGo()
    case (.handover, _): return []
    }
  }
}
