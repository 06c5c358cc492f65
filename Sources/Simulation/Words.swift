import Dispatch

extension QueueMachine.Input {
  /// The input in words, for the trace.
  var words: String {
    switch self {
    case .assigned: "assigned"
    case .historyRead(let ticket, let history):
      "history #\(ticket): committed \(history.committed.map { "\($0.offset) \($0.metadata?.words ?? "")" } ?? "nothing"), "
        + "requests \(history.requestsStart)..<\(history.requestsEnd), events to \(history.eventsEnd), ends "
        + "\(history.digest.ends.keys.sorted())"
    case .historyFailed(let ticket): "history #\(ticket) cannot be read"
    case .request(let queued, _): "request \(queued.offset) (\(queued.run))"
    case .offsetOutOfRange: "offset out of range"
    case .published(let ticket, let offsets): "published #\(ticket) at \(offsets)"
    case .publishFailed(let ticket, let failure): "publication #\(ticket) failed: \(failure)"
    case .eventsRead(let ticket, let events): "events #\(ticket): \(events.map { "\($0.offset) \($0.event.words)" })"
    case .committed(let ticket): "committed #\(ticket)"
    case .commitRefused(let ticket, let refusal): "commit #\(ticket) refused: \(refusal)"
    case .chunkReported(let token, let report):
      "token \(token) reports chunk \(report.chunk) up to \(report.cursor.prefix(8)), \(report.rows) rows"
    case .runnerEnded(let token, let outcome): "token \(token) ended: \(outcome)"
    case .revoked: "revoked"
    case .lost: "lost"
    case .fenced(let reason): "fenced: \(reason)"
    case .control(let order): "order: \(order.action)"
    case .timer(let timer): "timer \(timer)"
    }
  }
}

extension QueueMachine.Command {
  /// The command in words, for the trace.
  var words: String {
    switch self {
    case .readHistory(let ticket): "read history #\(ticket)"
    case .readEvents(let ticket, let from, let to): "read events \(from)..<\(to) #\(ticket)"
    case .startFetch(let offset): "fetch from \(offset)"
    case .pauseFetch: "pause fetch"
    case .resumeFetch: "resume fetch"
    case .publish(let ticket, let publications): "publish #\(ticket): \(publications.map(\.words))"
    case .commit(let ticket, let offset, let metadata): "commit \(offset) \(metadata.words) #\(ticket)"
    case .startRunner(let order):
      "start the runner of \(order.run), attempt \(order.attempt), token \(order.token), cursor "
        + "\(order.cursor.map { String($0.prefix(8)) } ?? "none")"
    case .acknowledgeChunk(let token, let chunk): "acknowledge chunk \(chunk) of token \(token)"
    case .stopRunner(let token): "stop the runner of token \(token)"
    case .setTimer(let timer, _): "set timer \(timer)"
    case .cancelTimer(let timer): "cancel timer \(timer)"
    case .release: "release"
    case .warn(let warning): "warn: \(warning)"
    case .withdrawCancel(let run): "withdraw the order to cancel \(run)"
    case .report(let problem): "report \(problem)"
    }
  }
}

extension Publication {
  var words: String {
    switch self {
    case .event(let event): event.words
    case .deadLetter(let letter): "dead letter of request \(letter.queued.offset)"
    case .request(let request, _): "request \(request.id)"
    }
  }
}

extension Event {
  /// The event in words, for the trace.
  var words: String {
    let text =
      switch body {
      case .attemptStarted(let start):
        "attempt \(start.attempt) started (\(start.cause), failures \(start.failures), crashes \(start.crashes), waiting "
          + "through \(start.waitingThrough))"
      case .progressed(let progress): "progress of token \(progress.token): \(progress.rows) rows"
      case .cursorStored(_, let token, let cursor): "cursor \(cursor.prefix(8)) of token \(token) stored"
      case .attemptFailed(let failed): "attempt \(failed.attempt) failed: \(failed.message)"
      case .handedOver(let progress): "token \(progress.token) handed over at \(progress.rows) rows"
      case .ended(let ended): "ended under token \(ended.token): \(ended.end)"
      case .lossAccepted(let from, let to, _): "loss of \(from)..<\(to) accepted"
      }
    return "request \(request): \(text)"
  }
}

extension CommitMetadata {
  var words: String {
    guard let checkpoint else { return "(events from \(eventsFrom))" }
    let cursor =
      switch checkpoint.cursor {
      case .beginning: "beginning"
      case .inline(let text): String(text.prefix(8))
      case .stored(let event): "in event \(event)"
      }
    return
      "(\(checkpoint.run) attempt \(checkpoint.attempt) token \(checkpoint.token) \(checkpoint.phase) cursor \(cursor), "
      + "chunks \(checkpoint.chunks), failures \(checkpoint.failures), crashes \(checkpoint.crashes))"
  }
}
