import Dispatch

/// What can be taken away to prove that the simulation would notice.
public enum Protection: String, Sendable, Hashable, CaseIterable {
  /// A chunk is acknowledged only after its checkpoint is committed.
  case acknowledgesAfterCheckpoint = "acknowledges-after-checkpoint"
  /// The offset is committed only after the run is complete.
  case commitsAfterCompletion = "commits-after-completion"
  /// An attempt begins at the checkpoint of the one before.
  case resumesFromCheckpoint = "resumes-from-checkpoint"
  /// An id that is taken is not run again.
  case deduplicates
  /// The first request that waits is the first to start.
  case startsInOrder = "starts-in-order"
  /// Fetching pauses while enough waits in memory.
  case boundsWaiting = "bounds-waiting"
  /// A new owner reads what was published before it.
  case readsHistory = "reads-history"
  /// A suspended attempt goes on only if the committed checkpoint is its own.
  case checksCheckpointOnReturn = "checks-checkpoint-on-return"
  /// What others published just before an attempt's start is read before the attempt begins.
  case checksGap = "checks-gap"
  /// The runner is started only after the coordinator has taken the attempt's token.
  case startsAfterCommit = "starts-after-commit"
  /// Who finds an end that was not yet passed publishes again what follows on it.
  case repeatsFollowers = "repeats-followers"
  /// The sink refuses a token lower than one that it has accepted.
  case sinkFences = "sink-fences"
  /// The coordinator takes commits only from members of the present generation.
  case coordinatorFences = "coordinator-fences"

  /// The promise that falls with it.
  public var invariant: Invariant {
    switch self {
    case .sinkFences, .coordinatorFences, .checksCheckpointOnReturn, .startsAfterCommit: .oneRunner
    case .deduplicates, .readsHistory, .checksGap, .repeatsFollowers: .nothingLost
    case .startsInOrder: .order
    case .commitsAfterCompletion: .commitAfterCompletion
    case .acknowledgesAfterCheckpoint, .resumesFromCheckpoint: .boundedRepeat
    case .boundsWaiting: .boundedMemory
    }
  }

  /// Takes it out of a machine; those of the sink and the coordinator are not its matter.
  func remove(from protections: inout QueueMachine.Protections) {
    switch self {
    case .acknowledgesAfterCheckpoint: protections.acknowledgesAfterCheckpoint = false
    case .commitsAfterCompletion: protections.commitsAfterCompletion = false
    case .resumesFromCheckpoint: protections.resumesFromCheckpoint = false
    case .deduplicates: protections.deduplicates = false
    case .startsInOrder: protections.startsInOrder = false
    case .boundsWaiting: protections.boundsWaiting = false
    case .readsHistory: protections.readsHistory = false
    case .checksCheckpointOnReturn: protections.checksCheckpointOnReturn = false
    case .checksGap: protections.checksGap = false
    case .startsAfterCommit: protections.startsAfterCommit = false
    case .repeatsFollowers: protections.repeatsFollowers = false
    case .sinkFences, .coordinatorFences: break
    }
  }
}

/// The promises, numbered as in the documentation.
public enum Invariant: Int, Sendable, Hashable, CaseIterable {
  /// After a sink has accepted a write under token `t`, it accepts none under a lower one.
  case oneRunner = 1
  /// Every acknowledged request reaches exactly one end.
  case nothingLost = 2
  /// Runs of a queue start in log order.
  case order = 3
  /// The committed offset never passes a request that has no end.
  case commitAfterCompletion = 4
  /// A crash repeats at most one chunk of one run.
  case boundedRepeat = 5
  /// What waits in memory, and what a runner holds, does not grow with the log or the table.
  case boundedMemory = 6
  /// Each nominal fire of a schedule gives exactly one run, or what the job's policy says of missed ones.
  case eachFireOnce = 7

  /// The promise's name.
  public var name: String {
    switch self {
    case .oneRunner: "one runner"
    case .nothingLost: "nothing lost"
    case .order: "order"
    case .commitAfterCompletion: "commit after completion"
    case .boundedRepeat: "bounded repeat"
    case .boundedMemory: "bounded memory"
    case .eachFireOnce: "each fire once"
    }
  }
}

/// A promise that was broken, and when.
public struct Violation: Error, Sendable, Hashable {
  public var invariant: Invariant
  /// What was seen, in words.
  public var message: String
  /// The number of steps taken until then, and the virtual time in milliseconds.
  public var step: Int
  public var milliseconds: Int64
}
