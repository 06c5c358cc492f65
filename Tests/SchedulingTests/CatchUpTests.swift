import Testing

@testable import Scheduling

/// A nightly job at 01:29 in London that missed the nights from 21 to 24 November 2026 (in winter, 01:29 is UTC's).
@Suite struct CatchUpTests {
  private let now = "2026-11-24T05:00:00Z"

  private func nightly(
    _ policy: CatchUpPolicy, notAfter: String? = nil, spreadMilliseconds: Int64 = 0, isDisabled: Bool = false
  ) throws -> Schedule {
    Schedule(
      job: "nightly", timing: .cron(try CronExpression("29 1 * * *")), zone: try zone("Europe/London"),
      spreadMilliseconds: spreadMilliseconds, catchUp: policy,
      notAfter: try notAfter.map { try #require(TimeOfDay($0)) },
      isDisabled: isDisabled)
  }

  private func plan(
    _ schedule: Schedule, horizonStart: String = "2026-11-21T00:00:00Z", knownSince: String = "2026-01-01T00:00:00Z",
    now: String = "2026-11-24T05:00:00Z", logged: [String] = [], limit: Int = 1000
  ) throws -> CatchUpPlan {
    let logged = Set(try logged.map { try moment($0) })
    return schedule.catchUpPlan(
      horizonStart: try moment(horizonStart), knownSince: try moment(knownSince),
      nowMilliseconds: try moment(now) * 1000, limit: limit, isLogged: logged.contains)
  }

  private func fires(_ plan: CatchUpPlan) -> [String] { plan.proposals.map { text($0.fire) } }

  @Test func latestStandsForThoseBefore() throws {
    let plan = try plan(nightly(.latest))
    #expect(fires(plan) == ["2026-11-24T01:29:00Z"])
    #expect(plan.omissions.map(\.reason) == [.superseded])
    #expect(plan.omissions.first?.count == 3)
    #expect(plan.omissions.first?.fires == (try moment("2026-11-21T01:29:00Z"))...(try moment("2026-11-23T01:29:00Z")))
    // The next fire takes its place.
    #expect(plan.proposals.first?.expiryMilliseconds == (try moment("2026-11-25T01:29:00Z")) * 1000)
  }

  @Test func latestIsSatisfiedByTheLatestInTheLog() throws {
    let plan = try plan(nightly(.latest), logged: ["2026-11-24T01:29:00Z"])
    #expect(plan.proposals.isEmpty)
    #expect(plan.omissions.map(\.reason) == [.superseded])
    #expect(plan.omissions.first?.count == 3)
  }

  @Test func latestIsProposedThoughAnEarlierOneIsInTheLog() throws {
    let plan = try plan(nightly(.latest), logged: ["2026-11-23T01:29:00Z"])
    #expect(fires(plan) == ["2026-11-24T01:29:00Z"])
  }

  @Test func allThatAreNotInTheLogOldestFirst() throws {
    let plan = try plan(nightly(.all), logged: ["2026-11-22T01:29:00Z", "2026-11-24T01:29:00Z"])
    #expect(fires(plan) == ["2026-11-21T01:29:00Z", "2026-11-23T01:29:00Z"])
    #expect(plan.proposals.allSatisfy { $0.expiryMilliseconds == nil })
    #expect(plan.omissions.isEmpty)
  }

  @Test func noneWithThePolicyNone() throws {
    let plan = try plan(nightly(.none), logged: ["2026-11-22T01:29:00Z"])
    #expect(plan.proposals.isEmpty)
    #expect(plan.omissions.map(\.reason) == [.notWanted])
    #expect(plan.omissions.first?.count == 3)
  }

  @Test func aDisabledScheduleHasNothingToCatchUpWith() throws {
    #expect(try plan(nightly(.all, isDisabled: true)) == CatchUpPlan())
    #expect(try nightly(.all, isDisabled: true).nextFire(dueAfter: 0) == nil)
  }

  @Test func theHorizonAndTheMomentItBecameKnownAreBounds() throws {
    #expect(try fires(plan(nightly(.all), horizonStart: "2026-11-23T01:29:00Z")) == ["2026-11-24T01:29:00Z"])
    #expect(try fires(plan(nightly(.all), horizonStart: "2026-11-23T01:28:59Z")).count == 2)
    // New, changed or renamed in the morning: the night before is not made up for.
    #expect(try plan(nightly(.all), knownSince: "2026-11-24T04:59:00Z") == CatchUpPlan())
    #expect(try plan(nightly(.latest), knownSince: "2026-11-24T01:29:00Z") == CatchUpPlan())
    #expect(try fires(plan(nightly(.all), knownSince: "2026-11-23T12:00:00Z")) == ["2026-11-24T01:29:00Z"])
    // The clock of whoever wrote the moment is ahead.
    #expect(try plan(nightly(.all), knownSince: "2027-01-01T00:00:00Z") == CatchUpPlan())
  }

  @Test func aFireAtThisVeryMomentIsDue() throws {
    #expect(try fires(plan(nightly(.latest), now: "2026-11-24T01:29:00Z")) == ["2026-11-24T01:29:00Z"])
    #expect(try fires(plan(nightly(.latest), now: "2026-11-24T01:28:59Z")) == ["2026-11-23T01:29:00Z"])
  }

  @Test func afterItsTimeANightlyJobStaysAway() throws {
    let schedule = try nightly(.latest, notAfter: "06:00")
    let early = try plan(schedule, now: "2026-11-24T05:59:59Z")
    #expect(fires(early) == ["2026-11-24T01:29:00Z"])
    #expect(early.proposals.first?.expiryMilliseconds == (try moment("2026-11-24T06:00:00Z")) * 1000)
    let late = try plan(schedule, now: "2026-11-24T06:00:00Z")
    #expect(late.proposals.isEmpty)
    #expect(late.omissions.map(\.reason) == [.superseded, .expired])
    let all = try plan(nightly(.all, notAfter: "06:00"))
    #expect(fires(all) == ["2026-11-24T01:29:00Z"])
    #expect(all.omissions.map(\.reason) == [.expired])
    #expect(all.omissions.first?.count == 3)
  }

  @Test func notAfterIsATimeOfTheZonesClocks() throws {
    // On 29 March 2026 01:00 becomes 02:00 in London: 06:00 is 05:00 in UTC, and 01:30 comes at 01:00.
    let schedule = try nightly(.latest, notAfter: "06:00")
    #expect(
      schedule.expiryMilliseconds(of: try moment("2026-03-29T01:00:00Z")) == (try moment("2026-03-29T05:00:00Z")) * 1000
    )
    let skipped = try nightly(.latest, notAfter: "01:30")
    #expect(
      skipped.expiryMilliseconds(of: try moment("2026-03-28T23:00:00Z")) == (try moment("2026-03-29T01:00:00Z")) * 1000)
    // In the repeated hour the first one counts; a fire in it has the next day's.
    #expect(
      skipped.expiryMilliseconds(of: try moment("2026-10-25T00:29:00Z")) == (try moment("2026-10-25T00:30:00Z")) * 1000)
    #expect(
      skipped.expiryMilliseconds(of: try moment("2026-10-25T00:30:00Z")) == (try moment("2026-10-26T01:30:00Z")) * 1000)
    // An evening's fire may start until the next morning.
    #expect(
      schedule.expiryMilliseconds(of: try moment("2026-11-24T23:00:00Z")) == (try moment("2026-11-25T06:00:00Z")) * 1000
    )
  }

  @Test func onlySoManyAndTheNewest() throws {
    let plan = try plan(nightly(.all), limit: 2)
    #expect(fires(plan) == ["2026-11-23T01:29:00Z", "2026-11-24T01:29:00Z"])
    #expect(plan.omissions.map(\.reason) == [.overLimit])
  }

  @Test func aFireThatIsNotYetDueForItsSpreadIsNotMissed() throws {
    let schedule = try nightly(.latest, spreadMilliseconds: 3_600_000)
    let offset = schedule.offsetMilliseconds
    try #require(offset > 1000)
    let fire = try moment("2026-11-24T01:29:00Z")
    let isLogged = { (fire: Int64) in fire < (CivilTime("2026-11-24T00:00:00")?.seconds ?? 0) }
    let before = fire * 1000 + offset - 1
    let start = fire - 86_400
    let plan = { (now: Int64) in
      schedule.catchUpPlan(horizonStart: start, knownSince: 0, nowMilliseconds: now, isLogged: isLogged)
    }
    #expect(plan(before) == CatchUpPlan())
    #expect(schedule.nextFire(dueAfter: before) == fire)
    #expect(plan(before + 1).proposals.map(\.fire) == [fire])
    #expect(schedule.nextFire(dueAfter: before + 1) == fire + 86_400)
  }

  @Test func aSpreadThatGoesBeyondNotAfterIsFound() throws {
    let start = try moment("2026-11-24T00:00:00Z")
    let offset = try nightly(.latest, spreadMilliseconds: 3_600_000).offsetMilliseconds
    try #require(offset > 60_000 && offset < 31 * 60_000)
    let narrow = try nightly(.latest, notAfter: "01:30", spreadMilliseconds: 3_600_000)
    #expect(narrow.fireExpiredWhenDue(after: start).map(text) == "2026-11-24T01:29:00Z")
    #expect(
      try nightly(.latest, notAfter: "02:00", spreadMilliseconds: 3_600_000).fireExpiredWhenDue(after: start) == nil)
    #expect(try nightly(.latest, notAfter: "01:30").fireExpiredWhenDue(after: start) == nil)
    #expect(try nightly(.latest, spreadMilliseconds: 3_600_000).fireExpiredWhenDue(after: start) == nil)
  }

  /// Whenever a scheduler starts: each fire is either missed or to come, and never both.
  @Test func catchUpAndTheTimerShareTheFiresOut() throws {
    var random = SeededGenerator(seed: 11)
    for expression in ["29 1 * * *", "*/5 * * * *", "*/7 * * * * *"] {
      for spread in [0, 1, 999, 60_000] as [Int64] {
        let schedule = Schedule(
          job: "share", timing: .cron(try CronExpression(expression)), spreadMilliseconds: spread, catchUp: .all)
        for _ in 0..<8 {
          let now = Int64.random(in: 1_790_000_000_000...1_800_000_000_000, using: &random)
          let start = now / 1000 - 3600 * 30
          let plan = schedule.catchUpPlan(
            horizonStart: start, knownSince: 0, nowMilliseconds: now, limit: .max, isLogged: { _ in false })
          let next = try #require(schedule.nextFire(dueAfter: now))
          #expect(plan.proposals.map(\.fire) == schedule.fireTimes.fires(after: start, through: next - 1))
          #expect(schedule.dueMilliseconds(of: next) > now)
        }
      }
    }
  }
}
