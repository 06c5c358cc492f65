/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The topic's name.
  public let topic: String
  /// The partition's number, from 0.
  public let partition: Int32

  /// Names a partition; it need not exist.
  public init(topic: String, partition: Int32 = 0) {
    self.topic = topic
    self.partition = partition
  }

  /// `topic[partition]`.
  public var description: String { "\(topic)[\(partition)]" }

  /// By topic, then by number.
  public static func < (left: Self, right: Self) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}

/// One header of a record. Names may repeat; a value may be absent, which is not the same as empty.
public struct RecordHeader: Hashable, Sendable {
  /// The header's name.
  public let name: String
  /// The value's bytes, any at all, or nil for a null value.
  public let value: [UInt8]?

  /// A header with a value of bytes.
  public init(name: String, value: [UInt8]?) {
    self.name = name
    self.value = value
  }

  /// A header with a value of text.
  public init(name: String, text: String) {
    self.init(name: name, value: Array(text.utf8))
  }
}

/// A record as it stands in the log.
public struct LogRecord: Sendable, Hashable {
  /// Where it stands.
  public let topic: String
  /// The partition's number.
  public let partition: Int32
  /// Its place in the partition.
  public let offset: Int64
  /// Milliseconds since 1970-01-01T00:00:00Z, by the topic's kind of timestamp; -1 if it has none.
  public let timestampMilliseconds: Int64
  /// The key's bytes, nil for a null key.
  public let key: [UInt8]?
  /// The value's bytes, nil for a null value (a tombstone on a compacted topic).
  public let value: [UInt8]?
  /// In the order they were written.
  public let headers: [RecordHeader]
  /// The parts that were not copied, since the record is larger than its reader wants them: nil and empty here.
  public let leftOut: LeftOut

  /// The sizes, in bytes, of parts of a record that were not copied.
  public struct LeftOut: Sendable, Hashable {
    /// The key's size.
    public var key: Int?
    /// The value's size.
    public var value: Int?
    /// The size of all headers, with ten bytes for the lengths of each.
    public var headers: Int?

    /// Nothing was left out.
    public init() {}
  }

  /// A record made by hand, as tests and simulations do.
  public init(
    topic: String, partition: Int32 = 0, offset: Int64, timestampMilliseconds: Int64, key: [UInt8]? = nil,
    value: [UInt8]?, headers: [RecordHeader] = [], leftOut: LeftOut = LeftOut()
  ) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.leftOut = leftOut
    self.timestampMilliseconds = timestampMilliseconds
    self.key = key
    self.value = value
    self.headers = headers
  }

  /// The partition it stands in.
  public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

/// A record to be written.
public struct OutgoingRecord: Sendable, Hashable {
  /// The topic to write to.
  public var topic: String
  /// The partition's number; never chosen by hashing.
  public var partition: Int32
  /// The key's bytes, nil for a null key.
  public var key: [UInt8]?
  /// The value's bytes, nil for a null value.
  public var value: [UInt8]?
  /// In the order they are to be written.
  public var headers: [RecordHeader]

  /// A record for one partition.
  public init(
    topic: String, partition: Int32 = 0, key: [UInt8]? = nil, value: [UInt8]?, headers: [RecordHeader] = []
  ) {
    self.topic = topic
    self.partition = partition
    self.key = key
    self.value = value
    self.headers = headers
  }
}

/// What the cluster said of a record that it has stored.
public struct Delivery: Sendable, Hashable {
  /// Where it was stored.
  public let topic: String
  /// The partition's number.
  public let partition: Int32
  /// The place that the broker gave it.
  public let offset: Int64
  /// Milliseconds since 1970-01-01T00:00:00Z: the broker's time of appending where the topic keeps that
  /// (`message.timestamp.type=LogAppendTime`), else the time at which this client made the record.
  public let timestampMilliseconds: Int64

  /// A delivery made by hand, as tests do.
  public init(topic: String, partition: Int32 = 0, offset: Int64, timestampMilliseconds: Int64) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.timestampMilliseconds = timestampMilliseconds
  }
}

/// A consumer group's place in a partition, as its coordinator stores it.
public struct CommittedOffset: Sendable, Hashable {
  /// The offset of the next record to be taken.
  public let offset: Int64
  /// The text stored beside it; empty if there is none.
  public let metadata: String

  /// A place made by hand, as tests do.
  public init(offset: Int64, metadata: String = "") {
    self.offset = offset
    self.metadata = metadata
  }
}

/// The part of a partition that can be read.
public struct LogBounds: Sendable, Hashable {
  /// The first offset still there.
  public let start: Int64
  /// The offset that the next record will get.
  public let end: Int64

  /// Bounds made by hand, as tests do.
  public init(start: Int64, end: Int64) {
    self.start = start
    self.end = end
  }
}
