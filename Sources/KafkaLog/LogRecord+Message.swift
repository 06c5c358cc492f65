import CRdkafka
import Glibc

extension LogRecord {
  /// Copies what the library holds; the message must not be an error.
  ///
  /// A few kilobytes on the wire may be many megabytes unpacked, so that whoever has no use for those need not copy them.
  /// - Parameter bytesMax: of a record of more bytes each part of more than a third of this is left out.
  init(_ message: UnsafePointer<rd_kafka_message_t>, bytesMax: Int) {
    let fields = message.pointee
    let list = headerList(message)
    let headersCount = list.map(byteCount) ?? 0
    let (keyCount, valueCount) = (fields.key == nil ? 0 : fields.key_len, fields.payload == nil ? 0 : fields.len)
    let isLarge = keyCount + valueCount + headersCount > bytesMax
    func isLeftOut(_ count: Int) -> Bool { isLarge && count > bytesMax / 3 }
    var leftOut = LeftOut()
    if isLeftOut(keyCount) { leftOut.key = keyCount }
    if isLeftOut(valueCount) { leftOut.value = valueCount }
    if isLeftOut(headersCount) { leftOut.headers = headersCount }
    self.init(
      topic: fields.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? "",
      partition: fields.partition,
      offset: fields.offset,
      timestampMilliseconds: rd_kafka_message_timestamp(message, nil),
      key: leftOut.key == nil ? copiedBytes(fields.key, fields.key_len) : nil,
      value: leftOut.value == nil ? copiedBytes(fields.payload, fields.len) : nil,
      headers: leftOut.headers == nil ? list.map(copiedHeaders) ?? [] : [],
      leftOut: leftOut)
  }
}

private func headerList(_ message: UnsafePointer<rd_kafka_message_t>) -> OpaquePointer? {
  var list: OpaquePointer?
  return rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nil
}

private func eachHeader(
  _ list: OpaquePointer, _ take: (_ name: UnsafePointer<CChar>, _ value: UnsafeRawPointer?, _ size: Int) -> Void
) {
  var index = 0
  var name: UnsafePointer<CChar>?
  var value: UnsafeRawPointer?
  var size = 0
  while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let found = name {
    take(found, value, size)
    index += 1
  }
}

private func byteCount(_ list: OpaquePointer) -> Int {
  var count = 0
  // A header takes up to ten bytes for its two lengths.
  eachHeader(list) { name, value, size in count += strlen(name) + (value == nil ? 0 : size) + 10 }
  return count
}

private func copiedHeaders(_ list: OpaquePointer) -> [RecordHeader] {
  var headers: [RecordHeader] = []
  eachHeader(list) { name, value, size in
    headers.append(RecordHeader(name: String(cString: name), value: copiedBytes(value, size)))
  }
  return headers
}

private func copiedBytes(_ pointer: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
  pointer.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
}
