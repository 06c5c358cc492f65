import Dispatch

/// Events as records: the table in docs/messages.md.
public enum EventCodec {
  /// The longest free text in an event, in UTF-8 bytes: a broker refuses records that are too large.
  static let textMax = 4_000
  /// -1: nothing waits.
  private static let waiting = -1...FieldReader.counts.upperBound

  /// - Parameter time: the worker's clock; the log-append time is what counts.
  public static func encode(_ event: Event, queue: String, time: Timestamp) -> RawRecord {
    let (type, identity, members) = describe(event)
    let cloudEvent = CloudEvent(
      id: "\(queue)/\(event.request)/\(identity)", source: "/baton/\(queue)/\(event.worker)", type: type, time: time,
      subject: event.run)
    var object = members.compactMapValues { $0 }
    object["run"] = .string(event.run)
    object["request"] = .count(event.request)
    object["worker"] = .string(event.worker)
    if let job = event.job { object["job"] = .string(job) }
    return RawRecord(
      key: Array(event.run.utf8), value: Array(JSONValue.object(object).jsonText.utf8), headers: cloudEvent.headers)
  }

  private static func describe(_ event: Event) -> (type: String, identity: String, members: [String: JSONValue?]) {
    switch event.body {
    case .attemptStarted(let start):
      (
        "baton.attempt.started", "started/\(start.attempt)",
        [
          "attempt": .count(start.attempt), "cause": .string(start.cause.rawValue),
          "failures": .count(start.failures), "crashes": .count(start.crashes),
          "rows": .count(start.rows),
          "waitingThrough": .integer(waiting.clamp(start.waitingThrough)),
          "twin": start.twin.map(JSONValue.string),
        ]
      )
    case .progressed(let progress):
      ("baton.run.progressed", "progressed/\(progress.attempt)/\(progress.chunks)", members(progress))
    case .handedOver(let progress):
      ("baton.attempt.handed-over", "handed-over/\(progress.attempt)", members(progress))
    case .cursorStored(let attempt, let token, let cursor):
      (
        "baton.cursor.stored", "cursor/\(attempt)/\(token)",
        ["attempt": .count(attempt), "token": .count(token), "cursor": .string(cursor)]
      )
    case .attemptFailed(let failed):
      (
        "baton.attempt.failed", "failed/\(failed.attempt)",
        [
          "attempt": .count(failed.attempt), "token": .count(failed.token),
          "message": .string(failed.message.cut(toBytes: textMax)), "retryAt": .string(failed.retryAt.description),
        ]
      )
    case .ended(let ended): describe(ended)
    case .lossAccepted(let from, let to, let by):
      (
        "baton.requests.lost", "lost/\(to)",
        ["from": .count(from), "to": .count(to), "by": .string(by.cut(toBytes: textMax))]
      )
    }
  }

  private static func members(_ progress: Event.Progress) -> [String: JSONValue?] {
    [
      "attempt": .count(progress.attempt), "token": .count(progress.token), "rows": .count(progress.rows),
      "chunks": .count(progress.chunks), "cursor": progress.cursor.map(JSONValue.string),
    ]
  }

  private static func describe(_ ended: Event.Ended) -> (String, String, [String: JSONValue?]) {
    var members: [String: JSONValue?] = [
      "attempt": .count(ended.attempt), "token": .count(ended.token), "rows": .count(ended.rows),
      "chunks": .count(ended.chunks),
    ]
    let type: String
    switch ended.end {
    case .succeeded(let facts):
      type = "baton.run.succeeded"
      members["facts"] = .object(facts)
    case .failed(let failure):
      type = "baton.run.failed"
      members["kind"] = .string(failure.kind.rawValue)
      members["message"] = .string(failure.message.cut(toBytes: textMax))
    case .cancelled(let by, let reason):
      type = "baton.run.cancelled"
      members["by"] = .string(by.cut(toBytes: textMax))
      members["reason"] = reason.map { .string($0.cut(toBytes: textMax)) }
    case .skipped(let reason):
      type = "baton.request.skipped"
      switch reason {
      case .duplicate(let run, let offset):
        members["reason"] = .string("duplicate")
        members["of"] = .string(run)
        members["ofRequest"] = .count(offset)
      case .covered(let run, let offset):
        members["reason"] = .string("covered")
        members["of"] = .string(run)
        members["ofRequest"] = .count(offset)
      case .expired(let moment):
        members["reason"] = .string("expired")
        members["expired"] = .string(moment.description)
      case .paused(let by, let reason):
        members["reason"] = .string("paused")
        members["by"] = .string(by)
        if let reason { members["why"] = .string(reason) }
      }
    }
    return (type, "ended/\(ended.token)", members)
  }

  /// Reads a record of an events topic.
  /// - Throws: what is wrong with a record that is no event of ours.
  public static func decode(_ record: RawRecord) throws(MessageError) -> Event {
    let cloudEvent = try CloudEvent(record.headers)
    let fields = try FieldReader(valueOf: record)
    return Event(
      run: try fields.string("run"), job: try fields.optionalString("job"), request: try fields.integer("request"),
      worker: try fields.string("worker"), body: try body(cloudEvent.type, fields))
  }

  private static func body(_ type: String, _ fields: FieldReader) throws(MessageError) -> Event.Body {
    switch type {
    case "baton.attempt.started":
      return .attemptStarted(
        Event.AttemptStarted(
          attempt: Int(try fields.integer("attempt")),
          cause: try fields.choice("cause", Event.AttemptStarted.Cause.self) ?? .first,
          failures: Int(try fields.integer("failures")), crashes: Int(try fields.integer("crashes")),
          rows: try fields.integer("rows"),
          waitingThrough: try fields.integer("waitingThrough", in: waiting),
          twin: try fields.optionalString("twin")))
    case "baton.run.progressed": return .progressed(try progress(fields))
    case "baton.attempt.handed-over": return .handedOver(try progress(fields))
    case "baton.cursor.stored":
      return .cursorStored(
        attempt: Int(try fields.integer("attempt")), token: try fields.integer("token"),
        cursor: try fields.string("cursor"))
    case "baton.attempt.failed":
      return .attemptFailed(
        Event.AttemptFailed(
          attempt: Int(try fields.integer("attempt")), token: try fields.integer("token"),
          message: try fields.string("message"), retryAt: try fields.timestamp("retryAt")))
    case "baton.requests.lost":
      let (from, to) = (try fields.integer("from"), try fields.integer("to"))
      guard from <= to else { throw MessageError("field 'to' is \(to), before 'from', which is \(from)") }
      return .lossAccepted(from: from, to: to, by: try fields.string("by"))
    default:
      return .ended(
        Event.Ended(
          end: try end(type, fields), attempt: Int(try fields.integer("attempt")), token: try fields.integer("token"),
          rows: try fields.integer("rows"), chunks: Int(try fields.integer("chunks"))))
    }
  }

  private static func progress(_ fields: FieldReader) throws(MessageError) -> Event.Progress {
    Event.Progress(
      attempt: Int(try fields.integer("attempt")), token: try fields.integer("token"),
      rows: try fields.integer("rows"), chunks: Int(try fields.integer("chunks")),
      cursor: try fields.optionalString("cursor"))
  }

  private static func end(_ type: String, _ fields: FieldReader) throws(MessageError) -> RunEnd {
    switch type {
    case "baton.run.succeeded": return .succeeded(facts: try fields.object("facts"))
    case "baton.run.failed":
      return .failed(
        RunEnd.Failure(
          kind: try fields.choice("kind", RunEnd.Failure.Kind.self) ?? .notRetriable,
          message: try fields.string("message")))
    case "baton.run.cancelled":
      return .cancelled(by: try fields.string("by"), reason: try fields.optionalString("reason"))
    case "baton.request.skipped":
      switch try fields.string("reason") {
      case "duplicate": return .skipped(.duplicate(of: try fields.string("of"), at: try fields.integer("ofRequest")))
      case "covered": return .skipped(.covered(by: try fields.string("of"), at: try fields.integer("ofRequest")))
      case "expired": return .skipped(.expired(at: try fields.timestamp("expired")))
      case "paused":
        return .skipped(.paused(by: try fields.string("by"), reason: try fields.optionalString("why")))
      case let other: throw MessageError("field 'reason' is unknown: '\(other.prefix(80))'")
      }
    default: throw MessageError("header 'ce_type' is no event of Baton's: '\(type.prefix(80))'")
    }
  }
}
