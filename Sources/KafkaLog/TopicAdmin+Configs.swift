import CRdkafka

extension TopicAdmin {
  /// One setting of a topic, as it is in force.
  struct Setting: Sendable, Equatable {
    var value: String
    /// It was set on the topic itself.
    var isOverridden: Bool
  }

  /// Another broker than the one that told of a topic may not know it yet.
  func configs(of topics: [String]) async throws -> [String: [String: Setting]] {
    let deadline = newTopicDeadline
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

  /// Sets some of a topic's settings. The library's request replaces all, so those that were set before are sent again:
  /// therefore it returns only when the cluster tells of the new ones, or the next change might undo this one.
  /// - Throws: `KafkaError`.
  public func alterConfigs(topic: String, set: [String: String]) async throws {
    let doing = "set \(set.keys.sorted().joined(separator: ", ")) of topic \(topic)"
    let before = try await configs(of: [topic])[topic] ?? [:]
    let wanted = before.filter { $0.value.isOverridden }.mapValues(\.value).merging(set) { _, new in new }
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
    try await awaitTold(doing: doing) {
      let now = try await configs(of: [topic])[topic] ?? [:]
      // The broker may write a value in another way than it was given.
      return set.allSatisfy { name, value in
        now[name].map { $0.isOverridden && ($0.value == value || $0 != before[name]) } ?? false
      }
    }
  }
}
