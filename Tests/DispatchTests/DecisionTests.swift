import Dispatch
import Testing

@Suite("What becomes of a request")
struct DecisionTests {
  private static let day: Int64 = 86_400_000

  private func driver(_ requests: QueuedRequest...) -> Driver {
    var driver = Driver()
    driver.open()
    for request in requests { driver.request(request, end: 100) }
    return driver
  }

  /// What becomes of the second request, after the first has succeeded.
  private func second(_ first: QueuedRequest, _ second: QueuedRequest) -> RunEnd? {
    var driver = driver(first)
    driver.settle()
    driver.request(second)
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    return driver.end(second.offset)?.end
  }

  @Test("the same id again is a duplicate")
  func duplicate() {
    #expect(second(Driver.queued(0), Driver.queued(1, id: "r0")) == .skipped(.duplicate(of: "r0", at: 0)))
    #expect(second(Driver.queued(0), Driver.queued(1)) == nil)
  }

  @Test("the same deduplication key is a duplicate, whatever the id")
  func deduplicationKey() {
    let first = Driver.queued(0) { $0.deduplicationKey = "k" }
    #expect(
      second(first, Driver.queued(1) { $0.deduplicationKey = "k" }) == .skipped(.duplicate(of: "r0", at: 0)))
    #expect(second(first, Driver.queued(1) { $0.deduplicationKey = "other" }) == nil)
    #expect(second(first, Driver.queued(1, id: "k")) == nil, "an id is no key")
  }

  @Test("outside of the window the id is free again", arguments: [36 * 3_600_000 - 1, 36 * 3_600_000 + 1] as [Int64])
  func window(after: Int64) {
    let end = second(Driver.queued(0, after: 0), Driver.queued(1, id: "r0", after: after))
    #expect((end == nil) == (after > 36 * 3_600_000))
  }

  @Test("a duplicate is told from the history as well")
  func duplicateOfHistory() {
    var driver = Driver()
    driver.open(
      Driver.lands(
        .init(offset: 5), requests: 0..<6,
        taken: [TakenRequest(id: "old", deduplicationKey: "k", offset: 3, appended: Driver.start)]))
    driver.request(Driver.queued(5, id: "old"))
    driver.request(Driver.queued(6) { $0.deduplicationKey = "k" })
    driver.settle()
    #expect(driver.end(5)?.end == .skipped(.duplicate(of: "old", at: 3)))
    #expect(driver.end(6)?.end == .skipped(.duplicate(of: "old", at: 3)))
  }

  @Test("a run that has begun is not a duplicate of itself when it is tried again")
  func retriedIsNoDuplicate() {
    var driver = Driver.running()
    driver.ended(.failed(message: "x", isRetriable: true))
    driver.settle()
    driver.fire(.hold, after: 5_000)
    driver.settle()
    #expect(driver.running?.attempt.number == 2)
  }

  private func twin(_ offset: Int64, n: Int64 = 1) -> QueuedRequest {
    Driver.queued(offset, job: "twin") { $0.params = ["n": .integer(n)] }
  }

  @Test("a twin that waited when the run began is covered by it")
  func covered() {
    var driver = driver(Driver.queued(0), twin(1), twin(2), twin(3, n: 2), Driver.queued(4))
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1")
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.end(2)?.end == .skipped(.covered(by: "r1", at: 1)))
    #expect(driver.running?.attempt.run == "r3", "other params are no twin")
  }

  @Test("a twin that came after the run began is not covered: it may ask for what came since")
  func runningTwin() {
    var driver = Driver()
    driver.open()
    driver.request(twin(0))
    driver.settle()
    driver.request(twin(1))
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1")
  }

  @Test("a request with a moment of its own is not covered by a run before that")
  func notBeforeIsNotCovered() {
    var driver = driver(Driver.queued(0), twin(1))
    var later = twin(2)
    if case .request(var request) = later.content {
      request.notBefore = Driver.start + 3_600_000
      later.content = .request(request)
    }
    driver.request(later)
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.machine.state == .holding(.notBefore(Driver.start + 3_600_000)))
  }

  @Test("a cancelled run covers nobody")
  func cancelledCoversNobody() {
    var driver = driver(Driver.queued(0), twin(1), twin(2))
    driver.settle()
    driver.order(.cancel(run: "r1"))
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.end(1)?.end == .cancelled(by: "ann", reason: "why"))
    #expect(driver.running?.attempt.run == "r2")
  }

  @Test("without `coalesce` twins each have their run")
  func queueing() {
    var driver = driver(Driver.queued(0), Driver.queued(1))
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1")
  }

  @Test("a request expires at its moment, not before", arguments: [-1, 0, 1] as [Int64])
  func expired(late: Int64) {
    let expires = Driver.start + 1_000
    var driver = Driver()
    driver.open()
    driver.now = expires + late
    driver.request(Driver.queued(0) { $0.expires = expires })
    driver.settle()
    #expect(driver.end(0)?.end == (late < 0 ? nil : .skipped(.expired(at: expires))))
    #expect((driver.running != nil) == (late < 0))
  }

  @Test("a run that has begun does not expire")
  func begunDoesNotExpire() {
    var driver = Driver.running(Driver.queued(0) { $0.expires = Driver.start + 1_000 })
    driver.ended(.failed(message: "x", isRetriable: true))
    driver.settle()
    driver.fire(.hold, after: 10_000)
    driver.settle()
    #expect(driver.running?.attempt.number == 2)
  }

  @Test("not before its moment: the queue waits, and others wait behind it")
  func notBefore() {
    let moment = Driver.start + 60_000
    var driver = Driver()
    driver.open()
    #expect(driver.request(Driver.queued(0) { $0.notBefore = moment }).words() == "hold +60000")
    #expect(driver.machine.state == .holding(.notBefore(moment)))
    #expect(driver.request(Driver.queued(1)).isEmpty)
    #expect(driver.fire(.hold, after: 59_999).words(at: driver.now) == "hold +1")
    #expect(driver.fire(.hold, after: 1).words() == "publish start(r0 #1 first)")
  }

  @Test("what is dead: kind, reason and bytes go to the dead letters, the end to the events, in one batch")
  func deadLetters() {
    let typed = Driver.queued(1, job: "twin") { $0.params = ["n": .string("one")] }
    for (request, kind, words) in [
      (Driver.unreadable(1), RunEnd.Failure.Kind.unreadable, "UTF-8"),
      (Driver.queued(1, job: "nowhere"), .unknownJob, "'nowhere' is not in the configuration"),
      (Driver.queued(1, job: "elsewhere"), .unknownJob, "belongs to queue 'other'"),
      (typed, .badParams, "'n' must be a whole number"),
    ] {
      var driver = Driver.running()
      driver.request(request)
      driver.request(Driver.queued(2))
      #expect(
        driver.ended(.succeeded(facts: [:])).words()
          == "no timeout; no suspension; publish succeeded(r0) + dead(\(request.run) \(kind.rawValue)) + "
          + "failed(\(request.run)) + start(r2 #1 first)")
      driver.settle()
      #expect(driver.deadLetters.map(\.queued) == [request] && driver.deadLetters.first?.attempts == 0)
      guard case .failed(let failure)? = driver.end(1)?.end else {
        Issue.record("\(kind) has no end")
        continue
      }
      #expect(failure.kind == kind && failure.message.contains(words), "\(failure.message)")
      #expect(driver.end(1)?.token == 0 && driver.machine.next == 2 && driver.running?.attempt.token == 103)
    }
  }

  @Test("a request whose end is in the events already is passed without a word")
  func alreadyEnded() {
    let end = Event(
      run: "r0", job: "sync", request: 0, worker: "GREEN", body: .ended(.init(end: .succeeded(facts: [:]))))
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 0), events: [(50, end)]))
    #expect(driver.request(Driver.queued(0)).words() == "commit 1")
    driver.commit()
    #expect(driver.machine.state == .idle && driver.events.isEmpty)
  }
}
