import CRdkafka

extension TopicAdmin {
  /// The topics of these names that the cluster has, in the order of their names.
  /// - Parameter configuration: false spares the question after the topics' settings.
  /// - Throws: `KafkaError`.
  public func describe(_ names: [String], configuration: Bool = true) async throws -> [TopicDescription] {
    let shapes = try shapes(of: Set(names))
    let settings = configuration && !shapes.isEmpty ? try await settings(of: shapes.map(\.name)) : [:]
    return shapes.map { shape in
      TopicDescription(
        name: shape.name, partitions: shape.partitions, replicationFactor: shape.replicationFactor,
        partitionsWithoutLeader: shape.partitionsWithoutLeader, configuration: settings[shape.name] ?? [:])
    }
  }

  /// The names of all topics that this user may see, without the cluster's internal ones (`__…`), sorted.
  /// - Throws: `KafkaError`.
  public func topicNames() throws -> [String] {
    try shapes(of: nil).map(\.name).filter { !$0.hasPrefix("__") }
  }

  /// Makes a topic and waits until the cluster has it.
  /// - Throws: `KafkaError`; `isTopicAlreadyThere` if there is one of that name.
  public func create(_ topic: TopicSpecification) async throws {
    let doing = "create topic \(topic.name)"
    var text = [CChar](repeating: 0, count: 512)
    guard
      var request = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, &text, text.count)
    else {
      let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message, doing: doing)
    }
    defer { rd_kafka_NewTopic_destroy(request) }
    for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
      let code = rd_kafka_NewTopic_set_config(request, name, value)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, doing: doing) }
    }
    try await ask(
      doing: doing,
      decode: { event in
        topicResult(event, doing) { rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result($0), $1) }
      },
      send: { client, queue, number, timeout in
        var topics: OpaquePointer? = request
        withAdminOptions(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, number: number, timeoutMilliseconds: timeout) {
          rd_kafka_AdminOptions_set_operation_timeout($0, Int32(clamping: timeout), nil, 0)
          rd_kafka_CreateTopics(client, &topics, 1, $0, queue)
        }
        request = topics ?? request
      })
  }

  /// Deletes a topic with all its records.
  /// - Throws: `KafkaError`; `isUnknownTopic` if there is none.
  public func delete(_ topic: String) async throws {
    let doing = "delete topic \(topic)"
    try await ask(
      doing: doing,
      decode: { event in
        topicResult(event, doing) { rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result($0), $1) }
      },
      send: { client, queue, number, timeout in
        var request = rd_kafka_DeleteTopic_new(topic)
        defer { rd_kafka_DeleteTopic_destroy(request) }
        withAdminOptions(client, RD_KAFKA_ADMIN_OP_DELETETOPICS, number: number, timeoutMilliseconds: timeout) {
          rd_kafka_AdminOptions_set_operation_timeout($0, Int32(clamping: timeout), nil, 0)
          rd_kafka_DeleteTopics(client, &request, 1, $0, queue)
        }
      })
  }

  /// Deletes the records before an offset; the log then starts there.
  /// - Returns: the offset at which the log starts now.
  /// - Throws: `KafkaError`.
  @discardableResult
  public func deleteRecords(_ partition: TopicPartition, before offset: Int64) async throws -> Int64 {
    let doing = "delete the records of \(partition) before \(offset)"
    return try await ask(
      doing: doing,
      decode: { event in
        if event.code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(event.error(doing: doing)) }
        guard
          let list = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.pointer)),
          let element = list.elements.first
        else { return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing)) }
        if element.err != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(KafkaError(element.err, doing: doing)) }
        return .success(element.offset)
      },
      send: { client, queue, number, timeout in
        withPartitionList([(partition: partition, offset: offset)]) { list in
          var request = rd_kafka_DeleteRecords_new(list)
          defer { rd_kafka_DeleteRecords_destroy(request) }
          withAdminOptions(client, RD_KAFKA_ADMIN_OP_DELETERECORDS, number: number, timeoutMilliseconds: timeout) {
            rd_kafka_DeleteRecords(client, &request, 1, $0, queue)
          }
        }
      })
  }

  private struct Shape {
    let name: String
    let partitions: Int32
    let replicationFactor: Int32
    let partitionsWithoutLeader: [Int32]
  }

  /// Blocks this client's thread until the cluster answers. All topics are asked for, since a question after one of
  /// them makes some brokers create it.
  private func shapes(of names: Set<String>?) throws -> [Shape] {
    let doing = "list topics"
    try checkOpen(doing: doing)
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(thread.client, 1, nil, &metadata, Int32(clamping: timeoutMilliseconds))
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw explained(KafkaError(code, doing: doing)) }
    defer { rd_kafka_metadata_destroy(metadata) }
    var shapes: [Shape] = []
    for topic in UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt)) {
      let name = String(cString: topic.topic)
      guard names?.contains(name) ?? true else { continue }
      guard topic.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART else { continue }
      guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw KafkaError(topic.err, doing: "describe topic \(name)")
      }
      let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
      shapes.append(
        Shape(
          name: name, partitions: topic.partition_cnt,
          replicationFactor: partitions.map(\.replica_cnt).min() ?? 0,
          partitionsWithoutLeader: partitions.filter { $0.leader < 0 }.map(\.id).sorted()))
    }
    return shapes.sorted { $0.name < $1.name }
  }
}

/// What CreateTopics and DeleteTopics answer for their only topic.
private func topicResult(
  _ event: ClientEvent, _ doing: String,
  _ topics: (OpaquePointer, UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
) -> Result<Void, KafkaError> {
  if event.code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(event.error(doing: doing)) }
  var count = 0
  guard let list = topics(event.pointer, &count), count == 1, let topic = list[0] else {
    return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
  }
  let code = rd_kafka_topic_result_error(topic)
  if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .success(()) }
  return .failure(
    KafkaError(
      code, message: rd_kafka_topic_result_error_string(topic).map { String(cString: $0) },
      outcomeUnknown: KafkaError.leavesOutcomeUnknown(code), doing: doing))
}
