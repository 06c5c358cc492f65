import Dispatch

/// The topics of one queue: appended at the end, deleted from the front.
struct SimulatedLog {
  private(set) var requests: [QueuedRequest] = []
  /// The first offset that the requests topic still holds.
  private(set) var requestsStart: Int64 = 0
  private(set) var events: [Event] = []
  private(set) var eventTimes: [Timestamp] = []
  private(set) var eventsStart: Int64 = 0
  private(set) var deadLetters: [DeadLetter] = []

  var requestsEnd: Int64 { Int64(requests.count) }
  var eventsEnd: Int64 { Int64(events.count) }

  /// Every offset below `requestsStart` is kept for the checks, but no reader is given it.
  func request(at offset: Int64) -> QueuedRequest? {
    offset >= requestsStart && offset < requestsEnd ? requests[Int(offset)] : nil
  }

  mutating func append(_ content: QueuedRequest.Content, raw: RawRecord, at time: Timestamp) -> Int64 {
    let offset = requestsEnd
    requests.append(QueuedRequest(offset: offset, appended: time, raw: raw, content: content))
    return offset
  }

  mutating func append(_ event: Event, at time: Timestamp) -> Int64 {
    events.append(event)
    eventTimes.append(time)
    return eventsEnd - 1
  }

  mutating func append(_ deadLetter: DeadLetter) -> Int64 {
    deadLetters.append(deadLetter)
    return Int64(deadLetters.count) - 1
  }

  mutating func deleteRequests(below offset: Int64) { requestsStart = max(requestsStart, min(offset, requestsEnd)) }
  mutating func deleteEvents(below offset: Int64) { eventsStart = max(eventsStart, min(offset, eventsEnd)) }

  /// What a new owner reads, as the Worker reads it: see `Command.readHistory`.
  func history(
    committed: QueueHistory.Committed?, windowMilliseconds: Int64, now: Timestamp
  ) -> QueueHistory {
    let offset = max(committed?.offset ?? requestsStart, requestsStart)
    let end = request(at: offset)?.appended ?? request(at: requestsEnd - 1)?.appended ?? now
    let windowStart = end + -windowMilliseconds
    var taken: [TakenRequest] = []
    var first = min(offset, requestsEnd)
    while first > requestsStart, requests[Int(first) - 1].appended >= windowStart { first -= 1 }
    for queued in requests[Int(first)..<Int(min(offset, requestsEnd))] {
      guard let request = queued.request else { continue }
      taken.append(
        TakenRequest(
          id: request.id, deduplicationKey: request.deduplicationKey, offset: queued.offset,
          appended: queued.appended))
    }
    var from = eventsStart
    if let metadata = committed?.metadata {
      var inWindow = eventsEnd
      while inWindow > eventsStart, eventTimes[Int(inWindow) - 1] >= windowStart { inWindow -= 1 }
      from = max(eventsStart, min(metadata.eventsFrom, inWindow))
    }
    var digest = EventDigest(floor: committed?.offset ?? requestsStart)
    for index in from..<max(from, eventsEnd) {
      digest.apply(events[Int(index)], at: index, appended: eventTimes[Int(index)])
    }
    var storedCursor: String?
    if case .stored(let event)? = committed?.metadata?.checkpoint?.cursor, event >= eventsStart, event < eventsEnd,
      case .cursorStored(_, _, let cursor) = events[Int(event)].body
    {
      storedCursor = cursor
    }
    return QueueHistory(
      committed: committed, requestsStart: requestsStart, requestsEnd: requestsEnd, eventsEnd: eventsEnd, taken: taken,
      digest: digest, storedCursor: storedCursor)
  }
}
