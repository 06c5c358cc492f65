import Dispatch
import KafkaLog
import Messages
import Worker

extension StoredDeadLetter {
  /// The record as its sender wrote it: the letter's own bytes or, where it had to leave out some, those on its topic.
  /// - Throws: `CommandError` if bytes are wanted that are gone.
  func whole(_ reader: LogReader) async throws -> RawRecord {
    // A request's key is of no importance.
    guard original.leftOut.value != nil || original.leftOut.headers != nil else { return original }
    guard let record = try await source(reader) else {
      throw CommandError(
        "this letter was too large for its topic and left out \(original.leftOut.words) (bytes), and \(topic) no longer has "
          + "the record at offset \(offset)",
        remedy: "Enqueue what its sender meant with `baton enqueue`, or ask the sender.")
    }
    return record.raw
  }

  /// Whether the record still lies where it came from.
  func isStillOnItsTopic(_ reader: LogReader) async throws -> Bool {
    guard !original.leftOut.isNothing else { return true }
    return try await source(reader) != nil
  }

  private func source(_ reader: LogReader) async throws -> LogRecord? {
    let partition = TopicPartition(topic: topic)
    guard try await reader.partitionCount(of: topic) != nil else { return nil }
    let bounds = try await reader.bounds(of: partition)
    guard offset >= bounds.start, offset < bounds.end else { return nil }
    let record = try await reader.records(of: partition, from: offset, to: offset + 1).next()?.first
    // A topic that was made anew has other records at these offsets.
    guard let record, record.offset == offset, appended == nil || record.appended == appended else { return nil }
    return record
  }
}
