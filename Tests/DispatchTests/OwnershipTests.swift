import Dispatch
import Testing

@Suite("A queue that goes and comes")
struct OwnershipTests {
  private static let deadline = Driver.start + 10_000

  /// A run with one chunk committed, and what another owner would read.
  private func withOneChunk() -> Driver {
    var driver = Driver.running()
    driver.chunk(1)
    driver.settle()
    return driver
  }

  @Test("lost and returned unchanged: the attempt goes on")
  func returnedUnchanged() {
    var driver = withOneChunk()
    driver.give(.lost)
    driver.give(.assigned)
    #expect(driver.read(driver.lookBack()).words() == "no suspension; fetch 1")
    #expect(driver.running?.attempt.token == 100)
    #expect(driver.chunk(2).words() == "commit 0 running@100")
    #expect(driver.commit().words() == "acknowledge 2")
  }

  @Test("a chunk reported while the queue was away is committed on return, then acknowledged")
  func chunkHeldBack() {
    for isEarly in [true, false] {
      var driver = withOneChunk()
      driver.give(.lost)
      if isEarly { #expect(driver.chunk(2).isEmpty) }
      driver.give(.assigned)
      if !isEarly { #expect(driver.chunk(2).isEmpty) }
      #expect(driver.read(driver.lookBack()).words() == "no suspension; fetch 1; commit 0 running@100")
      #expect(driver.commit().words() == "acknowledge 2")
      #expect(driver.running?.attempt.rows == 20)
    }
  }

  @Test("a commit that was under way when the queue was lost is repeated on return, and counts once")
  func commitUnderWay() {
    var driver = Stage.checkpointing.driver
    let ticket = driver.committing?.ticket ?? 0
    driver.give(.lost)
    #expect(driver.give(.committed(ticket: ticket)).isEmpty)
    driver.give(.assigned)
    #expect(driver.read(driver.lookBack()).words() == "no suspension; fetch 1; commit 0 running@100")
    driver.commit()
    #expect(driver.running?.attempt.rows == 10 && driver.running?.attempt.chunks == 1)
  }

  @Test("a runner that ended while the queue was away has its end published on return")
  func endHeldBack() {
    var driver = withOneChunk()
    driver.give(.lost)
    driver.ended(.succeeded(facts: [:]))
    driver.give(.assigned)
    #expect(
      driver.read(driver.lookBack()).words()
        == "no suspension; fetch 1; no timeout; no suspension; publish succeeded(r0)")
    driver.settle()
    #expect(driver.machine.next == 1)
  }

  @Test("a cancel that came while the queue was away stops the runner on return")
  func cancelHeldBack() {
    var driver = withOneChunk()
    driver.give(.lost)
    #expect(driver.order(.cancel(run: "r0")).isEmpty)
    driver.give(.assigned)
    #expect(driver.read(driver.lookBack()).words() == "no suspension; fetch 1; stop 100")
  }

  @Test("another has begun an attempt in between: ours is stopped, and says nothing")
  func returnedChanged() {
    var driver = withOneChunk()
    driver.give(.lost)
    driver.give(.assigned)
    var changed = driver.lookBack()
    changed.committed?.metadata?.checkpoint?.token = 105
    changed.committed?.metadata?.checkpoint?.attempt = 2
    #expect(driver.read(changed).words() == "stop 100; no suspension; fetch 0")
    #expect(driver.ended(.stopped).isEmpty)
    // It begins anew, under a higher token, from where the other one came to.
    #expect(driver.request(Driver.queued(0)).words() == "publish start(r0 #3 crash)")
  }

  @Test("another has passed the request in between: ours is stopped")
  func returnedPassed() {
    var driver = withOneChunk()
    driver.give(.lost)
    driver.give(.assigned)
    #expect(driver.read(Driver.lands(.init(offset: 1))).words() == "stop 100; no suspension; fetch 1")
    #expect(driver.machine.state == .idle)
  }

  @Test("another has published the end and not come to commit it: ours is stopped")
  func returnedEnded() {
    var driver = withOneChunk()
    driver.give(.lost)
    driver.give(.assigned)
    var history = driver.lookBack()
    let end = Event.Ended(end: .succeeded(facts: [:]), attempt: 1, token: 100)
    history.digest.apply(
      Event(run: "r0", job: "sync", request: 0, worker: "GREEN", body: .ended(end)), at: 101,
      appended: Driver.start)
    #expect(driver.read(history).words() == "stop 100; no suspension; fetch 0")
    #expect(driver.request(Driver.queued(0)).words() == "commit 1")
  }

  @Test("an attempt that this worker itself gave up is an interruption, not a crash")
  func interruption() {
    var driver = withOneChunk()
    driver.give(.lost)
    #expect(
      driver.fire(.suspension, after: Driver.suspension).words(at: driver.now)
        == "stop 100; no timeout; no suspension")
    #expect(driver.machine.state == .unassigned)
    driver.open(driver.lookBack())
    #expect(driver.request(Driver.queued(0)).words() == "publish start(r0 #2 interruption)")
    driver.settle()
    #expect(driver.running?.attempt.crashes == 0 && driver.running?.attempt.cursorValue == "c1")
  }

  @Test("commits refused for the whole suspension: the attempt is given up and the history read anew")
  func refusedForTooLong() {
    var driver = Stage.checkpointing.driver
    #expect(driver.refuse(.generationLost).words() == "retry +50; suspension +30000")
    driver.fire(.retry)
    #expect(driver.refuse(.generationLost).words() == "retry +100", "its deadline is not put off")
    #expect(
      driver.fire(.suspension).words()
        == "stop 100; no timeout; no suspension; no retry; no hold; readHistory")
    var start = Stage.committing.driver
    start.refuse(.generationLost)
    #expect(start.fire(.suspension).words() == "no retry; no hold; readHistory")
  }

  @Test("a commit that is taken after a refusal ends the suspension")
  func refusedAndTaken() {
    var driver = Stage.checkpointing.driver
    driver.refuse(.generationLost)
    driver.fire(.retry)
    #expect(driver.commit().words() == "no suspension; acknowledge 1")
    #expect(driver.fire(.suspension).isEmpty)
  }

  // MARK: Handover

  @Test("revoked while running: the chunk in hand is finished, committed as handed over, and the queue let go")
  func handover() {
    var driver = Driver.running()
    #expect(driver.give(.revoked(deadline: Self.deadline)).words() == "handover +10000")
    #expect(driver.chunk(1).words() == "commit 0 handed-over@100")
    #expect(driver.commit().words() == "publish handed-over(r0); no timers; stop 100; release")
    #expect(driver.machine.state == .unassigned)
  }

  @Test("revoked while a commit is under way: it is repeated as handed over")
  func handoverDuringCommit() {
    var driver = Stage.checkpointing.driver
    driver.give(.revoked(deadline: Self.deadline))
    #expect(driver.commit().words() == "commit 0 handed-over@100")
    #expect(driver.committing?.committed.metadata?.checkpoint?.rows == 10)
    #expect(driver.commit().words() == "publish handed-over(r0); no timers; stop 100; release")
  }

  @Test("at the deadline the runner is killed; when it is gone its last checkpoint is handed over")
  func handoverDeadline() {
    var driver = withOneChunk()
    driver.give(.revoked(deadline: Self.deadline))
    #expect(driver.fire(.handover, after: 10_000).words(at: driver.now) == "stop 100")
    #expect(driver.ended(.stopped).words() == "no timeout; no suspension; commit 0 handed-over@100")
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .inline("c1"))
    #expect(driver.commit().words().hasSuffix("release"))
  }

  @Test("at the deadline with a commit unanswered: let go at once")
  func handoverDeadlineDuringCommit() {
    var driver = Stage.checkpointing.driver
    driver.give(.revoked(deadline: Self.deadline))
    #expect(driver.fire(.handover).words() == "no timers; stop 100; release")
  }

  @Test("revoked while turning: the batch is finished, no other run begins")
  func handoverWhileTurning() {
    var driver = Driver.running()
    driver.ended(.succeeded(facts: [:]))
    driver.request(Driver.queued(1))
    driver.give(.revoked(deadline: Self.deadline))
    driver.published()
    #expect(driver.commit().words() == "no suspension; no timers; release")
    #expect(driver.machine.state == .unassigned && driver.committed?.offset == 1)
  }

  @Test("revoked while an attempt is about to begin: its checkpoint says so, and no runner starts")
  func handoverWhileStarting() {
    var early = Stage.publishing.driver
    early.give(.revoked(deadline: Self.deadline))
    #expect(early.published().words() == "commit 0 handed-over@100")
    #expect(early.commit().words() == "no suspension; no timers; release")
    var late = Stage.committing.driver
    late.give(.revoked(deadline: Self.deadline))
    #expect(late.commit().words() == "no suspension; commit 0 handed-over@100")
    #expect(late.commit().words() == "no suspension; no timers; release")
  }

  @Test("the run ends before the deadline: its end is published, not a handover")
  func endedBeforeDeadline() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    driver.give(.revoked(deadline: Self.deadline))
    #expect(driver.ended(.succeeded(facts: [:])).words() == "no timeout; no suspension; publish succeeded(r0)")
    driver.settle()
    #expect(driver.committed?.offset == 1 && driver.machine.state == .unassigned)
  }

  @Test("lost while it was to be handed over: the runner is stopped, nothing is suspended")
  func lostDuringHandover() {
    var driver = Driver.running()
    driver.give(.revoked(deadline: Self.deadline))
    #expect(
      driver.give(.lost).words()
        == "no retry; no hold; no handover; stop 100; no timeout; no suspension")
    #expect(driver.machine.state == .unassigned)
  }

  @Test("what comes after the queue was let go changes nothing")
  func lateInputs() {
    var driver = Driver.running()
    driver.give(.revoked(deadline: Self.deadline))
    driver.chunk(1)
    driver.settle()
    #expect(driver.machine.state == .unassigned)
    #expect(driver.give(.runnerEnded(token: 100, .stopped)).isEmpty)
    #expect(driver.fire(.handover, after: 10_000).isEmpty && driver.request(Driver.queued(1)).isEmpty)
  }
}
