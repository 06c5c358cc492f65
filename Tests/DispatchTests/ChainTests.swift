import Dispatch
import Testing

@Suite("Jobs that follow on a success")
struct ChainTests {
  static let jobs: [Job] = {
    var load = Job(
      name: "load", queue: "q",
      parameters: [
        .init(name: "day", type: .date), .init(name: "full", type: .boolean, defaultValue: .boolean(false)),
        .init(name: "host", type: .string),
      ], attempts: 1)
    load.then = ["index", "mail"]
    let index = Job(
      name: "index", queue: "search",
      parameters: [.init(name: "day", type: .date), .init(name: "full", type: .boolean)])
    return [load, index, Job(name: "mail", queue: "q")]
  }()

  private func running(_ change: (inout Request) -> Void = { _ in }) -> Driver {
    var driver = Driver(jobs: Self.jobs)
    driver.open()
    driver.request(Driver.queued(0, id: "load@T", job: "load", change))
    driver.settle()
    return driver
  }

  @Test("their requests are published beside the end, and before its offset is committed")
  func followers() throws {
    var driver = running { $0.params = ["day": .string("2026-11-24"), "host": .string("db2")] }
    #expect(
      driver.ended(.succeeded(facts: [:])).words()
        == "no timeout; no suspension; publish succeeded(load@T) + request(load@T/index search) + request(load@T/mail q)"
    )
    #expect(driver.published().words() == "commit 1")
    let index = try #require(driver.followers.first?.request)
    #expect(
      index.params == ["day": .string("2026-11-24"), "full": .boolean(false)], "only what it declares, defaults too")
    #expect(index.job == "index" && index.origin == .chain && index.requestedBy == "run load@T")
    #expect(driver.followers.last?.request.params == [:])
  }

  @Test("nothing follows on a request that wants no followers, whoever finds its end")
  func unwanted() throws {
    var driver = running { $0.asksForFollowers = false }
    #expect(
      driver.ended(.succeeded(facts: [:])).words() == "no timeout; no suspension; publish succeeded(load@T)")
    // Its owner dies before the commit; the next one finds the end.
    driver.published()
    var next = Driver(jobs: Self.jobs)
    next.open(driver.lookBack())
    next.request(Driver.queued(0, id: "load@T", job: "load") { $0.asksForFollowers = false })
    next.settle()
    #expect(next.committed?.offset == 1 && driver.followers.isEmpty && next.followers.isEmpty)
  }

  @Test("a request that wants followers is not covered by one that wants none")
  func twinWithoutFollowers() {
    var job = Job(name: "twin", queue: "q", whenWaiting: .coalesce)
    job.then = ["mail"]
    var driver = Driver(jobs: [job, Job(name: "mail", queue: "other"), Job(name: "sync", queue: "q")])
    driver.open()
    driver.request(Driver.queued(0))
    driver.settle()
    driver.request(Driver.queued(1, job: "twin") { $0.asksForFollowers = false })
    driver.request(Driver.queued(2, job: "twin"))
    driver.request(Driver.queued(3, job: "twin"))
    for _ in 0..<3 {
      driver.ended(.succeeded(facts: [:]))
      driver.settle()
    }
    #expect(driver.end(1)?.end.kind == "succeeded" && driver.end(2)?.end.kind == "succeeded")
    #expect(driver.end(3)?.end == .skipped(.covered(by: "r2", at: 2)))
    #expect(driver.followers.map(\.request.id) == ["r2/mail"])
  }

  @Test("nothing follows on a failure, a cancelled run, or a request that was skipped")
  func noSuccess() {
    var driver = running()
    driver.ended(.failed(message: "no", isRetriable: true))
    driver.settle()
    #expect(driver.end(0)?.end.kind == "failed")
    driver.request(Driver.queued(1, id: "load@T", job: "load"))
    driver.settle()
    #expect(driver.end(1)?.end == .skipped(.duplicate(of: "load@T", at: 0)))
    driver.request(Driver.queued(2, id: "load@U", job: "load"))
    driver.settle()
    driver.order(.cancel(run: "load@U"))
    driver.ended(.stopped)
    driver.settle()
    #expect(driver.end(2)?.end.kind == "cancelled")
    #expect(driver.followers.isEmpty)
  }

  @Test("who finds the end, and the offset not committed, publishes them again under the same ids")
  func again() {
    var driver = running()
    driver.ended(.succeeded(facts: [:]))
    driver.published()
    let history = driver.lookBack()
    var next = Driver(jobs: Self.jobs)
    next.open(history)
    #expect(
      next.request(Driver.queued(0, id: "load@T", job: "load")).words()
        == "publish request(load@T/index search) + request(load@T/mail q)")
    #expect(next.published().words() == "commit 1")
    #expect(next.followers.map(\.request.id) == driver.followers.map(\.request.id))
  }

  @Test("a failure that counts more than an earlier success owes nothing")
  func overruled() {
    func ended(_ end: RunEnd, _ token: Int64) -> Event {
      Event(
        run: "load@T", job: "load", request: 0, worker: "GREEN",
        body: .ended(Event.Ended(end: end, attempt: 1, token: token)))
    }
    let failure = RunEnd.failed(.init(kind: .notRetriable, message: "no"))
    var driver = Driver(jobs: Self.jobs)
    driver.open(
      Driver.lands(.init(offset: 0), events: [(60, ended(.succeeded(facts: [:]), 50)), (61, ended(failure, 55))]))
    #expect(driver.request(Driver.queued(0, id: "load@T", job: "load")).words() == "commit 1")
  }

  @Test("an end that is older than the deduplication window is not followed again")
  func forgotten() {
    var driver = running()
    driver.ended(.succeeded(facts: [:]))
    driver.published()
    for (age, words) in [
      (1_800_000, "publish request(load@T/index search) + request(load@T/mail q)"),
      // The other queue would not know it for a duplicate any more.
      (3_600_000, "warn load@T: index; publish request(load@T/mail q)"),
      (40 * 3_600_000, "warn load@T: index mail; commit 1"),
    ] as [(Int64, String)] {
      var next = Driver(jobs: Self.jobs) { $0.deduplicationElsewhere = ["search": 3_600_000] }
      next.now = Driver.start + age
      // Asked for long before it ran: it is the end's time that counts.
      next.open(driver.lookBack())
      #expect(
        next.request(Driver.queued(0, id: "load@T", job: "load", after: -50 * 3_600_000)).words(at: next.now) == words)
    }
    // Where the group's offsets are forgotten, every end is come upon.
    var next = Driver(jobs: Self.jobs)
    next.now = Driver.start + 40 * 3_600_000
    next.open(Driver.lands(nil, eventsEnd: driver.eventsEnd, events: driver.events))
    next.settle()
    #expect(next.request(Driver.queued(0, id: "load@T", job: "load")).words(at: next.now) == "commit 1")
  }

  @Test("where the request of an end is gone with its params, the operator is told")
  func lost() {
    var driver = running()
    driver.ended(.succeeded(facts: [:]))
    driver.published()
    var next = Driver(jobs: Self.jobs)
    #expect(next.open(driver.lookBack(requests: 1..<2)).words().hasPrefix("warn load@T: index mail"))
  }

  @Test("an id that would be too long is replaced by one of its own, always the same")
  func longIDs() {
    let run = String(repeating: "x", count: 195)
    let id = Request.followerID(of: "index", after: run)
    #expect(id.utf8.count == 38 && id.hasSuffix("/index"))
    #expect(id == Request.followerID(of: "index", after: run))
    #expect(id != Request.followerID(of: "index", after: run + "y"))
  }
}
