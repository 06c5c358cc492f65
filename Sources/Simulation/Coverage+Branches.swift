import Dispatch

extension Coverage {
  /// Derives from outside which branch a step took.
  mutating func note(
    _ machine: QueueMachine, after input: QueueMachine.Input, from before: Before, _ commands: [QueueMachine.Command]
  ) {
    noteInput(machine, input, before, commands)
    for command in commands {
      switch command {
      case .startRunner(let order): noteStart(machine, order)
      case .publish(_, let publications): notePublications(publications, before)
      case .pauseFetch: note(.fetchPaused)
      case .resumeFetch: note(.fetchResumed)
      case .release: noteRelease(before)
      case .report(let problem): note(problem)
      case .withdrawCancel: note(.cancelWithdrawn)
      case .readHistory, .readEvents, .startFetch, .commit, .acknowledgeChunk, .stopRunner, .setTimer, .cancelTimer,
        .warn:
        break
      }
    }
    if case .holding(let hold) = machine.state {
      switch hold {
      case .paused: note(.heldPaused)
      case .notBefore: note(.heldNotBefore)
      case .backoff: note(.heldBackoff)
      case .orders: note(.heldForOrders)
      }
    }
  }

  private mutating func noteInput(
    _ machine: QueueMachine, _ input: QueueMachine.Input, _ before: Before, _ commands: [QueueMachine.Command]
  ) {
    let stops = commands.contains { if case .stopRunner = $0 { true } else { false } }
    let isTurning = before.isTurning
    switch input {
    case .historyRead(_, let history):
      if history.committed == nil, !history.digest.begun.isEmpty || !history.digest.ends.isEmpty {
        note(.offsetsForgottenFound)
      }
      guard before.isResuming else { return }
      if case .running = machine.state { note(.wentOnAfterSuspension) } else if stops { note(.stoppedAfterSuspension) }
    case .eventsRead:
      if isTurning, case .turning(let turn) = machine.state, turn.start == nil { note(.endFoundInGap) }
    case .commitRefused(_, let refusal):
      switch (refusal, isTurning, before.isRunning) {
      case (.generationLost, true, _): note(.commitLostInTurn)
      case (.unavailable, true, _): note(.commitUnansweredInTurn)
      case (.metadataTooLarge, true, _): note(.commitTooLargeInTurn)
      case (.generationLost, _, true): note(.commitLostWhileRunning)
      case (.unavailable, _, true): note(.commitUnansweredWhileRunning)
      case (.metadataTooLarge, _, true): note(.commitTooLargeWhileRunning)
      case (.fenced, _, _): note(.commitFenced)
      default: break
      }
    case .committed:
      let commits = commands.contains { if case .commit = $0 { true } else { false } }
      if isTurning, commits, case .turning(let turn) = machine.state, turn.start != nil {
        note(.handoverCommittedTwice)
      }
    case .publishFailed(_, let failure):
      if failure != .unknown {
        note(.publicationRefused)
      } else if isTurning {
        note(.publicationUnknown)
      } else if before.isRunning, commands.contains(where: { if case .setTimer = $0 { true } else { false } }) {
        note(.publicationUnknownOfCursor)
      }
    case .timer(.suspension) where stops: note(before.isRunning ? .ownershipUnknownTooLong : .suspensionExpired)
    case .timer(.handover) where stops: note(.runnerStoppedAtDeadline)
    case .timer(.timeout) where stops: note(.runnerTimedOut)
    case .control(let order):
      if case .cancel = order.action, before.isRunning, stops { note(.cancelledRunning) }
    case .lost: if before.isResuming { note(.suspendedWhileReading) }
    case .offsetOutOfRange: note(.fetchBroken)
    case .assigned, .historyFailed, .request, .published, .chunkReported, .runnerEnded, .revoked, .fenced, .timer:
      break
    }
  }

  private mutating func noteStart(_ machine: QueueMachine, _ order: RunnerOrder) {
    guard case .running(let running) = machine.state else { return }
    switch running.attempt.cause {
    case .first: note(.startedFirst)
    case .failure: note(.startedAfterFailure)
    case .crash: note(.startedAfterCrash)
    case .handover: note(.startedAfterHandover)
    case .interruption: note(.startedAfterInterruption)
    }
    if case .stored = running.attempt.cursor { note(.resumedFromStoredCursor) }
  }

  private mutating func notePublications(_ publications: [Publication], _ before: Before) {
    var hasEnd = false
    for case .event(let event) in publications {
      switch event.body {
      case .ended: hasEnd = true
      case .attemptStarted: if hasEnd { note(.startedInBatchWithEnd) }
      case .cursorStored: note(before.isRunning ? .cursorStoredWhileRunning : .cursorStoredInTurn)
      case .lossAccepted: note(.lossAccepted)
      case .progressed, .attemptFailed, .handedOver: break
      }
    }
  }

  private mutating func noteRelease(_ before: Before) {
    switch before.state {
    case 1: note(.releasedReading)
    case 2: note(.releasedIdle)
    case 3: note(.releasedHolding)
    case 4: note(.releasedTurning)
    case 5: note(.releasedRunning)
    case 7: note(.releasedStopped)
    default: break
    }
  }

  private mutating func note(_ problem: QueueProblem) {
    switch problem {
    case .requestsLost: note(.problemRequestsLost)
    case .offsetBeyondLog: note(.problemOffsetBeyondLog)
    case .storedCursorMissing: note(.problemStoredCursorMissing)
    case .publishRefused: note(.problemPublishRefused)
    case .checkpointRefused: note(.problemCheckpointRefused)
    case .fenced: note(.problemFenced)
    }
  }
}
