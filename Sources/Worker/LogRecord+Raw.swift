import Dispatch
import KafkaLog

extension LogRecord {
  /// The record without its place.
  public var raw: RawRecord {
    RawRecord(
      key: key, value: value, headers: headers.map { RawRecord.Header(name: $0.name, value: $0.value) })
  }

  /// The log-append time.
  public var appended: Timestamp { Timestamp(milliseconds: timestampMilliseconds) }
}

extension OutgoingRecord {
  /// A record for the only partition of a topic.
  public init(topic: String, _ raw: RawRecord) {
    self.init(
      topic: topic, partition: 0, key: raw.key, value: raw.value,
      headers: raw.headers.map { RecordHeader(name: $0.name, value: $0.value) })
  }
}
