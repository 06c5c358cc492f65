import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// The control topic at one moment: the pauses that hold, the runs that are to be cancelled, what stands still, and
/// which schedulers there are.
struct ControlSnapshot: Sendable {
  /// What may be paused.
  enum Target: Sendable, Hashable {
    case queue(String)
    case job(String)

    /// As `baton resume` takes it.
    var name: String {
      switch self {
      case .queue(let name), .job(let name): name
      }
    }

    /// `queue nightly`.
    var words: String {
      switch self {
      case .queue(let name): "queue \(name)"
      case .job(let name): "job \(name)"
      }
    }
  }

  private var orders: [Target: StandingOrder] = [:]
  /// By the record's key, which is all that a tombstone has.
  private var cancels: [String: ControlMessage] = [:]
  /// Why queues stand still, by the queue.
  private(set) var problems: [String: ProblemRecord] = [:]
  /// When each scheduler was last seen, by the log's clock; it says so every five minutes.
  private(set) var schedulers: [String: Timestamp] = [:]
  /// Since when each job has had which schedule.
  private(set) var schedules: [String: ScheduleRecord] = [:]

  /// - Throws: `KafkaError`.
  static func load(_ context: Context, _ reader: LogReader) async throws -> ControlSnapshot {
    var found = ControlSnapshot()
    let partition = TopicPartition(topic: context.configuration.controlTopic, partition: 0)
    let bounds = try await reader.bounds(of: partition)
    let records = reader.records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await records.next() {
      for record in batch {
        // What is no record of Baton's, a worker has told of.
        guard let content = try? ControlCodec.read(record.raw) else { continue }
        found.note(content, key: String(decoding: record.raw.key ?? [], as: UTF8.self), appended: record.appended)
      }
    }
    return found
  }

  private mutating func note(_ content: ControlRecord, key: String, appended: Timestamp) {
    switch content {
    case .withdrawn(let key):
      cancels[key] = nil
      if let queue = ControlCodec.queue(ofProblemKey: key) { problems[queue] = nil }
      if let name = ControlCodec.scheduler(ofKey: key) { schedulers[name] = nil }
      if let job = ControlCodec.job(ofScheduleKey: key) { schedules[job] = nil }
    case .schedule(let schedule): schedules[schedule.job] = schedule
    case .scheduler(let scheduler): schedulers[scheduler.name] = appended
    case .problem(let problem): problems[problem.queue] = problem
    case .order(let message):
      switch message.order.action {
      case .pause: orders[.queue(message.queue)] = message.order
      case .resume: orders[.queue(message.queue)] = nil
      case .pauseJob(let job, _): orders[.job(job)] = message.order
      case .resumeJob(let job): orders[.job(job)] = nil
      case .cancel: cancels[key] = message
      case .uncancel: cancels[key] = nil
      case .acceptLoss: break
      }
    }
  }

  /// The order to cancel a run, while it is not carried out.
  func cancel(run: String, queue: String) -> StandingOrder? {
    cancels.values.first { $0.queue == queue && $0.order.action == .cancel(run: run) }?.order
  }

  /// The order that keeps it paused at this moment.
  func order(_ target: Target, now: Timestamp) -> (order: StandingOrder, until: Timestamp?)? {
    guard let order = orders[target] else { return nil }
    switch order.action {
    case .pause(let until), .pauseJob(_, let until): return until.map({ now < $0 }) ?? true ? (order, until) : nil
    case .resume, .resumeJob, .cancel, .uncancel, .acceptLoss: return nil
    }
  }

  /// `queue nightly is paused by ada@host: index rebuild`, and how it ends.
  func words(_ target: Target, now: Timestamp) -> String? {
    guard let (order, until) = order(target, now: now) else { return nil }
    let reason = order.reason.map { ": \($0)" } ?? ""
    let end = until.map { "until \($0), or `baton resume \(target.name)`" } ?? "until `baton resume \(target.name)`"
    return "\(target.words) is paused by \(order.by)\(reason) (\(end))"
  }

  func facts(_ target: Target, now: Timestamp) -> JSONValue? {
    guard let (order, until) = order(target, now: now) else { return nil }
    var facts: [String: JSONValue] = ["by": .string(order.by)]
    if let reason = order.reason { facts["reason"] = .string(reason) }
    if let until { facts["until"] = .string(until.description) }
    return .object(facts)
  }
}
