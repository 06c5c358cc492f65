import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// A queue as its topics and the group's offset show it at one moment.
struct QueueSnapshot: Sendable {
  var queue: String
  var ledger = RunLedger()
  var committed: CommittedOffset?
  var metadata: CommitMetadata?
  var requests: LogBounds
  var events: LogBounds

  /// Requests that have no end yet: what Kafka's own tools call the lag.
  var lag: Int64 { QueueLag(queue: queue, committed: committed?.offset, requests: requests).count }

  /// The loss by which a run without an end was given up, its request being gone from the log.
  func loss(of run: RunRecord) -> Loss? {
    guard run.end == nil, run.queued == nil else { return nil }
    return ledger.losses.map { Loss(from: $0.from, to: $0.to, by: $0.by) }.last { $0.covers(run.request) }
  }

  /// - Parameter since: reads no further back than this; nil for all that the log has.
  static func load(_ queue: String, since: Timestamp?, _ context: Context, _ reader: LogReader) async throws
    -> QueueSnapshot
  {
    let configuration = context.configuration
    let requests = TopicPartition(topic: configuration.requestsTopic(queue), partition: 0)
    let events = TopicPartition(topic: configuration.eventsTopic(queue), partition: 0)
    let offsets = try await context.withAdmin {
      try await $0.groupOffsets(group: configuration.kafka.group, partitions: [requests])
    }
    // Requests first: each event that is read then belongs to a request that was read, or is newer.
    var snapshot = QueueSnapshot(
      queue: queue, committed: offsets[requests], requests: try await reader.bounds(of: requests),
      events: try await reader.bounds(of: events))
    if let committed = snapshot.committed { snapshot.metadata = try? CheckpointCodec.decode(committed.metadata) }
    var from = (requests: snapshot.requests.start, events: snapshot.events.start)
    if let since {
      from.requests = try await reader.offset(of: requests, atOrAfter: since.milliseconds)
      from.events = try await reader.offset(of: events, atOrAfter: since.milliseconds)
      // What waits or runs is shown however old it is.
      if let committed = snapshot.committed?.offset {
        from.requests = max(snapshot.requests.start, min(from.requests, committed))
        from.events = max(snapshot.events.start, min(from.events, snapshot.metadata?.eventsFrom ?? from.events))
      }
    }
    let requestRecords = reader.records(of: requests, from: from.requests, to: snapshot.requests.end)
    while let batch = try await requestRecords.next() {
      for record in batch { snapshot.ledger.apply(record.queuedRequest) }
    }
    let eventRecords = reader.records(of: events, from: from.events, to: snapshot.events.end)
    while let batch = try await eventRecords.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw) else { continue }
        snapshot.ledger.apply(event, at: record.offset, appended: record.appended)
      }
    }
    return snapshot
  }
}

extension LogRecord {
  /// The record as a request, read or unreadable.
  var queuedRequest: QueuedRequest {
    let raw = raw
    return QueuedRequest(offset: offset, appended: appended, raw: raw, content: RequestCodec.decode(raw))
  }
}

extension ParsedArguments {
  /// `--since`: an RFC 3339 time, or a span such as `90m`, `12h`, `7d` back from now; nil for `all`.
  func since() throws -> Timestamp? {
    guard let text = value("since"), text != "all" else { return nil }
    if let moment = Timestamp(rfc3339: text) { return moment }
    if let span = ParsedArguments.milliseconds(text) { return Timestamp.now + -span }
    throw usageError("--since: '\(text)' is no time", remedy: "give it as in 12h, 7d, 2026-11-24T00:00:00Z or all")
  }
}

extension ParsedArguments {
  /// A span such as `5s`, `90m`, `12h`, `7d` in milliseconds; nil for anything else.
  static func milliseconds(_ text: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count >= 0, count < 1_000_000
    else { return nil }
    return count * unit
  }

  /// `--timeout` in milliseconds, 15 s if it is not given.
  func timeout() throws -> Int {
    guard let text = value("timeout") else { return 15_000 }
    guard let milliseconds = ParsedArguments.milliseconds(text), (1_000...3_600_000).contains(milliseconds) else {
      throw usageError("--timeout: '\(text)' is no span from 1s to 1h", remedy: "give it as in 5s or 2m")
    }
    return Int(milliseconds)
  }
}

extension SharedOption {
  static let since = Option(
    "since", value: "TIME", help: "how far back: 90m, 12h, 7d, a time, or all", defaultValue: "7d")
}

/// Finds a run by its id in one of the queues.
func findRun(_ id: String, _ context: Context, _ reader: LogReader) async throws -> (QueueSnapshot, RunRecord) {
  for queue in context.configuration.queueOrder {
    let snapshot = try await QueueSnapshot.load(queue, since: nil, context, reader)
    if let run = snapshot.ledger.first(run: id) { return (snapshot, run) }
  }
  throw CommandError(
    "there is no run '\(id)' in the queues \(context.configuration.queueOrder.joined(separator: ", "))",
    remedy: "`baton runs` lists them.")
}
