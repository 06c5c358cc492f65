/// Decides everything for one queue: what is run, skipped or dead-lettered, when a checkpoint is taken, what a lost
/// partition or a refused commit means.
///
/// Sans-IO: `handle` takes an input and the time and answers with commands; the Worker executes them and reports back
/// with further inputs. Equal inputs give equal commands, so a simulation can replay any history.
/// The state diagram is in ARCHITECTURE.md.
public struct QueueMachine: Sendable {
  public let queue: String
  /// The name of the worker that this machine decides for; it goes into the events.
  public let worker: String
  let settings: Settings
  let jobs: [String: Job]
  package var protections = Protections()

  /// Where the machine stands.
  public internal(set) var state: State = .unassigned
  /// The first request without an end: where the committed offset stands, or is about to.
  public internal(set) var next: Int64 = 0
  /// The checkpoint of the run at `next`, if it was begun and is not running now.
  var checkpoint: Checkpoint?
  /// The value of that checkpoint's cursor.
  var cursorValue: String?
  /// Requests that were fetched and have no decision yet, bounded by `settings`.
  package internal(set) var waiting: [QueuedRequest] = []
  package internal(set) var waitingBytes = 0
  var fetchNext: Int64 = 0
  var isFetchPaused = false
  /// The log no longer holds the position that was to be fetched next.
  var isFetchBroken = false
  /// The offset after the last request of the log, as far as was seen.
  var requestsEnd: Int64 = 0
  /// The offset after the last event that was seen, and where events begin that others wrote since.
  var eventsNext: Int64 = 0
  var gapFrom: Int64?
  var digest = EventDigest(floor: 0)
  var taken = TakenIDs()
  var pause: StandingOrder?
  var cancels: [String: StandingOrder] = [:]
  /// By the job's name.
  var pausedJobs: [String: StandingOrder] = [:]
  /// The committed offset as it was found; nil if there was none.
  var foundAt: Int64?
  /// The last order to accept a loss; whether it still applies is told by what happened since.
  var lossOrder: StandingOrder?
  /// The moment by which the queue must be let go, once that was asked for.
  var handover: Timestamp?
  /// Tokens of attempts that this machine itself gave up: finding such a checkpoint later is no crash.
  var abandoned: Set<Int64> = []
  /// What the last commit's metadata says of where the events begin.
  var eventsFrom: Int64 = 0
  var lastTicket: Int64 = 0
  /// The ticket of the last reading of the history: what was published before it is as another's.
  var historyTicket: Int64 = 0
  var retries = 0
  var random: SplitMix64

  /// - Parameters:
  ///   - jobs: all jobs of the configuration, by name; a request for any other is dead-lettered.
  ///   - seed: for the jitter of retries.
  public init(queue: String, worker: String, jobs: [String: Job], settings: Settings = Settings(), seed: UInt64) {
    self.queue = queue
    self.worker = worker
    self.jobs = jobs
    self.settings = settings
    self.random = SplitMix64(seed: seed)
  }

  /// Bounds and durations; the defaults are what the documentation states.
  public struct Settings: Sendable, Hashable {
    /// How long an id or a deduplication key stays taken, by log-append time.
    public var deduplicationMilliseconds: Int64 = 36 * 3_600_000
    /// The same of other queues, where it is another.
    public var deduplicationElsewhere: [String: Int64] = [:]
    /// How long a standing order may take to reach every worker.
    public var orderMilliseconds: Int64 = 5_000
    /// Requests held in memory before they are decided on.
    public var waitingRequestsMax = 64
    public var waitingBytesMax = 1 << 20
    /// Requests that may be ended in one batch.
    public var turnRequestsMax = 100
    /// A cursor whose JSON text is longer goes into an event: a broker takes 4,096 bytes of metadata by default.
    public var cursorBytesMax = 2_500
    /// How long an attempt waits for its queue to come back.
    public var suspensionMilliseconds: Int64 = 30_000
    /// First and longest pause before a refused commit or publication is tried again.
    public var retryMilliseconds: Int64 = 50
    public var retryMillisecondsMax: Int64 = 1_000
    /// The least time between two progress events of a run.
    public var progressMilliseconds: Int64 = 2_000

    public init() {}
  }

  /// The protections that make the promise hold. The simulation removes one at a time to prove that it would notice.
  package struct Protections: Sendable, Hashable {
    package var acknowledgesAfterCheckpoint = true
    package var commitsAfterCompletion = true
    package var resumesFromCheckpoint = true
    package var deduplicates = true
    package var startsInOrder = true
    package var boundsWaiting = true
    package var readsHistory = true
    package var checksCheckpointOnReturn = true
    package var checksGap = true
    package var startsAfterCommit = true
    package var repeatsFollowers = true

    package init() {}
  }

  /// The states; every input is defined in each.
  public enum State: Sendable, Hashable {
    /// The queue is another worker's, or nobody's.
    case unassigned
    /// It is ours; what happened before is being read. An attempt may be waiting to learn whether it may go on.
    case readingHistory(ticket: Int64, resuming: Running?)
    /// Nothing waits.
    case idle
    /// A request waits and may not start yet.
    case holding(Hold)
    /// Ends are being published and committed, together with the start of the next attempt.
    case turning(Turn)
    case running(Running)
    /// The queue was lost under a running attempt; its runner is kept, blocked on its acknowledgement.
    case suspended(Running)
    /// Standing still until a person decides.
    case stopped(QueueProblem)
  }

  /// Why the first waiting request may not start.
  public enum Hold: Sendable, Hashable {
    case paused(until: Timestamp?)
    case notBefore(Timestamp)
    case backoff(Timestamp)
    /// Its job is paused, but a scheduler has just proposed it: the order to resume may be on its way.
    case orders(until: Timestamp)

    var until: Timestamp? {
      switch self {
      case .paused(let until): until
      case .notBefore(let moment), .backoff(let moment), .orders(let moment): moment
      }
    }
  }

  /// One attempt at a run: what its checkpoint is made of.
  public struct Attempt: Sendable, Hashable {
    public var queued: QueuedRequest
    public var run: String
    public var job: Job
    public var params: [String: JSONValue]
    public var number: Int
    public var cause: Event.AttemptStarted.Cause
    public var token: Int64 = -1
    public var cursor: Checkpoint.Cursor
    public var cursorValue: String?
    public var rows: Int64
    public var chunks: Int
    public var attemptChunks = 0
    public var failures: Int
    public var crashes: Int

    func checkpoint(_ phase: Checkpoint.Phase) -> Checkpoint {
      Checkpoint(
        run: run, attempt: number, token: token, phase: phase, cursor: cursor, rows: rows, chunks: chunks,
        attemptChunks: attemptChunks, failures: failures, crashes: crashes)
    }

    var progress: Event.Progress {
      Event.Progress(
        attempt: number, token: token, rows: rows, chunks: chunks,
        cursor: (cursorValue?.utf8.count ?? 0) <= 1_000 ? cursorValue : nil)
    }
  }

  /// A batch on its way: published, then committed.
  public struct Turn: Sendable, Hashable {
    public var publications: [Publication] = []
    /// The offset to commit.
    public var next: Int64
    /// The attempt whose start is the last publication.
    public var start: Attempt?
    /// The attempt that failed and is tried again: its checkpoint goes into the commit.
    public var failed: Attempt?
    public var retryAt: Timestamp?
    public var step = Step.publishing(ticket: 0)
    var isCommittedAsHandover = false
    /// Runs that this batch passes, of which an earlier owner has published the end.
    var found: [String] = []
    /// Committed even if nothing was decided: the queue has no committed offset, and a later loss must be noticed.
    var setsPosition = false
    /// The token of the attempt that ended in this batch.
    var endedToken: Int64?
    var hasUnknownOwnership = false

    /// Where the batch is.
    public enum Step: Sendable, Hashable {
      case publishing(ticket: Int64)
      /// Others wrote events in between; they are being read.
      case checking(ticket: Int64)
      case storingCursor(ticket: Int64)
      case committing(ticket: Int64)
      case waitingToPublish
      case waitingToCommit
    }
  }

  /// An attempt whose runner was started.
  public struct Running: Sendable, Hashable {
    public var attempt: Attempt
    public var commit = Commit.none
    /// The chunk that is in the sink and not yet acknowledged.
    public var report: ChunkProgress?
    /// Since when its acknowledgement is awaited: an outage is not the runner's time.
    var reportedAt: Timestamp?
    /// What the runner ended with, while a commit is still awaited.
    public var outcome: RunnerOutcome?
    public var stop: Stop?
    /// When the attempt is stopped for taking too long.
    var deadline: Timestamp?
    var progressed: Timestamp
    var hasUnknownOwnership = false
    /// The events were read because the sink has refused its token.
    var hasLookedForOthers = false

    /// The checkpoint's commit.
    public enum Commit: Sendable, Hashable {
      case none
      case storingCursor(ticket: Int64)
      case inFlight(ticket: Int64, isHandover: Bool)
      /// Refused or unanswered; to be tried again.
      case pending
    }

    /// Why the runner was told to end.
    public enum Stop: Sendable, Hashable {
      case handover
      case cancelled(StandingOrder)
      case timedOut
    }
  }
}

/// Sebastiano Vigna's SplitMix64: small, seedable, and enough for jitter and simulation.
public struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
