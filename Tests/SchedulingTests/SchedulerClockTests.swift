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
}
