import CRdkafka
import Telemetry

/// Reads partitions without joining a group.
///
/// Each reading that is under way has a client and a thread of its own, which is kept for the next one; so several
/// may read at once, even the same partition. It must be closed.
public actor LogReader {
  private let settings: KafkaSettings
  private let logger: Logger
  private var scanners: [ObjectIdentifier: PartitionScanner] = [:]
  private var idle: [PartitionScanner] = []
  private var isClosed = false

  /// Prepares to read; nothing is connected before the first reading.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(settings: KafkaSettings, logger: Logger) throws {
    self.settings = settings
    self.logger = logger
    let first = try PartitionScanner(settings: settings, logger: logger)
    scanners[ObjectIdentifier(first)] = first
    idle = [first]
  }

  /// The first offset that is still there, and the one that the next record will get.
  /// - Throws: `KafkaError`, or `CancellationError` at once when the task is cancelled.
  public func bounds(of partition: TopicPartition) async throws -> LogBounds {
    let timeout = settings.operationTimeoutMilliseconds
    return try await borrowing(doing: "read the bounds of \(partition)") {
      try await $0.bounds(of: partition, timeoutMilliseconds: timeout)
    }
  }

  /// The offset of the first record written at that time or later; the end of the log if there is none.
  /// - Parameter timestampMilliseconds: since 1970-01-01T00:00:00Z.
  /// - Throws: `KafkaError`, or `CancellationError` at once when the task is cancelled.
  public func offset(of partition: TopicPartition, atOrAfter timestampMilliseconds: Int64) async throws -> Int64 {
    let timeout = settings.operationTimeoutMilliseconds
    return try await borrowing(doing: "find an offset of \(partition)") { scanner in
      // The end is read first: a record that comes between the two questions is then found by the second.
      let end = try await scanner.bounds(of: partition, timeoutMilliseconds: timeout).end
      return try await scanner.offset(
        of: partition, atOrAfter: timestampMilliseconds, timeoutMilliseconds: timeout) ?? end
    }
  }

  /// Reads a stretch of a partition and returns when it is read.
  ///
  /// Offsets that hold no record (compacted away, transaction markers) are passed over. A stretch that reaches
  /// beyond the log's end stops there. At most 500 records, about 4 MB, are in hand at a time beside the library's
  /// own 16 MB.
  /// - Parameters:
  ///   - from: must be in the log: `KafkaError.isOffsetOutOfRange` else, since nothing is to be skipped in silence.
  ///   - to: the offset after the last one to be read.
  ///   - body: called with the records in order, never with none; what it throws ends the reading.
  /// - Throws: `KafkaError`, what `body` throws, or `CancellationError`.
  public func read(
    _ partition: TopicPartition, from: Int64, to: Int64, _ body: @Sendable ([LogRecord]) throws -> Void
  ) async throws {
    guard from < to else { return }
    let timeout = settings.operationTimeoutMilliseconds
    try await borrowing(doing: "read \(partition)@\(from)") { scanner in
      try await scanner.open([partition: from])
      while true {
        let batch = try await scanner.pull(limit: 500, timeoutMilliseconds: timeout)
        let wanted = batch.records.prefix { $0.offset < to }
        if !wanted.isEmpty { try body(Array(wanted)) }
        if let last = batch.records.last, last.offset >= to - 1 { return }
        if batch.ends[partition] != nil { return }
        if let failure = batch.failure { throw failure }
      }
    }
  }

  /// Follows partitions from these offsets on, for ever. The follower has a client of its own and must be ended by
  /// `LogFollower.stop` or by closing this reader.
  /// - Throws: `KafkaError` if this reader is closed.
  public func follow(_ partitions: [TopicPartition: Int64]) async throws -> LogFollower {
    guard !isClosed else { throw KafkaError.closed(doing: "follow \(partitions.keys.sorted())") }
    let scanner = try PartitionScanner(settings: settings, logger: logger)
    scanners[ObjectIdentifier(scanner)] = scanner
    do {
      try await scanner.open(partitions)
    } catch {
      await end(scanner)
      throw error
    }
    return LogFollower(scanner: scanner) { await self.end(scanner) }
  }

  /// Follows one partition from this offset on, for ever.
  /// - Throws: `KafkaError` if this reader is closed.
  public func follow(_ partition: TopicPartition, from offset: Int64) async throws -> LogFollower {
    try await follow([partition: offset])
  }

  /// Ends all readings and followers; they throw.
  public func close() async {
    isClosed = true
    idle = []
    for scanner in exchange(&scanners, with: [:]).values { await scanner.close() }
  }

  // MARK: Clients

  private func borrowing<Result: Sendable>(
    doing: String, _ body: @Sendable (PartitionScanner) async throws -> Result
  ) async throws -> Result {
    guard !isClosed else { throw KafkaError.closed(doing: doing) }
    let scanner: PartitionScanner
    if let free = idle.popLast() {
      scanner = free
    } else {
      scanner = try PartitionScanner(settings: settings, logger: logger)
      scanners[ObjectIdentifier(scanner)] = scanner
    }
    // Not waited for: after a cancellation the scanner's thread may be busy until its question is answered.
    defer { Task { await giveBack(scanner) } }
    return try await body(scanner)
  }

  private func giveBack(_ scanner: PartitionScanner) async {
    await scanner.reset()
    if isClosed || idle.count >= 2 { await end(scanner) } else { idle.append(scanner) }
  }

  private func end(_ scanner: PartitionScanner) async {
    scanners[ObjectIdentifier(scanner)] = nil
    await scanner.close()
  }
}
