import CRdkafka
import Telemetry

/// One client that reads a partition from a given offset, without a group: the engine under `LogReader`.
///
/// Records are pulled. While nobody pulls, they stay in the library's queue, whose own limits stop the fetching.
actor PartitionScanner {
  struct Batch: Sendable {
    var records: [LogRecord] = []
    /// Partitions whose end was reached, with the offset that their next new record will get.
    var ends: [TopicPartition: Int64] = [:]
    /// Set when this partition cannot be read on.
    var failure: KafkaError?

    var isEmpty: Bool { records.isEmpty && ends.isEmpty && failure == nil }
  }

  private struct Waiter {
    let number: Int
    let limit: Int
    let continuation: CheckedContinuation<Batch, any Error>
  }

  nonisolated let thread: ClientThread
  private let logger: Logger
  private let queue: OpaquePointer
  private let byteLimit = 4 << 20

  /// The offset of the next record of each partition being read.
  private var next: [TopicPartition: Int64] = [:]
  private var topics: [String: OpaquePointer] = [:]
  private var batch = Batch()
  private var batchBytes = 0
  private var waiter: Waiter?
  private var lastNumber = 0
  /// Those who wait for time to pass.
  var pauses = PendingAnswers()
  private var isClosed = false
  var isShut: Bool { isClosed }
  private var lastTrouble: KafkaError?

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  nonisolated let waitsForNews: Bool
  private let recordBytesMax: Int

  /// - Parameter waitsForNews: a broker holds its answer back for half a second until there is news; a partition that
  ///   is opened meanwhile has to wait for that answer.
  init(settings: KafkaSettings, waitsForNews: Bool, recordBytesMax: Int, logger: Logger) throws {
    let client = try ClientConfiguration(
      settings,
      own: [
        ("enable.partition.eof", "true"), ("auto.offset.reset", "error"), ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"), ("fetch.error.backoff.ms", "100"),
        ("fetch.wait.max.ms", waitsForNews ? "500" : "10"),
        ("queued.min.messages", "2000"), ("queued.max.messages.kbytes", "8192"),
      ] + ClientConfiguration.unpacking,
      doing: "make a reader"
    ).makeClient(RD_KAFKA_CONSUMER)
    queue = rd_kafka_queue_get_main(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    self.logger = logger
    self.waitsForNews = waitsForNews
    self.recordBytesMax = recordBytesMax
    thread.start(
      name: "kafka-reader",
      onEvent: { event in self.assumeIsolated { $0.serve(event) } },
      teardown: destroyClient)
  }

  /// Begins to read a partition; nothing is delivered before `pull`.
  func open(_ partition: TopicPartition, from offset: Int64) throws {
    let doing = "read \(partition)@\(offset)"
    guard !isClosed else { throw KafkaError.closed(doing: doing) }
    let topic = try topic(partition.topic, doing: doing)
    guard rd_kafka_consume_start_queue(topic, partition.partition, offset, queue) == 0 else {
      throw KafkaError(rd_kafka_last_error(), doing: doing)
    }
    next[partition] = offset
    thread.takesEvents = waiter != nil
  }

  /// Waits for records, ends or a failure, whichever comes first.
  /// - Parameter timeoutMilliseconds: throws `_TIMED_OUT` with the last trouble after that; nil waits for ever.
  func pull(limit: Int, timeoutMilliseconds: Int?) async throws -> Batch {
    lastNumber += 1
    let number = lastNumber
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard !isClosed else { return continuation.resume(throwing: KafkaError.closed(doing: "read")) }
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        precondition(waiter == nil, "two pull from one reader")
        waiter = Waiter(number: number, limit: limit, continuation: continuation)
        thread.takesEvents = true
        deliverIfReady()
        guard waiter != nil, let timeoutMilliseconds else { return }
        thread.after(milliseconds: timeoutMilliseconds) { self.assumeIsolated { $0.timeOut(number) } }
      }
    } onCancel: {
      thread.enqueue { self.assumeIsolated { $0.fail(number, CancellationError()) } }
    }
  }

  /// Keeps what a batch told beside its records for the next pull.
  func putBack(_ told: Batch) {
    batch.failure = batch.failure ?? told.failure
    if batch.records.isEmpty { batch.ends.merge(told.ends) { new, _ in new } }
  }

  /// Stops reading everything, so that the client can be used for something else.
  func reset() {
    for partition in next.keys {
      guard let topic = topics[partition.topic] else { continue }
      rd_kafka_consume_stop(topic, partition.partition)
    }
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    topics = [:]
    next = [:]
    batch = Batch()
    batchBytes = 0
    lastTrouble = nil
    thread.takesEvents = true
  }

  func close() async {
    if !isClosed {
      isClosed = true
      fail(waiter?.number, KafkaError.closed(doing: "read"))
      for answer in pauses.takeAll() { answer(.failure(.closed(doing: "wait"))) }
      reset()
    }
    await thread.stopAndWait()
  }

  // MARK: On the thread

  private func topic(_ name: String, doing: String) throws -> OpaquePointer {
    if let topic = topics[name] { return topic }
    guard let topic = rd_kafka_topic_new(thread.client, name, nil) else {
      throw KafkaError(rd_kafka_last_error(), doing: doing)
    }
    topics[name] = topic
    return topic
  }

  private func serve(_ event: ClientEvent) {
    defer { deliverIfReady() }
    if event.reportedAsTelemetry(to: logger, onStatistics: nil) { return }
    switch event.kind {
    case RD_KAFKA_EVENT_FETCH:
      while let message = rd_kafka_event_message_next(event.pointer) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        let record = LogRecord(message, bytesMax: recordBytesMax)
        guard let expected = next[record.topicPartition], record.offset >= expected else { continue }
        next[record.topicPartition] = record.offset + 1
        batch.ends[record.topicPartition] = nil
        batch.records.append(record)
        batchBytes += (record.key?.count ?? 0) + (record.value?.count ?? 0)
      }
    case RD_KAFKA_EVENT_ERROR: note(event)
    default: break
    }
  }

  private func note(_ event: ClientEvent) {
    guard let (partition, offset) = event.erringPartition else {
      let error = event.error(doing: "reach the cluster")
      // That all are down says less than what became of one.
      if event.code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || lastTrouble == nil { lastTrouble = error }
      if error.isFatal || error.isForbidden { batch.failure = error } else { logger.debug("\(error)") }
      return
    }
    guard let expected = next[partition] else { return }
    if event.code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
      next[partition] = max(expected, offset)
      batch.ends[partition] = max(expected, offset)
      return
    }
    let error = event.error(doing: "read \(partition)@\(expected)")
    lastTrouble = error
    if error.isOffsetOutOfRange || error.isForbidden || error.isUnknownTopic || !error.isRetriable {
      batch.failure = error
    } else {
      logger.debug("\(error)")
    }
  }

  private func deliverIfReady() {
    guard let waiter, !batch.isEmpty else { return }
    let more = batch.failure == nil && rd_kafka_queue_length(queue) > 0
    guard !more || batch.records.count >= waiter.limit || batchBytes >= byteLimit else { return }
    self.waiter = nil
    var delivered = exchange(&batch, with: Batch())
    batchBytes = 0
    if delivered.records.count > waiter.limit {
      // Left over by a pull that was cancelled or had a higher limit; what else was seen comes after them.
      batch = Batch(
        records: Array(delivered.records.dropFirst(waiter.limit)), ends: delivered.ends, failure: delivered.failure)
      delivered = Batch(records: Array(delivered.records.prefix(waiter.limit)))
    }
    thread.takesEvents = next.isEmpty
    waiter.continuation.resume(returning: delivered)
  }

  private func timeOut(_ number: Int) {
    let what = next.keys.sorted().map(\.description).joined(separator: ", ")
    let error = KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, message: "nothing came in time", doing: "read \(what)")
    fail(number, explained(error))
  }

  /// Adds why the brokers are out of reach, which a bare time-out does not tell.
  func explained(_ error: KafkaError) -> KafkaError {
    thread.serveArrived { serve($0) }
    return error.explained(by: lastTrouble)
  }

  private func fail(_ number: Int?, _ error: any Error) {
    guard let waiter, waiter.number == number else { return }
    self.waiter = nil
    thread.takesEvents = next.isEmpty
    waiter.continuation.resume(throwing: error)
  }
}
