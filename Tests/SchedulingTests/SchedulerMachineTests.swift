import Testing

@testable import Scheduling

@Suite("Which fires a scheduler proposes, and when")
struct SchedulerMachineTests {
  private typealias Driver = SchedulerDriver

  // MARK: The start

  @Test("with an empty log nothing is made up for, and the timing is stored")
  func emptyLog() throws {
    var driver = Driver(try Driver.schedule())
    #expect(try driver.start(at: "24T05:20:00") == ["remember a 24T05:20:00"])
    #expect(driver.timerText == "24T06:00:00")
    #expect(driver.fire() == ["propose a@24T06:00:00"])
    #expect(driver.timerText == "24T07:00:00")
  }

  @Test("a known timing is not stored again, and what was missed is made up for")
  func known() throws {
    let schedule = try Driver.schedule()
    var driver = Driver(schedule)
    let started = try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule)])
    #expect(started == ["23 of a superseded", "propose a@24T05:00:00"])
    // The next fire takes its place.
    #expect(driver.proposals[0].expiry == (try moment("2026-11-24T06:00:00Z")) * 1000)
  }

  @Test("nothing is due for the time before a timing was known")
  func knownSince() throws {
    let schedule = try Driver.schedule("a", "0 * * * *", .all)
    var driver = Driver(schedule)
    let known = ["a": try Driver.known(schedule, since: "2026-11-24T03:00:00Z")]
    #expect(try driver.start(at: "24T05:20:00", known: known) == ["propose a@24T04:00:00", "propose a@24T05:00:00"])
  }

  @Test("a changed timing, zone or queue is a new one: nothing retroactive")
  func changed() throws {
    let schedule = try Driver.schedule("a", "0 * * * *", .all)
    for signature in ["30 * * * * UTC in q", "0 * * * * Europe/London in q", "0 * * * * UTC in other"] {
      var driver = Driver(schedule)
      let known = ["a": SchedulerMachine.Known(signature: signature, since: 0)]
      #expect(try driver.start(at: "24T05:20:00", known: known) == ["remember a 24T05:20:00"])
    }
  }

  @Test("another policy, spread or bound is no other timing")
  func samePolicy() throws {
    let known = ["a": try Driver.known(try Driver.schedule())]
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .none, spread: 1_000, notAfter: "23:00"))
    #expect(try driver.start(at: "24T00:20:00", known: known).allSatisfy { $0.hasSuffix("notWanted") })
  }

  @Test("a job that is gone, disabled or renamed is forgotten")
  func gone() throws {
    let known = ["a": try Driver.known(try Driver.schedule())]
    var none = Driver()
    #expect(try none.start(at: "24T05:20:00", known: known) == ["forget a"])
    #expect(none.timer == nil)
    var disabled = Driver(try Driver.schedule(isDisabled: true))
    #expect(try disabled.start(at: "24T05:20:00", known: known) == ["forget a"])
    #expect(disabled.timer == nil && disabled.give(.timer).isEmpty)
    var renamed = Driver(try Driver.schedule("b", "0 * * * *", .all))
    #expect(try renamed.start(at: "24T05:20:00", known: known) == ["remember b 24T05:20:00", "forget a"])
  }

  @Test("what cannot be stored is stored later, and not if the log has it after all")
  func notStored() throws {
    let schedule = try Driver.schedule()
    var driver = Driver(schedule)
    _ = try driver.start(at: "24T05:20:00", known: ["b": try Driver.known(schedule)])
    driver.give(.notStored(job: "a"))
    driver.give(.notStored(job: "b"))
    #expect(driver.timerText == "24T05:20:01")
    // Since the start, not since now.
    #expect(driver.fire() == ["remember a 24T05:20:00", "forget b"])
    driver.give(.known(job: "a", try Driver.known(schedule)))
    driver.give(.known(job: "b", nil))
    for job in ["a", "b"] { driver.give(.notStored(job: job)) }
    #expect(driver.timerText == "24T06:00:00")
    driver.give(.known(job: "a", nil))
    driver.give(.notStored(job: "a"))
    driver.give(.known(job: "a", try Driver.known(schedule)))
    #expect(driver.fire().isEmpty && driver.fire() == ["propose a@24T06:00:00"])
  }

  @Test("when the control topic has begun anew, all timings are stored again, since when they were known")
  func storeLost() throws {
    let (a, b) = (try Driver.schedule("a", "0 * * * *", .all), try Driver.schedule("b"))
    var driver = Driver(a, b, try Driver.schedule("off", isDisabled: true))
    #expect(driver.give(.storeLost).isEmpty, "nothing was read yet")
    _ = try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(a, since: "2026-11-20T03:00:00Z")])
    try driver.at("24T05:40:00")
    #expect(driver.give(.storeLost) == ["remember a 20T03:00:00", "remember b 24T05:20:00"])
    driver.give(.notStored(job: "a"))
    #expect(driver.fire() == ["remember a 20T03:00:00"])
    #expect(driver.fire() == ["propose a@24T06:00:00", "propose b@24T06:00:00"])
    // Before it has begun, it knows none: what is stored later is what it begins with.
    var waiting = Driver(a)
    try waiting.at("24T05:20:00")
    waiting.give(.logRead(fires: [], known: ["a": try Driver.known(a)]))
    #expect(waiting.give(.storeLost).isEmpty)
    waiting.give(.known(job: "a", try Driver.known(a, since: "2026-11-24T03:30:00Z")))
    #expect(
      waiting.give(.clock(aheadMilliseconds: 0)) == ["propose a@24T04:00:00", "propose a@24T05:00:00"])
  }

  // MARK: Missed and on time

  @Test(
    "by its policy",
    arguments: [
      (.latest, ["4 of a superseded", "propose a@24T05:00:00"]),
      (.all, (1...5).map { "propose a@24T0\($0):00:00" }), (.none, ["5 of a notWanted"]),
    ] as [(CatchUpPolicy, [String])])
  func policies(policy: CatchUpPolicy, decided: [String]) throws {
    let schedule = try Driver.schedule("a", "0 * * * *", policy)
    let known = ["a": try Driver.known(schedule, since: "2026-11-24T00:30:00Z")]
    var driver = Driver(schedule)
    #expect(try driver.start(at: "24T05:20:00", known: known) == decided)
    // What is in the log is not proposed; the latest one stands for those before it.
    let logged = (2...5).map { "a@24T0\($0):00:00" }
    var second = Driver(schedule)
    let expected: [String] =
      switch policy {
      case .latest: ["1 of a superseded"]
      case .all: ["propose a@24T01:00:00"]
      case .none: ["1 of a notWanted"]
      }
    #expect(try second.start(at: "24T05:20:00", logged: logged, known: known) == expected)
  }

  @Test("not beyond the horizon")
  func horizon() throws {
    let schedule = try Driver.schedule("a", "0 * * * *", .all)
    var driver = Driver(schedule, horizon: 2 * 3_600_000)
    let started = try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule)])
    #expect(started == ["propose a@24T04:00:00", "propose a@24T05:00:00"])
  }

  @Test("not once it may no longer start, and with that bound before")
  func notAfter() throws {
    let schedule = try Driver.schedule("a", "29 1 * * *", .latest, notAfter: "06:00")
    let known = ["a": try Driver.known(schedule)]
    var early = Driver(schedule)
    #expect(try early.start(at: "24T05:59:59", known: known) == ["propose a@24T01:29:00"])
    #expect(early.proposals[0].expiry == (try moment("2026-11-24T06:00:00Z")) * 1000)
    var late = Driver(schedule)
    #expect(try late.start(at: "24T06:00:00", known: known) == ["1 of a expired"])
    var onTime = Driver(schedule)
    _ = try onTime.start(at: "24T01:00:00", logged: ["a@23T01:29:00"], known: known)
    #expect(onTime.fire() == ["propose a@24T01:29:00"])
    #expect(onTime.proposals[0].expiry == (try moment("2026-11-24T06:00:00Z")) * 1000)
  }

  @Test(
    "a little late is on time, whatever the policy; more is missed",
    arguments: [(0, true), (29_999, true), (30_000, false), (3_000_000, false)] as [(Int64, Bool)])
  func grace(late: Int64, isOnTime: Bool) throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .none))
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.fire(late: late) == (isOnTime ? ["propose a@24T06:00:00"] : ["1 of a notWanted"]))
    #expect(driver.timerText == "24T07:00:00")
  }

  @Test("one that is on time stands for those missed before it")
  func liveStandsForMissed() throws {
    var driver = Driver(try Driver.schedule("a", "every 1m"))
    _ = try driver.start(at: "24T05:20:00")
    // Stopped for five minutes.
    #expect(driver.fire(late: 300_010) == ["5 of a superseded", "propose a@24T05:26:00"])
    #expect(driver.proposals[0].expiry == nil)
  }

  @Test("what another has proposed, or this one, is not proposed again")
  func logged() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    driver.give(.logged(try Driver.id("a@24T06:00:00")))
    driver.give(.logged(try Driver.id("nobody@24T06:00:00")))
    #expect(driver.fire().isEmpty && driver.timerText == "24T07:00:00")
    #expect(driver.fire() == ["propose a@24T07:00:00"])
    #expect(driver.give(.timer).isEmpty)
    // Whatever was said of it before.
    driver.give(.failed(try Driver.id("a@24T07:00:00")))
    driver.give(.logged(try Driver.id("a@24T07:00:00")))
    #expect(driver.fire().isEmpty && driver.timerText == "24T08:00:00")
    #expect(driver.give(.failed(try Driver.id("a@24T07:00:00"))).isEmpty)
  }

  @Test("several jobs: each its own, by name, and the timer for the first")
  func several() throws {
    var driver = Driver(
      try Driver.schedule("b", "30 * * * *"), try Driver.schedule("a", "0 */2 * * *"), try Driver.schedule("c"))
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.timerText == "24T05:30:00" && driver.fire() == ["propose b@24T05:30:00"])
    #expect(driver.fire() == ["propose a@24T06:00:00", "propose c@24T06:00:00"])
    #expect(driver.timerText == "24T06:30:00")
  }

  @Test("a spread moves the proposal, not the id")
  func spread() throws {
    let schedule = try Driver.schedule("nightly", "0 * * * *", .all, spread: 300_000)
    try #require(schedule.offsetMilliseconds == 26_520)
    var driver = Driver(schedule)
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.timerText == "24T06:00:26.520")
    #expect(driver.fire() == ["propose nightly@24T06:00:00"])
    #expect(driver.proposals[0].due == (try moment("2026-11-24T06:00:26Z")) * 1000 + 520)
    var early = Driver(schedule)
    #expect(
      try early.start(at: "24T06:00:26", known: ["nightly": try Driver.known(schedule, since: "2026-11-24T05:30:00Z")])
        .isEmpty)
  }

  // MARK: Failures

  @Test("a proposal that failed is made again, after a moment")
  func retry() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .none))
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.fire() == ["propose a@24T06:00:00"])
    driver.now += 5_000
    driver.give(.failed(try Driver.id("a@24T06:00:00")))
    #expect(driver.timerText == "24T06:00:06")
    driver.now += 500
    #expect(driver.give(.timer).isEmpty)
    #expect(driver.timerText == "24T06:00:06" && driver.fire() == ["propose a@24T06:00:00"])
    #expect(driver.proposals[1] == driver.proposals[0])
  }

  @Test("many failures do not put off the next try")
  func manyFailures() throws {
    var driver = Driver(try Driver.schedule("a", "* * * * * *"))
    _ = try driver.start(at: "24T05:20:00")
    _ = (driver.fire(), driver.fire())
    driver.give(.failed(try Driver.id("a@24T05:20:01")))
    driver.now += 900
    driver.give(.failed(try Driver.id("a@24T05:20:02")))
    #expect(driver.fire() == ["propose a@24T05:20:01", "propose a@24T05:20:02", "propose a@24T05:20:03"])
  }

  @Test(
    "after an outage the policy decides, as after one of this scheduler",
    arguments: [
      (.latest, ["2 of a superseded", "propose a@24T08:00:00"]),
      (.all, (6...8).map { "propose a@24T0\($0):00:00" }), (.none, ["3 of a notWanted"]),
    ] as [(CatchUpPolicy, [String])])
  func outage(policy: CatchUpPolicy, decided: [String]) throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", policy))
    _ = try driver.start(at: "24T05:20:00")
    _ = (driver.fire(), driver.fire(), driver.fire())
    try driver.at("24T08:40:00")
    for hour in 6...8 { driver.give(.failed(try Driver.id("a@24T0\(hour):00:00"))) }
    #expect(driver.fire() == decided)
  }

  @Test("what failed is not made again beyond the horizon, when the log may have forgotten that it has it")
  func failedLongAgo() throws {
    var driver = Driver(try Driver.schedule("a", "0 6 * * MON,TUE", .all))
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.fire() == ["propose a@24T06:00:00"])
    try driver.at("25T06:00:00")
    driver.give(.failed(try Driver.id("a@24T06:00:00")))
    #expect(driver.fire().isEmpty)
  }

  // MARK: Pauses

  @Test("a paused job is not proposed; what it missed is made up for when it is resumed")
  func pause() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all), try Driver.schedule("b", "30 * * * *"))
    _ = try driver.start(at: "24T05:20:00")
    driver.give(.paused(job: "a", until: nil))
    driver.give(.paused(job: "unheard-of", until: nil))
    #expect(driver.fire() == ["propose b@24T05:30:00"] && driver.fire() == ["propose b@24T06:30:00"])
    try driver.at("24T07:20:00")
    #expect(driver.give(.resumed(job: "a")) == ["propose a@24T06:00:00", "propose a@24T07:00:00"])
    #expect(driver.give(.resumed(job: "a")).isEmpty)
  }

  @Test("a pause that ends by itself has a timer")
  func pauseUntil() throws {
    var driver = Driver(try Driver.schedule())
    _ = try driver.start(at: "24T05:20:00")
    driver.give(.paused(job: "a", until: try moment("2026-11-24T07:10:00Z") * 1000))
    #expect(driver.timerText == "24T07:10:00")
    #expect(driver.fire() == ["1 of a superseded", "propose a@24T07:00:00"])
    #expect(driver.timerText == "24T08:00:00")
  }

  @Test("a pause that the log holds at the start counts, and one that is over does not")
  func pausedAtTheStart() throws {
    let schedule = try Driver.schedule()
    var driver = Driver(schedule)
    driver.give(.paused(job: "a", until: nil))
    #expect(try driver.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule)]).isEmpty)
    #expect(driver.timer == nil)
    var over = Driver(schedule)
    over.give(.paused(job: "a", until: try moment("2026-11-24T05:19:00Z") * 1000))
    #expect(try over.start(at: "24T05:20:00", known: ["a": try Driver.known(schedule)]).count == 2)
  }

  @Test("a proposal that failed waits for the end of the pause")
  func failedAndPaused() throws {
    var driver = Driver(try Driver.schedule("a", "0 * * * *", .all))
    _ = try driver.start(at: "24T05:20:00")
    #expect(driver.fire().count == 1)
    driver.give(.paused(job: "a", until: nil))
    driver.give(.failed(try Driver.id("a@24T06:00:00")))
    #expect(driver.fire().isEmpty)
    driver.now += 600_000
    #expect(driver.give(.resumed(job: "a")) == ["propose a@24T06:00:00"])
  }
}
