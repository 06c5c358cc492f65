import CRdkafka
import Synchronization

extension PartitionScanner {
  /// The library's questions about offsets block; they block this scanner's thread. A cancelled caller goes on at
  /// once, and the thread when the answer or the time limit comes.
  ///
  /// Bounds are asked for as offsets of times too: the library's own question after them heeds no time limit, and waits
  /// for minutes where the partition's leader is gone.
  nonisolated func bounds(of partition: TopicPartition, timeoutMilliseconds: Int) async throws -> LogBounds {
    try await ask { [thread] () throws(KafkaError) -> LogBounds in
      let doing = "read the bounds of \(partition)"
      let ends = [Int64(RD_KAFKA_OFFSET_BEGINNING), Int64(RD_KAFKA_OFFSET_END)]
      let offsets = try ends.map { end throws(KafkaError) in
        try Self.offset(of: partition, at: end, thread.client, timeoutMilliseconds, doing)
      }
      return LogBounds(start: offsets[0], end: offsets[1])
    }
  }

  /// The first offset at or after the time; nil if there is none.
  nonisolated func offset(
    of partition: TopicPartition, atOrAfter timestampMilliseconds: Int64, timeoutMilliseconds: Int
  ) async throws -> Int64? {
    try await ask { [thread] () throws(KafkaError) -> Int64? in
      let offset = try Self.offset(
        of: partition, at: timestampMilliseconds, thread.client, timeoutMilliseconds,
        "find the offset of \(partition) at \(timestampMilliseconds)")
      return offset >= 0 ? offset : nil
    }
  }

  /// - Parameter time: in milliseconds, or the library's number for an end of the log.
  private static func offset(
    of partition: TopicPartition, at time: Int64, _ client: OpaquePointer, _ timeoutMilliseconds: Int, _ doing: String
  ) throws(KafkaError) -> Int64 {
    try withPartitionList([(partition: partition, offset: time)]) { list throws(KafkaError) -> Int64 in
      let code = rd_kafka_offsets_for_times(client, list, Int32(clamping: timeoutMilliseconds))
      let element = list.pointee.elems[0]
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: doing) }
      guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(element.err, doing: doing) }
      return element.offset
    }
  }

  /// How many partitions the topic has.
  nonisolated func partitionCount(of topic: String, timeoutMilliseconds: Int) async throws -> Int {
    try await ask { [thread] () throws(KafkaError) -> Int in
      let doing = "ask for topic \(topic)"
      guard let handle = rd_kafka_topic_new(thread.client, topic, nil) else {
        throw KafkaError(rd_kafka_last_error(), doing: doing)
      }
      defer { rd_kafka_topic_destroy(handle) }
      var metadata: UnsafePointer<rd_kafka_metadata_t>?
      let code = rd_kafka_metadata(thread.client, 0, handle, &metadata, Int32(clamping: timeoutMilliseconds))
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(code, doing: doing) }
      defer { rd_kafka_metadata_destroy(metadata) }
      guard metadata.pointee.topic_cnt > 0 else {
        throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, doing: doing)
      }
      let found = metadata.pointee.topics[0]
      guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(found.err, doing: doing) }
      return Int(found.partition_cnt)
    }
  }

  /// Returns after so long, or when the client is closed.
  func pause(milliseconds: Int) async {
    guard !isShut else { return }
    await withCheckedContinuation { continuation in
      let number = pauses.add { _ in continuation.resume() }
      thread.after(milliseconds: milliseconds) {
        self.assumeIsolated { $0.pauses.take(number)?(.failure(.closed(doing: "wait"))) }
      }
    }
  }

  private nonisolated func ask<Answer: Sendable>(
    _ question: @escaping @Sendable () throws(KafkaError) -> Answer
  ) async throws -> Answer {
    let asker = Asker<Answer>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        asker.wait(continuation)
        thread.enqueue {
          guard asker.isWaiting else { return }
          guard !self.assumeIsolated({ $0.isShut }) else {
            return asker.resume(with: .failure(KafkaError.closed(doing: "ask for offsets")))
          }
          let answer = Result { () throws(KafkaError) in try question() }
          asker.resume(with: answer.mapError { error in self.assumeIsolated { $0.explained(error) } })
        }
      }
    } onCancel: {
      asker.resume(with: .failure(CancellationError()))
    }
  }
}

/// Someone who waits for one answer, and takes the first that comes.
private final class Asker<Answer: Sendable>: Sendable {
  private enum State {
    case asking
    case waiting(CheckedContinuation<Answer, any Error>)
    case answered(Result<Answer, any Error>)
    case done
  }

  private let state = Mutex(State.asking)

  var isWaiting: Bool {
    state.withLock { if case .waiting = $0 { true } else { false } }
  }

  func wait(_ continuation: CheckedContinuation<Answer, any Error>) {
    let early: Result<Answer, any Error>? = state.withLock { state in
      if case .answered(let result) = state {
        state = .done
        return result
      }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(with: early) }
  }

  func resume(with result: Result<Answer, some Error>) {
    let result = result.mapError { $0 as any Error }
    let waiting: CheckedContinuation<Answer, any Error>? = state.withLock { state in
      switch state {
      case .asking:
        state = .answered(result)
        return nil
      case .waiting(let continuation):
        state = .done
        return continuation
      case .answered, .done: return nil
      }
    }
    waiting?.resume(with: result)
  }
}
