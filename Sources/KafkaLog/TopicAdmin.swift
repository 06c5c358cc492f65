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
  private let settings: KafkaSettings
  private let logger: Logger
  private var pending = PendingAnswers()
  private var isClosed = false
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
  private func pause(milliseconds: Int) async {
    await withCheckedContinuation { continuation in
      let number = pending.add { _ in continuation.resume() }
      thread.after(milliseconds: milliseconds) {
        self.assumeIsolated { $0.pending.take(number)?(.failure(.closed(doing: "wait"))) }
      }
    }
  }

  private func explained(_ error: KafkaError) -> KafkaError {
    thread.serveArrived { serve($0) }
    return error.withCause(of: thread.client).explained(by: lastTrouble)
  }

  // MARK: Topics

  /// Creates a topic.
  /// - Parameter replicationFactor: nil for the cluster's default.
  /// - Throws: `KafkaError`; `isTopicAlreadyThere` if it exists.
  public func create(
    topic: String, partitions: Int32 = 1, replicationFactor: Int? = nil, configs: [String: String] = [:]
  ) async throws {
    let doing = "create topic \(topic)"
    var text = [CChar](repeating: 0, count: 512)
    guard
      let request = rd_kafka_NewTopic_new(
        topic, partitions, Int32(replicationFactor ?? -1), &text, text.count)
    else {
      throw KafkaError(
        RD_KAFKA_RESP_ERR__INVALID_ARG,
        message: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), doing: doing)
    }
    for (name, value) in configs { rd_kafka_NewTopic_set_config(request, name, value) }
    var requests: [OpaquePointer?] = [request]
    defer { rd_kafka_NewTopic_destroy(request) }
    let (client, queue) = (thread.client, thread.queue)
    try await ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, doing: doing) { options in
      rd_kafka_CreateTopics(client, &requests, 1, options, queue)
    } read: { event in
      var count = 0
      let answer = rd_kafka_event_CreateTopics_result(event.pointer)
      return Self.topicResult(rd_kafka_CreateTopics_result_topics(answer, &count), count, doing)
    }
  }

  /// Deletes a topic with all that it holds.
  /// - Throws: `KafkaError`.
  public func delete(topic: String) async throws {
    let doing = "delete topic \(topic)"
    guard let request = rd_kafka_DeleteTopic_new(topic) else { throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, doing: doing) }
    var requests: [OpaquePointer?] = [request]
    defer { rd_kafka_DeleteTopic_destroy(request) }
    let (client, queue) = (thread.client, thread.queue)
    try await ask(RD_KAFKA_ADMIN_OP_DELETETOPICS, doing: doing) { options in
      rd_kafka_DeleteTopics(client, &requests, 1, options, queue)
    } read: { event in
      var count = 0
      let answer = rd_kafka_event_DeleteTopics_result(event.pointer)
      return Self.topicResult(rd_kafka_DeleteTopics_result_topics(answer, &count), count, doing)
    }
  }

  private static func topicResult(
    _ topics: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ doing: String
  ) -> Result<Void, KafkaError> {
    guard count == 1, let topic = topics?[0] else {
      return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
    }
    let code = rd_kafka_topic_result_error(topic)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return .success(()) }
    return .failure(
      KafkaError(code, message: rd_kafka_topic_result_error_string(topic).map { String(cString: $0) }, doing: doing))
  }

  /// The topics of these names that exist.
  /// - Throws: `KafkaError`.
  public func describe(topics names: [String]) async throws -> [String: Topic] {
    var topics = try existing(names)
    for (name, configs) in try await configs(of: topics.keys.sorted()) {
      topics[name]?.configs = configs.mapValues(\.value)
      topics[name]?.overridden = Set(configs.filter { $0.value.isOverridden }.keys)
    }
    return topics
  }

  /// Asks for all topics, so that none is made by being asked for.
  private func existing(_ names: [String]) throws -> [String: Topic] {
    let doing = "list the topics"
    var metadata: UnsafePointer<rd_kafka_metadata_t>?
    let code = rd_kafka_metadata(
      thread.client, 1, nil, &metadata, Int32(clamping: settings.operationTimeoutMilliseconds))
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
      throw explained(KafkaError(code, doing: doing))
    }
    defer { rd_kafka_metadata_destroy(metadata) }
    let wanted = Set(names)
    var topics: [String: Topic] = [:]
    for topic in UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt)) {
      let name = String(cString: topic.topic)
      guard wanted.contains(name), topic.err == RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
      topics[name] = Topic(partitions: Int(topic.partition_cnt), configs: [:], overridden: [])
    }
    return topics
  }

  private struct Setting: Sendable {
    var value: String
    var isOverridden: Bool
  }

  /// Another broker than the one that told of a topic may not know it yet.
  private func configs(of topics: [String]) async throws -> [String: [String: Setting]] {
    let deadline = monotonicNanoseconds() + UInt64(max(0, settings.newTopicMilliseconds)) * 1_000_000
    while true {
      do {
        return try await configsAsKnown(of: topics)
      } catch let error as KafkaError where error.isUnknownTopic && monotonicNanoseconds() < deadline {
        await pause(milliseconds: 100)
      }
    }
  }

  private func configsAsKnown(of topics: [String]) async throws -> [String: [String: Setting]] {
    guard !topics.isEmpty else { return [:] }
    let doing = "read the settings of \(topics.joined(separator: ", "))"
    var resources: [OpaquePointer?] = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
    defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
    let (client, queue) = (thread.client, thread.queue)
    return try await ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing: doing) { options in
      rd_kafka_DescribeConfigs(client, &resources, resources.count, options, queue)
    } read: { event in
      var count = 0
      let answer = rd_kafka_event_DescribeConfigs_result(event.pointer)
      let described = rd_kafka_DescribeConfigs_result_resources(answer, &count)
      var all: [String: [String: Setting]] = [:]
      for index in 0..<count {
        guard let resource = described?[index] else { continue }
        let code = rd_kafka_ConfigResource_error(resource)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
          return .failure(
            KafkaError(
              code, message: rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }, doing: doing))
        }
        var entries = 0
        let list = rd_kafka_ConfigResource_configs(resource, &entries)
        var settings: [String: Setting] = [:]
        for entry in 0..<entries {
          guard let config = list?[entry], let name = rd_kafka_ConfigEntry_name(config) else { continue }
          settings[String(cString: name)] = Setting(
            value: rd_kafka_ConfigEntry_value(config).map { String(cString: $0) } ?? "",
            isOverridden: rd_kafka_ConfigEntry_source(config) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        }
        all[String(cString: rd_kafka_ConfigResource_name(resource))] = settings
      }
      return .success(all)
    }
  }

  /// Sets some of a topic's settings. The library's request replaces all, so those that were set before are sent again.
  /// - Throws: `KafkaError`.
  public func alterConfigs(topic: String, set: [String: String]) async throws {
    let doing = "set \(set.keys.sorted().joined(separator: ", ")) of topic \(topic)"
    var wanted = (try await configs(of: [topic])[topic] ?? [:]).filter { $0.value.isOverridden }.mapValues(\.value)
    wanted.merge(set) { _, new in new }
    let resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
    defer { rd_kafka_ConfigResource_destroy(resource) }
    for (name, value) in wanted { rd_kafka_ConfigResource_set_config(resource, name, value) }
    var resources: [OpaquePointer?] = [resource]
    let (client, queue) = (thread.client, thread.queue)
    try await ask(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, doing: doing) { options in
      rd_kafka_AlterConfigs(client, &resources, 1, options, queue)
    } read: { event -> Result<Void, KafkaError> in
      var count = 0
      let answer = rd_kafka_event_AlterConfigs_result(event.pointer)
      guard let altered = rd_kafka_AlterConfigs_result_resources(answer, &count)?[0], count == 1 else {
        return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
      }
      let code = rd_kafka_ConfigResource_error(altered)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return .success(()) }
      return .failure(
        KafkaError(
          code, message: rd_kafka_ConfigResource_error_string(altered).map { String(cString: $0) }, doing: doing))
    }
  }
}
