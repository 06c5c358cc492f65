import Dispatch
import Testing

@Suite("How an attempt begins")
struct StartTests {
  @Test("publish, then commit with the checkpoint, and only then start the runner")
  func order() {
    var driver = Driver()
    driver.open()
    #expect(driver.request(Driver.queued(0)).words() == "publish start(r0 #1 first)")
    #expect(driver.published().words() == "commit 0 running@100")
    guard let checkpoint = driver.committing?.committed.metadata?.checkpoint else {
      Issue.record("no checkpoint")
      return
    }
    #expect(checkpoint.run == "r0" && checkpoint.attempt == 1 && checkpoint.cursor == .beginning)
    #expect(checkpoint.attemptChunks == 0 && checkpoint.failures == 0 && checkpoint.crashes == 0)
    #expect(driver.committing?.committed.metadata?.eventsFrom == 100)
    guard case .startRunner(let order)? = driver.commit().last else {
      Issue.record("no runner")
      return
    }
    #expect(order.run == "r0" && order.job == "sync" && order.attempt == 1 && order.token == 100)
    #expect(order.params.isEmpty && order.cursor == nil)
  }

  @Test("a publication whose fate is unknown is repeated, and the last offset is the token")
  func repeatedPublication() {
    var driver = Stage.publishing.driver
    #expect(driver.refusePublication(.unknown).words() == "retry +50")
    // The first did land, unseen.
    driver.eventsEnd += 1
    #expect(driver.fire(.retry).words() == "publish start(r0 #1 first)")
    #expect(driver.published().words() == "readEvents 100..<102")
    #expect(driver.found().words() == "commit 0 running@101")
  }

  @Test("retries wait longer each time, up to a second, and begin anew after a success")
  func retryDelays() {
    var driver = Stage.publishing.driver
    var delays: [String] = []
    for _ in 0..<7 {
      delays.append(driver.refusePublication(.unknown).words())
      driver.fire(.retry)
    }
    #expect(
      delays
        == ["retry +50", "retry +100", "retry +200", "retry +400", "retry +800", "retry +1000", "retry +1000"])
    driver.published()
    #expect(driver.refuse(.unavailable).words() == "retry +50")
    #expect(driver.fire(.retry).words() == "commit 0 running@100")
    #expect(driver.commit().words() == "no suspension; run r0@100")
  }

  @Test("the answers to an earlier commit or publication do not count")
  func staleAnswers() {
    var driver = Stage.publishing.driver
    let ticket = driver.publishing?.ticket ?? 0
    driver.give(.publishFailed(ticket: ticket, .unknown))
    driver.fire(.retry)
    #expect(driver.give(.published(ticket: ticket, offsets: [100])).isEmpty)
    driver.eventsEnd += 1
    driver.published()
    let commit = driver.committing?.ticket ?? 0
    #expect(driver.give(.committed(ticket: commit - 1)).isEmpty)
    #expect(driver.give(.commitRefused(ticket: commit - 1, .unavailable)).isEmpty)
    #expect(driver.commit().words().hasSuffix("run r0@101"))
  }

  @Test("an end that is found in the gap keeps the attempt from beginning")
  func endInTheGap() {
    var driver = Stage.checking.driver
    #expect(driver.reading?.range == 100..<104)
    let end = Event(
      run: "r0", job: "sync", request: 0, worker: "GREEN",
      body: .ended(Event.Ended(end: .succeeded(facts: [:]), attempt: 1, token: 90)))
    let commands = driver.found(end)
    #expect(commands.words() == "commit 0")
    // Nobody may be told to begin to read behind that end while the commit does not pass the request.
    #expect((driver.committing?.committed.metadata?.eventsFrom ?? .max) <= 101)
    #expect(driver.commit().words() == "no suspension; commit 1")
    driver.commit()
    #expect(driver.machine.state == .idle && driver.machine.next == 1)
  }

  @Test("without an end in the gap the attempt begins, and the gap is closed")
  func harmlessGap() {
    var driver = Stage.checking.driver
    let other = Event(run: "r9", job: "sync", request: 9, worker: "GREEN", body: .lossAccepted(from: 0, to: 0, by: ""))
    driver.found(other)
    #expect(driver.commit().words() == "no suspension; run r0@103")
    driver.ended(.succeeded(facts: [:]))
    driver.request(Driver.queued(1))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1", "no second look at the gap")
  }

  @Test("what was published under an earlier ownership is a gap to be read")
  func lateOwnPublication() {
    var driver = Stage.publishing.driver
    let ticket = driver.publishing?.ticket ?? 0
    driver.give(.lost)
    driver.open(Driver.lands(.init(offset: 0), eventsEnd: 100))
    // It lands only now, behind the history that was read: nobody has looked at it.
    #expect(driver.give(.published(ticket: ticket, offsets: [100])).isEmpty)
    driver.eventsEnd = 101
    driver.request(Driver.queued(0))
    #expect(driver.published().words() == "readEvents 100..<102")
  }

  @Test("the end and the next start ride in one batch and one commit")
  func oneBatch() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    let commands = driver.ended(.succeeded(facts: ["rows": .integer(3)]))
    #expect(
      commands.words() == "no timeout; no suspension; publish succeeded(r0) + start(r1 #1 first)")
    #expect(driver.published().words() == "commit 1 running@102")
    #expect(driver.commit().words() == "no suspension; run r1@102")
    #expect(driver.machine.next == 1)
    #expect(driver.end(0)?.end == .succeeded(facts: ["rows": .integer(3)]) && driver.end(0)?.token == 100)
  }

  @Test("many ends ride in one batch, up to the bound")
  func boundedBatch() {
    var driver = Driver { $0.turnRequestsMax = 3 }
    driver.open()
    driver.order(.pause(until: nil))
    driver.request(Driver.queued(0))
    for offset in 1...4 as ClosedRange<Int64> { driver.request(Driver.queued(offset, job: "nowhere")) }
    for offset in 0...4 as ClosedRange<Int64> where offset != 1 {
      driver.order(.cancel(run: "r\(offset)"))
    }
    driver.settle()
    #expect((0...4).allSatisfy { driver.end($0) != nil })
    #expect(driver.machine.next == 5 && driver.machine.state == .idle)
  }

  @Test("a request that is delivered twice is taken once")
  func deliveredTwice() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    #expect(driver.request(Driver.queued(1)).isEmpty && driver.request(Driver.queued(0)).isEmpty)
    #expect(driver.machine.waiting.map(\.offset) == [1])
  }

  @Test("after compaction or a transaction marker, offsets that are not there are stepped over")
  func holesInTheLog() {
    var driver = Driver.running()
    driver.request(Driver.queued(7))
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.machine.next == 7 && driver.running?.attempt.run == "r7")
  }
}
