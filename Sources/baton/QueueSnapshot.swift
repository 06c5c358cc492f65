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

  /// The bounds and the group's place alone, without any run.
  static func open(_ queue: String, _ context: Context, _ reader: LogReader) async throws -> QueueSnapshot {
    let configuration = context.configuration
    let partition = TopicPartition(topic: configuration.requestsTopic(queue))
    let offsets = try await context.withAdmin {
      try await $0.groupOffsets(group: configuration.kafka.group, partitions: [partition])
    }
    // Requests first: each event that is read then belongs to a request that was read, or is newer.
    var snapshot = QueueSnapshot(
      queue: queue, committed: offsets[partition], requests: try await reader.bounds(of: partition),
      events: try await reader.bounds(of: TopicPartition(topic: configuration.eventsTopic(queue))))
    if let committed = snapshot.committed { snapshot.metadata = try? CheckpointCodec.decode(committed.metadata) }
    return snapshot
  }

  /// - Parameters:
  ///   - since: reads no further back than this; nil for all that the log has.
  ///   - runs: the ids of the runs that are wanted; nil for all.
  static func load(
    _ queue: String, since: Timestamp?, runs: Set<String>? = nil, _ context: Context, _ reader: LogReader
  ) async throws -> QueueSnapshot {
    var snapshot = try await open(queue, context, reader)
    var from = (requests: snapshot.requests.start, events: snapshot.events.start)
    if let since {
      from.requests = try await snapshot.requestsOffset(since, context, reader)
      from.events = try await snapshot.eventsOffset(since, context, reader)
      // What waits or runs is shown however old it is.
      if let committed = snapshot.committed?.offset {
        let next = QueueLag(queue: queue, committed: committed, requests: snapshot.requests).next
        from.requests = max(snapshot.requests.start, min(from.requests, next))
        from.events = max(snapshot.events.start, min(from.events, snapshot.metadata?.eventsFrom ?? from.events))
      }
    }
    try await snapshot.readRequests(from.requests..<snapshot.requests.end, of: runs, context, reader)
    try await snapshot.readEvents(from: from.events, of: runs, context, reader)
    return snapshot
  }

  /// The first offset of the requests at or after a moment.
  func requestsOffset(_ moment: Timestamp, _ context: Context, _ reader: LogReader) async throws -> Int64 {
    let partition = TopicPartition(topic: context.configuration.requestsTopic(queue))
    let offset = try await reader.offset(of: partition, atOrAfter: moment.milliseconds)
    return min(max(offset, requests.start), requests.end)
  }

  /// The first offset of the events at or after a moment.
  func eventsOffset(_ moment: Timestamp, _ context: Context, _ reader: LogReader) async throws -> Int64 {
    let partition = TopicPartition(topic: context.configuration.eventsTopic(queue))
    let offset = try await reader.offset(of: partition, atOrAfter: moment.milliseconds)
    return min(max(offset, events.start), events.end)
  }

  /// Adds the requests of these offsets, without their bytes: what they mean is all that is shown.
  /// - Parameter runs: the ids of those that are wanted; nil for all.
  mutating func readRequests(
    _ offsets: Range<Int64>, of runs: Set<String>?, _ context: Context, _ reader: LogReader
  ) async throws {
    let partition = TopicPartition(topic: context.configuration.requestsTopic(queue))
    let records = reader.records(of: partition, from: offsets.lowerBound, to: offsets.upperBound)
    while let batch = try await records.next() {
      for record in batch {
        var queued = record.queuedRequest
        guard runs?.contains(queued.run) ?? true else { continue }
        queued.raw = RawRecord()
        ledger.apply(queued)
      }
    }
  }

  /// Adds the events from an offset on, up to where the log ended.
  /// - Parameter runs: the ids of those whose events are wanted; nil for all.
  mutating func readEvents(
    from: Int64, of runs: Set<String>?, _ context: Context, _ reader: LogReader
  ) async throws {
    let partition = TopicPartition(topic: context.configuration.eventsTopic(queue))
    let records = reader.records(of: partition, from: from, to: events.end)
    while let batch = try await records.next() {
      for record in batch {
        guard let event = try? EventCodec.decode(record.raw) else { continue }
        // A loss is of many runs.
        guard runs?.contains(event.run) ?? true || Loss(event) != nil else { continue }
        ledger.apply(event, at: record.offset, appended: record.appended)
      }
    }
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
