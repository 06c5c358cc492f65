import CRdkafka

/// Hands a record to the library, which copies it. Returns why not, if it does not take it.
func enqueueRecord(_ record: OutgoingRecord, number: UInt, client: OpaquePointer, doing: String) -> KafkaError? {
  guard let headers = rd_kafka_headers_new(record.headers.count) else {
    return KafkaError(RD_KAFKA_RESP_ERR__QUEUE_FULL, message: "no memory for headers", doing: doing)
  }
  for header in record.headers {
    let code = withPointer(header.value) { value, size in
      rd_kafka_header_add(headers, header.name, -1, value, size)
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      rd_kafka_headers_destroy(headers)
      return KafkaError(code, doing: doing)
    }
  }
  let error = record.topic.withCString { topic in
    withPointer(record.key) { key, keySize in
      withPointer(record.value) { value, valueSize in
        var parts = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 7)
        parts[0].vtype = RD_KAFKA_VTYPE_TOPIC
        parts[0].u.cstr = topic
        parts[1].vtype = RD_KAFKA_VTYPE_PARTITION
        parts[1].u.i32 = record.partition
        parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        parts[2].u.i = RD_KAFKA_MSG_F_COPY
        parts[3].vtype = RD_KAFKA_VTYPE_KEY
        parts[3].u.mem.ptr = key
        parts[3].u.mem.size = max(0, keySize)
        parts[4].vtype = RD_KAFKA_VTYPE_VALUE
        parts[4].u.mem.ptr = value
        parts[4].u.mem.size = max(0, valueSize)
        parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE
        parts[5].u.ptr = opaque(number)
        parts[6].vtype = RD_KAFKA_VTYPE_HEADERS
        parts[6].u.headers = headers
        return rd_kafka_produceva(client, parts, parts.count)
      }
    }
  }
  guard let error else { return nil }
  // The headers stay ours when the record is refused.
  rd_kafka_headers_destroy(headers)
  return KafkaError(consuming: error, doing: doing).withCause(of: client)
}

/// What a delivery report says.
func deliveryResult(
  _ message: UnsafePointer<rd_kafka_message_t>, client: OpaquePointer, doing: String
) -> Result<Delivery, KafkaError> {
  let fields = message.pointee
  if fields.err != RD_KAFKA_RESP_ERR_NO_ERROR {
    let unknown = rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED
    return .failure(KafkaError(fields.err, outcomeUnknown: unknown, doing: doing).withCause(of: client))
  }
  guard fields.offset >= 0 else {
    // A repeat that the broker knew as one so old that it does not recall where the first landed.
    return .failure(
      KafkaError(
        RD_KAFKA_RESP_ERR__BAD_MSG, message: "stored, but the broker did not say where", outcomeUnknown: true,
        doing: doing))
  }
  return .success(
    Delivery(
      topic: fields.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "", partition: fields.partition,
      offset: fields.offset, timestampMilliseconds: rd_kafka_message_timestamp(message, nil)))
}

/// A null pointer for nil; for empty bytes a pointer that is not null, since C tells null from empty by that.
private func withPointer<Result>(
  _ bytes: [UInt8]?, _ body: (UnsafeMutableRawPointer?, Int) -> Result
) -> Result {
  guard let bytes else { return body(nil, 0) }
  if bytes.isEmpty {
    var nothing: UInt8 = 0
    return withUnsafeMutablePointer(to: &nothing) { body(UnsafeMutableRawPointer($0), 0) }
  }
  // The library only reads; its declaration lacks the `const`.
  return bytes.withUnsafeBytes { body(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count) }
}

extension KafkaError {
  /// The library's bare "fatal error" in place of which the fatal error itself is wanted.
  func withCause(of client: OpaquePointer) -> KafkaError {
    guard code == RD_KAFKA_RESP_ERR__FATAL.rawValue else { return self }
    var text = [CChar](repeating: 0, count: 512)
    let cause = rd_kafka_fatal_error(client, &text, text.count)
    guard cause != RD_KAFKA_RESP_ERR_NO_ERROR else { return self }
    let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return KafkaError(
      code: cause.rawValue, message: message, isRetriable: false, isFatal: true, outcomeUnknown: outcomeUnknown,
      doing: doing)
  }
}
