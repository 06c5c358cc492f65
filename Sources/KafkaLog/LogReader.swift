import CRdkafka
import Telemetry

/// Reads partitions from any offset, without a group and without leaving a trace.
///
/// Readings do not hold each other up, not even of the same partition: each that is under way has a client of its own,
/// which is then kept for the next. It must be closed.
public actor LogReader {
  /// A client that nobody uses at the moment, and how far it has handed out what it is still fetching.
  private struct Idle {
    let scanner: PartitionScanner
    let place: Place?
  }

  private struct Place: Equatable {
    let partition: TopicPartition
    let next: Int64
    /// Followers' clients let a broker hold its answer back until there is news.
    let follows: Bool
  }

  private let settings: KafkaSettings
  private let waitsForNews: Bool
  private let recordBytesMax: Int
  private let logger: Logger
  private var scanners: [ObjectIdentifier: PartitionScanner] = [:]
  /// The one used last comes last.
  private var idle: [Idle] = []
  private var isClosed = false

  private static let idleMax = 3

  /// Makes a reader; connecting goes on in the background.
  /// - Parameters:
  ///   - waitsForNews: makes bounded readings too let a broker hold its answer back, as followers always do;
  ///     a reading that begins elsewhere then waits for that answer first.
  ///   - recordBytesMax: of a record of more bytes, unpacked, each part of more than a third of this is left out.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(settings: KafkaSettings, waitsForNews: Bool = false, recordBytesMax: Int = .max, logger: Logger) throws {
    self.settings = settings
    self.waitsForNews = waitsForNews
    self.recordBytesMax = recordBytesMax
    self.logger = logger
    let first = try PartitionScanner(
      settings: settings, waitsForNews: waitsForNews, recordBytesMax: recordBytesMax, logger: logger)
    scanners[ObjectIdentifier(first)] = first
    idle = [Idle(scanner: first, place: nil)]
  }

  /// Ends all clients; readings that are under way throw.
  public func close() async {
    isClosed = true
    idle = []
    for scanner in exchange(&scanners, with: [:]).values { await scanner.close() }
  }

  // MARK: Questions
  //
  // Not every broker knows a topic as soon as it is made: a question about one that is unknown, or has no leader yet,
  // is asked again for a moment (`KafkaSettings.newTopicMilliseconds`).

  /// The offsets that the partition holds now.
  /// - Throws: `KafkaError`, or `CancellationError` at once when the task is cancelled.
  public func bounds(of partition: TopicPartition) async throws -> LogBounds {
    try await asking("ask for the bounds of \(partition)") { scanner, timeout in
      try await scanner.bounds(of: partition, timeoutMilliseconds: timeout)
    }
  }

  /// The first offset whose record was appended at or after the moment; the end if there is none.
  /// - Parameter timestampMilliseconds: since 1970-01-01T00:00:00Z.
  /// - Throws: `KafkaError`, or `CancellationError` at once when the task is cancelled.
  public func offset(of partition: TopicPartition, atOrAfter timestampMilliseconds: Int64) async throws -> Int64 {
    let (found, bounds) = try await asking("ask for an offset of \(partition)") { scanner, timeout in
      // The end is read first: a record that comes between the two questions is then found by the second.
      let bounds = try await scanner.bounds(of: partition, timeoutMilliseconds: timeout)
      let found = try await scanner.offset(
        of: partition, atOrAfter: max(0, timestampMilliseconds), timeoutMilliseconds: timeout)
      return (found, bounds)
    }
    if let found, found < bounds.end { return found }
    // The embedded broker knows no times, and answers as one that has no such record: the last record tells.
    let last = try await records(of: partition, from: max(bounds.start, bounds.end - 1), to: bounds.end).next()?.last
    guard let last, last.timestampMilliseconds >= timestampMilliseconds else { return found ?? bounds.end }
    let all = records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await all.next() {
      if let first = batch.first(where: { $0.timestampMilliseconds >= timestampMilliseconds }) { return first.offset }
    }
    return bounds.end
  }

  /// How many partitions a topic has; nil if there is no such topic.
  /// - Throws: `KafkaError`, or `CancellationError` at once when the task is cancelled.
  public func partitionCount(of topic: String) async throws -> Int? {
    do {
      return try await asking("ask for topic \(topic)") { scanner, timeout in
        try await scanner.partitionCount(of: topic, timeoutMilliseconds: timeout)
      }
    } catch let error as KafkaError where error.isUnknownTopic {
      return nil
    }
  }

  /// How long a client may take for an answer before another is asked. It may be waiting for a broker that is gone: the
  /// library relies on what it has learnt of leaders, and a new client asks first who leads now.
  private static let tryMilliseconds = 3_000

  private func asking<Answer: Sendable>(
    _ doing: String, _ question: (PartitionScanner, Int) async throws -> Answer
  ) async throws -> Answer {
    let began = monotonicNanoseconds()
    let left: @Sendable (Int) -> Int = { $0 - Int((monotonicNanoseconds() - began) / 1_000_000) }
    while true {
      guard !isClosed else { throw KafkaError.closed(doing: doing) }
      // One that is in the middle of a reading can answer, and keeps its place.
      let user = try idle.popLast() ?? Idle(scanner: makeScanner(follows: false), place: nil)
      let timeout = max(1, min(left(settings.operationTimeoutMilliseconds), Self.tryMilliseconds))
      do {
        let answer = try await question(user.scanner, timeout)
        await giveBack(user)
        return answer
      } catch let error as KafkaError where error.mayBeNewTopic && left(settings.newTopicMilliseconds) > 0 {
        await user.scanner.pause(milliseconds: 100)
        await giveBack(user)
      } catch let error as KafkaError where error.isTimeout || error.isUnreachable {
        let isOver = left(settings.operationTimeoutMilliseconds) <= 0
        if !isOver { await user.scanner.pause(milliseconds: 100) }
        await discard(user.scanner)
        if isOver { throw error }
      } catch {
        await giveBack(user)
        throw error
      }
      try Task.checkCancellation()
    }
  }

  // MARK: Reading

  /// The records of these offsets, the end excluded, in batches; as far as the log goes if it ends before.
  ///
  /// Offsets that hold no record (compacted away, marks of transactions) are passed over. An offset `from` that the log
  /// does not have is an error (`isOffsetOutOfRange`), since nothing is to be skipped in silence.
  public nonisolated func records(of partition: TopicPartition, from: Int64, to: Int64) -> LogBatches {
    LogBatches(reader: self, partition: partition, from: from, to: to)
  }

  /// The records from this offset on, without end: each batch waits for news.
  public nonisolated func follow(_ partition: TopicPartition, from: Int64) -> LogBatches {
    LogBatches(reader: self, partition: partition, from: from, to: nil)
  }

  /// Records from `from` on: at least one, or none if there is none before `to`.
  func batch(_ partition: TopicPartition, from: Int64, to: Int64?, max: Int) async throws -> [LogRecord] {
    if let to, from >= to { return [] }
    guard !isClosed else { throw KafkaError.closed(doing: "read \(partition)@\(from)") }
    let place = Place(partition: partition, next: from, follows: to == nil)
    let scanner = try await scanner(at: place)
    do {
      while true {
        let timeout = to == nil ? nil : settings.operationTimeoutMilliseconds
        let batch = try await scanner.pull(limit: max, timeoutMilliseconds: timeout)
        let wanted = batch.records.prefix { record in to.map { record.offset < $0 } ?? true }
        let isPast = to.map { to in batch.records.last.map { $0.offset >= to - 1 } ?? false } ?? false
        if wanted.isEmpty, !isPast {
          if let failure = batch.failure { throw failure }
          // A log that ends, ends a reading with bounds: also where its last offsets hold no record.
          guard to != nil, batch.ends[partition] != nil else { continue }
        }
        if let last = wanted.last, !isPast {
          await scanner.putBack(batch)
          await giveBack(
            Idle(scanner: scanner, place: Place(partition: partition, next: last.offset + 1, follows: place.follows)))
        } else {
          await scanner.reset()
          await giveBack(Idle(scanner: scanner, place: nil))
        }
        return Array(wanted)
      }
    } catch is CancellationError {
      // Nothing was handed out, so the next call goes on here.
      await giveBack(Idle(scanner: scanner, place: place))
      throw CancellationError()
    } catch let error as KafkaError where error.isTimeout || error.isUnreachable {
      await discard(scanner)
      throw error
    } catch {
      await scanner.reset()
      await giveBack(Idle(scanner: scanner, place: nil))
      throw error
    }
  }

  // MARK: Clients

  /// The client that is fetching from just there, or one that is made to.
  private func scanner(at place: Place) async throws -> PartitionScanner {
    if let index = idle.lastIndex(where: { $0.place == place }) { return idle.remove(at: index).scanner }
    let isFit = { (one: Idle) in one.scanner.waitsForNews == (place.follows || self.waitsForNews) }
    let scanner: PartitionScanner
    if let index = idle.lastIndex(where: { $0.place == nil && isFit($0) }) {
      scanner = idle.remove(at: index).scanner
    } else if idle.count >= Self.idleMax, let index = idle.firstIndex(where: isFit) {
      scanner = idle.remove(at: index).scanner
      await scanner.reset()
    } else {
      scanner = try makeScanner(follows: place.follows)
    }
    do {
      try await scanner.open(place.partition, from: place.next)
    } catch {
      await giveBack(Idle(scanner: scanner, place: nil))
      throw error
    }
    return scanner
  }

  private func makeScanner(follows: Bool) throws -> PartitionScanner {
    let scanner = try PartitionScanner(
      settings: settings, waitsForNews: follows || waitsForNews, recordBytesMax: recordBytesMax, logger: logger)
    scanners[ObjectIdentifier(scanner)] = scanner
    return scanner
  }

  /// Ends a client that waited in vain: what it knows of the cluster may be of yesterday.
  private func discard(_ scanner: PartitionScanner) async {
    scanners[ObjectIdentifier(scanner)] = nil
    await scanner.close()
  }

  private func giveBack(_ one: Idle) async {
    // Closed meanwhile: `close` has seen to it.
    guard !isClosed else { return }
    idle.append(one)
    while idle.count > Self.idleMax, !isClosed {
      let oldest = idle.removeFirst().scanner
      scanners[ObjectIdentifier(oldest)] = nil
      await oldest.close()
    }
  }
}
