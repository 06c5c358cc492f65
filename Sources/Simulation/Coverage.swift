import Dispatch

/// How often each thing was reached, so that it can be seen that the simulation visits everything.
public struct Coverage: Sendable {
  /// The machine's states and inputs, in the order of the counts' rows and columns.
  public static let stateNames = [
    "unassigned", "readingHistory", "idle", "holding", "turning", "running", "suspended", "stopped",
  ]
  public static let inputNames = [
    "assigned", "historyRead", "historyFailed", "request", "offsetOutOfRange", "published", "publishFailed",
    "eventsRead", "committed", "commitRefused", "chunkReported", "runnerEnded", "revoked", "lost", "fenced", "control",
    "timer",
  ]

  /// A row a state, a column an input.
  public private(set) var pairs = [Int](repeating: 0, count: 8 * 17)
  public private(set) var branches = [Int](repeating: 0, count: Branch.allCases.count)
  public private(set) var faults: [String: Int] = [:]
  public private(set) var steps = 0

  init() {}

  /// Places in the machine, the group and the sink that a simulation worth its name must reach.
  public enum Branch: Int, Sendable, CaseIterable {
    case wentOnAfterSuspension, stoppedAfterSuspension, endFoundInGap, cursorStoredWhileRunning, cursorStoredInTurn
    case startedFirst, startedAfterFailure, startedAfterCrash, startedAfterHandover, startedAfterInterruption
    case resumedFromStoredCursor, startedInBatchWithEnd
    case heldPaused, heldNotBefore, heldBackoff, heldForOrders, fetchPaused, fetchResumed, fetchBroken
    case releasedIdle, releasedHolding, releasedTurning, releasedRunning, releasedReading, releasedStopped
    case handoverCommittedTwice, runnerStoppedAtDeadline, runnerTimedOut
    case cancelledRunning, cancelWithdrawn, commitLostInTurn, commitUnansweredInTurn, commitTooLargeInTurn
    case commitLostWhileRunning, commitUnansweredWhileRunning, commitTooLargeWhileRunning, commitFenced
    case publicationUnknown, publicationRefused, publicationUnknownOfCursor
    case suspensionExpired, ownershipUnknownTooLong, suspendedWhileReading
    case problemRequestsLost, problemOffsetBeyondLog, problemStoredCursorMissing, problemPublishRefused, problemFenced
    case problemCheckpointRefused
    case lossAccepted, offsetsForgottenFound
    case movedByRebalance, lostBetweenSteps, sinkRefused, rowsRepeated
    case endSucceeded, endUnreadable, endUnknownJob, endBadParams, endAttemptsUsedUp, endCrashesUsedUp, endNotRetriable
    case endDuplicate, endCovered, endExpired, endPaused, endCancelled
  }

  /// Adds another run's counts.
  public mutating func merge(_ other: Coverage) {
    for index in pairs.indices { pairs[index] += other.pairs[index] }
    for index in branches.indices { branches[index] += other.branches[index] }
    faults.merge(other.faults, uniquingKeysWith: +)
    steps += other.steps
  }

  /// How often the branch was reached.
  public func count(_ branch: Branch) -> Int { branches[branch.rawValue] }

  mutating func note(_ branch: Branch) { branches[branch.rawValue] += 1 }
  mutating func note(_ fault: Fault) { faults[fault.name, default: 0] += 1 }

  mutating func note(_ end: RunEnd) {
    switch end {
    case .succeeded: note(.endSucceeded)
    case .cancelled: note(.endCancelled)
    case .skipped(.duplicate): note(.endDuplicate)
    case .skipped(.covered): note(.endCovered)
    case .skipped(.expired): note(.endExpired)
    case .skipped(.paused): note(.endPaused)
    case .failed(let failure):
      switch failure.kind {
      case .unreadable: note(.endUnreadable)
      case .unknownJob: note(.endUnknownJob)
      case .badParams: note(.endBadParams)
      case .attemptsUsedUp: note(.endAttemptsUsedUp)
      case .crashesUsedUp: note(.endCrashesUsedUp)
      case .notRetriable: note(.endNotRetriable)
      }
    }
  }

  /// What must be remembered of the state before a step.
  struct Before {
    var state: Int
    var isResuming: Bool
    var isTurning: Bool
    var isRunning: Bool
  }

  mutating func note(_ state: QueueMachine.State, _ input: QueueMachine.Input) -> Before {
    let index = Coverage.index(state)
    pairs[index * 17 + Coverage.index(input)] += 1
    steps += 1
    let isResuming = if case .readingHistory(_, .some) = state { true } else { false }
    return Before(state: index, isResuming: isResuming, isTurning: index == 4, isRunning: index == 5)
  }

  static func stateName(_ state: QueueMachine.State) -> String { stateNames[index(state)] }

  static func index(_ state: QueueMachine.State) -> Int {
    switch state {
    case .unassigned: 0
    case .readingHistory: 1
    case .idle: 2
    case .holding: 3
    case .turning: 4
    case .running: 5
    case .suspended: 6
    case .stopped: 7
    }
  }

  static func index(_ input: QueueMachine.Input) -> Int {
    switch input {
    case .assigned: 0
    case .historyRead: 1
    case .historyFailed: 2
    case .request: 3
    case .offsetOutOfRange: 4
    case .published: 5
    case .publishFailed: 6
    case .eventsRead: 7
    case .committed: 8
    case .commitRefused: 9
    case .chunkReported: 10
    case .runnerEnded: 11
    case .revoked: 12
    case .lost: 13
    case .fenced: 14
    case .control: 15
    case .timer: 16
    }
  }
}
