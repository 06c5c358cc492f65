import Dispatch

/// What lies on the control topic.
public enum ControlRecord: Sendable, Hashable {
  /// What a person has ordered.
  case order(ControlMessage)
  /// Since when a job has had its present schedule.
  case schedule(ScheduleRecord)
  /// A scheduler that has come up.
  case scheduler(SchedulerRecord)
  /// Why a queue stands still.
  case problem(ProblemRecord)
  /// The record with this key counts no more.
  case withdrawn(key: String)
}

/// Since when a job has had its present schedule, so that nothing is caught up with for the time before.
public struct ScheduleRecord: Sendable, Hashable {
  public var job: String
  /// What the nominal fires are made of; a schedule with another one is a changed one.
  public var signature: String
  public var since: Timestamp

  public init(job: String, signature: String, since: Timestamp) {
    self.job = job
    self.signature = signature
    self.since = since
  }
}

/// A scheduler that has come up. Its append time against `time` tells how far its clock is off.
public struct SchedulerRecord: Sendable, Hashable {
  public var name: String
  public var time: Timestamp

  public init(name: String, time: Timestamp) {
    self.name = name
    self.time = time
  }
}

/// Why a queue stands still until a person decides, as its owner says; withdrawn when it goes on.
public struct ProblemRecord: Sendable, Hashable {
  public var queue: String
  public var worker: String
  /// What has happened and how to go on.
  public var message: String
  public var time: Timestamp

  public init(queue: String, worker: String, message: String, time: Timestamp) {
    self.queue = queue
    self.worker = worker
    self.message = message
    self.time = time
  }
}

extension ControlCodec {
  static let problemType = "baton.problem"
  static let scheduleType = "baton.schedule"
  static let schedulerType = "baton.scheduler"

  private static let schedulePrefix = "schedule/"
  private static let problemPrefix = "problem/"
  private static let schedulerPrefix = "scheduler/"

  /// Reads any record of the control topic.
  public static func read(_ record: RawRecord) throws(MessageError) -> ControlRecord {
    guard record.value != nil else { return .withdrawn(key: String(decoding: record.key ?? [], as: UTF8.self)) }
    switch try CloudEvent(record.headers).type {
    case scheduleType:
      let fields = try FieldReader(valueOf: record)
      return .schedule(
        ScheduleRecord(
          job: try fields.string("job"), signature: try fields.string("signature"), since: try fields.timestamp("since")
        ))
    case schedulerType:
      let fields = try FieldReader(valueOf: record)
      return .scheduler(SchedulerRecord(name: try fields.string("name"), time: try fields.timestamp("time")))
    case problemType:
      let fields = try FieldReader(valueOf: record)
      return .problem(
        ProblemRecord(
          queue: try fields.string("queue"), worker: try fields.string("worker"),
          message: try fields.string("message"), time: try fields.timestamp("time")))
    default: return .order(try decode(record))
    }
  }

  public static func encode(_ schedule: ScheduleRecord, time: Timestamp) -> RawRecord {
    record(
      key: schedulePrefix + schedule.job, type: scheduleType, time: time, subject: schedule.job,
      [
        "job": .string(schedule.job), "signature": .string(schedule.signature),
        "since": .string(schedule.since.description),
      ])
  }

  public static func encode(_ scheduler: SchedulerRecord) -> RawRecord {
    record(
      key: schedulerPrefix + scheduler.name, type: schedulerType, time: scheduler.time, subject: scheduler.name,
      ["name": .string(scheduler.name), "time": .string(scheduler.time.description)])
  }

  public static func encode(_ problem: ProblemRecord) -> RawRecord {
    record(
      key: problemPrefix + problem.queue, type: problemType, time: problem.time, subject: problem.queue,
      source: "/baton/\(problem.queue)/\(problem.worker)",
      [
        "queue": .string(problem.queue), "worker": .string(problem.worker), "message": .string(problem.message),
        "time": .string(problem.time.description),
      ])
  }

  /// The tombstone for a queue that goes on.
  public static func withdrawnProblem(queue: String) -> RawRecord {
    RawRecord(key: Array((problemPrefix + queue).utf8))
  }

  /// The queue of such a tombstone's key; nil for any other key.
  public static func queue(ofProblemKey key: String) -> String? {
    key.hasPrefix(problemPrefix) ? String(key.dropFirst(problemPrefix.count)) : nil
  }

  /// The tombstone for a scheduler that has ended.
  public static func withdrawnScheduler(name: String) -> RawRecord {
    RawRecord(key: Array((schedulerPrefix + name).utf8))
  }

  /// The scheduler of such a tombstone's key; nil for any other key.
  public static func scheduler(ofKey key: String) -> String? {
    key.hasPrefix(schedulerPrefix) ? String(key.dropFirst(schedulerPrefix.count)) : nil
  }

  /// The tombstone for a job that has no schedule any more.
  public static func withdrawnSchedule(job: String) -> RawRecord { RawRecord(key: Array((schedulePrefix + job).utf8)) }

  /// The job of such a tombstone's key; nil for any other key.
  public static func job(ofScheduleKey key: String) -> String? {
    key.hasPrefix(schedulePrefix) ? String(key.dropFirst(schedulePrefix.count)) : nil
  }

  private static func record(
    key: String, type: String, time: Timestamp, subject: String, source: String = "/baton/scheduler",
    _ members: [String: JSONValue]
  ) -> RawRecord {
    let event = CloudEvent(
      id: "\(key)/\(time.milliseconds)", source: source, type: type, time: time, subject: subject)
    return RawRecord(
      key: Array(key.utf8), value: Array(JSONValue.object(members).jsonText.utf8), headers: event.headers)
  }
}
