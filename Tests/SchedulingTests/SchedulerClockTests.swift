import Testing

@testable import Scheduling

@Suite("What a scheduler does about its clock")
struct SchedulerClockTests {
  private typealias Driver = SchedulerDriver

  @Test("nothing begins before the clock was compared")
  func unknownAtTheStart() throws {
    var driver = Driver(try Driver.schedule())
    try driver.at("24T05:20:00")
    #expect(driver.give(.logRead(fires: [], known: [:])) == ["look"])
    #expect(driver.timerText == "24T05:20:10" && driver.fire() == ["look"])
    driver.now += 500
    #expect(driver.give(.timer).isEmpty)
    #expect(driver.give(.clock(aheadMilliseconds: 0)) == ["remember a 24T05:20:10"])
    #expect(driver.timerText == "24T06:00:00")
  }

  @Test(
    "a warning beyond the one bound, no proposals beyond the other",
    arguments: [
      (0, [], true), (2_000, [], true), (-2_001, ["off"], true), (60_000, ["off"], true), (60_001, ["wrong"], false),
      (-60_001, ["wrong"], false), (.min, ["wrong"], false),
    ] as [(Int64, [String], Bool)])
  func bounds(ahead: Int64, reports: [String], proposes: Bool) throws {
    var driver = Driver(try Driver.schedule())
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.give(.clock(aheadMilliseconds: ahead)) == reports)
    #expect(driver.give(.clock(aheadMilliseconds: ahead)).isEmpty, "said once")
    try driver.at("24T06:00:00")
    #expect(driver.give(.timer) == (proposes ? ["propose a@24T06:00:00"] : []))
    #expect(driver.give(.clock(aheadMilliseconds: 1)).first == (reports.isEmpty ? nil : "right"))
  }

  @Test("a wrong clock at the start: the schedule is known since the clock is right")
  func wrongAtTheStart() throws {
    let schedule = try Driver.schedule("a", "0 * * * *", .all)
    var driver = Driver(schedule)
    try driver.at("26T05:20:00")
    #expect(driver.give(.clock(aheadMilliseconds: 48 * 3_600_000)) == ["wrong"])
    #expect(driver.give(.logRead(fires: [], known: [:])).isEmpty)
    try driver.at("24T05:40:00")
    #expect(driver.give(.clock(aheadMilliseconds: 0)) == ["right", "remember a 24T05:40:00"])
    // Unless another has stored it meanwhile.
    var second = Driver(schedule)
    try second.at("26T05:20:00")
    second.give(.clock(aheadMilliseconds: 48 * 3_600_000))
    second.give(.logRead(fires: [], known: [:]))
    second.give(.known(job: "a", try Driver.known(schedule, since: "2026-11-24T04:30:00Z")))
    try second.at("24T05:40:00")
    #expect(second.give(.clock(aheadMilliseconds: 0)) == ["right", "propose a@24T05:00:00"])
  }

  @Test("when it is right again, what was missed is made up for, but for what others did")
  func rightAgain() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    driver.give(.clock(aheadMilliseconds: -90_000))
    #expect(driver.fire().isEmpty)
    driver.give(.logged(try Driver.id("a@24T06:00:00")))
    try driver.at("24T07:20:00")
    #expect(driver.give(.timer).isEmpty)
    #expect(driver.give(.clock(aheadMilliseconds: 0)) == ["right", "propose a@24T07:00:00"])
    #expect(driver.timerText == "24T08:00:00")
  }

  @Test("set far ahead: nothing is proposed until it was compared, nor before its time")
  func setForward() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    try driver.at("25T05:20:00")
    #expect(driver.give(.clockSet) == ["look"] && driver.give(.timer).isEmpty)
    #expect(driver.give(.clock(aheadMilliseconds: 86_400_000)) == ["wrong"])
    try driver.at("24T05:30:00")
    #expect(driver.give(.clockSet) == ["look"])
    #expect(driver.give(.clock(aheadMilliseconds: 0)) == ["right"])
    #expect(driver.timerText == "24T06:00:00" && driver.fire() == ["propose a@24T06:00:00"])
  }

  @Test("set to what is right: what was due between was missed")
  func setForwardToTheTruth() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    try driver.at("24T07:20:00")
    #expect(driver.give(.clockSet) == ["look"])
    #expect(driver.give(.clock(aheadMilliseconds: 0)) == ["propose a@24T06:00:00", "propose a@24T07:00:00"])
  }

  @Test("set back: nothing twice, and the timers are of the new time")
  func setBack() throws {
    var driver = Driver(try Driver.schedule("a", "* * * * *", .all))
    _ = try driver.start(at: "24T05:20:50")
    #expect(driver.fire() == ["propose a@24T05:21:00"])
    try driver.at("24T05:20:30")
    #expect(driver.give(.clockSet) == ["look"] && driver.give(.clock(aheadMilliseconds: 0)).isEmpty)
    #expect(driver.timerText == "24T05:22:00")
    driver.give(.failed(try Driver.id("a@24T05:21:00")))
    #expect(driver.timerText == "24T05:20:31")
    // A try again that was for a time that is far away now.
    try driver.at("24T03:00:00")
    driver.give(.clockSet)
    driver.give(.clock(aheadMilliseconds: 0))
    #expect(driver.timerText == "24T03:00:01")
  }

  // MARK: A clock that was wrong together with the broker's

  @Test("set ahead with the broker's and back again: fires go on, but for those that are in the log")
  func setBackWithTheBroker() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    try driver.at("25T05:20:00")
    driver.give(.clockSet)
    #expect(driver.give(.clock(aheadMilliseconds: 0)).count == 24)
    for proposal in driver.proposals where proposal.id.fire < driver.now / 1000 - 21 * 3600 {
      driver.give(.logged(proposal.id))
    }
    #expect(driver.fire() == ["propose a@25T06:00:00"])
    try driver.at("24T05:30:00")
    driver.give(.clockSet)
    #expect(driver.give(.clock(aheadMilliseconds: 0)).isEmpty)
    #expect(driver.timerText == "24T06:00:00")
    // 06:00 to 08:00 are in the log; of the others nobody knows, until it is told that they are not.
    #expect(driver.fire().isEmpty && driver.fire().isEmpty && driver.timerText == "24T08:00:00")
    for hour in ["24T09", "24T10", "25T06"] { driver.give(.failed(try Driver.id("a@\(hour):00:00"))) }
    #expect(driver.fire().isEmpty, "they are not asked for before their time")
    #expect(driver.fire().isEmpty && driver.timerText == "24T09:00:00")
    #expect(driver.fire() == ["propose a@24T09:00:00"] && driver.fire() == ["propose a@24T10:00:00"])
  }

  @Test("a step back that a sound clock can make changes nothing: what was due there was asked for")
  func smallStepBack() throws {
    let schedule = try Driver.schedule("a", "every 1m")
    var driver = Driver(schedule)
    _ = try driver.start(at: "24T05:20:50", logged: ["a@24T05:20:00"], known: ["a": try Driver.known(schedule)])
    #expect(driver.fire() == ["propose a@24T05:21:00"] && driver.fire() == ["propose a@24T05:22:00"])
    // 154 s are the bound: a limit, a quarter of it and two seconds, twice.
    try driver.at("24T05:19:26")
    driver.give(.clockSet)
    driver.give(.clock(aheadMilliseconds: 0))
    #expect(driver.timerText == "24T05:23:00")
    try driver.at("24T05:19:25")
    driver.give(.clockSet)
    driver.give(.clock(aheadMilliseconds: 0))
    #expect(driver.timerText == "24T05:20:00")
    // It is in the log, the next two are on their way.
    #expect((0..<3).allSatisfy { _ in driver.fire().isEmpty } && driver.fire() == ["propose a@24T05:23:00"])
  }

  @Test("a spread is no clock that was wrong: nothing is due for the time before the schedule was known")
  func setBackWithSpread() throws {
    let schedule = try Driver.schedule("nightly", "every 1m", .all, spread: 24 * 3_600_000)
    let offset = schedule.offsetMilliseconds
    try #require(offset > 3_600_000)
    var driver = Driver(schedule)
    _ = try driver.start(at: "24T05:20:00")
    let first = driver.timer
    driver.now += 10_000
    driver.give(.clockSet)
    driver.give(.clock(aheadMilliseconds: 0))
    #expect(driver.timer == first)
  }

  @Test(
    "a timing that is known since a moment to come is known since now, and that is said and stored",
    arguments: [("2026-11-24T05:22:34Z", false), ("2026-11-24T05:22:35Z", true), ("2038-01-19T03:14:07Z", true)])
  func knownAhead(since: String, isAhead: Bool) throws {
    let schedule = try Driver.schedule("a", "every 1m")
    var driver = Driver(schedule)
    let decided = try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule, since: since)])
    #expect(decided == (isAhead ? ["a known since \(since.prefix(10))", "remember a 24T05:20:00"] : []))
    #expect(driver.timerText == (isAhead ? "24T05:21:00" : "24T05:23:00"))
  }

  @Test("where that cannot be stored, the one to come is still there, and it is tried again")
  func knownAheadNotStored() throws {
    let schedule = try Driver.schedule("a", "0 * * * *")
    var driver = Driver(schedule)
    _ = try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule, since: "2038-01-19T03:14:07Z")])
    driver.give(.notStored(job: "a"))
    #expect(driver.fire() == ["remember a 24T05:20:00"])
    driver.give(.known(job: "a", try Driver.known(schedule, since: "2026-11-24T05:20:00Z")))
    driver.give(.notStored(job: "a"))
    #expect(driver.timerText == "24T06:00:00")
  }

  @Test("one that this scheduler has stored by a clock that was wrong is stored anew when the clock is right")
  func knownAheadOfItself() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    #expect(try driver.start(at: "28T05:20:00") == ["remember a 28T05:20:00"])
    try driver.at("24T05:20:00")
    driver.give(.clockSet)
    #expect(
      driver.give(.clock(aheadMilliseconds: 0)) == ["a known since 2026-11-28", "remember a 24T05:20:00"])
    #expect(driver.fire() == ["propose a@24T06:00:00"])
  }
}
