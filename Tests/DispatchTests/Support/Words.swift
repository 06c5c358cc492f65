import Dispatch

/// Commands in a few words without their tickets, so that a table of them can be read.
extension [QueueMachine.Command] {
  func words(at now: Timestamp = Driver.start) -> String {
    let all = QueueMachine.TimerID.allCases.map { "no \($0)" }.joined(separator: "; ")
    return map { $0.word(at: now) }.joined(separator: "; ").replacing(all, with: "no timers")
  }
}

extension QueueMachine.Command {
  func word(at now: Timestamp) -> String {
    switch self {
    case .readHistory: "readHistory"
    case .readEvents(_, let from, let to): "readEvents \(from)..<\(to)"
    case .startFetch(let offset): "fetch \(offset)"
    case .pauseFetch: "pauseFetch"
    case .resumeFetch: "resumeFetch"
    case .publish(_, let publications): "publish " + publications.map(\.word).joined(separator: " + ")
    case .commit(_, let offset, let metadata):
      "commit \(offset)" + (metadata.checkpoint.map { " \($0.phase.word)@\($0.token)" } ?? "")
    case .startRunner(let order): "run \(order.run)@\(order.token)"
    case .acknowledgeChunk(_, let chunk): "acknowledge \(chunk)"
    case .stopRunner(let token): "stop \(token)"
    case .setTimer(let timer, let moment): "\(timer) +\(moment - now)"
    case .cancelTimer(let timer): "no \(timer)"
    case .release: "release"
    case .warn(.followersUnknown(let run, _, let jobs)): "warn \(run): \(jobs.joined(separator: " "))"
    case .withdrawCancel(let run): "withdraw \(run)"
    case .report(let problem): "report \(problem.word)"
    }
  }
}

extension Publication {
  var word: String {
    switch self {
    case .deadLetter(let letter): "dead(\(letter.queued.run) \(letter.failure.kind.rawValue))"
    case .event(let event): event.word
    case .request(let request, let queue): "request(\(request.id) \(queue))"
    }
  }
}

extension Event {
  var word: String {
    switch body {
    case .attemptStarted(let start): "start(\(run) #\(start.attempt) \(start.cause))"
    case .progressed(let progress): "progress(\(run) \(progress.rows))"
    case .cursorStored: "cursor(\(run))"
    case .attemptFailed(let failed): "failure(\(run) #\(failed.attempt))"
    case .handedOver: "handed-over(\(run))"
    case .ended(let ended): "\(ended.end.kind)(\(run))"
    case .lossAccepted(let from, let to, let by): "lost(\(from)..<\(to) \(by))"
    }
  }
}

extension Checkpoint.Phase {
  var word: String {
    switch self {
    case .running: "running"
    case .handedOver: "handed-over"
    case .failed: "failed"
    }
  }
}

extension QueueProblem {
  var word: String {
    switch self {
    case .requestsLost(let from, let to, let unended): "lost \(from)..<\(to) (\(unended))"
    case .offsetBeyondLog(let committed, let end): "\(committed) beyond \(end)"
    case .storedCursorMissing(let run, let event): "cursor of \(run) at \(event) missing"
    case .publishRefused(let reason): "refused: \(reason)"
    case .checkpointRefused(let run): "checkpoint of \(run ?? "none") refused"
    case .fenced(let reason): "fenced: \(reason)"
    }
  }
}

extension QueueMachine.State {
  /// The state's name; a history that is read while an attempt waits for it is told apart.
  var word: String {
    switch self {
    case .unassigned: "unassigned"
    case .readingHistory(_, nil): "readingHistory"
    case .readingHistory: "returning"
    case .idle: "idle"
    case .holding: "holding"
    case .turning: "turning"
    case .running: "running"
    case .suspended: "suspended"
    case .stopped: "stopped"
    }
  }
}
