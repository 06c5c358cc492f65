import Dispatch
import KafkaLog
import Messages
import Testing
import Worker

extension Rig {
  /// What the group has committed for the queue; nil for nothing.
  func committed(_ queue: String = "q") async throws -> CommittedOffset? {
    let partition = TopicPartition(topic: configuration.requestsTopic(queue))
    return try await admin.groupOffsets(group: configuration.kafka.group, partitions: [partition])[partition]
  }

  /// Asks for the committed checkpoint until it is as wanted. Each question is a round trip: nothing sleeps.
  @discardableResult
  func checkpoint(_ queue: String = "q", where matches: (Checkpoint) -> Bool) async throws -> Checkpoint {
    while true {
      try Task.checkCancellation()
      if let text = try await committed(queue)?.metadata,
        let checkpoint = try CheckpointCodec.decode(text)?.checkpoint, matches(checkpoint)
      {
        return checkpoint
      }
      await Task.yield()
    }
  }

  /// Asks until the group has committed this offset.
  func committed(_ offset: Int64, _ queue: String = "q") async throws {
    while try await committed(queue)?.offset != offset {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// All records of a topic's only partition.
  func records(_ topic: String) async throws -> [LogRecord] {
    let partition = TopicPartition(topic: topic)
    let bounds = try await reader.bounds(of: partition)
    var all: [LogRecord] = []
    let records = reader.records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await records.next() { all += batch }
    return all
  }

  /// The dead letters so far.
  func deadLetters() async throws -> [StoredDeadLetter] {
    try await records(configuration.deadLettersTopic).map { try DeadLetterCodec.decode($0.raw) }
  }

  /// The queue as the log shows it.
  func ledger(_ queue: String = "q") async throws -> RunLedger {
    var ledger = RunLedger()
    for record in try await records(configuration.requestsTopic(queue)) {
      ledger.apply(
        QueuedRequest(
          offset: record.offset, appended: record.appended, raw: record.raw, content: RequestCodec.decode(record.raw)))
    }
    for record in try await records(configuration.eventsTopic(queue)) {
      ledger.apply(try EventCodec.decode(record.raw), at: record.offset, appended: record.appended)
    }
    return ledger
  }

  /// Waits until all requests are committed, and expects that the promise was kept.
  @discardableResult
  func expectCleanAudit(
    _ queue: String = "q", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Audit.Report {
    let bounds = try await reader.bounds(of: TopicPartition(topic: configuration.requestsTopic(queue)))
    try await committed(bounds.end, queue)
    let report = Audit.run(try await ledger(queue), requestsStart: bounds.start, committed: bounds.end)
    #expect(report.findings.isEmpty, "\(report.findings)", sourceLocation: sourceLocation)
    #expect(report.ends[.waiting] == nil && report.ends[.running] == nil, sourceLocation: sourceLocation)
    return report
  }
}
