import Configuration
import Dispatch
import KafkaLog
import Messages
import Telemetry

/// Reads what a new owner must know of a queue: the committed offset, the ids that are taken, the events.
public struct HistoryReader: Sendable {
  let configuration: Configuration
  let reader: LogReader
  let logger: Logger

  public init(configuration: Configuration, reader: LogReader, logger: Logger) {
    self.configuration = configuration
    self.reader = reader
    self.logger = logger
  }

  /// - Parameter committed: as the group coordinator has it; nil for none.
  /// - Throws: `KafkaError`, or `MessageError` for metadata that a newer version wrote.
  public func read(queue: String, committed: CommittedOffset?) async throws -> QueueHistory {
    let requests = TopicPartition(topic: configuration.requestsTopic(queue), partition: 0)
    let events = TopicPartition(topic: configuration.eventsTopic(queue), partition: 0)
    var metadata: CommitMetadata?
    if let committed { metadata = try CheckpointCodec.decode(committed.metadata) }
    let requestBounds = try await reader.bounds(of: requests)
    let eventBounds = try await reader.bounds(of: events)
    let window = configuration.queues[queue]?.deduplicationMilliseconds ?? QueueOptions().deduplicationMilliseconds
    let offset = committed?.offset ?? requestBounds.start
    // By the log's clock alone, as the machine counts it from each request: this machine's may be wrong.
    let end = try await appended(requests, atOrBefore: offset, in: requestBounds)
    let windowStart = end.map { ($0 + -window).milliseconds } ?? .max

    // Without metadata nothing says how far back the last end may lie: all events are read.
    var eventsFrom = eventBounds.start
    if let metadata {
      // An earlier run may cover what waited while it began, if that was inside the window.
      let inWindow = try await reader.offset(of: events, atOrAfter: windowStart)
      eventsFrom = max(eventBounds.start, min(inWindow, metadata.eventsFrom))
    }
    var digest = EventDigest(floor: min(offset, requestBounds.end))
    try await eachEvent(of: queue, from: eventsFrom, to: eventBounds.end) { digest.apply($1, at: $0, appended: $2) }

    var history = QueueHistory(
      committed: committed.map { QueueHistory.Committed(offset: $0.offset, metadata: metadata) },
      requestsStart: requestBounds.start, requestsEnd: requestBounds.end, eventsEnd: eventBounds.end, digest: digest)
    let takenFrom = max(requestBounds.start, try await reader.offset(of: requests, atOrAfter: windowStart))
    history.taken = try await taken(requests, from: takenFrom, to: min(offset, requestBounds.end))
    if case .stored(let event)? = metadata?.checkpoint?.cursor, event >= eventBounds.start, event < eventBounds.end {
      try await eachEvent(of: queue, from: event, to: event + 1) { _, stored, _ in
        if case .cursorStored(_, _, let cursor) = stored.body { history.storedCursor = cursor }
      }
    }
    return history
  }

  /// The events of these offsets, the end excluded; what is no event is passed over with a warning.
  public func events(queue: String, from: Int64, to: Int64) async throws -> [(offset: Int64, event: Event)] {
    var events: [(offset: Int64, event: Event)] = []
    try await eachEvent(of: queue, from: from, to: to) { offset, event, _ in events.append((offset, event)) }
    return events
  }

  private func eachEvent(of queue: String, from: Int64, to: Int64, _ take: (Int64, Event, Timestamp) -> Void)
    async throws
  {
    let partition = TopicPartition(topic: configuration.eventsTopic(queue), partition: 0)
    let records = reader.records(of: partition, from: from, to: to)
    while let batch = try await records.next() {
      for record in batch { if let event = decode(record) { take(record.offset, event, record.appended) } }
    }
  }

  private func decode(_ record: LogRecord) -> Event? {
    do {
      return try EventCodec.decode(record.raw)
    } catch {
      logger.warning(
        "a record of the events topic is no event and is passed over: \(error)",
        ["topic": record.topic, "offset": String(record.offset)])
      return nil
    }
  }

  /// When the log took the first request from `offset` on, or else the last one before; nil for an empty topic. No
  /// request that is yet to be decided was taken before that.
  private func appended(_ partition: TopicPartition, atOrBefore offset: Int64, in bounds: LogBounds) async throws
    -> Timestamp?
  {
    guard bounds.start < bounds.end else { return nil }
    let from = min(max(offset, bounds.start), bounds.end - 1)
    if let first = try await reader.records(of: partition, from: from, to: bounds.end).next()?.first {
      return first.appended
    }
    // The last offsets may be marks of a sender's transactions, and none of a record.
    var (end, width) = (from, Int64(1))
    while end > bounds.start {
      let start = max(bounds.start, end - width)
      var last: Timestamp?
      let records = reader.records(of: partition, from: start, to: end)
      while let batch = try await records.next() { last = batch.last?.appended ?? last }
      if let last { return last }
      (end, width) = (start, width * 10)
    }
    return nil
  }

  private func taken(_ partition: TopicPartition, from: Int64, to: Int64) async throws -> [TakenRequest] {
    var taken: [TakenRequest] = []
    let records = reader.records(of: partition, from: from, to: to)
    while let batch = try await records.next() {
      for record in batch {
        guard case .request(let request) = RequestCodec.decode(record.raw) else { continue }
        taken.append(
          TakenRequest(
            id: request.id, deduplicationKey: request.deduplicationKey, offset: record.offset,
            appended: record.appended))
      }
    }
    return taken
  }
}
