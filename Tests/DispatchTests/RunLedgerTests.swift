import Dispatch
import Testing

/// Builds ledgers from a few words.
struct LedgerBuilder {
  var ledger = RunLedger()
  var offset: Int64 = 100

  mutating func request(_ offset: Int64, id: String? = nil, key: String? = nil) {
    ledger.apply(Driver.queued(offset, id: id) { $0.deduplicationKey = key })
  }

  @discardableResult
  mutating func event(_ request: Int64, _ body: Event.Body, worker: String = "GREEN", run: String? = nil) -> Int64 {
    defer { offset += 1 }
    ledger.apply(
      Event(run: run ?? "r\(request)", job: "sync", request: request, worker: worker, body: body), at: offset,
      appended: Driver.start + offset)
    return offset
  }

  /// - Returns: the token.
  mutating func start(
    _ request: Int64, _ attempt: Int = 1, _ cause: Event.AttemptStarted.Cause = .first, through: Int64 = -1
  ) -> Int64 {
    event(request, .attemptStarted(.init(attempt: attempt, cause: cause, waitingThrough: through)))
  }

  mutating func end(
    _ request: Int64, _ token: Int64 = 0, attempt: Int = 1, _ end: RunEnd = .succeeded(facts: [:]), rows: Int64 = 0,
    run: String? = nil
  ) {
    event(request, .ended(.init(end: end, attempt: attempt, token: token, rows: rows)), run: run)
  }

  mutating func skip(_ request: Int64, _ reason: RunEnd.SkipReason, run: String? = nil) {
    end(request, attempt: 0, .skipped(reason), run: run)
  }
}

@Suite("What the log tells of the runs")
struct RunLedgerTests {
  private static let failed = Event.AttemptFailed(attempt: 1, token: 100, message: "x", retryAt: Driver.start)

  static let statuses: [(RunRecord.Status, [Event.Body])] = {
    let started = Event.Body.attemptStarted(.init(attempt: 1, cause: .first))
    func end(_ end: RunEnd) -> Event.Body { .ended(.init(end: end, attempt: 1, token: 100)) }
    return [
      (.waiting, []), (.running, [started]),
      (.running, [started, .progressed(.init(attempt: 1, token: 100, rows: 1, chunks: 1))]),
      (.retrying, [started, .attemptFailed(failed)]),
      (.running, [started, .attemptFailed(failed), .attemptStarted(.init(attempt: 2, cause: .failure))]),
      (.handedOver, [started, .handedOver(.init(attempt: 1, token: 100, rows: 1, chunks: 1))]),
      (.succeeded, [started, end(.succeeded(facts: [:]))]),
      (.failed, [started, .attemptFailed(failed), end(.failed(.init(kind: .attemptsUsedUp, message: "")))]),
      (.cancelled, [end(.cancelled(by: "ann", reason: nil))]), (.skipped, [end(.skipped(.expired(at: Driver.start)))]),
    ]
  }()

  @Test("where a run stands", arguments: statuses.indices)
  func status(_ index: Int) {
    let (status, bodies) = Self.statuses[index]
    var builder = LedgerBuilder()
    builder.request(0)
    for body in bodies { builder.event(0, body) }
    #expect(builder.ledger.runs[0]?.status == status)
  }

  @Test("every status is in the table")
  func allStatuses() {
    #expect(Set(Self.statuses.map(\.0)) == Set(RunRecord.Status.allCases))
  }

  @Test("of several ends the highest token counts, of equal ones the first")
  func highestToken() {
    var builder = LedgerBuilder()
    builder.end(0, 5, .failed(.init(kind: .notRetriable, message: "")))
    #expect(builder.ledger.runs[0]?.status == .failed)
    builder.end(0, 8, attempt: 2)
    builder.end(0, 6, .cancelled(by: "ann", reason: nil))
    builder.end(0, 8, attempt: 2, .cancelled(by: "ann", reason: nil))
    #expect(builder.ledger.runs[0]?.status == .succeeded && builder.ledger.runs[0]?.end?.ended.token == 8)
    #expect(builder.ledger.runs[0]?.end?.at == 101 && builder.ledger.runs[0]?.ends.count == 4)
  }

  @Test("attempts: which began for sure, how far they came, how they ended")
  func attempts() throws {
    var builder = LedgerBuilder()
    let first = builder.start(0)
    builder.event(0, .progressed(.init(attempt: 1, token: first, rows: 20, chunks: 2)))
    builder.event(0, .handedOver(.init(attempt: 1, token: first, rows: 30, chunks: 3)))
    _ = builder.start(0, 2, .handover)
    let third = builder.start(0, 3, .crash)
    builder.event(0, .cursorStored(attempt: 3, token: third, cursor: "c"))
    builder.end(0, third, attempt: 3, rows: 40)
    let record = try #require(builder.ledger.runs[0])
    #expect(record.attempts.map(\.isConfirmed) == [true, false, true])
    #expect(record.attempts.map(\.outcome) == [.handedOver, .open, .ended])
    #expect(record.attempts.map(\.cause) == [.first, .handover, .crash] && record.attempts[0].rows == 30)
    #expect(record.attempts[0].started == Driver.start + 100 && record.attempts[0].lastSeen == Driver.start + 102)
    #expect(record.attempts[1].lastSeen == nil && record.rows == 40 && record.chunks == 3)
    #expect(record.job == "sync" && record.run == "r0" && record.queued == nil)
  }

  @Test("requests and events may come in either order")
  func order() {
    var builder = LedgerBuilder()
    builder.end(3, run: "r3")
    builder.request(1)
    builder.request(3)
    #expect(builder.ledger.ordered.map(\.request) == [1, 3])
    #expect(builder.ledger.runs[3]?.queued?.offset == 3 && builder.ledger.runs[3]?.status == .succeeded)
  }

  @Test("of several requests with one id the first is the run")
  func first() {
    var builder = LedgerBuilder()
    builder.request(4, id: "x")
    builder.request(2, id: "x")
    builder.request(3, id: "y")
    #expect(builder.ledger.first(run: "x")?.request == 2 && builder.ledger.first(run: "z") == nil)
  }

  @Test("a record that could not be read has no job, and an accepted loss is no run")
  func oddities() {
    var builder = LedgerBuilder()
    builder.ledger.apply(Driver.unreadable(0))
    builder.event(3, .lossAccepted(from: 3, to: 9, by: "ann"))
    #expect(builder.ledger.runs.count == 1 && builder.ledger.runs[0]?.job == nil)
    #expect(builder.ledger.runs[0]?.run == "offset-0" && builder.ledger.losses.map(\.to) == [9])
  }
}
