import CRdkafka
import Synchronization
import Telemetry

/// Reads partitions from any offset, without a group and without leaving a trace.
///
/// It owns a thread, which may block in questions to the cluster, and must be closed. One read is served at a time: a
/// follower that waits for news holds up the others, so a long follow gets a reader of its own.
public actor LogReader {
  /// Where the library's fetching stands.
  private struct Position {
    var partition: TopicPartition
    /// The offset of the next record to be handed out.
    var next: Int64
  }

  nonisolated let thread: ClientThread
  private let settings: KafkaSettings
  private let logger: Logger
  private var position: Position?
  /// Fetched and not handed out yet.
  private var buffer: [LogRecord] = []
  /// The end of the partition, when the library has come to it.
  private var endReached: Int64?
  private var failure: KafkaError?
  private var waiter: CheckedContinuation<Void, Never>?
  private var isBusy = false
  private var turns: [CheckedContinuation<Void, Never>] = []
  private var isClosed = false

  private static let bufferMax = 1_000

  /// The reader's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Makes a reader; connecting goes on in the background.
  /// - Parameter waitsForNews: for a reader that mostly follows: a broker then holds its answer back until there is news,
  ///   but a read elsewhere has to wait for that answer first.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(settings: KafkaSettings, waitsForNews: Bool = false, logger: Logger) throws {
    let client = try ClientConfiguration(
      settings,
      own: [
        ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error"),
        ("enable.partition.eof", "true"), ("queued.max.messages.kbytes", "4096"),
        ("fetch.wait.max.ms", waitsForNews ? "500" : "10"),
        // Never joined: a partition is assigned by hand. The library wants a name all the same.
        ("group.id", "baton-reader"),
      ],
      doing: "make a reader"
    ).makeClient(RD_KAFKA_CONSUMER)
    rd_kafka_poll_set_consumer(client)
    let queue = rd_kafka_queue_get_consumer(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    self.settings = settings
    self.logger = logger
    thread.start(
      name: "kafka-reader",
      onEvent: { event in self.assumeIsolated { $0.serve(event) } },
      teardown: destroyClient)
  }

  /// Ends the thread; reads that are under way throw.
  public func close() async {
    isClosed = true
    wake()
    for turn in exchange(&turns, with: []) { turn.resume() }
    await thread.stopAndWait()
  }

  // MARK: Questions

  /// The offsets that the partition holds now.
  /// - Throws: `KafkaError`.
  public func bounds(of partition: TopicPartition) throws -> LogBounds {
    let doing = "ask for the bounds of \(partition)"
    try checkOpen(doing)
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_query_watermark_offsets(
      thread.client, partition.topic, partition.partition, &low, &high, timeout)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: doing).withCause(of: thread.client) }
    return LogBounds(start: low, end: high)
  }

  /// The first offset whose record was appended at or after the moment; the end if there is none.
  /// - Throws: `KafkaError`.
  public func offset(of partition: TopicPartition, atOrAfter timestampMilliseconds: Int64) async throws -> Int64 {
    if let found = try askedOffset(of: partition, atOrAfter: timestampMilliseconds) { return found }
    let bounds = try bounds(of: partition)
    // The embedded broker knows no times, and answers so too: the last record tells.
    let last = try await batch(partition, from: max(bounds.start, bounds.end - 1), to: bounds.end, max: 1).last
    guard let last, last.timestampMilliseconds >= timestampMilliseconds else { return bounds.end }
    let all = records(of: partition, from: bounds.start, to: bounds.end)
    while let records = try await all.next() {
      if let first = records.first(where: { $0.timestampMilliseconds >= timestampMilliseconds }) { return first.offset }
    }
    return bounds.end
  }

  private func askedOffset(of partition: TopicPartition, atOrAfter timestampMilliseconds: Int64) throws -> Int64? {
    let doing = "ask for the offset of \(partition) at \(timestampMilliseconds)"
    try checkOpen(doing)
    let found = try withPartitionList([(partition: partition, offset: max(0, timestampMilliseconds))]) { list in
      let code = rd_kafka_offsets_for_times(thread.client, list, timeout)
      let element = list.pointee.elems[0]
      let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? element.err : code
      guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw KafkaError(error, doing: doing).withCause(of: thread.client)
      }
      return element.offset
    }
    // The end is said by a broker that has no such record, in one way or another.
    return try found >= 0 && found < bounds(of: partition).end ? found : nil
  }

  /// How many partitions a topic has; nil if there is no such topic.
  /// - Throws: `KafkaError`.
  public func partitionCount(of topic: String) throws -> Int? {
    let doing = "ask for topic \(topic)"
    try checkOpen(doing)
    guard let handle = rd_kafka_topic_new(thread.client, topic, nil) else {
      throw KafkaError(rd_kafka_last_error(), doing: doing)
    }
    defer { rd_kafka_topic_destroy(handle) }
    var metadata: UnsafePointer<rd_kafka_metadata_t>?
    let code = rd_kafka_metadata(thread.client, 0, handle, &metadata, timeout)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
      throw KafkaError(code, doing: doing).withCause(of: thread.client)
    }
    defer { rd_kafka_metadata_destroy(metadata) }
    guard metadata.pointee.topic_cnt > 0 else { return nil }
    let found = metadata.pointee.topics[0]
    if found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART { return nil }
    guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(found.err, doing: doing) }
    return Int(found.partition_cnt)
  }

  // MARK: Reading

  /// The records of these offsets, the end excluded, in batches.
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
    try await takeTurn()
    defer { endTurn() }
    let doing = "read \(partition)@\(from)"
    if position?.partition != partition || position?.next != from { try seek(partition, from, doing) }
    while buffer.isEmpty {
      try checkOpen(doing)
      try Task.checkCancellation()
      if let failure = exchange(&failure, with: nil) {
        position = nil
        throw failure.retold(doing: doing)
      }
      // Offsets may be missing at the end: of transactions' marks, of compacted records.
      if let to, let end = endReached, end >= to {
        rest()
        return []
      }
      await news()
    }
    var batch = Array(buffer.prefix(max))
    if let to, let beyond = batch.firstIndex(where: { $0.offset >= to }) { batch.removeSubrange(beyond...) }
    buffer.removeFirst(batch.count)
    if let last = batch.last {
      position?.next = last.offset + 1
      if let to, last.offset + 1 >= to { rest() }
    }
    return batch
  }

  /// Stops fetching: nothing more of this partition is wanted for now.
  private func rest() {
    position = nil
    buffer = []
    rd_kafka_assign(thread.client, nil)
  }

  private func seek(_ partition: TopicPartition, _ offset: Int64, _ doing: String) throws {
    buffer = []
    endReached = nil
    failure = nil
    position = Position(partition: partition, next: offset)
    let code = withPartitionList([(partition: partition, offset: offset)]) { rd_kafka_assign(thread.client, $0) }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      position = nil
      throw KafkaError(code, doing: doing)
    }
  }

  /// Waits until the buffer, the end or a failure has come, or the task is cancelled.
  private func news() async {
    thread.takesEvents = true
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter = $0 }
    } onCancel: {
      thread.enqueue { self.assumeIsolated { $0.wake() } }
    }
  }

  private func wake() { exchange(&waiter, with: nil)?.resume() }

  private func takeTurn() async throws {
    if isBusy { await withCheckedContinuation { turns.append($0) } }
    isBusy = true
  }

  private func endTurn() {
    if turns.isEmpty { isBusy = false } else { turns.removeFirst().resume() }
  }

  private func checkOpen(_ doing: String) throws {
    if isClosed { throw KafkaError.closed(doing: doing) }
  }

  private var timeout: Int32 { Int32(clamping: settings.operationTimeoutMilliseconds) }

  // MARK: On the thread

  private func serve(_ event: ClientEvent) {
    if event.reportedAsTelemetry(to: logger, onStatistics: nil) { return }
    switch event.kind {
    case RD_KAFKA_EVENT_FETCH:
      while let message = rd_kafka_event_message_next(event.pointer) {
        let fields = message.pointee
        guard fields.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
          note(fields.err, topic: fields.rkt.map { String(cString: rd_kafka_topic_name($0)) }, offset: fields.offset)
          continue
        }
        let record = LogRecord(message)
        guard let position, record.topicPartition == position.partition, record.offset >= position.next else {
          continue
        }
        buffer.append(record)
      }
    case RD_KAFKA_EVENT_ERROR:
      let place = event.erringPartition
      note(
        event.code, topic: place?.partition.topic, offset: place?.offset ?? -1,
        told: event.error(doing: "reach the cluster"))
    default: return
    }
    // What is not taken stays in the library's queue, which bounds its own prefetching.
    if buffer.count >= LogReader.bufferMax { thread.takesEvents = false }
    if !buffer.isEmpty || endReached != nil || failure != nil { wake() }
  }

  private func note(_ code: rd_kafka_resp_err_t, topic: String?, offset: Int64, told: KafkaError? = nil) {
    if let topic, let position, topic != position.partition.topic { return }
    switch code {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: if offset >= (position?.next ?? 0) { endReached = offset }
    case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE:
      // The library connects again by itself.
      logger.warning("\(told ?? KafkaError(code, doing: "read"))")
    default: failure = KafkaError(code, doing: "read")
    }
  }
}

/// Records of one partition, handed out batch by batch when they are asked for.
public struct LogBatches: Sendable {
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

  /// The next records, at most `max` of them; nil at the end.
  /// - Throws: `KafkaError`; `CancellationError` when the task is cancelled while it waits.
  public func next(max: Int = 500) async throws -> [LogRecord]? {
    let batch = try await reader.batch(partition, from: place.next.withLock { $0 }, to: to, max: max)
    guard let last = batch.last else { return nil }
    place.next.withLock { $0 = last.offset + 1 }
    return batch
  }
}
