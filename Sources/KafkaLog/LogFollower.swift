/// Follows a partition for as long as it is wanted: through outages, and when the topic is made anew.
public struct LogFollower: Sendable {
  /// What the follower tells beside records, so that it can be said once and not with each try.
  public enum News: Sendable {
    /// It cannot be read at present; another try follows.
    case trouble(any Error)
    /// It can be read again.
    case recovered
    /// The topic has begun anew: it is read from its start.
    case begunAnew
  }

  private let reader: LogReader
  private let partition: TopicPartition

  /// - Parameter reader: stays the caller's to close.
  public init(reader: LogReader, partition: TopicPartition) {
    self.reader = reader
    self.partition = partition
  }

  /// Hands out every record from this offset on, in order, until the task is cancelled or the reader closed.
  public func run(
    from start: Int64, onNews: @Sendable (News) -> Void, onRecord: @Sendable (LogRecord) -> Void
  ) async {
    var next = start
    var pause = Pause(upTo: 5_000)
    var isTroubled = false
    while !Task.isCancelled {
      do {
        if isTroubled {
          let bounds = try await reader.bounds(of: partition)
          if next > bounds.end || next < bounds.start {
            onNews(.begunAnew)
            next = bounds.start
          }
          isTroubled = false
          onNews(.recovered)
        }
        let records = reader.follow(partition, from: next)
        while let batch = try await records.next() {
          pause.reset()
          for record in batch {
            onRecord(record)
            next = record.offset + 1
          }
        }
        return
      } catch is CancellationError {
        return
      } catch let error as KafkaError where error.isClosed {
        return
      } catch {
        isTroubled = true
        onNews(.trouble(error))
        do { try await pause.pass() } catch { return }
      }
    }
  }
}
