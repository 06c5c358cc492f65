import Dispatch
import Testing

@Suite("Pauses, cancels, time limits and the fetch")
struct ControlTests {
  // MARK: Pause

  @Test("a pause lets the run in hand end, and the next one wait until `resume`")
  func pause() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    #expect(driver.order(.pause(until: nil)).isEmpty)
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.machine.state == .holding(.paused(until: nil)) && driver.committed?.offset == 1)
    #expect(driver.fire(.hold, after: 1_000_000).isEmpty)
    #expect(driver.order(.resume).words() == "no hold; publish start(r1 #1 first)")
  }

  @Test("a pause with a moment ends by itself")
  func pauseUntil() {
    var driver = Driver()
    driver.open()
    driver.order(.pause(until: Driver.start + 5_000))
    #expect(driver.request(Driver.queued(0)).words() == "hold +5000")
    #expect(driver.fire(.hold, after: 4_999).words(at: driver.now) == "hold +1")
    #expect(driver.fire(.hold, after: 1).words() == "publish start(r0 #1 first)")
  }

  @Test("a pause holds back runs, not skips and dead letters")
  func pauseAndEnds() {
    var driver = Driver()
    driver.open()
    driver.order(.pause(until: nil))
    driver.request(Driver.queued(0, job: "nowhere"))
    driver.request(Driver.queued(1))
    driver.settle()
    #expect(driver.end(0)?.end.kind == "failed" && driver.machine.state == .holding(.paused(until: nil)))
  }

  // MARK: Cancel

  @Test("a waiting run is cancelled when its turn comes")
  func cancelWaiting() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    #expect(driver.order(.cancel(run: "r1")).isEmpty)
    #expect(
      driver.ended(.succeeded(facts: [:])).words()
        == "no timeout; no suspension; publish succeeded(r0) + cancelled(r1)")
    driver.settle()
    #expect(driver.end(1) == Event.Ended(end: .cancelled(by: "ann", reason: "why")))
  }

  @Test("a run may be cancelled before its request is seen")
  func cancelEarly() {
    var driver = Driver()
    driver.open()
    driver.order(.cancel(run: "r0"))
    #expect(driver.request(Driver.queued(0)).words() == "publish cancelled(r0)")
  }

  @Test("an order to cancel that is taken back before the run's turn is none")
  func uncancelWaiting() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    driver.order(.cancel(run: "r1"))
    driver.order(.cancel(run: "r2"))
    #expect(driver.order(.uncancel(run: "r1")).isEmpty)
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1")
    // The other stands.
    driver.request(Driver.queued(2))
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.end(2)?.end == .cancelled(by: "ann", reason: "why"))
  }

  @Test("once a run's end is committed, the order to cancel it goes, however it ended")
  func withdrawn() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    driver.order(.cancel(run: "r1"))
    driver.ended(.succeeded(facts: [:]))
    #expect(driver.published().words() == "commit 2")
    #expect(driver.commit().words().contains("withdraw r1"))
    // A later request of that id, out of the window, is nobody's to cancel.
    driver.request(Driver.queued(2, id: "r1", after: 40 * 3_600_000))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1" && driver.running?.attempt.queued.offset == 2)
    // It won the race against the order.
    driver.order(.cancel(run: "r1"))
    driver.ended(.succeeded(facts: [:]))
    driver.published()
    #expect(driver.commit().words().contains("withdraw r1"))
    #expect(driver.order(.cancel(run: "r1")).words() == "withdraw r1", "given for one that has ended")
  }

  @Test("who finds an end of an earlier owner's takes the order off, too")
  func withdrawnByTheNext() {
    var driver = Driver()
    driver.order(.cancel(run: "r0"))
    driver.order(.cancel(run: "r1"))
    let end = Event.Ended(end: .cancelled(by: "ann", reason: nil))
    driver.open(
      Driver.lands(
        .init(offset: 1), requests: 0..<2,
        taken: [TakenRequest(id: "r0", offset: 0, appended: Driver.start)],
        events: [(60, Event(run: "r1", job: "sync", request: 1, worker: "GREEN", body: .ended(end)))]))
    let commands = driver.request(Driver.queued(1)) + driver.settle()
    #expect(driver.committed?.offset == 2)
    #expect(commands.words().contains("withdraw r1"))
  }

  @Test("a run that is being stopped is stopped, whatever is taken back")
  func uncancelRunning() {
    var driver = Driver.running()
    driver.order(.cancel(run: "r0"))
    #expect(driver.order(.uncancel(run: "r0")).isEmpty)
    #expect(driver.ended(.stopped).words().contains("publish cancelled(r0)"))
  }

  @Test("a running run is stopped, once, and then ended with what it has done")
  func cancelRunning() {
    var driver = Driver.running()
    driver.chunk(1)
    driver.settle()
    #expect(driver.order(.cancel(run: "r0")).words() == "stop 100")
    #expect(driver.order(.cancel(run: "r0")).isEmpty)
    #expect(driver.ended(.stopped).words() == "no timeout; no suspension; publish cancelled(r0)")
    driver.settle()
    #expect(
      driver.end(0)
        == Event.Ended(
          end: .cancelled(by: "ann", reason: "why"), attempt: 1, token: 100, rows: 10, chunks: 1))
  }

  @Test("a run that succeeded before the cancel reached it has succeeded")
  func cancelTooLate() {
    var driver = Driver.running()
    driver.order(.cancel(run: "r0"))
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.end(0)?.end == .succeeded(facts: [:]))
  }

  @Test("a failure of a runner that was cancelled is not tried again")
  func cancelAndFailure() {
    var driver = Driver.running()
    driver.order(.cancel(run: "r0"))
    driver.ended(.failed(message: "killed", isRetriable: true))
    driver.settle()
    #expect(driver.end(0)?.end == .cancelled(by: "ann", reason: "why"))
  }

  @Test("cancelled while its chunk is being committed: the chunk counts, and is not acknowledged")
  func cancelCheckpointing() {
    var driver = Stage.checkpointing.driver
    #expect(driver.order(.cancel(run: "r0")).words() == "stop 100")
    #expect(driver.commit().isEmpty)
    driver.ended(.stopped)
    driver.settle()
    #expect(driver.end(0)?.rows == 10)
  }

  @Test("cancelled while its start is under way: no runner is started")
  func cancelStarting() {
    var driver = Stage.committing.driver
    #expect(driver.order(.cancel(run: "r0")).isEmpty)
    #expect(driver.commit().words() == "no suspension; publish cancelled(r0)")
    driver.settle()
    #expect(driver.end(0)?.token == 100 && driver.committed?.offset == 1)
  }

  @Test("cancelled while it waits for its next attempt: the end has the last attempt's token")
  func cancelHolding() {
    var driver = Driver.running()
    driver.ended(.failed(message: "x", isRetriable: true))
    driver.settle()
    #expect(driver.order(.cancel(run: "r0")).words() == "no hold; publish cancelled(r0)")
    driver.settle()
    #expect(driver.end(0)?.token == 100 && driver.end(0)?.attempt == 1)
  }

  // MARK: A paused job and what schedulers propose

  private func proposed(_ offset: Int64, after: Int64, time: Int64) -> QueuedRequest {
    Driver.queued(offset, after: after) {
      $0.origin = .schedule
      $0.time = Driver.start + time
    }
  }

  @Test("what a scheduler has just proposed waits for an order that may be on its way, and no longer")
  func pausedProposal() {
    var driver = Driver()
    driver.open()
    driver.order(.pauseJob("sync", until: nil))
    #expect(driver.request(proposed(0, after: 0, time: 0)).words() == "hold +5000")
    #expect(driver.order(.resumeJob("sync")).words() == "no hold; publish start(r0 #1 first)")
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    driver.order(.pauseJob("sync", until: nil))
    #expect(driver.request(proposed(1, after: 0, time: 0)).words() == "hold +5000")
    #expect(driver.fire(.hold, after: 5_000).words().hasPrefix("publish skipped(r1"))
    driver.settle()
    // Of old ones, and of what people ask for, nothing is to be waited for.
    #expect(driver.request(proposed(2, after: 0, time: 0)).words().hasPrefix("publish skipped(r2"))
    driver.settle()
    #expect(driver.request(Driver.queued(3, after: 5_000)).words().hasPrefix("publish skipped(r3"))
  }

  @Test("at a pause's end a scheduler whose clock is ahead is believed")
  func pausedUntil() {
    var driver = Driver()
    driver.open()
    driver.order(.pauseJob("sync", until: Driver.start + 10_000))
    driver.now = Driver.start + 8_500
    #expect(
      driver.request(proposed(0, after: 8_400, time: 10_000)).words(at: driver.now) == "publish start(r0 #1 first)")
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    // Others have no word in it.
    let asked = Driver.queued(1, after: 8_400) { $0.time = Driver.start + 10_000 }
    #expect(driver.request(asked).words(at: driver.now).hasPrefix("publish skipped(r1"))
  }

  // MARK: Time limits

  private func timed() -> Driver { Driver.running(Driver.queued(0, job: "timed")) }

  @Test("the limit is set when the runner starts, and one that is over it is stopped and has failed")
  func timeout() {
    var driver = Driver()
    driver.open()
    driver.request(Driver.queued(0, job: "timed"))
    driver.published()
    #expect(driver.commit().words() == "no suspension; run r0@100; timeout +60000")
    #expect(driver.fire(.timeout, after: 60_000).words() == "stop 100")
    #expect(driver.fire(.timeout).isEmpty)
    #expect(driver.ended(.stopped).words() == "no timeout; no suspension; publish failure(r0 #1)")
    guard case .attemptFailed(let failed)? = driver.publishing?.publications.first?.event?.body else {
      Issue.record("no failure")
      return
    }
    #expect(failed.message.contains("timed out after 60 s"))
  }

  @Test("a runner that ends well while it is being stopped has succeeded")
  func timeoutTooLate() {
    var driver = timed()
    driver.fire(.timeout, after: 60_000)
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.end(0)?.end == .succeeded(facts: [:]))
  }

  @Test("waiting for an acknowledgement is not the runner's time")
  func waitingDoesNotCount() {
    var driver = timed()
    driver.now = driver.now + 59_000
    driver.chunk(1)
    driver.refuse(.unavailable)
    #expect(driver.fire(.timeout, after: 1_000).isEmpty, "an outage")
    driver.fire(.retry, after: 9_000)
    // 10 s of waiting are given back: 1 s is left.
    #expect(
      driver.commit().words(at: driver.now) == "timeout +1000; acknowledge 1; publish progress(r0 10)")
    #expect(driver.fire(.timeout, after: 1_000).words() == "stop 100")
  }

  @Test("a short wait does not move the limit, unless it ran out meanwhile")
  func shortWait() {
    var driver = timed()
    driver.chunk(1)
    driver.now = driver.now + 999
    #expect(driver.commit().words() == "acknowledge 1")
    var late = timed()
    late.now = late.now + 59_999
    late.chunk(1)
    #expect(late.fire(.timeout, after: 1).isEmpty)
    #expect(late.commit().words(at: late.now).hasPrefix("timeout +1; acknowledge 1"))
  }

  @Test("a job without a limit has none")
  func noTimeout() {
    #expect(!Stage.committing.driver.machine.handling(.committed(ticket: 3)).words().contains("timeout"))
  }

  // MARK: The fetch

  @Test("the fetch is paused when enough waits, and goes on when half of it is decided")
  func fetchCount() {
    var driver = Driver.running { $0.waitingRequestsMax = 4 }
    for offset in 1...3 as ClosedRange<Int64> { #expect(driver.request(Driver.queued(offset)).isEmpty) }
    #expect(driver.request(Driver.queued(4)).words() == "pauseFetch")
    // What was under way already is kept; it is not paused twice.
    #expect(driver.request(Driver.queued(5)).isEmpty && driver.machine.waiting.count == 5)
    var words: [String] = []
    for _ in 0..<3 {
      words.append(driver.ended(.succeeded(facts: [:])).words())
      driver.settle()
    }
    #expect(words.map { $0.contains("resumeFetch") } == [false, false, true])
    #expect(driver.machine.waiting.count == 2)
  }

  @Test("bytes count as well")
  func fetchBytes() {
    var driver = Driver.running { $0.waitingBytesMax = 300 }
    #expect(driver.request(Driver.queued(1)).isEmpty && driver.request(Driver.queued(2)).isEmpty)
    #expect(driver.request(Driver.queued(3)).words() == "pauseFetch")
    #expect(driver.machine.waitingBytes == 300)
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    #expect(driver.ended(.succeeded(facts: [:])).words().contains("resumeFetch"))
    #expect(driver.machine.waitingBytes == 100)
  }

  @Test("a queue that is assigned anew begins with an open fetch and nothing in memory")
  func fetchAfterLoss() {
    var driver = Driver.running { $0.waitingRequestsMax = 2 }
    driver.request(Driver.queued(1))
    #expect(driver.request(Driver.queued(2)).words() == "pauseFetch")
    driver.give(.lost)
    driver.give(.assigned)
    driver.read(driver.lookBack(requests: 0..<3))
    #expect(driver.machine.waiting.isEmpty && driver.machine.waitingBytes == 0)
    driver.request(Driver.queued(1))
    #expect(driver.request(Driver.queued(2)).words() == "pauseFetch")
  }
}

extension Publication {
  fileprivate var event: Event? { if case .event(let event) = self { event } else { nil } }
}

extension QueueMachine {
  /// The answer of a copy.
  fileprivate func handling(_ input: Input) -> [Command] {
    var copy = self
    return copy.handle(input, now: Driver.start)
  }
}
