import Synchronization

/// Records of one partition, handed out batch by batch when they are asked for.
public struct LogBatches: Sendable, AsyncSequence {
  private let reader: LogReader
  private let partition: TopicPartition
  private let to: Int64?
  private let place: Place

  /// Where the reading stands. Confined to the one task that calls `next`, as an iterator is; the lock is for the compiler.
  private final class Place: Sendable {
    let next: Mutex<Int64>
    init(_ offset: Int64) { next = Mutex(offset) }
  }

  init(reader: LogReader, partition: TopicPartition, from: Int64, to: Int64?) {
    self.reader = reader
    self.partition = partition
    self.to = to
    place = Place(from)
  }

  /// The next records, at most `max` of them and about 4 MB; nil at the end.
  /// - Throws: `KafkaError`; `CancellationError` when the task is cancelled while it waits, with nothing lost for the
  ///   next call.
  public func next(max: Int = 500) async throws -> [LogRecord]? {
    let batch = try await reader.batch(partition, from: place.next.withLock { $0 }, to: to, max: max)
    guard let last = batch.last else { return nil }
    place.next.withLock { $0 = last.offset + 1 }
    return batch
  }

  /// Goes on from where `next` stands.
  public func makeAsyncIterator() -> Iterator { Iterator(batches: self) }

  /// Hands out batches of up to 500 records.
  public struct Iterator: AsyncIteratorProtocol {
    let batches: LogBatches

    /// The next batch, which has at least one record; nil at the end.
    public mutating func next() async throws -> [LogRecord]? { try await batches.next() }
  }
}
