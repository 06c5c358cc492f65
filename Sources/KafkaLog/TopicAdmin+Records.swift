import CRdkafka

extension TopicAdmin {
  /// Deletes the records before an offset; the log then starts there.
  /// - Returns: the offset at which the log starts now.
  /// - Throws: `KafkaError`.
  @discardableResult
  public func deleteRecords(of partition: TopicPartition, before offset: Int64) async throws -> Int64 {
    let doing = "delete the records of \(partition) before \(offset)"
    let (client, queue) = (thread.client, thread.queue)
    return try await ask(RD_KAFKA_ADMIN_OP_DELETERECORDS, doing: doing) { options in
      withPartitionList([(partition: partition, offset: offset)]) { list in
        var request = rd_kafka_DeleteRecords_new(list)
        defer { rd_kafka_DeleteRecords_destroy(request) }
        rd_kafka_DeleteRecords(client, &request, 1, options, queue)
      }
    } read: { event in
      let list = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.pointer))
      guard let element = list?.elements.first else {
        return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing))
      }
      if element.err != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(KafkaError(element.err, doing: doing)) }
      return .success(element.offset)
    }
  }
}
