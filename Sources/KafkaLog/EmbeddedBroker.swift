import CRdkafka

/// A Kafka cluster inside this process, for tests and trials: librdkafka's mock cluster.
///
/// It keeps everything in memory and speaks produce, fetch, list offsets, groups and commits with metadata. It has
/// no topic administration, makes unknown topics when they are asked for, takes no notice of static membership, and
/// takes 3 to 10 s to rearrange a group. Others reach it by TCP; it must be closed.
public actor EmbeddedBroker {
  nonisolated let thread: ClientThread
  private let cluster: OpaquePointer

  /// `127.0.0.1:port`, one for each broker, with commas between.
  public nonisolated let bootstrap: String

  /// The cluster's own thread.
  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Starts brokers on free ports of the loopback interface.
  /// - Parameters:
  ///   - brokers: how many.
  ///   - topics: names and numbers of partitions.
  /// - Throws: `KafkaError` if the brokers or a topic cannot be made.
  public init(brokers: Int = 1, topics: [String: Int32] = [:]) throws {
    let client = try ClientConfiguration(
      KafkaSettings(bootstrap: "", clientID: "embedded-broker"), own: [], doing: "start an embedded broker"
    ).makeClient(RD_KAFKA_PRODUCER)
    guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokers)) else {
      rd_kafka_destroy(client)
      throw KafkaError(
        RD_KAFKA_RESP_ERR__FAIL, message: "no ports or memory for brokers", doing: "start an embedded broker")
    }
    self.cluster = cluster
    bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    let queue = rd_kafka_queue_get_main(client)!
    rd_kafka_set_log_queue(client, queue)
    thread = ClientThread(client: client, queue: queue)
    let address = UInt(bitPattern: cluster)
    thread.start(
      name: "kafka-embedded", onEvent: { _ in },
      teardown: { client in
        rd_kafka_mock_cluster_destroy(OpaquePointer(bitPattern: address))
        rd_kafka_destroy(client)
      })
    do {
      for (topic, partitions) in topics.sorted(by: { $0.key < $1.key }) {
        try Self.makeTopic(topic, partitions, on: cluster)
      }
    } catch {
      let thread = thread
      thread.enqueue { thread.stop {} }
      throw error
    }
  }

  /// Makes a topic.
  /// - Throws: `KafkaError`, for one if it is there already.
  public func createTopic(_ topic: String, partitions: Int32 = 1) throws {
    try Self.makeTopic(topic, partitions, on: cluster)
  }

  /// Answers the next requests of one sort with these errors, whatever they ask.
  /// - Parameters:
  ///   - requestKey: the protocol's number of the sort: 0 Produce, 1 Fetch, 8 OffsetCommit, 9 OffsetFetch.
  ///   - codes: the protocol's error numbers, one a request.
  public func failNextRequests(_ requestKey: Int16, with codes: [Int32]) {
    let errors = codes.map { rd_kafka_resp_err_t($0) }
    rd_kafka_mock_push_request_errors_array(cluster, requestKey, errors.count, errors)
  }

  /// Ends the brokers; clients that are still connected see them go.
  public func close() async { await thread.stopAndWait() }

  private static func makeTopic(_ topic: String, _ partitions: Int32, on cluster: OpaquePointer) throws {
    let code = rd_kafka_mock_topic_create(cluster, topic, partitions, 1)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, doing: "create topic \(topic)") }
  }
}
