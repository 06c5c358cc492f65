import CRdkafka
import Glibc

/// The library's list of partitions, which lives as long as the closure.
func withPartitionList<Result, Failure: Error>(
  _ partitions: some Sequence<(partition: TopicPartition, offset: Int64)>,
  _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(Failure) -> Result
) throws(Failure) -> Result {
  guard let list = rd_kafka_topic_partition_list_new(1) else { fatalError("no memory for a list of partitions") }
  defer { rd_kafka_topic_partition_list_destroy(list) }
  for entry in partitions {
    rd_kafka_topic_partition_list_add(list, entry.partition.topic, entry.partition.partition).pointee.offset =
      entry.offset
  }
  return try body(list)
}

/// The library's list of partitions without offsets.
func withPartitionList<Result, Failure: Error>(
  of partitions: some Sequence<TopicPartition>,
  _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(Failure) -> Result
) throws(Failure) -> Result {
  try withPartitionList(partitions.map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) }, body)
}

extension UnsafePointer<rd_kafka_topic_partition_list_t> {
  var elements: UnsafeMutableBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeMutableBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
  }

  var partitions: [TopicPartition] { elements.map(\.topicPartition) }
}

extension rd_kafka_topic_partition_t {
  var topicPartition: TopicPartition { TopicPartition(topic: String(cString: topic), partition: partition) }

  /// The text beside a committed offset.
  var metadataText: String {
    guard let metadata else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: metadata, count: metadata_size), as: UTF8.self)
  }

  /// Gives the element a copy of the text, which the list frees when it is destroyed.
  mutating func setMetadata(_ text: String) {
    let utf8 = Array(text.utf8)
    guard let copy = malloc(max(1, utf8.count)) else { fatalError("no memory for \(utf8.count) bytes of metadata") }
    utf8.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { memcpy(copy, start, bytes.count) }
    }
    metadata = copy
    metadata_size = utf8.count
  }
}
