import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// The pauses that hold now, by queue, as the control topic has them.
struct PauseOrders: Sendable {
  private var orders: [String: StandingOrder] = [:]

  /// - Throws: `KafkaError`.
  static func load(_ context: Context, _ reader: LogReader) async throws -> PauseOrders {
    var pauses = PauseOrders()
    let partition = TopicPartition(topic: context.configuration.controlTopic, partition: 0)
    let bounds = try await reader.bounds(of: partition)
    let records = reader.records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await records.next() {
      for record in batch {
        guard let message = try? ControlCodec.decode(record.raw) else { continue }
        switch message.order.action {
        case .pause: pauses.orders[message.queue] = message.order
        case .resume: pauses.orders[message.queue] = nil
        case .cancel, .acceptLoss: break
        }
      }
    }
    return pauses
  }

  /// The order that keeps the queue paused at this moment.
  func order(_ queue: String, now: Timestamp) -> (order: StandingOrder, until: Timestamp?)? {
    guard let order = orders[queue], case .pause(let until) = order.action, until.map({ now < $0 }) ?? true else {
      return nil
    }
    return (order, until)
  }

  /// `queue nightly is paused by ada@host: index rebuild`, and how it ends.
  func words(_ queue: String, now: Timestamp) -> String? {
    guard let (order, until) = order(queue, now: now) else { return nil }
    let reason = order.reason.map { ": \($0)" } ?? ""
    let end = until.map { "until \($0), or `baton resume \(queue)`" } ?? "until `baton resume \(queue)`"
    return "queue \(queue) is paused by \(order.by)\(reason) (\(end))"
  }

  func facts(_ queue: String, now: Timestamp) -> JSONValue? {
    guard let (order, until) = order(queue, now: now) else { return nil }
    var facts: [String: JSONValue] = ["by": .string(order.by)]
    if let reason = order.reason { facts["reason"] = .string(reason) }
    if let until { facts["until"] = .string(until.description) }
    return .object(facts)
  }
}
