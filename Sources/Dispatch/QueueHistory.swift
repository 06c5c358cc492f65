/// What a new owner reads of a queue before it does anything: the answer to `Command.readHistory`.
public struct QueueHistory: Sendable {
  /// The group's committed offset; nil for a new group, or one that the broker has forgotten.
  public var committed: Committed?
  /// The offsets that the requests topic holds now: the first one, and the one after the last.
  public var requestsStart: Int64
  public var requestsEnd: Int64
  /// The offset after the last event that was read.
  public var eventsEnd: Int64
  /// The requests before the committed offset, back to the start of the deduplication window, in log order.
  public var taken: [TakenRequest]
  public var digest: EventDigest
  /// The cursor that the checkpoint only refers to, if the events still hold it.
  public var storedCursor: String?

  public init(
    committed: Committed?, requestsStart: Int64, requestsEnd: Int64, eventsEnd: Int64, taken: [TakenRequest] = [],
    digest: EventDigest, storedCursor: String? = nil
  ) {
    self.committed = committed
    self.requestsStart = requestsStart
    self.requestsEnd = requestsEnd
    self.eventsEnd = eventsEnd
    self.taken = taken
    self.digest = digest
    self.storedCursor = storedCursor
  }

  /// A committed offset; its metadata is nil where somebody else's tool has set it.
  public struct Committed: Sendable, Hashable {
    public var offset: Int64
    public var metadata: CommitMetadata?

    public init(offset: Int64, metadata: CommitMetadata? = nil) {
      self.offset = offset
      self.metadata = metadata
    }
  }
}

/// A request that was read before: its id and key are taken.
public struct TakenRequest: Sendable, Hashable {
  public var id: String
  public var deduplicationKey: String?
  public var offset: Int64
  public var appended: Timestamp

  public init(id: String, deduplicationKey: String? = nil, offset: Int64, appended: Timestamp) {
    self.id = id
    self.deduplicationKey = deduplicationKey
    self.offset = offset
    self.appended = appended
  }
}

/// The fold of a queue's events, as far as they concern requests from a certain offset on.
public struct EventDigest: Sendable, Hashable {
  /// Events about requests below this offset count only for what they cover.
  public private(set) var floor: Int64
  /// For each ended request the end that counts: of several, the one with the highest token.
  public private(set) var ends: [Int64: End] = [:]
  /// Each request that was begun: while it has no end, or while it may cover a twin that waited.
  public private(set) var begun: [Int64: Begun] = [:]
  /// The last loss that a person accepted.
  public private(set) var loss: AcceptedLoss?

  /// - Parameter floor: the committed offset, or the start of the requests topic.
  public init(floor: Int64) { self.floor = floor }

  /// A loss that was accepted, and the event that says so.
  public struct AcceptedLoss: Sendable, Hashable {
    public var requests: Range<Int64>
    public var event: Int64
    /// Runs have begun or ended since, so what follows from it was committed.
    public var isPast = false
  }

  /// What is known of a request's end.
  public struct End: Sendable, Hashable {
    public var run: String
    public var job: String?
    public var token: Int64
    public var isSuccess: Bool
    /// When the log took it.
    public var appended: Timestamp
  }

  /// What is known of a request that was begun.
  public struct Begun: Sendable, Hashable {
    public var run: String
    public var attempt: Int
    public var token: Int64
    /// The first attempt's token, of those that were seen.
    public internal(set) var firstToken = Int64.max
    public var failures: Int
    public var crashes: Int
    public var rows: Int64
    public var chunks = 0
    public var cursor: String?
    /// The attempt that failed last, and when the next one is due.
    public var failed: Event.AttemptFailed?
    /// The smallest that any first attempt stated: the one that may be relied on, whichever of them it was that ran.
    public var waitingThrough: Int64
    public var twin: String?
    public var hasEnded = false
  }

  /// Adds an event. Events are added in log order.
  /// - Parameter appended: when the log took it, or a moment shortly after.
  public mutating func apply(_ event: Event, at offset: Int64, appended: Timestamp) {
    let request = event.request
    switch event.body {
    case .attemptStarted, .ended: loss?.isPast = true
    case .progressed, .cursorStored, .attemptFailed, .handedOver, .lossAccepted: break
    }
    switch event.body {
    case .attemptStarted(let start):
      var begun =
        begun[request]
        ?? Begun(
          run: event.run, attempt: 0, token: 0, failures: 0, crashes: 0, rows: 0,
          waitingThrough: start.waitingThrough, twin: start.twin)
      begun.attempt = max(begun.attempt, start.attempt)
      begun.token = max(begun.token, offset)
      begun.firstToken = min(begun.firstToken, offset)
      begun.failures = max(begun.failures, start.failures)
      begun.crashes = start.crashes
      begun.rows = max(begun.rows, start.rows)
      begun.waitingThrough = min(begun.waitingThrough, start.waitingThrough)
      keep(begun, for: request)
    case .progressed(let progress), .handedOver(let progress):
      guard var begun = begun[request] else { return }
      begun.rows = progress.rows
      begun.chunks = progress.chunks
      if let cursor = progress.cursor { begun.cursor = cursor }
      keep(begun, for: request)
    case .cursorStored(_, _, let cursor):
      begun[request]?.cursor = cursor
    case .attemptFailed(let failed):
      guard var begun = begun[request] else { return }
      if begun.failed?.token != failed.token { begun.failures += 1 }
      begun.failed = failed
      keep(begun, for: request)
    case .ended(let ended):
      if request >= floor { note(ended, of: event, appended) }
      if ended.attempt == 0 {
        // It never ran, whatever an owner that was too late says of it.
        begun[request] = nil
      } else if case .cancelled = ended.end {
        begun[request] = nil
      } else if var begun = begun[request] {
        begun.hasEnded = true
        // What waited before that attempt is not known: only a later start was seen, of an owner that was too late.
        if ended.token < begun.firstToken { begun.twin = nil }
        keep(begun, for: request)
      }
    case .lossAccepted(let from, let to, _):
      loss = AcceptedLoss(requests: from..<max(from, to), event: offset)
      // Whatever comes to have these offsets is another request.
      begun = begun.filter { $0.key < from || $0.key >= to }
      ends = ends.filter { $0.key < from || $0.key >= to }
    }
  }

  private mutating func note(_ ended: Event.Ended, of event: Event, _ appended: Timestamp) {
    // An end of another run is of a request that had this offset before the topic was made anew.
    if let end = ends[event.request], end.run == event.run, end.token >= ended.token { return }
    let isSuccess = if case .succeeded = ended.end { true } else { false }
    ends[event.request] = End(
      run: event.run, job: event.job, token: ended.token, isSuccess: isSuccess, appended: appended)
  }

  /// Forgets what is told of another run than the request that has this offset now: of one that had it before the topic
  /// was deleted and made again, whose events are still there.
  mutating func forgetOthers(at offset: Int64, than run: String) {
    if let end = ends[offset], end.run != run { ends[offset] = nil }
    if let begun = begun[offset], begun.run != run { self.begun[offset] = nil }
  }

  private mutating func keep(_ begun: Begun, for request: Int64) {
    let coversSomething = begun.twin != nil && begun.waitingThrough > request && begun.waitingThrough >= floor
    self.begun[request] = coversSomething || !begun.hasEnded ? begun : nil
  }

  /// Forgets what concerns only requests below `offset`.
  public mutating func raiseFloor(to offset: Int64) {
    guard offset > floor else { return }
    floor = offset
    if !ends.isEmpty { ends = ends.filter { $0.key >= offset } }
    if !begun.isEmpty {
      begun = begun.filter { request, begun in
        request >= offset || (begun.twin != nil && begun.waitingThrough >= offset)
      }
    }
  }

  /// The run that covers a request with this twin key at this offset: a twin that waited before it, and began after it came.
  public func cover(twin: String, at offset: Int64) -> (run: String, request: Int64)? {
    var found: (run: String, request: Int64)?
    for (request, begun) in begun
    where begun.hasEnded && begun.twin == twin && request < offset && begun.waitingThrough >= offset {
      if found == nil || request < found!.request { found = (begun.run, request) }
    }
    return found
  }
}

/// The ids and keys that are taken inside the deduplication window.
///
/// An id is taken if any earlier request inside the window before the asking one has it, itself a duplicate or not: that
/// can be told from the log alone, so an owner who read the window back decides as one who was there all along.
struct TakenIDs: Sendable {
  /// The earliest and the latest request that are known to have the id or the key.
  private struct Holder {
    var first: Taken
    var latest: Taken
  }

  private struct Taken {
    var offset: Int64
    var appended: Timestamp
    var id: String
  }

  private var ids: [String: Holder] = [:]
  private var keys: [String: Holder] = [:]
  private var order: [TakenRequest] = []
  private var forgotten = 0

  var count: Int { order.count - forgotten }

  mutating func take(_ request: TakenRequest) {
    // An attempt that is tried again takes its id again.
    if let last = order.last, forgotten < order.count, last.offset >= request.offset { return }
    let taken = Taken(offset: request.offset, appended: request.appended, id: request.id)
    ids[request.id, default: Holder(first: taken, latest: taken)].latest = taken
    if let key = request.deduplicationKey { keys[key, default: Holder(first: taken, latest: taken)].latest = taken }
    order.append(request)
  }

  /// The earlier request with the id, or else with the key, appended at the moment or after.
  func earlier(id: String, key: String?, than offset: Int64, since moment: Timestamp) -> (id: String, offset: Int64)? {
    for holder in [ids[id], key.flatMap { keys[$0] }] {
      guard let holder else { continue }
      for taken in [holder.first, holder.latest] where taken.offset < offset && taken.appended >= moment {
        return (taken.id, taken.offset)
      }
    }
    return nil
  }

  /// Where the latest request with this id is.
  func latest(id: String) -> Int64? { ids[id]?.latest.offset }

  /// Forgets the requests that were appended before the moment.
  mutating func forget(before moment: Timestamp) {
    while forgotten < order.count, order[forgotten].appended < moment {
      let request = order[forgotten]
      TakenIDs.forget(request.offset, under: request.id, in: &ids)
      if let key = request.deduplicationKey { TakenIDs.forget(request.offset, under: key, in: &keys) }
      forgotten += 1
    }
    if forgotten > 1_000, forgotten * 2 > order.count {
      order.removeFirst(forgotten)
      forgotten = 0
    }
  }

  private static func forget(_ offset: Int64, under name: String, in holders: inout [String: Holder]) {
    guard let holder = holders[name], holder.first.offset <= offset else { return }
    if holder.latest.offset <= offset { holders[name] = nil } else { holders[name]?.first = holder.latest }
  }
}

/// What an operator should look at, though the queue goes on.
public enum QueueWarning: Sendable, Hashable {
  /// A run was found ended and not passed, too late to ask again for what follows on it: its deduplication window is
  /// over, or its request is gone from the log.
  case followersUnknown(run: String, ended: Timestamp, jobs: [String])

  /// What has happened and what to do, for the operator.
  public var message: String {
    switch self {
    case .followersUnknown(let run, let ended, let jobs):
      "run \(run) succeeded at \(ended), and its offset was not committed then: whether \(jobs.joined(separator: ", ")) was "
        + "asked for after it cannot be told any more. Look with `baton show \(run)`, and enqueue what is missing"
    }
  }
}

/// Why a queue stands still until a person decides.
public enum QueueProblem: Sendable, Hashable {
  /// Requests that have no end are gone from the log.
  case requestsLost(from: Int64, to: Int64, unended: Int64)
  /// The committed offset lies beyond the log's end.
  case offsetBeyondLog(committed: Int64, end: Int64)
  /// The events no longer hold the cursor that the checkpoint refers to.
  case storedCursorMissing(run: String, event: Int64)
  /// The broker does not take what must be published.
  case publishRefused(String)
  /// The broker does not take the checkpoint's metadata, although no cursor is in it.
  case checkpointRefused(run: String?)
  /// Another worker of the same name has taken the place of this one.
  case fenced(String)

  /// What has happened and how to go on, for the operator.
  public func message(queue: String) -> String {
    switch self {
    case .requestsLost(let from, let to, let unended):
      "queue '\(queue)': the requests at offsets \(from) to \(to - 1) are gone from the log, and \(unended) of them had "
        + "no end (retention, or deleted records). Nothing is skipped in silence: look at `baton runs --queue \(queue)`, "
        + "enqueue again what is still needed, then go on with `baton resume \(queue) --accept-loss-below \(to)`"
    case .offsetBeyondLog(let committed, let end):
      "queue '\(queue)': the committed offset \(committed) lies beyond the end of the requests topic (\(end)): the topic "
        + "was deleted and made again, or the cluster was restored. If it is empty or new, go on from its start with "
        + "`baton resume \(queue) --accept-loss-below \(committed)`"
    case .storedCursorMissing(let run, let event):
      "queue '\(queue)': run \(run) has its cursor in the event at offset \(event), which is gone from the events topic; "
        + "cancel the run with `baton cancel \(run)` and enqueue it again"
    case .publishRefused(let reason):
      "queue '\(queue)': the broker does not take what must be published: \(reason). Mend that, then "
        + "`baton resume \(queue)`"
    case .checkpointRefused(let run):
      "queue '\(queue)': the broker does not take the checkpoint\(run.map { " of run \($0)" } ?? ""), although no cursor is in "
        + "it: its `offset.metadata.max.bytes` is too small (4096 is Kafka's default and is enough). Nothing is lost, and the "
        + "run goes on at its last checkpoint: set it to 4096 on every broker, then `baton resume \(queue)`"
    case .fenced(let reason):
      "queue '\(queue)': another worker of this name has joined the group, so this one is out: \(reason). Give each "
        + "worker a name of its own (--name)"
    }
  }
}
