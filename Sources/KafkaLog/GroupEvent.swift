/// What a group's member is told.
public enum GroupEvent: Sendable {
  /// These partitions are now this member's. None of their records comes before `GroupConsumer.start`.
  case assigned([TopicPartition])
  /// The group asks for these back, and waits until `GroupConsumer.release` was called for each; until then they are
  /// this member's, commits included. None of their records comes in the meantime.
  case revoked([TopicPartition])
  /// These are no longer this member's, and may be another's already; there is nothing to release.
  case lost([TopicPartition])
  /// A record, in the order of the log, and the offset that the partition's next new record will get (-1 if not
  /// yet known).
  case record(LogRecord, highWatermark: Int64)
  /// Another member of the same instance name took this one's place, for good: all is lost (told just before).
  case fenced(KafkaError)
  /// Trouble that the client goes on in spite of, unless the error is fatal.
  case error(KafkaError)
}
