import Dispatch
import KafkaLog

extension LogRecord {
  /// The record without its place.
  public var raw: RawRecord {
    RawRecord(
      key: key, value: value, headers: headers.map { RawRecord.Header(name: $0.name, value: $0.value) },
      leftOut: RawRecord.LeftOut(key: leftOut.key, value: leftOut.value, headers: leftOut.headers))
  }

  /// The log-append time. A topic that is set to keep its senders' times may hold any number.
  public var appended: Timestamp {
    let range = Timestamp.writable
    return min(max(Timestamp(milliseconds: timestampMilliseconds), range.lowerBound), range.upperBound)
  }
}

extension OutgoingRecord {
  /// A record for the only partition of a topic.
  public init(topic: String, _ raw: RawRecord) {
    self.init(
      topic: topic, partition: 0, key: raw.key, value: raw.value,
      headers: raw.headers.map { RecordHeader(name: $0.name, value: $0.value) })
  }
}
