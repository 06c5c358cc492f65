import Dispatch

/// Dead letters as records: key, value and headers as they came, and `baton_*` headers that say where from and why.
public enum DeadLetterCodec {
  static let prefix = "baton_"
  /// Goes before the sender's own headers whose names begin as ours do.
  static let senderPrefix = "baton_sender_"
  /// The longest reason, in UTF-8 bytes.
  static let textMax = 4_000

  /// - Parameter bytesMax: of a request of more bytes each part of more than a third of this is left on its topic; what is
  ///   added to the rest is less than 16 KiB.
  public static func encode(
    _ letter: DeadLetter, topic: String, worker: String, time: Timestamp, bytesMax: Int = RawRecord.bytesMax
  ) -> RawRecord {
    var record = letter.queued.raw.leavingOut(above: bytesMax)
    for index in record.headers.indices where record.headers[index].name.begins(with: prefix) {
      record.headers[index].name = senderPrefix + record.headers[index].name
    }
    record.headers += [
      header(prefix + "topic", topic),
      header(prefix + "offset", String(letter.queued.offset)),
      header(prefix + "appended", letter.queued.appended.description),
      header(prefix + "run", letter.queued.run),
      header(prefix + "kind", letter.failure.kind.rawValue),
      header(prefix + "reason", letter.failure.message.cut(toBytes: textMax)),
      header(prefix + "attempts", String(letter.attempts)),
      header(prefix + "worker", worker),
      header(prefix + "time", time.description),
    ]
    if !record.leftOut.isNothing { record.headers.append(header(prefix + "dropped", record.leftOut.words)) }
    record.leftOut = RawRecord.LeftOut()
    return record
  }

  /// - Returns: where the letter came from and why, and the record as it was, but for what its `leftOut` tells.
  public static func decode(_ record: RawRecord) throws(MessageError) -> StoredDeadLetter {
    var values: [String: String] = [:]
    var original = record
    original.headers = []
    for var header in record.headers {
      if header.name.begins(with: senderPrefix) {
        header.name = String(decoding: header.name.utf8.dropFirst(senderPrefix.utf8.count), as: UTF8.self)
      } else if header.name.begins(with: prefix) {
        let name = String(decoding: header.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        values[name] = String(decoding: header.value ?? [], as: UTF8.self)
        continue
      }
      original.headers.append(header)
    }
    func required(_ name: String) throws(MessageError) -> String {
      guard let value = values[name] else { throw MessageError("header '\(prefix)\(name)' is missing") }
      return value
    }
    guard let offset = Int64(try required("offset")), FieldReader.counts.contains(offset) else {
      throw MessageError("header '\(prefix)offset' is not a number from 0 up")
    }
    if let words = values["dropped"] {
      guard let leftOut = RawRecord.LeftOut(words: words) else {
        throw MessageError("header '\(prefix)dropped' does not tell sizes: '\(words.prefix(80))'")
      }
      original.leftOut = leftOut
    }
    let attempts = values["attempts"].flatMap { Int64($0) } ?? 0
    return StoredDeadLetter(
      topic: try required("topic"), offset: offset, appended: values["appended"].flatMap { Timestamp(rfc3339: $0) },
      run: try required("run"), kind: try required("kind"), reason: try required("reason"),
      attempts: FieldReader.counts.contains(attempts) ? Int(attempts) : 0,
      worker: values["worker"] ?? "", time: values["time"].flatMap { Timestamp(rfc3339: $0) }, original: original)
  }
}

extension RawRecord.LeftOut {
  /// Reads what `words` writes; nil for anything else.
  init?(words: String) {
    self.init()
    for part in words.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false)
      guard pair.count == 2, let count = Int(pair[1]), FieldReader.counts.contains(Int64(count)) else { return nil }
      switch pair[0] {
      case "key": key = count
      case "value": value = count
      case "headers": headers = count
      default: return nil
      }
    }
  }
}

extension String {
  /// By bytes: `hasPrefix` goes by characters, of which a sender's may reach across the end of ours.
  fileprivate func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}

/// A dead letter, read back.
public struct StoredDeadLetter: Sendable, Hashable {
  /// The requests topic and offset that it came from.
  public var topic: String
  public var offset: Int64
  /// When the log took it there.
  public var appended: Timestamp?
  public var run: String
  public var kind: String
  public var reason: String
  public var attempts: Int
  public var worker: String
  public var time: Timestamp?
  /// The record as it was; its `leftOut` tells what is still to be had only where it came from.
  public var original: RawRecord
}
