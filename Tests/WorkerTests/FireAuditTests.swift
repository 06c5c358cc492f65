import Dispatch
import Messages
import Scheduling
import Testing

@testable import Scheduler

@Suite("What the log proves of a schedule's fires")
struct FireAuditTests {
  /// 2026-11-24T00:00:00Z, in seconds.
  private static let midnight: Int64 = 1_795_478_400
  private static let hour: Int64 = 3600

  /// A log of one hourly job, `a`, in whose fires hours are counted from midnight.
  private struct Log {
    var catchUp = CatchUpPolicy.all
    var timing = "0 * * * *"
    var notAfter: String?
    var spread: Int64 = 0
    var isDisabled = false
    var known: Double = 0
    var ledger = RunLedger()
    var requests: Int64 = 0
    var events: Int64 = 0

    /// A request for the fire of an hour.
    /// - Parameters:
    ///   - after: seconds from the fire until the log takes it.
    ///   - bodies: what the events say of it.
    mutating func ask(
      _ fire: Double, after: Int64 = 0, job: String = "a", origin: Request.Origin = .schedule,
      _ bodies: [Event.Body] = []
    ) {
      let moment = midnight + Int64((fire * 3600).rounded())
      let request = Request(id: "\(FireIdentifier(job: job, fire: moment))", job: job, origin: origin)
      let appended = Timestamp(milliseconds: (moment + after) * 1000)
      ledger.apply(QueuedRequest(offset: requests, appended: appended, content: .request(request)))
      for body in bodies {
        let event = Event(run: request.id, job: job, request: requests, worker: "GREEN", body: body)
        ledger.apply(event, at: events, appended: appended)
        events += 1
      }
      requests += 1
    }

    func audit(now: Double, horizon: Int64 = 24) throws -> FireAudit {
      var settings = SchedulerMachine.Settings()
      settings.horizonMilliseconds = horizon * 3_600_000
      let schedule = Schedule(
        job: "a", timing: .cron(try CronExpression(timing)), spreadMilliseconds: spread, catchUp: catchUp,
        notAfter: notAfter.flatMap(TimeOfDay.init), isDisabled: isDisabled)
      let scope = FireAudit.Scope(
        from: midnight + Int64((known * 3600).rounded()), now: (midnight + Int64((now * 3600).rounded())) * 1000,
        settings: settings)
      return FireAudit(schedule, scope, runs: ledger.ordered)
    }
  }

  private static let started = Event.Body.attemptStarted(.init(attempt: 1, cause: .first))
  private static func end(_ end: RunEnd) -> Event.Body { .ended(.init(end: end)) }
  private static let succeeded = end(.succeeded(facts: [:]))
  private static let duplicate = end(.skipped(.duplicate(of: "x", at: 0)))

  private func hours(_ fires: [Int64]) -> [Int64] { fires.map { ($0 - Self.midnight) / Self.hour } }

  // MARK: Doubling

  @Test(
    "what became of two requests for one fire",
    arguments: [
      // Both wait behind a long run.
      ([], [], (once: 1, duplicates: 0, waiting: 1, doubled: false)),
      ([started], [], (1, 0, 1, false)), ([started, succeeded], [], (1, 0, 1, false)),
      ([started, succeeded], [duplicate], (1, 1, 0, false)), ([started], [duplicate], (1, 1, 0, false)),
      ([end(.skipped(.expired(at: .now)))], [], (1, 0, 1, false)),
      ([end(.skipped(.expired(at: .now)))], [duplicate], (1, 1, 0, false)),
      ([end(.cancelled(by: "ann", reason: nil))], [duplicate], (1, 1, 0, false)),
      // The one that is left when retention has taken the first.
      ([duplicate], [duplicate], (1, 2, 0, false)),
      ([started], [started], (0, 0, 0, true)), ([started, succeeded], [started], (0, 0, 0, true)),
      ([started, succeeded], [started, succeeded], (0, 0, 0, true)),
      ([started, succeeded], [end(.skipped(.expired(at: .now)))], (0, 0, 0, true)),
      ([end(.failed(.init(kind: .notRetriable, message: "")))], [succeeded], (0, 0, 0, true)),
      ([end(.skipped(.paused(by: "ann", reason: nil)))], [end(.cancelled(by: "ann", reason: nil))], (0, 0, 0, true)),
    ] as [([Event.Body], [Event.Body], (once: Int, duplicates: Int, waiting: Int, doubled: Bool))])
  func two(
    first: [Event.Body], second: [Event.Body], expected: (once: Int, duplicates: Int, waiting: Int, doubled: Bool)
  ) throws {
    for catchUp in CatchUpPolicy.allCases {
      var log = Log(catchUp: catchUp)
      log.ask(1, first)
      log.ask(1, after: 1, second)
      let audit = try log.audit(now: 1.5)
      #expect(audit.due == 1 && audit.once == expected.once && audit.duplicates == expected.duplicates)
      #expect(audit.waiting == expected.waiting && audit.missing.isEmpty && audit.leftOut.isEmpty)
      #expect(audit.doubled == (expected.doubled ? [Self.midnight + Self.hour: [0, 1]] : [:]))
      #expect(audit.isKept == !expected.doubled)
    }
  }

  @Test("of five proposals that wait, four will be dropped")
  func manyWait() throws {
    var log = Log()
    for number in 0..<5 { log.ask(1, after: Int64(number)) }
    let audit = try log.audit(now: 1.5)
    #expect(audit.once == 1 && audit.waiting == 4 && audit.isKept)
  }

  @Test("requests of other jobs, of people, and of the time before are none of this schedule's")
  func others() throws {
    var log = Log(known: 1)
    log.ask(1, [Self.started])
    log.ask(1, after: 1, [Self.started])
    log.ask(2, job: "b", [Self.started])
    log.ask(2, after: 1, origin: .cli, [Self.started])
    log.ask(2, after: 2, [Self.started, Self.succeeded])
    let audit = try log.audit(now: 2.5)
    #expect(audit.due == 1 && audit.once == 1 && audit.isKept)
  }

  @Test("a disabled schedule has no fires that are due, and none is run twice")
  func disabled() throws {
    var log = Log(isDisabled: true)
    log.ask(1, [Self.started])
    #expect(try log.audit(now: 5) == log.audit(now: 5) && log.audit(now: 5).due == 0 && log.audit(now: 5).isKept)
    log.ask(1, [Self.started])
    #expect(try !log.audit(now: 5).isKept)
  }

  @Test("what is due in the last seconds is not looked at; a spread puts it off")
  func lastSeconds() throws {
    let log = Log()
    #expect(try log.audit(now: 1).due == 0)
    #expect(try log.audit(now: 1 + 10.0 / 3600).due == 1)
    var spread = Log(spread: 1_800_000)
    let offset = Spread.offset(job: "a", windowMilliseconds: 1_800_000)
    #expect(try spread.audit(now: 1 + Double(offset / 1000 + 9) / 3600).due == 0)
    #expect(try spread.audit(now: 1 + Double(offset / 1000 + 12) / 3600).due == 1)
    spread.known = 1
    #expect(try spread.audit(now: 1.9).due == 0)
  }

  // MARK: Fires without a request

  @Test("a later fire that was asked for proves that one was forgotten")
  func forgotten() throws {
    var log = Log()
    log.ask(1)
    log.ask(3)
    let audit = try log.audit(now: 3.5)
    #expect(audit.due == 3 && audit.once == 2 && hours(audit.missing) == [2] && !audit.isKept)
    #expect(audit.leftOut.isEmpty && audit.open.isEmpty)
  }

  @Test("with any other policy nothing is proved of it", arguments: [CatchUpPolicy.latest, .none])
  func otherPolicies(catchUp: CatchUpPolicy) throws {
    var log = Log(catchUp: catchUp)
    log.ask(1)
    log.ask(3)
    let audit = try log.audit(now: 3.5)
    #expect(hours(audit.leftOut) == [2] && audit.missing.isEmpty && audit.isKept && audit.catchUp == catchUp)
  }

  @Test("while nobody has asked for a later one, it may still be asked for")
  func allAway() throws {
    var log = Log()
    log.ask(1)
    var audit = try log.audit(now: 5.5)
    #expect(hours(audit.open) == [2, 3, 4, 5] && audit.isKept)
    // A day later the first of them no longer are.
    audit = try log.audit(now: 28.5)
    #expect(hours(audit.leftOut) == [2, 3, 4] && audit.open.count == 24 && audit.isKept)
  }

  @Test("a request for an earlier fire proves nothing, however late it came")
  func earlierOne() throws {
    var log = Log()
    log.ask(1, after: 3 * Self.hour)
    #expect(try hours(log.audit(now: 4.5).open) == [2, 3, 4])
  }

  @Test("nor does one that may have been decided before the fire's time: clocks are apart")
  func tooSoon() throws {
    var log = Log(timing: "* * * * *")
    log.ask(1)
    // Known since a minute before; the next two are missing, and one was asked for.
    log.known = 59.0 / 60
    log.ask(1 + 3.0 / 60, after: 33)
    var audit = try log.audit(now: 1 + 4.0 / 60)
    #expect(audit.due == 4 && audit.missing.isEmpty && audit.open.count == 2)
    // 214 s after the first of them.
    log.ask(1 + 3.0 / 60, after: 94, [Self.duplicate])
    audit = try log.audit(now: 1 + 4.0 / 60)
    #expect(audit.missing.count == 1 && audit.open.count == 1)
  }

  @Test("an outage that is longer than the horizon: what was beyond it when somebody came is left out")
  func beyondTheHorizon() throws {
    var log = Log()
    log.ask(1)
    // All were away from 1:30 until 8:30, and then three hours are looked back for.
    for fire in [6.0, 7, 8] { log.ask(fire, after: Int64((8.5 - fire) * 3600)) }
    let audit = try log.audit(now: 8.9, horizon: 3)
    #expect(hours(audit.leftOut) == [2, 3, 4, 5] && audit.missing.isEmpty && audit.isKept)
    // With a longer one they should have been asked for.
    #expect(try hours(log.audit(now: 8.9, horizon: 8).missing) == [2, 3, 4, 5])
  }

  @Test("a job that was paused beyond the horizon is the same")
  func paused() throws {
    var log = Log()
    log.ask(1)
    for fire in 28...51 { log.ask(Double(fire), after: Int64(51.5 * 3600) - Int64(fire) * 3600) }
    let audit = try log.audit(now: 51.9)
    #expect(hours(audit.leftOut) == Array(2...27) && audit.isKept)
  }

  @Test("what may no longer start when somebody comes is left out")
  func expired() throws {
    var log = Log(timing: "0 1,2,3 * * *", notAfter: "06:00")
    // The next night is asked for on time: the horizon would have allowed this one.
    log.ask(25)
    var audit = try log.audit(now: 25.5, horizon: 48)
    #expect(hours(audit.leftOut) == [1, 2, 3] && audit.isKept)
    // Somebody was there before six.
    log.ask(3, after: Self.hour)
    audit = try log.audit(now: 25.5, horizon: 48)
    #expect(hours(audit.missing) == [1, 2] && !audit.isKept)
    // Nobody has come yet.
    let none = Log(timing: "0 1,2,3 * * *", notAfter: "06:00")
    #expect(try hours(none.audit(now: 5.9).open) == [1, 2, 3])
    #expect(try hours(none.audit(now: 6).leftOut) == [1, 2, 3])
  }

  @Test("of more than a thousand the oldest are left out")
  func overTheLimit() throws {
    var log = Log(timing: "* * * * *")
    let last = 1300
    for minute in (last - 999)...last { log.ask(Double(minute) / 60, after: Int64(last - minute) * 60 + 30) }
    let audit = try log.audit(now: Double(last + 1) / 60)
    #expect(audit.due == last && audit.once == 1000 && audit.leftOut.count == last - 1000 && audit.isKept)
    // Somebody who came earlier should have asked for the first.
    log.ask(2.0 / 60, after: 300)
    #expect(try log.audit(now: Double(last + 1) / 60).missing == [Self.midnight + 60])
  }

  @Test("a spread counts: a fire is not beyond the horizon before its proposal is")
  func spreadAndHorizon() throws {
    var log = Log(spread: 86_400_000)
    let offset = Spread.offset(job: "a", windowMilliseconds: 86_400_000) / 1000
    try #require(offset > 600)
    log.ask(5, after: offset)
    // Fires that were due to be proposed less than two hours before.
    #expect(try hours(log.audit(now: 7, horizon: 2).missing) == [4])
    #expect(try hours(log.audit(now: 7, horizon: 2).leftOut) == [1, 2, 3])
  }
}
