import CRdkafka

extension TopicAdmin {
  /// Creates a topic, and returns when the cluster tells of it.
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
    try await awaitTold(doing: doing) { try !existing([topic]).isEmpty }
  }

  /// The controller answers for a change as soon as it is decided. The brokers, who are asked about it, learn of it a
  /// moment later.
  func awaitTold(doing: String, _ isTold: () async throws -> Bool) async throws {
    let deadline = newTopicDeadline
    while try await !isTold() {
      if monotonicNanoseconds() >= deadline {
        throw KafkaError(
          RD_KAFKA_RESP_ERR__TIMED_OUT,
          message: "this was done, but the broker that is asked has not learnt of it within "
            + "\(settings.newTopicMilliseconds) ms", doing: doing)
      }
      await pause(milliseconds: 20)
    }
  }

  /// When a topic that is still unknown counts as one that does not exist, on the monotonic clock.
  var newTopicDeadline: UInt64 {
    monotonicNanoseconds() + UInt64(max(0, settings.newTopicMilliseconds)) * 1_000_000
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
    if isClosed { throw KafkaError.closed(doing: doing) }
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
}
