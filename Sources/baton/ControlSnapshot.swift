import Configuration
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

    /// `queue nightly`.
    var words: String {
      switch self {
      case .queue(let name): "queue \(name)"
      case .job(let name): "job \(name)"
      }
    }
  }

  /// An order that stands, and when the log took it.
  struct Given: Sendable {
    var order: StandingOrder
    var at: Timestamp

    /// `by ada@host at 2026-11-24T01:29:00.000Z: index rebuild`.
    var words: String {
      "by \(printable(order.by)) at \(at)" + (order.reason.map { ": \(printable($0))" } ?? "")
    }

    var facts: [String: JSONValue] {
      var facts: [String: JSONValue] = ["by": .string(order.by), "at": .string(at.description)]
      if let reason = order.reason { facts["reason"] = .string(reason) }
      return facts
    }
  }

  private var orders: [Target: Given] = [:]
  /// By the record's key, which is all that a tombstone has.
  private var cancels: [String: (queue: String, run: String, given: Given)] = [:]
  /// Why queues stand still, by the queue.
  private(set) var problems: [String: ProblemRecord] = [:]
  /// When each scheduler was last seen, by the log's clock; it says so every five minutes.
  private(set) var schedulers: [String: Timestamp] = [:]
  /// Since when each job has had which schedule.
  private(set) var schedules: [String: ScheduleRecord] = [:]

  /// The queue of each job, by the configuration.
  private var queues: [String: String] = [:]
  /// Names that a queue and a job have.
  private var sharedNames: Set<String> = []

  /// One without any record.
  /// - Parameter configuration: nil where nothing will be noted.
  init(_ configuration: Configuration? = nil) {
    guard let configuration else { return }
    queues = configuration.jobs.mapValues(\.job.queue)
    sharedNames = Set(configuration.jobOrder).intersection(configuration.queueOrder)
  }

  /// - Throws: `KafkaError`.
  static func load(_ context: Context, _ reader: LogReader) async throws -> ControlSnapshot {
    var found = ControlSnapshot(context.configuration)
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
      let given = Given(order: message.order, at: appended)
      switch message.order.action {
      case .pause: orders[.queue(message.queue)] = given
      case .resume: orders[.queue(message.queue)] = nil
      // One for a job's former queue says nothing of the job: workers and schedulers see it so too.
      case .pauseJob(let job, _): if queues[job] == message.queue { orders[.job(job)] = given }
      case .resumeJob(let job): if queues[job] == message.queue { orders[.job(job)] = nil }
      case .cancel(let run): cancels[key] = (message.queue, run, given)
      case .uncancel: cancels[key] = nil
      case .acceptLoss: break
      }
    }
  }

  /// The order to cancel a run, while it is not carried out.
  func cancel(run: String, queue: String) -> Given? {
    cancels.values.first { $0.queue == queue && $0.run == run }?.given
  }

  /// The orders to cancel runs of a queue that are not carried out, in the order of time. The requests of some are still
  /// to come.
  func cancels(of queue: String) -> [(run: String, given: Given)] {
    cancels.values.filter { $0.queue == queue }.map { ($0.run, $0.given) }
      .sorted { ($0.given.at, $0.run) < ($1.given.at, $1.run) }
  }

  /// The order that keeps it paused at this moment.
  func order(_ target: Target, now: Timestamp) -> (given: Given, until: Timestamp?)? {
    guard let given = orders[target] else { return nil }
    switch given.order.action {
    case .pause(let until), .pauseJob(_, let until): return until.map({ now < $0 }) ?? true ? (given, until) : nil
    case .resume, .resumeJob, .cancel, .uncancel, .acceptLoss: return nil
    }
  }

  /// `queue nightly is paused by ada@host at 2026-11-24T01:29:00.000Z: index rebuild`, and how it ends.
  func words(_ target: Target, now: Timestamp) -> String? {
    guard let (given, until) = order(target, now: now) else { return nil }
    let resume = "`baton resume \(name(target))`"
    let end = until.map { "until \($0), or \(resume)" } ?? "until \(resume)"
    return "\(target.words) is paused \(given.words) (\(end))"
  }

  /// As `baton resume` takes it.
  private func name(_ target: Target) -> String {
    switch target {
    case .queue(let name): sharedNames.contains(name) ? "queue/\(name)" : name
    case .job(let name): sharedNames.contains(name) ? "job/\(name)" : name
    }
  }

  func facts(_ target: Target, now: Timestamp) -> JSONValue? {
    guard let (given, until) = order(target, now: now) else { return nil }
    var facts = given.facts
    if let until { facts["until"] = .string(until.description) }
    return .object(facts)
  }

  /// Why a queue stands still until a person decides: `stands still (GREEN, 3 min ago): …`; the message names the queue.
  func standstill(of queue: String, now: Timestamp) -> String? {
    guard let problem = problems[queue] else { return nil }
    let since = formatRelative(milliseconds: problem.time.milliseconds, now: now.milliseconds)
    return "stands still (\(printable(problem.worker)), \(since)): "
      + printable(problem.message, keepsLines: true)
  }

  /// - Throws: `CommandError` for a job that is paused: its requests would be skipped.
  func checkIsNotPaused(job: String) throws {
    guard let words = words(.job(job), now: .now) else { return }
    throw CommandError("\(words): the request would be skipped")
  }
}
