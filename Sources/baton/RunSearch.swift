import Dispatch
import KafkaLog
import Worker

/// Looks for a run in a queue from the end of its log backwards, and keeps nothing of other runs: what is asked for at
/// night is mostly of that night, and the log holds months.
struct RunSearch: Sendable {
  /// How far back it is looked for at first, then further, in milliseconds; at last in all that the log has.
  static let spans: [Int64] = [86_400_000, 7 * 86_400_000]
  /// An event's time may be before its request's by as much as the clocks of two brokers differ.
  static let marginMilliseconds: Int64 = 3_600_000

  private let id: String
  private var snapshot: QueueSnapshot
  /// All requests from here on were looked at.
  private var looked: Int64

  init(_ id: String, _ queue: String, _ context: Context, _ reader: LogReader) async throws {
    self.id = id
    snapshot = try await QueueSnapshot.open(queue, context, reader)
    looked = snapshot.requests.end
  }

  /// The run, if it was asked for since a moment; nil for that since the log's start.
  mutating func find(
    since: Timestamp?, _ context: Context, _ reader: LogReader
  ) async throws -> (QueueSnapshot, RunRecord)? {
    var from = snapshot.requests.start
    if let since { from = try await snapshot.requestsOffset(since, context, reader) }
    try await look(from: from, context, reader)
    guard var first = snapshot.ledger.first(run: id)?.queued else { return nil }
    // The first request of an id is the run, the later ones are its duplicates: each is at most the queue's window after it.
    let window = context.configuration.queues[snapshot.queue]?.deduplicationMilliseconds ?? 0
    while true {
      try await look(
        from: try await snapshot.requestsOffset(first.appended + -window, context, reader), context, reader)
      guard let earlier = snapshot.ledger.first(run: id)?.queued, earlier.offset < first.offset else { break }
      first = earlier
    }
    let events = try await snapshot.eventsOffset(first.appended + -Self.marginMilliseconds, context, reader)
    try await snapshot.readEvents(from: events, of: [id], context, reader)
    guard let run = snapshot.ledger.first(run: id) else { return nil }
    if case .skipped(.duplicate(of: id, let at))? = run.end?.ended.end, at < run.request {
      // The one that it is a duplicate of is older, by a wider window of then, or gone from the log.
      try await look(from: snapshot.requests.start, context, reader)
      return try await fromEvents(context, reader)
    }
    return (snapshot, run)
  }

  /// The run, of which the log may have only events.
  mutating func fromEvents(_ context: Context, _ reader: LogReader) async throws -> (QueueSnapshot, RunRecord)? {
    // An event that is read twice would count twice.
    var whole = snapshot
    whole.ledger = RunLedger()
    for run in snapshot.ledger.ordered {
      if let queued = run.queued { whole.ledger.apply(queued) }
    }
    try await whole.readEvents(from: whole.events.start, of: [id], context, reader)
    snapshot = whole
    return whole.ledger.first(run: id).map { (whole, $0) }
  }

  private mutating func look(from: Int64, _ context: Context, _ reader: LogReader) async throws {
    guard from < looked else { return }
    try await snapshot.readRequests(from..<looked, of: [id], context, reader)
    looked = from
  }
}

/// Finds a run by its id in one of the queues; of several that are further apart than a queue remembers ids, the latest.
/// - Throws: `CommandError` if no queue has it.
func findRun(
  _ id: String, _ context: Context, _ reader: LogReader, now: Timestamp = .now
) async throws -> (QueueSnapshot, RunRecord) {
  var searches: [RunSearch] = []
  var missing: MissingTopic?
  for queue in context.configuration.queueOrder {
    // A queue without topics has no runs.
    switch try await context.reading(queue, { try await RunSearch(id, queue, context, reader) }) {
    case .success(let search): searches.append(search)
    case .failure(let topic): missing = topic
    }
  }
  if searches.isEmpty, let missing { throw missing }
  for moment in RunSearch.spans.map({ now + -$0 }) + [nil] {
    for index in searches.indices {
      if let found = try await searches[index].find(since: moment, context, reader) { return found }
    }
  }
  for index in searches.indices {
    if let found = try await searches[index].fromEvents(context, reader) { return found }
  }
  throw CommandError(
    "there is no run '\(id)' in the queues \(context.configuration.queueOrder.joined(separator: ", "))",
    remedy: "`baton runs` lists them.")
}
