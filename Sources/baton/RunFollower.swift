import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// Follows one run by its queue's events, until it ends.
struct RunFollower: Sendable {
  /// How a request ended: with its own run, or with another's that stands for it.
  struct Outcome: Sendable {
    /// The run whose end this is.
    var run: String
    var ended: Event.Ended
    /// Why the end of another run is this request's; nil for its own.
    var standIn: String?

    /// The exit status that it stands for.
    var exitCode: Int32 {
      switch ended.end {
      case .succeeded, .skipped(.duplicate), .skipped(.covered): ExitCode.success
      case .failed: ExitCode.failure
      case .cancelled, .skipped(.paused): 5
      case .skipped(.expired): 6
      }
    }

    var words: String { (standIn.map { "\($0): " } ?? "") + endWords(ended) }

    var facts: JSONValue {
      guard case .object(var members) = endFacts(ended) else { return endFacts(ended) }
      members["run"] = .string(run)
      if let standIn { members["standsFor"] = .string(standIn) }
      return .object(members)
    }
  }

  let context: Context
  let queue: String
  let reader: LogReader

  /// Shows progress, prints the end, and returns the exit status that it stands for.
  /// - Parameters:
  ///   - request: the request's offset.
  ///   - eventsFrom: an events offset before the run's first event.
  func wait(request: Int64, eventsFrom: Int64, _ arguments: ParsedArguments) async throws -> Int32 {
    let outcome = try await outcome(of: request, eventsFrom: eventsFrom, arguments)
    report(outcome, arguments)
    return outcome.exitCode
  }

  func report(_ outcome: Outcome, _ arguments: ParsedArguments) {
    if arguments.flag("json") {
      printJSON(outcome.facts, to: arguments.output)
    } else {
      arguments.output.line(outcome.words)
    }
    arguments.output.flush()
  }

  /// Shows progress until the request has ended.
  ///
  /// One that is covered by another run, or a duplicate of one, has that run's end.
  func outcome(of request: Int64, eventsFrom: Int64, _ arguments: ParsedArguments) async throws -> Outcome {
    let bar = ProgressBar("waiting", unit: "rows", output: arguments.errors)
    var began: Int64?
    let records = reader.follow(events, from: eventsFrom)
    if let words = try await ControlSnapshot.load(context, reader).words(.queue(queue), now: .now) {
      bar.announce(words)
    }
    bar.tick()
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw), event.request == request else { continue }
        switch event.body {
        case .attemptStarted(let start):
          began = began ?? record.timestampMilliseconds
          let words = start.attempt == 1 ? "running on \(event.worker)" : "attempt \(start.attempt) on \(event.worker)"
          bar.update(count: start.rows, label: words)
        case .progressed(let progress): bar.update(count: progress.rows)
        case .handedOver: bar.update(count: 0, label: "handed over")
        case .attemptFailed(let failed):
          bar.announce("attempt \(failed.attempt) failed: \(failed.message)\nnext attempt at \(failed.retryAt)")
        case .ended(let ended):
          let own = Outcome(run: event.run, ended: ended)
          if let other = try await standIn(own, before: record.offset) {
            bar.finish()
            return other
          }
          // By the log's times: it may have been over before it was followed.
          let took = began.map { formatDuration(milliseconds: max(0, record.timestampMilliseconds - $0)) }
          bar.finish(took.map { "ran on \(event.worker), \($0)" } ?? "")
          return own
        case .cursorStored, .lossAccepted: break
        }
      }
    }
    bar.finish()
    throw CancellationError()
  }

  private var events: TopicPartition { TopicPartition(topic: context.configuration.eventsTopic(queue), partition: 0) }

  /// The end of the run that stands for a request that was skipped. That run came first, so it ended first; nil if the
  /// request was not skipped for another, or if the other's end is gone from the log.
  private func standIn(_ own: Outcome, before offset: Int64) async throws -> Outcome? {
    guard own.ended.end.original != nil else { return nil }
    var ledger = RunLedger()
    let bounds = try await reader.bounds(of: events)
    let records = reader.records(of: events, from: bounds.start, to: offset)
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw) else { continue }
        ledger.apply(event, at: record.offset, appended: record.appended)
      }
    }
    // The other may itself have been skipped for an earlier one.
    var found: Outcome?
    var end = own.ended.end
    while let original = end.original, let run = ledger.runs[original.at], let ended = run.end?.ended {
      found = Outcome(run: run.run, ended: ended, standIn: original.words)
      end = ended.end
    }
    return found
  }
}

extension RunEnd {
  /// The earlier request that a skipped one was skipped for; nil for any other end.
  fileprivate var original: (at: Int64, words: String)? {
    switch self {
    case .skipped(.duplicate(let of, let at)): (at, "a duplicate of \(of) at offset \(at)")
    case .skipped(.covered(let by, let at)): (at, "covered by \(by) at offset \(at), which was waiting already")
    case .skipped(.expired), .skipped(.paused), .succeeded, .failed, .cancelled: nil
    }
  }
}

/// An end in one line.
func endWords(_ ended: Event.Ended) -> String {
  switch ended.end {
  case .succeeded(let facts):
    let rows = ended.rows > 0 ? ", \(formatCount(ended.rows)) rows in \(formatCount(Int64(ended.chunks))) chunks" : ""
    var facts = facts
    facts["peakMemoryBytes"] = nil
    facts["chunks"] = nil
    let words = facts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.factText)" }
    let extra = words.isEmpty ? "" : " (" + words.joined(separator: ", ") + ")"
    return "succeeded\(rows)\(extra)"
  case .failed(let failure): return "failed (\(failure.kind.rawValue)): \(failure.message)"
  case .cancelled(let by, let reason): return "cancelled by \(by)" + (reason.map { ": \($0)" } ?? "")
  case .skipped(.duplicate(let of, let at)): return "skipped: a duplicate of \(of) at offset \(at)"
  case .skipped(.covered(let by, let at)): return "covered by \(by) at offset \(at), which was waiting already"
  case .skipped(.expired(let at)): return "skipped: expired at \(at)"
  case .skipped(.paused(let by, let reason)):
    return "skipped: its job is paused by \(by)" + (reason.map { ": \($0)" } ?? "")
  }
}

extension JSONValue {
  /// A fact as a person reads it.
  fileprivate var factText: String {
    switch self {
    case .integer(let number): formatCount(number)
    case .string(let text): text
    case .null, .boolean, .number, .array, .object: jsonText
    }
  }
}

/// An end as JSON.
func endFacts(_ ended: Event.Ended) -> JSONValue {
  var facts: [String: JSONValue] = [
    "end": .string(ended.end.kind), "attempt": .integer(Int64(ended.attempt)), "rows": .integer(ended.rows),
    "chunks": .integer(Int64(ended.chunks)),
  ]
  switch ended.end {
  case .succeeded(let more): facts["facts"] = .object(more)
  case .failed(let failure):
    facts["kind"] = .string(failure.kind.rawValue)
    facts["message"] = .string(failure.message)
  case .cancelled(let by, let reason):
    facts["by"] = .string(by)
    if let reason { facts["reason"] = .string(reason) }
  case .skipped(.duplicate(let of, _)):
    facts["reason"] = .string("duplicate")
    facts["of"] = .string(of)
  case .skipped(.covered(let by, _)):
    facts["reason"] = .string("covered")
    facts["of"] = .string(by)
  case .skipped(.expired(let at)):
    facts["reason"] = .string("expired")
    facts["expired"] = .string(at.description)
  case .skipped(.paused(let by, let reason)):
    facts["reason"] = .string("paused")
    facts["by"] = .string(by)
    if let reason { facts["why"] = .string(reason) }
  }
  return .object(facts)
}
