/// Records of some partitions as they come, pulled by one reader.
///
/// What is not pulled stays with the client library, which fetches at most about 16 MB ahead.
public final class LogFollower: Sendable, AsyncSequence {
  private let scanner: PartitionScanner
  private let end: @Sendable () async -> Void

  init(scanner: PartitionScanner, end: @escaping @Sendable () async -> Void) {
    self.scanner = scanner
    self.end = end
  }

  /// Waits until there is a record, and gives those that are there, in the order of each partition.
  /// - Parameter max: at most so many.
  /// - Throws: `CancellationError` when the task is cancelled, with nothing lost for the next call; `KafkaError` when
  ///   a partition cannot be read on, or after `stop`. Only one call may wait at a time.
  public func next(max: Int = 500) async throws -> [LogRecord] {
    while true {
      let batch = try await scanner.pull(limit: max, timeoutMilliseconds: nil)
      if !batch.records.isEmpty {
        if let failure = batch.failure { await scanner.putBack(failure) }
        return batch.records
      }
      if let failure = batch.failure { throw failure }
    }
  }

  /// Ends the following; a `next` that waits throws.
  public func stop() async { await end() }

  /// Gives batches of up to 500 records.
  public func makeAsyncIterator() -> Iterator { Iterator(follower: self) }

  /// Pulls from a follower, for ever.
  public struct Iterator: AsyncIteratorProtocol {
    let follower: LogFollower

    /// The next batch, which has at least one record.
    public mutating func next() async throws -> [LogRecord]? { try await follower.next() }
  }
}
