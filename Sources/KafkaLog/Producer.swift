import CRdkafka
import Telemetry

/// Writes records: idempotent, acknowledged by all in-sync replicas, without waiting to fill a batch.
///
/// It owns a thread, on which its isolated methods run, and must be closed.
public actor Producer {
  private final class Batch {
    var results: [Result<Delivery, KafkaError>?]
    var open: Int
    let completion: @Sendable ([Result<Delivery, KafkaError>]) -> Void

    init(count: Int, completion: @escaping @Sendable ([Result<Delivery, KafkaError>]) -> Void) {
      results = Array(repeating: nil, count: count)
      open = count
      self.completion = completion
    }

    func settle(_ index: Int, _ result: Result<Delivery, KafkaError>) {
      guard results[index] == nil else { return }
      results[index] = result
      open -= 1
      if open == 0 { completion(results.compactMap { $0 }) }
    }
  }

  private struct InFlight {
    let batch: Batch
    let index: Int
    let doing: String
  }

  nonisolated let thread: ClientThread
  private let settings: KafkaSettings
  private let logger: Logger
  private let onStatistics: (@Sendable (String) -> Void)?
  private var inFlight: [UInt: InFlight] = [:]
  private var lastNumber: UInt = 0
  private var isClosing = false
  private var whenIdle: [CheckedContinuation<Void, Never>] = []

  /// The producer's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Makes a producer; connecting goes on in the background.
  /// - Parameter onStatistics: called on the producer's thread with librdkafka's JSON, every
  ///   `statistics.interval.ms` if that property is set.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(
    settings: KafkaSettings, logger: Logger, onStatistics: (@Sendable (String) -> Void)? = nil
  ) throws {
    let client = try ClientConfiguration(
      settings,
      own: [
        ("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "0"),
        // A dead letter is a request and its reason: larger than the library's default of a million bytes.
        ("message.max.bytes", "4194304"),
        // The default of five minutes is longer than any caller waits.
        ("message.timeout.ms", "60000"),
      ],
      events: RD_KAFKA_EVENT_DR, doing: "make a producer"
    ).makeClient(RD_KAFKA_PRODUCER)
    let queue = rd_kafka_queue_get_main(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    self.settings = settings
    self.logger = logger
    self.onStatistics = onStatistics
    thread.start(
      name: "kafka-producer",
      onEvent: { event in self.assumeIsolated { $0.serve(event) } },
      teardown: destroyClient)
  }

  /// Learns where these topics are, so that the first record to them does not wait for that: without it the library
  /// takes up to a second.
  /// - Throws: `KafkaError` if the cluster does not answer; the producer can be used all the same.
  public func prepare(topics: [String]) throws {
    for topic in topics {
      let doing = "ask for topic \(topic)"
      guard let handle = rd_kafka_topic_new(thread.client, topic, nil) else {
        throw KafkaError(rd_kafka_last_error(), doing: doing)
      }
      defer { rd_kafka_topic_destroy(handle) }
      var metadata: UnsafePointer<rd_kafka_metadata_t>?
      let timeout = Int32(clamping: settings.operationTimeoutMilliseconds)
      let code = rd_kafka_metadata(thread.client, 0, handle, &metadata, timeout)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: doing) }
      rd_kafka_metadata_destroy(metadata)
    }
  }

  /// Writes one record and waits until the cluster has stored it.
  /// - Throws: `KafkaError`; with `outcomeUnknown` the record may have been stored.
  public func send(_ record: OutgoingRecord) async throws -> Delivery {
    let results = await withCheckedContinuation { continuation in
      submit([record]) { continuation.resume(returning: $0) }
    }
    return try results[0].get()
  }

  /// Writes records in order: those of one call in theirs, and calls in theirs, from whatever thread.
  ///
  /// - Parameter completion: called once, on the producer's thread, with a result for each record, in order; it must
  ///   not block. A record that could not be queued fails the rest of its call, which is then not tried.
  public nonisolated func submit(
    _ records: [OutgoingRecord], completion: @escaping @Sendable ([Result<Delivery, KafkaError>]) -> Void
  ) {
    thread.enqueue { self.assumeIsolated { $0.produce(records, completion) } }
  }

  /// Waits for what is under way, at most so long; what is not stored by then fails. Then ends the thread.
  public func close(timeoutMilliseconds: Int = 10_000) async {
    let first = !isClosing
    isClosing = true
    if !inFlight.isEmpty {
      if first {
        thread.after(milliseconds: timeoutMilliseconds) { self.assumeIsolated { $0.purge() } }
      }
      await withCheckedContinuation { whenIdle.append($0) }
    }
    await thread.stopAndWait()
  }

  // MARK: On the thread

  private func produce(
    _ records: [OutgoingRecord], _ completion: @escaping @Sendable ([Result<Delivery, KafkaError>]) -> Void
  ) {
    guard !records.isEmpty else { return completion([]) }
    let batch = Batch(count: records.count, completion: completion)
    var refusal: KafkaError?
    for (index, record) in records.enumerated() {
      let doing = "send to \(record.topic)[\(record.partition)]"
      if let refusal {
        batch.settle(index, .failure(refusal.retold(doing: doing)))
        continue
      }
      guard !isClosing else {
        refusal = .closed(doing: doing)
        batch.settle(index, .failure(.closed(doing: doing)))
        continue
      }
      lastNumber += 1
      if let error = enqueueRecord(record, number: lastNumber, client: thread.client, doing: doing) {
        refusal = error
        batch.settle(index, .failure(error))
      } else {
        inFlight[lastNumber] = InFlight(batch: batch, index: index, doing: doing)
      }
    }
  }

  private func serve(_ event: ClientEvent) {
    if event.reportedAsTelemetry(to: logger, onStatistics: onStatistics) { return }
    switch event.kind {
    case RD_KAFKA_EVENT_DR:
      while let message = rd_kafka_event_message_next(event.pointer) {
        let number = UInt(bitPattern: message.pointee._private)
        guard let record = inFlight.removeValue(forKey: number) else { continue }
        record.batch.settle(record.index, deliveryResult(message, client: thread.client, doing: record.doing))
      }
      if inFlight.isEmpty { becomeIdle() }
    case RD_KAFKA_EVENT_ERROR:
      let error = event.error(doing: "reach the cluster")
      if error.isFatal {
        logger.error("\(error)")
      } else if error.isUnreachable || error.isTimeout {
        // The library goes on trying; a record for which that comes too late says so itself.
        logger.debug("\(error)")
      } else {
        logger.warning("\(error)")
      }
    default: break
    }
  }

  private func becomeIdle() {
    for continuation in exchange(&whenIdle, with: []) { continuation.resume() }
  }

  /// The time to close is up: the reports of what is taken back come as events like all others.
  private func purge() {
    guard !inFlight.isEmpty else { return }
    rd_kafka_purge(thread.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    thread.after(milliseconds: 1000) {
      self.assumeIsolated { producer in
        for record in exchange(&producer.inFlight, with: [:]).sorted(by: { $0.key < $1.key }).map(\.value) {
          record.batch.settle(record.index, .failure(.closed(doing: record.doing, outcomeUnknown: true)))
        }
        producer.becomeIdle()
      }
    }
  }
}
