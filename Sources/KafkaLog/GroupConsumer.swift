import CRdkafka
import Telemetry

/// A member of a consumer group that leaves every decision to its owner: where to start, when to fetch, what to
/// commit, when to hand over. Assignment is cooperative-sticky; nothing is committed by itself.
///
/// It owns a thread, on which its isolated methods and its events run. It keeps its place in the group by itself as
/// long as the process runs, however long a record takes. It must be ended, by `leave` or by `close`.
public actor GroupConsumer {
  /// A partition that this member holds.
  struct Held {
    /// The offset of the next record to be delivered; nil before `start`.
    var next: Int64?
    var isPaused = false
    /// The library has given up fetching, since the log does not have that offset.
    var hasFailed = false
    /// What the coordinator called this member when the group gave the partition to it.
    var memberID: String?
  }

  enum Stage {
    case member
    /// Unsubscribed; waiting for the handing over and then for the leave request to be out.
    case leaving
    /// The library is closing the member down.
    case closing
    case ended
  }

  /// A member hears by its next heartbeat that another has left: so long a queue waits for its new owner.
  private static let heartbeatMilliseconds = 100

  nonisolated let thread: ClientThread
  let queue: OpaquePointer
  let group: String
  let logger: Logger
  let onEvent: @Sendable (GroupEvent) -> Void
  let settings: KafkaSettings
  private let recordBytesMax: Int
  private let onStatistics: (@Sendable (String) -> Void)?

  var held: [TopicPartition: Held] = [:]
  /// The partitions that the group has asked back and that are not released yet; nil if it has asked for none.
  var unreleased: Set<TopicPartition>?
  /// What the library is to be told to drop when all that was asked back is released.
  var toUnassign: Set<TopicPartition> = []
  var stage = Stage.member
  /// Whether the group has told this member a share, if only an empty one.
  private var wasArranged = false
  /// The error that ended this client for good.
  var fatalError: KafkaError?
  var pending = PendingAnswers()
  var whenLeft: [CheckedContinuation<Void, Never>] = []

  /// The consumer's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Joins a group; connecting goes on in the background.
  /// - Parameters:
  ///   - instanceID: makes the member static: it may be gone for a session's time and have its partitions still.
  ///   - recordBytesMax: of a record of more bytes, unpacked, each part of more than a third of this is left out.
  ///   - sessionTimeoutMilliseconds: silence after which the group gives the partitions to others.
  ///   - onEvent: called on the consumer's thread, in order; it must not block.
  ///   - onStatistics: called on the consumer's thread with librdkafka's JSON, every `statistics.interval.ms` if
  ///     that property is set.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(
    settings: KafkaSettings, group: String, instanceID: String? = nil, topics: [String],
    recordBytesMax: Int = .max, sessionTimeoutMilliseconds: Int = 6000, logger: Logger,
    onStatistics: (@Sendable (String) -> Void)? = nil,
    onEvent: @escaping @Sendable (GroupEvent) -> Void
  ) throws {
    let doing = "join group \(group)"
    var own = [
      ("group.id", group), ("partition.assignment.strategy", "cooperative-sticky"),
      ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("auto.offset.reset", "error"),
      ("session.timeout.ms", String(sessionTimeoutMilliseconds)),
      ("heartbeat.interval.ms", String(Self.heartbeatMilliseconds)),
      // Never the shorter one, or the library refuses both.
      ("max.poll.interval.ms", String(max(300_000, sessionTimeoutMilliseconds))),
      // What waits in memory for a busy partition's owner.
      // A partition that is taken up waits for the answer to the fetch of the others: not for long.
      ("fetch.wait.max.ms", "100"), ("queued.min.messages", "1000"), ("queued.max.messages.kbytes", "16384"),
      // A commit to a coordinator that went away should fail while it still matters.
      // The library takes at most five minutes.
      ("socket.timeout.ms", String(min(300_000, max(10_000, sessionTimeoutMilliseconds)))),
    ]
    own += ClientConfiguration.unpacking
    if let instanceID { own.append(("group.instance.id", instanceID)) }
    let client = try ClientConfiguration(
      settings, own: own, events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT, doing: doing
    ).makeClient(RD_KAFKA_CONSUMER)
    rd_kafka_poll_set_consumer(client)
    let queue = rd_kafka_queue_get_consumer(client)!
    rd_kafka_set_log_queue(client, queue)
    let code = withPartitionList(of: topics.map { TopicPartition(topic: $0, partition: -1) }) {
      rd_kafka_subscribe(client, $0)
    }
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      rd_kafka_queue_destroy(queue)
      destroyClient(client)
      throw KafkaError(code, doing: doing)
    }
    thread = ClientThread(client: client, queue: queue)
    self.queue = queue
    self.group = group
    self.logger = logger
    self.settings = settings
    self.recordBytesMax = recordBytesMax
    self.onEvent = onEvent
    self.onStatistics = onStatistics
    thread.start(
      name: "kafka-consumer",
      onEvent: { event in self.assumeIsolated { $0.serve(event) } },
      teardown: { client in
        if self.assumeIsolated({ $0.wasArranged }) { destroyClient(client) } else { abandonClient(client) }
      })
    thread.enqueue { self.assumeIsolated { $0.keepBeating() } }
  }

  // MARK: On the thread

  /// The library looks whether a heartbeat is due only when its main thread wakes for something else, which may be half
  /// a second later. Any question wakes it.
  private func keepBeating() {
    guard stage == .member, fatalError == nil else { return }
    if let id = rd_kafka_memberid(thread.client) { rd_kafka_mem_free(thread.client, id) }
    thread.after(milliseconds: GroupConsumer.heartbeatMilliseconds) { self.assumeIsolated { $0.keepBeating() } }
  }

  private func serve(_ event: ClientEvent) {
    if event.reportedAsTelemetry(to: logger, onStatistics: onStatistics) { return }
    switch event.kind {
    case RD_KAFKA_EVENT_FETCH:
      while let message = rd_kafka_event_message_next(event.pointer) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
        deliver(LogRecord(message, bytesMax: recordBytesMax))
      }
    case RD_KAFKA_EVENT_REBALANCE:
      wasArranged = true
      rebalance(event)
    case RD_KAFKA_EVENT_ERROR: report(event)
    default:
      // The answer to a commit or to a question.
      pending.take(event.number)?(.success(event))
    }
  }

  private func deliver(_ record: LogRecord) {
    let partition = record.topicPartition
    // The library may repeat a record after a pause or a rebalance, never skip one: `realign` sees to that.
    guard let place = held[partition], let next = place.next, record.offset >= next, !place.isPaused,
      unreleased?.contains(partition) != true
    else { return }
    held[partition]?.next = record.offset + 1
    var low: Int64 = -1
    var high: Int64 = -1
    rd_kafka_get_watermark_offsets(thread.client, record.topic, record.partition, &low, &high)
    onEvent(.record(record, highWatermark: high))
  }

  private func report(_ event: ClientEvent) {
    let place = event.erringPartition
    if event.code == RD_KAFKA_RESP_ERR__PARTITION_EOF { return }
    let doing = place.map { "fetch \($0.partition)@\($0.offset)" } ?? "take part in group \(group)"
    let error = event.error(doing: doing).withCause(of: thread.client)
    if let place, error.isOffsetOutOfRange { held[place.partition]?.hasFailed = true }
    guard error.isFatal else { return onEvent(.error(error)) }
    guard fatalError == nil else { return }
    fatalError = error
    // The library drops all partitions by itself then, and tells of no rebalance any more.
    loseAll()
    onEvent(error.isFenced ? .fenced(error) : .error(error))
  }
}
