import Dispatch

/// Dead letters as records: key, value and headers as they came, and `baton_*` headers that say where from and why.
public enum DeadLetterCodec {
  static let prefix = "baton_"
  static let textMax = 4_000

  public static func encode(_ letter: DeadLetter, topic: String, worker: String, time: Timestamp) -> RawRecord {
    var record = letter.queued.raw
    // A record that was a dead letter before keeps only its latest reason.
    record.headers.removeAll { $0.name.hasPrefix(prefix) }
    record.headers += [
      header(prefix + "topic", topic),
      header(prefix + "offset", String(letter.queued.offset)),
      header(prefix + "appended", letter.queued.appended.description),
      header(prefix + "run", letter.queued.run),
      header(prefix + "kind", letter.failure.kind.rawValue),
      header(prefix + "reason", String(letter.failure.message.prefix(textMax))),
      header(prefix + "attempts", String(letter.attempts)),
      header(prefix + "worker", worker),
      header(prefix + "time", time.description),
    ]
    return record
  }

  /// - Returns: where the letter came from and why, and the record as it was.
  public static func decode(_ record: RawRecord) throws(MessageError) -> StoredDeadLetter {
    var values: [String: String] = [:]
    var original = record
    original.headers = []
    for header in record.headers {
      guard header.name.hasPrefix(prefix) else {
        original.headers.append(header)
        continue
      }
      values[String(header.name.dropFirst(prefix.count))] = String(decoding: header.value ?? [], as: UTF8.self)
    }
    func required(_ name: String) throws(MessageError) -> String {
      guard let value = values[name] else { throw MessageError("header '\(prefix)\(name)' is missing") }
      return value
    }
    guard let offset = Int64(try required("offset")) else {
      throw MessageError("header '\(prefix)offset' is not a number")
    }
    return StoredDeadLetter(
      topic: try required("topic"), offset: offset, run: try required("run"), kind: try required("kind"),
      reason: try required("reason"), attempts: values["attempts"].flatMap { Int($0) } ?? 0,
      worker: values["worker"] ?? "", time: values["time"].flatMap { Timestamp(rfc3339: $0) }, original: original)
  }
}

/// A dead letter, read back.
public struct StoredDeadLetter: Sendable, Hashable {
  /// The requests topic and offset that it came from.
  public var topic: String
  public var offset: Int64
  public var run: String
  public var kind: String
  public var reason: String
  public var attempts: Int
  public var worker: String
  public var time: Timestamp?
  /// The record as it was.
  public var original: RawRecord
}
