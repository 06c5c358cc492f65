import CRdkafka

extension TopicAdmin {
  /// Sets some of a topic's settings and leaves its others as they are.
  ///
  /// The protocol's older request, the only one here, replaces all that was set on the topic; so what was set before
  /// is read and sent along. Two who do this at once to one topic may undo each other's change.
  /// - Parameter changes: values to set; nil takes a setting back to the cluster's.
  /// - Throws: `KafkaError`.
  public func alterConfiguration(of topic: String, _ changes: [String: String?]) async throws {
    let doing = "configure topic \(topic)"
    var wanted: [String: String] = [:]
    for (name, setting) in try await settings(of: [topic])[topic] ?? [:] where setting.isOwn {
      if let value = setting.value {
        wanted[name] = value
      } else if changes[name] == nil {
        // A secret cannot be read, so it could not be kept.
        throw KafkaError(
          RD_KAFKA_RESP_ERR__INVALID_ARG, message: "the present value of \(name) cannot be read, and would be lost",
          doing: doing)
      }
    }
    for (name, value) in changes { wanted[name] = value }
    let all = wanted.sorted { $0.key < $1.key }
    try await ask(
      doing: doing,
      decode: { event in
        configurationResources(event, doing) {
          rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result($0), $1)
        }.map { _ in }
      },
      send: { client, queue, number, timeout in
        var request = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(request) }
        for (name, value) in all { rd_kafka_ConfigResource_set_config(request, name, value) }
        withAdminOptions(client, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, number: number, timeoutMilliseconds: timeout) {
          rd_kafka_AlterConfigs(client, &request, 1, $0, queue)
        }
      })
  }

  /// The settings of topics, by topic and name; empty if the cluster has no such request.
  func settings(of topics: [String]) async throws -> [String: [String: TopicDescription.Setting]] {
    let doing = "read the configuration of \(topics.joined(separator: ", "))"
    do {
      return try await ask(
        doing: doing,
        decode: { event in
          configurationResources(event, doing) {
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result($0), $1)
          }.map { resources in
            Dictionary(uniqueKeysWithValues: resources.map { ($0.name, $0.settings) })
          }
        },
        send: { client, queue, number, timeout in
          var requests = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
          defer { for request in requests { rd_kafka_ConfigResource_destroy(request) } }
          withAdminOptions(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, number: number, timeoutMilliseconds: timeout) {
            rd_kafka_DescribeConfigs(client, &requests, requests.count, $0, queue)
          }
        })
    } catch let error as KafkaError where error.code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE.rawValue {
      return [:]
    }
  }
}

private struct ConfiguredResource {
  let name: String
  let settings: [String: TopicDescription.Setting]
}

private func configurationResources(
  _ event: ClientEvent, _ doing: String,
  _ resources: (OpaquePointer, UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
) -> Result<[ConfiguredResource], KafkaError> {
  if event.code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(event.error(doing: doing)) }
  var count = 0
  guard let list = resources(event.pointer, &count) else {
    return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
  }
  var decoded: [ConfiguredResource] = []
  for resource in UnsafeBufferPointer(start: list, count: count).compactMap({ $0 }) {
    let code = rd_kafka_ConfigResource_error(resource)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      let message = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
      return .failure(KafkaError(code, message: message, doing: doing))
    }
    var entryCount = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &entryCount)
    var settings: [String: TopicDescription.Setting] = [:]
    for entry in UnsafeBufferPointer(start: entries, count: entryCount).compactMap({ $0 }) {
      settings[String(cString: rd_kafka_ConfigEntry_name(entry))] = TopicDescription.Setting(
        value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
        isOwn: rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
    }
    decoded.append(
      ConfiguredResource(name: String(cString: rd_kafka_ConfigResource_name(resource)), settings: settings))
  }
  return .success(decoded)
}
