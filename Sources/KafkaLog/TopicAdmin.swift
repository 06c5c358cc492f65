import CRdkafka
import Telemetry

/// Looks after topics, and reads groups' offsets from outside.
///
/// It owns a thread, on which its isolated methods run, and must be closed.
public actor TopicAdmin {
  /// A topic as the cluster has it.
  public struct Topic: Sendable, Hashable {
    /// How many partitions.
    public var partitions: Int
    /// The settings that are in force, defaults included.
    public var configs: [String: String]
    /// The names of those that were set on the topic itself.
    public var overridden: Set<String>
  }

  nonisolated let thread: ClientThread
  let settings: KafkaSettings
  private let logger: Logger
  private var pending = PendingAnswers()
  private(set) var isClosed = false
  private var lastTrouble: KafkaError?

  /// The client's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Makes a client; connecting goes on in the background.
  /// - Throws: `KafkaError` if a property is wrong.
  public init(settings: KafkaSettings, logger: Logger) throws {
    // A consumer that joins nothing. The library takes the answer "not the coordinator" to `groupOffsets` for a reason to
    // look its own group's coordinator up, and ends the process where the client has no group.
    let client = try ClientConfiguration(
      settings, own: [("group.id", settings.clientID)], doing: "make an administrative client"
    ).makeClient(RD_KAFKA_CONSUMER)
    let queue = rd_kafka_queue_get_main(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    self.settings = settings
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

  private func serve(_ event: ClientEvent) {
    if event.reportedAsTelemetry(to: logger, onStatistics: nil) { return }
    if event.kind == RD_KAFKA_EVENT_ERROR {
      let error = event.error(doing: "stay connected")
      // That all are down says less than what became of one.
      if event.code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || lastTrouble == nil { lastTrouble = error }
      // The library goes on trying; a question that gets no answer says why.
      if error.isUnreachable || error.isTimeout { logger.debug("\(error)") } else { logger.warning("\(error)") }
    } else {
      pending.take(event.number)?(.success(event))
    }
  }

  /// Sends one administrative request and reads its answer.
  func ask<Answer: Sendable>(
    _ operation: rd_kafka_admin_op_t, doing: String, send: (OpaquePointer) -> Void,
    read: @escaping (ClientEvent) -> Result<Answer, KafkaError>
  ) async throws -> Answer {
    if isClosed { throw KafkaError.closed(doing: doing) }
    let result: Result<Answer, KafkaError> = await withCheckedContinuation { continuation in
      let number = pending.add { answer in
        continuation.resume(
          returning: answer.flatMap { event in
            event.code == RD_KAFKA_RESP_ERR_NO_ERROR ? read(event) : .failure(event.error(doing: doing))
          })
      }
      withAdminOptions(
        thread.client, operation, number: number, timeoutMilliseconds: settings.operationTimeoutMilliseconds, send)
    }
    return try result.mapError { explained($0.retold(doing: doing)) }.get()
  }

  // MARK: Groups

  /// The places that a group has in these partitions; those without one are left out.
  /// - Throws: `KafkaError`.
  public func groupOffsets(group: String, partitions: [TopicPartition]) async throws -> [TopicPartition:
    CommittedOffset]
  {
    let doing = "read group \(group)'s offsets"
    let query = GroupOffsetsQuery(group: group, partitions: partitions, doing: doing)
    let deadline = monotonicNanoseconds() + UInt64(max(0, settings.operationTimeoutMilliseconds)) * 1_000_000
    while true {
      if isClosed { throw KafkaError.closed(doing: doing) }
      let result: Result<[TopicPartition: CommittedOffset], KafkaError> = await withCheckedContinuation {
        continuation in
        let number = pending.add { continuation.resume(returning: $0.flatMap(query.decode)) }
        query.send(
          thread.client, thread.queue, number: number, timeoutMilliseconds: settings.operationTimeoutMilliseconds)
      }
      // A broker that has just become the coordinator, as after a restart, knows its groups within moments.
      guard case .failure(let error) = result, error.isCoordinatorUnsettled, monotonicNanoseconds() < deadline else {
        return try result.mapError { explained($0) }.get()
      }
      await pause(milliseconds: 100)
    }
  }

  /// Returns after so long, or when the client is closed.
  func pause(milliseconds: Int) async {
    // The thread takes no timers any more: whoever waits goes on, and finds out.
    if isClosed { return }
    await withCheckedContinuation { continuation in
      let number = pending.add { _ in continuation.resume() }
      thread.after(milliseconds: milliseconds) {
        self.assumeIsolated { $0.pending.take(number)?(.failure(.closed(doing: "wait"))) }
      }
    }
  }

  func explained(_ error: KafkaError) -> KafkaError {
    thread.serveArrived { serve($0) }
    return error.withCause(of: thread.client).explained(by: lastTrouble)
  }
}
