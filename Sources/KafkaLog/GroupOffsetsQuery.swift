import CRdkafka

/// The question after a group's places, which anyone may ask, and the reading of the answer.
struct GroupOffsetsQuery {
  let group: String
  let partitions: [TopicPartition]
  let doing: String

  func send(_ client: OpaquePointer, _ queue: OpaquePointer, number: UInt, timeoutMilliseconds: Int) {
    withPartitionList(of: partitions) { list in
      var request = rd_kafka_ListConsumerGroupOffsets_new(group, list)
      defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
      withAdminOptions(
        client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, number: number, timeoutMilliseconds: timeoutMilliseconds
      ) { options in
        rd_kafka_ListConsumerGroupOffsets(client, &request, 1, options, queue)
      }
    }
  }

  /// The places that the group has; partitions without one are left out.
  func decode(_ event: ClientEvent) -> Result<[TopicPartition: CommittedOffset], KafkaError> {
    if event.code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(event.error(doing: doing)) }
    var count = 0
    guard let answer = rd_kafka_event_ListConsumerGroupOffsets_result(event.pointer),
      let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(answer, &count), count == 1, let group = groups[0]
    else {
      return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
    }
    if let error = rd_kafka_group_result_error(group), rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR {
      return .failure(
        KafkaError(
          rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)), doing: doing))
    }
    var places: [TopicPartition: CommittedOffset] = [:]
    guard let list = rd_kafka_group_result_partitions(group) else { return .success([:]) }
    for element in list.elements {
      if element.err != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(KafkaError(element.err, doing: doing)) }
      guard element.offset >= 0 else { continue }
      places[element.topicPartition] = CommittedOffset(offset: element.offset, metadata: element.metadataText)
    }
    return .success(places)
  }
}

/// The library's options of one administrative request, which live as long as the closure.
func withAdminOptions(
  _ client: OpaquePointer, _ operation: rd_kafka_admin_op_t, number: UInt, timeoutMilliseconds: Int,
  _ body: (OpaquePointer) -> Void
) {
  guard let options = rd_kafka_AdminOptions_new(client, operation) else { fatalError("no memory for admin options") }
  defer { rd_kafka_AdminOptions_destroy(options) }
  // The limits are -1 to an hour; a value outside is clamped, so setting it cannot fail.
  rd_kafka_AdminOptions_set_request_timeout(options, Int32(min(max(1, timeoutMilliseconds), 3_600_000)), nil, 0)
  rd_kafka_AdminOptions_set_opaque(options, opaque(number))
  body(options)
}
