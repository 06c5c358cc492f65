import Dispatch
import Testing

@Suite("What a new owner makes of the history")
struct HistoryTests {
  private func ends(_ requests: Range<Int64>) -> [(offset: Int64, event: Event)] {
    requests.map { request in
      (
        offset: 50 + request,
        event: Event(
          run: "r\(request)", job: "sync", request: request, worker: "GREEN",
          body: .ended(.init(end: .succeeded(facts: [:]), attempt: 1, token: 40 + request)))
      )
    }
  }

  private func begun(_ request: Int64, at offset: Int64) -> (offset: Int64, event: Event) {
    (
      offset: offset,
      event: Event(
        run: "r\(request)", job: "sync", request: request, worker: "GREEN",
        body: .attemptStarted(.init(attempt: 1, cause: .first)))
    )
  }

  @Test("a history that cannot be read is asked for again, for as long as it takes")
  func failed() {
    var driver = Driver()
    driver.give(.assigned)
    let first = driver.history ?? 0
    #expect(driver.give(.historyFailed(ticket: first)).words() == "retry +50")
    driver.fire(.retry)
    #expect(driver.give(.historyFailed(ticket: driver.history ?? 0)).words() == "retry +100")
    #expect(driver.give(.historyRead(ticket: first, Driver.lands(nil))).isEmpty, "an old answer")
    driver.fire(.retry)
    #expect(driver.read(Driver.lands(.init(offset: 0))).words() == "fetch 0")
  }

  @Test("what was published before the history was read, and is told of only after, is read as another's")
  func toldTooLate() {
    var driver = Driver()
    driver.open()
    driver.request(Driver.queued(0))
    let ticket = driver.publishing?.ticket ?? 0
    driver.give(.lost)
    driver.give(.assigned)
    driver.read(Driver.lands(.init(offset: 0)))
    driver.request(Driver.queued(0))
    #expect(driver.give(.published(ticket: ticket, offsets: [100])).isEmpty)
    driver.eventsEnd = 101
    #expect(driver.published().words() == "readEvents 100..<102")
  }

  // MARK: Lost requests

  @Test("requests without an end that are gone stop the queue, and are counted")
  func lost() {
    var driver = Driver()
    let commands = driver.open(Driver.lands(.init(offset: 2), requests: 5..<9, events: ends(2..<4)))
    #expect(commands.words() == "report lost 2..<5 (1)")
    #expect(driver.request(Driver.queued(5)).isEmpty)
  }

  @Test("requests that are gone but have an end are no loss")
  func goneButEnded() {
    var driver = Driver()
    #expect(driver.open(Driver.lands(.init(offset: 2), requests: 5..<9, events: ends(2..<5))).words() == "fetch 5")
    #expect(driver.machine.next == 5)
  }

  @Test("an accepted loss is published and committed, and the queue goes on")
  func accepted() {
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 2), requests: 5..<9))
    #expect(driver.order(.acceptLoss(below: 4, events: 100)).words() == "no retry; no hold; readHistory")
    #expect(driver.read(Driver.lands(.init(offset: 2), requests: 5..<9)).words() == "report lost 2..<5 (3)")
    driver.order(.acceptLoss(below: 5, events: 100))
    #expect(
      driver.read(Driver.lands(.init(offset: 2), requests: 5..<9)).words() == "fetch 5; publish lost(2..<5 ann)")
    #expect(driver.published().words() == "commit 5")
    driver.request(Driver.queued(5))
    driver.settle()
    #expect(driver.running?.attempt.run == "r5" && driver.committed?.offset == 5)
  }

  @Test("a loss that an earlier owner wrote down needs no second decision")
  func acceptedBefore() {
    let event = Event(
      run: "offset-2", job: nil, request: 2, worker: "GREEN", body: .lossAccepted(from: 2, to: 5, by: "ann"))
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 2), requests: 5..<9, events: [(60, event)]))
    #expect(driver.machine.next == 5 && driver.committing?.committed.offset == 5)
    #expect(driver.publishing == nil, "it is written down already")
  }

  @Test("an accepted loss counts once: the next one needs a decision of its own")
  func acceptedOnce() {
    var driver = Driver()
    let first = Driver.lands(.init(offset: 10), requests: 0..<3)
    #expect(driver.open(first).words() == "report 10 beyond 3")
    driver.order(.acceptLoss(below: 10, events: 100))
    driver.read(first)
    driver.settle()
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.committed?.offset == 0 && driver.running != nil)
    // The topic is made anew once more, while another worker has the queue: what it reads, whatever it has in memory.
    let committed = QueueHistory.Committed(offset: 7, metadata: CommitMetadata(eventsFrom: 104))
    for history in [
      Driver.lands(committed, requests: 0..<2, eventsEnd: 110),
      Driver.lands(committed, requests: 0..<2, eventsEnd: 110, events: driver.events),
      // Somebody's tool has set the offset: all events are read.
      Driver.lands(.init(offset: 7), requests: 0..<2, eventsEnd: 110, events: driver.events),
    ] {
      driver.give(.lost)
      driver.give(.timer(.suspension))
      #expect(driver.open(history).words() == "report 7 beyond 2")
    }
    // And a new worker, which finds the old order on the control topic.
    var other = Driver()
    other.order(.acceptLoss(below: 10, events: 100))
    #expect(other.open(Driver.lands(committed, requests: 0..<2, eventsEnd: 110)).words() == "report 7 beyond 2")
    other.order(.acceptLoss(below: 7, events: 110))
    let again = Driver.lands(committed, requests: 0..<2, eventsEnd: 110)
    #expect(other.read(again).words() == "fetch 0; publish lost(0..<7 ann)")
  }

  @Test("an order for a loss in a topic that is gone says nothing of the new events")
  func orderOfAnotherTopic() {
    var driver = Driver()
    driver.order(.acceptLoss(below: 10, events: 5_000))
    let committed = QueueHistory.Committed(offset: 10, metadata: CommitMetadata(eventsFrom: 4_990))
    let history = Driver.lands(committed, requests: 0..<0, eventsEnd: 3)
    #expect(driver.open(history).words() == "report 10 beyond 0")
    // All topics were made anew: what the metadata says of the events is of those that are gone.
    driver.order(.acceptLoss(below: 10, events: 3))
    #expect(driver.read(history).words() == "fetch 0; publish lost(0..<10 ann)")
  }

  @Test("without a committed offset an accepted loss is written down too")
  func acceptedWithoutOffset() {
    var driver = Driver()
    let start = Event.AttemptStarted(attempt: 1, cause: .first)
    let event = Event(run: "r2", job: "sync", request: 2, worker: "GREEN", body: .attemptStarted(start))
    let history = Driver.lands(nil, requests: 5..<6, events: [(60, event)])
    #expect(driver.open(history).words() == "report lost 2..<5 (1)")
    driver.order(.acceptLoss(below: 5, events: 100))
    #expect(driver.read(history).words() == "fetch 5; publish lost(2..<5 ann)")
  }

  @Test("an offset beyond the log stops the queue; accepted, it begins at the new log's start")
  func beyondLog() {
    var driver = Driver()
    let history = Driver.lands(.init(offset: 10), requests: 0..<3, events: ends(0..<10))
    #expect(driver.open(history).words() == "report 10 beyond 3")
    driver.order(.acceptLoss(below: 10, events: 100))
    #expect(driver.read(history).words() == "fetch 0; publish lost(0..<10 ann)")
    // The old requests' ends say nothing of the new ones at their offsets.
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.run == "r0")
  }

  @Test("an offset at the log's end is nothing unusual")
  func atTheEnd() {
    var driver = Driver()
    #expect(driver.open(Driver.lands(.init(offset: 3), requests: 0..<3)).words() == "fetch 3")
  }

  // MARK: No committed offset

  @Test("without a committed offset: sets one, passes what has an end, and goes on at the first without")
  func noOffset() {
    var driver = Driver()
    #expect(
      driver.open(Driver.lands(nil, requests: 0..<4, events: ends(0..<2))).words() == "fetch 0; commit 0")
    for offset in 0..<4 as Range<Int64> { driver.request(Driver.queued(offset)) }
    driver.settle()
    #expect(driver.running?.attempt.run == "r2" && driver.committed?.offset == 2)
    #expect(driver.end(0) == nil && driver.end(1) == nil)
  }

  @Test("without a committed offset, a request that was begun and is gone is a loss")
  func noOffsetLost() {
    var driver = Driver()
    let history = Driver.lands(nil, requests: 5..<9, events: [begun(3, at: 50)])
    #expect(driver.open(history).words() == "report lost 3..<5 (1)")
    var fine = Driver()
    #expect(fine.open(Driver.lands(nil, requests: 5..<9)).words() == "fetch 5; commit 5")
  }

  // MARK: Stored cursors

  private let stored = Checkpoint(
    run: "r0", attempt: 1, token: 50, phase: .handedOver, cursor: .stored(event: 60), rows: 7, chunks: 1,
    attemptChunks: 1, failures: 0, crashes: 0)

  private func storedHistory(_ cursor: String?) -> QueueHistory {
    Driver.lands(
      .init(offset: 0, metadata: CommitMetadata(eventsFrom: 50, checkpoint: stored)), storedCursor: cursor)
  }

  @Test("a checkpoint that refers to an event goes on at that event's cursor, and refers to it still")
  func storedCursor() {
    var driver = Driver()
    driver.open(storedHistory("far"))
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.cursorValue == "far")
    #expect(driver.committed?.metadata?.checkpoint?.cursor == .stored(event: 60))
  }

  @Test("where that event is gone the queue stops, until the run is cancelled")
  func storedCursorMissing() {
    var driver = Driver()
    #expect(driver.open(storedHistory(nil)).words() == "report cursor of r0 at 60 missing")
    #expect(driver.order(.cancel(run: "r0")).words() == "no retry; no hold; readHistory")
    #expect(driver.read(storedHistory(nil)).words() == "fetch 0")
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.end(0)?.end == .cancelled(by: "ann", reason: "why"))
    #expect(driver.end(0)?.token == 50 && driver.end(0)?.rows == 7)
  }

  // MARK: Positions

  @Test("a fetch position that is gone while a run is on is looked into when it has ended")
  func outOfRangeWhileRunning() {
    var driver = Driver.running()
    #expect(driver.give(.offsetOutOfRange).isEmpty)
    driver.ended(.succeeded(facts: [:]))
    #expect(driver.settle().words().hasSuffix("no retry; no hold; readHistory"))
    #expect(driver.read(Driver.lands(.init(offset: 1), requests: 3..<5)).words() == "report lost 1..<3 (2)")
  }

  @Test("a publication that the broker refuses stops the queue; resume reads the history again")
  func publishRefused() {
    var driver = Stage.publishing.driver
    #expect(driver.refusePublication(.refused("too large")).words() == "no retry; report refused: too large")
    #expect(driver.order(.resume).words() == "no retry; no hold; readHistory")
    driver.read(Driver.lands(.init(offset: 0)))
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.number == 1)
  }

  @Test("each problem tells the operator what to do")
  func messages() {
    for (problem, words) in [
      (
        QueueProblem.requestsLost(from: 2, to: 5, unended: 1), ["offsets 2 to 4", "1 of them", "--accept-loss-below 5"]
      ),
      (.offsetBeyondLog(committed: 10, end: 3), ["10", "(3)", "--accept-loss-below 10"]),
      (.storedCursorMissing(run: "r0", event: 60), ["r0", "60", "baton cancel r0"]),
      (.publishRefused("too large"), ["too large", "baton resume q"]), (.fenced("twin"), ["twin", "--name"]),
      (.checkpointRefused(run: "r9"), ["r9", "offset.metadata.max.bytes", "baton resume q"]),
    ] {
      let message = problem.message(queue: "q")
      for word in words + ["queue 'q'"] { #expect(message.contains(word), "\(message)") }
    }
  }

  @Test("commits name the event from which the next owner must read")
  func eventsFrom() {
    var driver = Driver.running()
    #expect(driver.committed?.metadata?.eventsFrom == 100, "the attempt's start is needed")
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.committed?.metadata == CommitMetadata(eventsFrom: 102))
  }
}
