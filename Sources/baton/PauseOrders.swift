import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// The pauses that hold now, as the control topic has them.
struct PauseOrders: Sendable {
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

  /// - Throws: `KafkaError`.
  static func load(_ context: Context, _ reader: LogReader) async throws -> PauseOrders {
    var pauses = PauseOrders()
    let partition = TopicPartition(topic: context.configuration.controlTopic, partition: 0)
    let bounds = try await reader.bounds(of: partition)
    let records = reader.records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await records.next() {
      for record in batch {
        // What is no order here, a worker has told of.
        guard case .order(let message)? = try? ControlCodec.read(record.raw) else { continue }
        switch message.order.action {
        case .pause: pauses.orders[.queue(message.queue)] = message.order
        case .resume: pauses.orders[.queue(message.queue)] = nil
        case .pauseJob(let job, _): pauses.orders[.job(job)] = message.order
        case .resumeJob(let job): pauses.orders[.job(job)] = nil
        case .cancel, .acceptLoss: break
        }
      }
    }
    return pauses
  }

  /// The order that keeps it paused at this moment.
  func order(_ target: Target, now: Timestamp) -> (order: StandingOrder, until: Timestamp?)? {
    guard let order = orders[target] else { return nil }
    switch order.action {
    case .pause(let until), .pauseJob(_, let until): return until.map({ now < $0 }) ?? true ? (order, until) : nil
    case .resume, .resumeJob, .cancel, .acceptLoss: return nil
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
