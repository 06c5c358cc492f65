import CRdkafka
import Telemetry

/// Looks at topics and groups, and changes topics.
///
/// It owns a thread, on which its isolated methods run, and must be closed.
public actor TopicAdmin {
  nonisolated let thread: ClientThread
  let queue: OpaquePointer
  let timeoutMilliseconds: Int
  private let logger: Logger
  private var pending = PendingAnswers()
  private var isClosed = false
  private var lastTrouble: KafkaError?

  /// The client's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Makes a client; connecting goes on in the background.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(settings: KafkaSettings, logger: Logger) throws {
    // A consumer, since a producer's look at a topic may create it.
    let client = try ClientConfiguration(settings, own: [], doing: "make an administrator")
      .makeClient(RD_KAFKA_CONSUMER)
    queue = rd_kafka_queue_get_main(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    timeoutMilliseconds = settings.operationTimeoutMilliseconds
    self.logger = logger
    thread.start(
      name: "kafka-admin",
      onEvent: { event in self.assumeIsolated { $0.serve(event) } },
      teardown: destroyClient)
  }

  /// Ends the thread; what has no answer yet fails.
  public func close() async {
    isClosed = true
    for answer in pending.takeAll() { answer(.failure(.closed(doing: "wait", outcomeUnknown: true))) }
    await thread.stopAndWait()
  }

  /// A group's places, read from its coordinator by one who need not be a member. Partitions without a place are
  /// left out.
  /// - Throws: `KafkaError`.
  public func groupOffsets(
    group: String, partitions: [TopicPartition]
  ) async throws -> [TopicPartition: CommittedOffset] {
    let query = GroupOffsetsQuery(group: group, partitions: partitions, doing: "read the places of group \(group)")
    return try await ask(doing: query.doing, decode: query.decode) { client, queue, number, timeout in
      query.send(client, queue, number: number, timeoutMilliseconds: timeout)
    }
  }

  /// Asks the cluster something and waits for the answer.
  /// - Parameter send: is given the client, the queue for the answer, the number to pass as opaque, and the time
  ///   limit in milliseconds.
  func ask<Answer: Sendable>(
    doing: String, decode: @escaping (ClientEvent) -> Result<Answer, KafkaError>,
    send: (OpaquePointer, OpaquePointer, UInt, Int) -> Void
  ) async throws -> Answer {
    guard !isClosed else { throw KafkaError.closed(doing: doing) }
    let result: Result<Answer, KafkaError> = await withCheckedContinuation { continuation in
      let number = pending.add { answer in
        continuation.resume(returning: answer.retold(doing: doing).flatMap(decode))
      }
      send(thread.client, queue, number, timeoutMilliseconds)
    }
    return try result.mapError { explained($0) }.get()
  }

  /// Adds why the brokers are out of reach, which a bare time-out does not tell.
  func explained(_ error: KafkaError) -> KafkaError {
    guard error.isTimeout || error.isUnreachable, let lastTrouble else { return error }
    return KafkaError(
      code: error.code, message: "\(error.message): \(lastTrouble.message)", isRetriable: error.isRetriable,
      isFatal: error.isFatal, outcomeUnknown: error.outcomeUnknown, doing: error.doing)
  }

  func checkOpen(doing: String) throws {
    if isClosed { throw KafkaError.closed(doing: doing) }
  }

  private func serve(_ event: ClientEvent) {
    if event.reportedAsTelemetry(to: logger, onStatistics: nil) { return }
    if event.kind == RD_KAFKA_EVENT_ERROR {
      let error = event.error(doing: "reach the cluster")
      lastTrouble = error
      logger.debug("\(error)")
      return
    }
    pending.take(event.number)?(.success(event))
  }
}
