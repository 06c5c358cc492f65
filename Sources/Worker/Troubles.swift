import KafkaLog
import Synchronization
import Telemetry

/// What does not work at the moment: each trouble is said once when it begins and once when it is over, however often
/// it is met between.
final class Troubles: Sendable {
  /// What a trouble is about.
  enum Subject: Hashable, Sendable {
    case kafka
    case orders
    case history(queue: String)
    case events(queue: String)
    case publications(queue: String)
    case checkpoints(queue: String)

    /// What is said when it is over.
    fileprivate var relief: String {
      switch self {
      case .kafka: "Kafka can be reached again"
      case .orders: "the standing orders are followed again"
      case .history: "the queue's history is read"
      case .events: "the events are read"
      case .publications: "events are taken again"
      case .checkpoints: "checkpoints are taken again"
      }
    }

    fileprivate var queue: String? {
      switch self {
      case .kafka, .orders: nil
      case .history(let queue), .events(let queue), .publications(let queue), .checkpoints(let queue): queue
      }
    }
  }

  private struct State {
    var begun: [Subject: ContinuousClock.Instant] = [:]
    /// When a broker's address was last met among errors.
    var brokers: [Substring: ContinuousClock.Instant] = [:]
  }

  /// The library repeats an error that stays the same at least every half a minute.
  private static let quiet = Duration.seconds(60)

  private let logger: Logger
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  init(logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.logger = logger
    self.now = now
  }

  /// It is met (again).
  /// - Returns: whether it has just begun.
  @discardableResult
  func meet(_ subject: Subject, _ message: @autoclosure () -> String) -> Bool {
    let isNew = state.withLock { state in
      guard state.begun[subject] == nil else { return false }
      state.begun[subject] = now()
      return true
    }
    say(message(), of: subject.queue, at: isNew ? .warning : .debug)
    return isNew
  }

  /// It works.
  func end(_ subject: Subject) {
    guard let since = state.withLock({ $0.begun.removeValue(forKey: subject) }) else { return }
    let milliseconds = (now() - since) / .milliseconds(1)
    say("\(subject.relief), after \(Int(milliseconds)) ms", of: subject.queue, at: .info)
  }

  /// It is of no interest any more, whether it works or not.
  func forget(_ subject: Subject) { state.withLock { $0.begun[subject] = nil } }

  /// A client of the library has lost one broker, which it goes on trying by itself.
  func meetBroker(_ error: KafkaError) {
    let address = Troubles.address(error.message)
    let isNew = state.withLock { state in
      let moment = now()
      defer { state.brokers[address] = moment }
      return state.brokers[address].map { moment - $0 > Troubles.quiet } ?? true
    }
    say("\(error)", of: nil, at: isNew ? .warning : .debug)
  }

  /// `10.0.0.1:9092` of `GroupCoordinator: sasl_ssl://10.0.0.1:9092/2: Connect to … failed: …`.
  static func address(_ message: String) -> Substring {
    let parts = message.split(separator: ": ", omittingEmptySubsequences: false)
    var part = parts.first { $0.contains(":") && !$0.contains(" ") } ?? parts.first ?? ""
    if let scheme = part.firstRange(of: "://") { part = part[scheme.upperBound...] }
    return part.prefix { $0 != "/" }
  }

  private func say(_ message: String, of queue: String?, at level: LogLevel) {
    if let queue { logger.log(level, message, ["queue": queue]) } else { logger.log(level, message) }
  }
}
