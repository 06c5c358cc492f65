import Dispatch

/// What the checks remember of each request, from outside: no part of the system sees it.
struct Ledger {
  struct Entry {
    var appended: Int64
    var behaviour: Scenario.Behaviour
    /// The end that counts: the highest token, of equal ones the first.
    var end: (token: Int64, end: RunEnd, event: Int64)?
    var firstEnd: Int64?
    /// When a runner first read from its source.
    var firstRead: Int64?
    var starts = 0
    var failures = 0
    /// How often its behaviour has struck.
    var strikes = 0
    var deadLetters = 0
    /// The committed cursor was lost with the group's offsets, or its run's events were deleted.
    var isExcused = false
  }

  private(set) var entries: [Entry] = []
  /// Requests in the log that have neither an end nor been given up.
  private(set) var open = 0
  /// Requests below this were given up by the operator.
  private(set) var lossAcceptedBelow: Int64 = 0
  /// The last loss that an event says was accepted.
  var loss: (requests: Range<Int64>, event: Int64)?
  /// Tokens that the coordinator has taken, the highest, and the request that started last.
  private(set) var acknowledged: Set<Int64> = []
  private(set) var highestToken: Int64 = -1
  var lastStarted: Int64 = -1
  /// What can make a worker look dead to others: crashes, pauses, lost memberships.
  var disturbances = 0
  /// Runs of which the operator was told that what follows on them may not have been asked for.
  var unknownFollowers: Set<String> = []
  var lastFence: Int64 = -1
  var verifiedBelow: Int64 = 0

  mutating func append(_ entry: Entry) {
    entries.append(entry)
    open += 1
  }

  subscript(request: Int64) -> Entry {
    get { entries[Int(request)] }
    set { entries[Int(request)] = newValue }
  }

  mutating func end(_ request: Int64, token: Int64, end: RunEnd, event: Int64) {
    if entries[Int(request)].firstEnd == nil {
      entries[Int(request)].firstEnd = event
      if request >= lossAcceptedBelow { open -= 1 }
    }
    if let before = entries[Int(request)].end, before.token >= token { return }
    entries[Int(request)].end = (token, end, event)
  }

  mutating func acceptLoss(below offset: Int64) {
    while lossAcceptedBelow < offset, lossAcceptedBelow < Int64(entries.count) {
      if entries[Int(lossAcceptedBelow)].firstEnd == nil { open -= 1 }
      lossAcceptedBelow += 1
    }
  }

  /// - Returns: whether the token is new.
  mutating func acknowledge(_ token: Int64) -> Bool {
    highestToken = max(highestToken, token)
    return acknowledged.insert(token).inserted
  }
}
