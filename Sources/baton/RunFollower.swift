import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// Follows one run by its queue's events, until it ends.
struct RunFollower: Sendable {
  let context: Context
  let queue: String
  let reader: LogReader

  /// Shows progress, prints the end, and returns the exit status that it stands for.
  /// - Parameters:
  ///   - run: its id, which is the request's.
  ///   - request: the request's offset.
  ///   - eventsFrom: an events offset before the run's first event.
  func wait(
    _ run: String, request: Int64, eventsFrom: Int64, _ arguments: ParsedArguments
  ) async throws -> Int32 {
    let outcome = try await outcome(of: run, request: request, eventsFrom: eventsFrom, arguments)
    report(outcome, arguments)
    return outcome.exitCode
  }

  func report(_ outcome: RunOutcome, _ arguments: ParsedArguments) {
    if arguments.flag("json") { printJSON(outcome.facts, to: arguments.output) }
    if case .lost(let loss) = outcome.result {
      arguments.errors.line("run \(printable(outcome.run)): \(loss.words)")
      arguments.errors.line("Ask for it again with `baton enqueue` or `baton rerun`.")
    } else if !arguments.flag("json") {
      arguments.output.line(printable(outcome.words, keepsLines: true))
    }
    arguments.output.flush()
  }

  /// Shows progress until the request has ended.
  ///
  /// One that is covered by another run, or a duplicate of one, has that run's end.
  func outcome(
    of run: String, request: Int64, eventsFrom: Int64, _ arguments: ParsedArguments
  ) async throws -> RunOutcome {
    let bar = ProgressBar("waiting", unit: "rows", output: arguments.errors)
    let records = reader.follow(events, from: eventsFrom)
    let control = try await ControlSnapshot.load(context, reader)
    for words in [control.standstill(of: queue, now: .now), control.words(.queue(queue), now: .now)] {
      if let words { bar.announce(words) }
    }
    Interruption.begin(run, bar, arguments.errors)
    defer { Interruption.end() }
    return try await bar.turning {
      try await follow(run, request, records, bar)
    }
  }

  private func follow(
    _ run: String, _ request: Int64, _ records: LogBatches, _ bar: ProgressBar
  ) async throws -> RunOutcome {
    var began: Int64?
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw) else { continue }
        if let loss = Loss(event), try await isLost(run, request, by: loss) {
          bar.finish("")
          return RunOutcome(run: run, result: .lost(loss))
        }
        guard event.request == request, event.run == run else { continue }
        switch event.body {
        case .attemptStarted(let start):
          began = began ?? record.timestampMilliseconds
          let words = start.attempt == 1 ? "running on \(event.worker)" : "attempt \(start.attempt) on \(event.worker)"
          bar.begin(words, count: start.rows)
        case .progressed(let progress): bar.update(count: progress.rows)
        case .handedOver: bar.begin("handed over", count: 0)
        case .attemptFailed(let failed):
          bar.announce("attempt \(failed.attempt) failed: \(failed.message)\nnext attempt at \(failed.retryAt)")
        case .ended(let ended):
          let own = RunOutcome(run: run, result: .ended(ended))
          if let other = try await standIn(own, at: request, before: record.offset) {
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

  /// Whether a request is among those that were given up. A topic that was made anew has others at their offsets.
  private func isLost(_ run: String, _ request: Int64, by loss: Loss) async throws -> Bool {
    guard loss.covers(request) else { return false }
    let requests = TopicPartition(topic: context.configuration.requestsTopic(queue))
    let bounds = try await reader.bounds(of: requests)
    guard request >= bounds.start, request < bounds.end else { return true }
    let record = try await reader.records(of: requests, from: request, to: request + 1).next()?.first
    return record?.queuedRequest.run != run
  }

  /// The end of the run that stands for a request that was skipped. That run came first, so it ended first; nil if the
  /// request was not skipped for another, or if the other's end is gone from the log.
  private func standIn(_ own: RunOutcome, at request: Int64, before offset: Int64) async throws -> RunOutcome? {
    guard case .ended(let first) = own.result, first.end.original != nil else { return nil }
    // The other may itself have been skipped for one that is earlier still.
    var found: RunOutcome?
    var end = first.end
    var request = request
    while let original = end.original, original.at < request,
      let (run, ended) = try await self.end(of: original.at, before: offset)
    {
      found = RunOutcome(run: run, result: .ended(ended), standIn: original.words)
      (end, request) = (ended.end, original.at)
    }
    return found
  }

  /// How the request at an offset of the queue ended, as far as the events up to another offset tell.
  private func end(of request: Int64, before offset: Int64) async throws -> (run: String, Event.Ended)? {
    let requests = TopicPartition(topic: context.configuration.requestsTopic(queue))
    let (bounds, places) = (try await reader.bounds(of: events), try await reader.bounds(of: requests))
    var from = bounds.start
    if request >= places.start, request < places.end,
      let record = try await reader.records(of: requests, from: request, to: request + 1).next()?.first
    {
      // It has no events before it.
      let moment = record.appended + -RunSearch.marginMilliseconds
      from = max(from, try await reader.offset(of: events, atOrAfter: moment.milliseconds))
    }
    var ledger = RunLedger()
    let records = reader.records(of: events, from: from, to: offset)
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw), event.request == request else { continue }
        ledger.apply(event, at: record.offset, appended: record.appended)
      }
    }
    return ledger.runs[request].flatMap { run in run.end.map { (run.run, $0.ended) } }
  }
}

extension RunEnd {
  /// The earlier request that a skipped one was skipped for; nil for any other end.
  fileprivate var original: (at: Int64, words: String)? {
    switch self {
    case .skipped(.duplicate(let of, let at)): (at, "a duplicate of \(printable(of)) at offset \(at)")
    case .skipped(.covered(let by, let at)):
      (at, "covered by \(printable(by)) at offset \(at), which was waiting already")
    case .skipped(.expired), .skipped(.paused), .succeeded, .failed, .cancelled: nil
    }
  }
}
