import Dispatch

/// A standing order for a queue, as a record of the compacted control topic.
public struct ControlMessage: Sendable, Hashable {
  public var queue: String
  public var order: StandingOrder

  public init(queue: String, order: StandingOrder) {
    self.queue = queue
    self.order = order
  }
}

/// Standing orders as records: the table in docs/messages.md.
public enum ControlCodec {
  public static let type = "baton.order"

  public static func encode(_ message: ControlMessage, time: Timestamp) -> RawRecord {
    let order = message.order
    var members: [String: JSONValue] = ["queue": .string(message.queue), "by": .string(order.by)]
    // Later orders with the same key replace earlier ones.
    let key: String
    switch order.action {
    case .pause(let until):
      key = "pause/\(message.queue)"
      members["action"] = .string("pause")
      if let until { members["until"] = .string(until.description) }
    case .resume:
      key = "pause/\(message.queue)"
      members["action"] = .string("resume")
    case .pauseJob(let job, let until):
      key = "pause-job/\(message.queue)/\(job)"
      members["action"] = .string("pause-job")
      members["job"] = .string(job)
      if let until { members["until"] = .string(until.description) }
    case .resumeJob(let job):
      key = "pause-job/\(message.queue)/\(job)"
      members["action"] = .string("resume-job")
      members["job"] = .string(job)
    case .cancel(let run):
      key = cancelKey(run: run, queue: message.queue)
      members["action"] = .string("cancel")
      members["run"] = .string(run)
    case .uncancel(let run):
      key = cancelKey(run: run, queue: message.queue)
      members["action"] = .string("uncancel")
      members["run"] = .string(run)
    case .acceptLoss(let below, let events):
      key = "accept-loss/\(message.queue)"
      members["action"] = .string("accept-loss")
      members["below"] = .count(below)
      members["events"] = .count(events)
    }
    if let reason = order.reason { members["reason"] = .string(reason) }
    let event = CloudEvent(
      id: "\(key)/\(time.milliseconds)", source: "/baton/cli", type: type, time: time, subject: message.queue)
    return RawRecord(
      key: Array(key.utf8), value: Array(JSONValue.object(members).jsonText.utf8), headers: event.headers)
  }

  private static func cancelKey(run: String, queue: String) -> String { "cancel/\(queue)/\(run)" }

  /// The tombstone that takes the order to cancel a run off the compacted topic, once it is carried out.
  public static func withdrawnCancel(run: String, queue: String) -> RawRecord {
    RawRecord(key: Array(cancelKey(run: run, queue: queue).utf8))
  }

  /// The queue and the run that an order to cancel with this key is about; nil for another key.
  public static func cancel(ofKey key: String) -> (queue: String, run: String)? {
    let parts = key.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "cancel" else { return nil }
    return (String(parts[1]), String(parts[2]))
  }

  public static func decode(_ record: RawRecord) throws(MessageError) -> ControlMessage {
    let event = try CloudEvent(record.headers)
    guard event.type == type else {
      throw MessageError("header 'ce_type' must be '\(type)', not '\(event.type.prefix(80))'")
    }
    let fields = try FieldReader(valueOf: record)
    let action: StandingOrder.Action
    switch try fields.string("action") {
    case "pause": action = .pause(until: try fields.optionalTimestamp("until"))
    case "resume": action = .resume
    case "pause-job":
      action = .pauseJob(try fields.string("job"), until: try fields.optionalTimestamp("until"))
    case "resume-job": action = .resumeJob(try fields.string("job"))
    case "cancel": action = .cancel(run: try fields.string("run"))
    case "uncancel": action = .uncancel(run: try fields.string("run"))
    case "accept-loss":
      action = .acceptLoss(below: try fields.integer("below"), events: try fields.integer("events"))
    case let other: throw MessageError("field 'action' is unknown: '\(other.prefix(80))'")
    }
    return ControlMessage(
      queue: try fields.string("queue"),
      order: StandingOrder(
        action: action, by: try fields.string("by"), reason: try fields.optionalString("reason")))
  }
}
