import Dispatch
import KafkaLog
import Worker

/// How long runs of a job usually take: the median of the last successful ones.
struct UsualDurations: Sendable {
  private var milliseconds: [String: Int64] = [:]

  /// How many runs of a job are looked at.
  static let runsMax = 15
  /// How far back they are looked for.
  static let windowMilliseconds: Int64 = 30 * 86_400_000

  /// Adds what a queue's runs tell of their jobs.
  mutating func add(_ snapshot: QueueSnapshot, now: Timestamp) {
    var durations: [String: [Int64]] = [:]
    for run in snapshot.ledger.ordered.reversed() where run.status == .succeeded {
      guard let job = run.job, durations[job, default: []].count < Self.runsMax, let took = run.took(now: now) else {
        continue
      }
      durations[job, default: []].append(max(0, took))
    }
    for (job, found) in durations { milliseconds[job] = Self.median(found) }
  }

  /// Reads the queues' last runs.
  static func load(_ queues: some Sequence<String>, _ context: Context, _ reader: LogReader) async throws -> Self {
    var durations = UsualDurations()
    let now = Timestamp.now
    for queue in Set(queues).sorted() {
      let snapshot = try await context.reading(queue) {
        try await QueueSnapshot.load(queue, since: now + -windowMilliseconds, context, reader)
      }
      // Where a topic is missing, nothing has run.
      if case .success(let snapshot) = snapshot { durations.add(snapshot, now: now) }
    }
    return durations
  }

  /// In milliseconds; nil for a job that has not succeeded lately.
  func usual(_ job: String) -> Int64? { milliseconds[job] }

  private static func median(_ numbers: [Int64]) -> Int64 {
    let sorted = numbers.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
