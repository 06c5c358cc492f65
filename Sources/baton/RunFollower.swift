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
  ///   - request: the request's offset.
  ///   - eventsFrom: an events offset before the run's first event.
  func wait(request: Int64, eventsFrom: Int64, _ arguments: ParsedArguments) async throws -> Int32 {
    let bar = ProgressBar("waiting", unit: "rows", output: arguments.errors)
    var followed = request
    var began: Int64?
    let partition = TopicPartition(topic: context.configuration.eventsTopic(queue), partition: 0)
    let records = reader.follow(partition, from: eventsFrom)
    if let words = try await ControlSnapshot.load(context, reader).words(.queue(queue), now: .now) {
      bar.announce(words)
    }
    bar.tick()
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw), event.request == followed else { continue }
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
          if case .skipped(.covered(let run, let cover)) = ended.end {
            // Its result is the other's, which may have ended already.
            bar.announce("covered by \(run), which was waiting already")
            if let end = try await endBefore(record.offset, of: cover) {
              bar.finish()
              return report(end, arguments)
            }
            followed = cover
            continue
          }
          // By the log's times: it may have been over before it was followed.
          let took = began.map { formatDuration(milliseconds: max(0, record.timestampMilliseconds - $0)) }
          bar.finish(took.map { "ran on \(event.worker), \($0)" } ?? "")
          return report(ended, arguments)
        case .cursorStored, .lossAccepted: break
        }
      }
    }
    bar.finish()
    throw CancellationError()
  }

  private func endBefore(_ offset: Int64, of request: Int64) async throws -> Event.Ended? {
    let partition = TopicPartition(topic: context.configuration.eventsTopic(queue), partition: 0)
    let bounds = try await reader.bounds(of: partition)
    let records = reader.records(of: partition, from: bounds.start, to: offset)
    var ledger = RunLedger()
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw), event.request == request else { continue }
        ledger.apply(event, at: record.offset, appended: record.appended)
      }
    }
    return ledger.runs[request]?.end?.ended
  }

  private func report(_ ended: Event.Ended, _ arguments: ParsedArguments) -> Int32 {
    if arguments.flag("json") {
      printJSON(endFacts(ended), to: arguments.output)
    } else {
      arguments.output.line(endWords(ended))
    }
    switch ended.end {
    case .succeeded, .skipped(.duplicate), .skipped(.covered): return ExitCode.success
    case .failed: return ExitCode.failure
    case .cancelled: return 5
    case .skipped(.expired): return 6
    case .skipped(.paused): return 5
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
