import Dispatch
import Testing

@Suite("Failures and crashes")
struct FailureTests {
  private static let failure = RunnerOutcome.failed(message: "no route to host", isRetriable: true)

  /// What a new owner makes of a checkpoint.
  private func resumed(
    _ phase: Checkpoint.Phase, failures: Int = 0, crashes: Int = 0, attemptChunks: Int = 0, number: Int = 1,
    events: [(offset: Int64, event: Event)] = [], at now: Timestamp = Driver.start
  ) -> Driver {
    let saved = Checkpoint(
      run: "r0", attempt: number, token: 50, phase: phase, cursor: .inline("c7"), rows: 70, chunks: 7,
      attemptChunks: attemptChunks, failures: failures, crashes: crashes)
    var driver = Driver()
    driver.now = now
    driver.open(
      Driver.lands(
        .init(offset: 0, metadata: CommitMetadata(eventsFrom: 50, checkpoint: saved)), events: events))
    driver.request(Driver.queued(0))
    driver.settle()
    return driver
  }

  @Test("a failure is published and committed, and the run waits for its next attempt")
  func failed() {
    var driver = Driver.running()
    driver.chunk(1)
    driver.settle()
    #expect(driver.ended(Self.failure).words() == "no timeout; no suspension; publish failure(r0 #1)")
    #expect(driver.published().words() == "commit 0 failed@100")
    driver.commit()
    guard case .holding(.backoff(let moment)) = driver.machine.state else {
      Issue.record("\(driver.machine.state.word)")
      return
    }
    #expect(driver.fire(.hold, after: moment - driver.now).words() == "publish start(r0 #2 failure)")
    driver.settle()
    #expect(driver.running?.attempt.cursorValue == "c1" && driver.running?.attempt.rows == 10)
    #expect(driver.running?.attempt.failures == 1 && driver.running?.attempt.attemptChunks == 0)
  }

  @Test("the pauses grow by the factor up to the longest, and at most their last half is left out")
  func backoffBounds() {
    var seen: [[Int64]] = []
    for seed in 1...20 as ClosedRange<UInt64> {
      let backoff = Job.Backoff(initialMilliseconds: 1_000, maxMilliseconds: 5_000, factor: 2)
      var driver = Driver(
        jobs: [Job(name: "sync", queue: "q", attempts: 9, backoff: backoff)], seed: seed)
      driver.open()
      driver.request(Driver.queued(0))
      driver.settle()
      var delays: [Int64] = []
      for longest in [1_000, 2_000, 4_000, 5_000, 5_000] as [Int64] {
        driver.ended(Self.failure)
        driver.settle()
        guard case .holding(.backoff(let moment)) = driver.machine.state else {
          Issue.record("\(driver.machine.state.word)")
          return
        }
        let delay = moment - driver.now
        #expect((longest / 2...longest).contains(delay), "seed \(seed): \(delay) of \(longest)")
        delays.append(delay)
        driver.fire(.hold, after: delay)
        driver.settle()
      }
      seen.append(delays)
    }
    #expect(Set(seen).count > 1, "workers must not all try at once")
  }

  @Test("equal seeds give equal pauses")
  func deterministic() {
    func moment(_ seed: UInt64) -> QueueMachine.State {
      var driver = Driver(seed: seed)
      driver.open()
      driver.request(Driver.queued(0))
      driver.settle()
      driver.ended(Self.failure)
      driver.settle()
      return driver.machine.state
    }
    #expect(moment(7) == moment(7))
  }

  @Test("after the last attempt the request goes to the dead letters, and the queue goes on")
  func attemptsUsedUp() {
    var driver = Driver.running()
    driver.request(Driver.queued(1))
    for _ in 1...4 {
      driver.ended(Self.failure)
      driver.settle()
      driver.fire(.hold, after: 300_000)
      driver.settle()
    }
    #expect(driver.running?.attempt.number == 5)
    #expect(
      driver.ended(Self.failure).words()
        == "no timeout; no suspension; publish dead(r0 attempts-used-up) + failed(r0) + start(r1 #1 first)")
    driver.settle()
    #expect(driver.deadLetters.first?.attempts == 5)
    #expect(driver.deadLetters.first?.failure.message == "no route to host")
    #expect(driver.running?.attempt.run == "r1")
  }

  @Test("what cannot be retried is dead at once")
  func notRetriable() {
    var driver = Driver.running()
    driver.ended(.failed(message: "no such table", isRetriable: false))
    driver.settle()
    #expect(driver.deadLetters.first?.failure == RunEnd.Failure(kind: .notRetriable, message: "no such table"))
    #expect(driver.machine.state == .idle)
  }

  @Test("a runner that someone else stopped has failed")
  func stoppedBySomeoneElse() {
    var driver = Driver.running()
    #expect(driver.ended(.stopped).words() == "no timeout; no suspension; publish failure(r0 #1)")
  }

  @Test("refused by the sink: the coordinator is asked first, and only an owner's attempt has failed")
  func fencedBySink() {
    var driver = Driver.running()
    #expect(driver.ended(.fencedBySink(message: "token 120")).words() == "commit 0 running@100")
    #expect(driver.commit().words() == "no timeout; no suspension; no retry; no hold; readHistory")
    #expect(
      driver.read(driver.lookBack()).words()
        == "no suspension; fetch 1; no timeout; no suspension; publish dead(r0 not-retriable) + failed(r0)")
    var loser = Driver.running()
    loser.ended(.fencedBySink(message: "token 120"))
    #expect(loser.refuse(.generationLost).words() == "retry +50; suspension +30000")
    loser.give(.lost)
    #expect(loser.events.count == 1, "a loser says nothing")
  }

  @Test("refused by the sink, and still the owner: another was it meanwhile, and the run begins again above its token")
  func supersededUnnoticed() {
    var driver = Driver.running()
    driver.chunk(1)
    driver.settle()
    driver.ended(.fencedBySink(message: "token 120"))
    driver.commit()
    let newer = Event(
      run: "r0", job: "sync", request: 0, worker: "GREEN",
      body: .attemptStarted(.init(attempt: 2, cause: .crash)))
    var history = driver.lookBack()
    history.digest.apply(newer, at: 120, appended: Driver.start)
    history.eventsEnd = 121
    driver.read(history)
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.cause == .interruption && driver.running?.attempt.failures == 0)
    #expect(driver.running?.attempt.number == 3 && driver.token > 120)
    #expect(driver.running?.attempt.cursorValue == "c1")
    #expect(driver.deadLetters.isEmpty)
  }

  @Test("a checkpoint `running` that another left behind is a crash")
  func crash() {
    let driver = resumed(.running, crashes: 1)
    #expect(driver.running?.attempt.cause == .crash && driver.running?.attempt.crashes == 2)
    #expect(driver.running?.attempt.number == 2 && driver.running?.attempt.failures == 0)
    #expect(driver.running?.attempt.cursorValue == "c7" && driver.running?.attempt.rows == 70)
    #expect(driver.events.last?.event.word == "start(r0 #2 crash)")
  }

  @Test("a chunk between two crashes starts their count anew")
  func crashAfterProgress() {
    #expect(resumed(.running, crashes: 2, attemptChunks: 1).running?.attempt.crashes == 1)
    #expect(resumed(.running, crashes: 1, attemptChunks: 0).running?.attempt.crashes == 2)
  }

  @Test("as many crashes in a row as the job allows: dead letter")
  func crashesUsedUp() {
    let driver = resumed(.running, crashes: 2, number: 3)
    #expect(driver.deadLetters.first?.failure.kind == .crashesUsedUp && driver.deadLetters.first?.attempts == 3)
    #expect(driver.end(0)?.rows == 70 && driver.end(0)?.token == 50 && driver.machine.next == 1)
  }

  @Test("a handover is not punished")
  func handover() {
    let driver = resumed(.handedOver, failures: 4, crashes: 2)
    #expect(driver.running?.attempt.cause == .handover)
    #expect(driver.running?.attempt.failures == 4 && driver.running?.attempt.crashes == 2)
    #expect(driver.running?.attempt.cursorValue == "c7")
  }

  @Test("another owner waits for the retry's time as well")
  func retryElsewhere() {
    let due = Driver.start + 1_000
    #expect(resumed(.failed(retryAt: due), failures: 1).machine.state == .holding(.backoff(due)))
    // By a clock that was a day ahead.
    #expect(resumed(.failed(retryAt: due + 86_400_000), failures: 1).running?.attempt.number == 2)
    let driver = resumed(.failed(retryAt: due), failures: 1, at: due)
    #expect(driver.running?.attempt.cause == .failure && driver.running?.attempt.failures == 1)
  }

  @Test("a failure that was published but not committed counts as that, not as a crash")
  func failureWithoutCheckpoint() {
    let due = Driver.start + 1_000
    let events = [
      Event.Body.attemptStarted(.init(attempt: 1, cause: .first)),
      .attemptFailed(.init(attempt: 1, token: 50, message: "x", retryAt: due)),
    ].enumerated().map { index, body in
      (offset: Int64(50 + index), event: Event(run: "r0", job: "sync", request: 0, worker: "GREEN", body: body))
    }
    #expect(resumed(.running, events: events).machine.state == .holding(.backoff(due)))
    let driver = resumed(.running, events: events, at: due)
    #expect(driver.running?.attempt.cause == .failure && driver.running?.attempt.failures == 1)
    #expect(driver.running?.attempt.crashes == 0)
  }

  @Test("a run that has begun is found by its events where the commit has no metadata")
  func begunWithoutMetadata() {
    let started = Event(
      run: "r0", job: "sync", request: 0, worker: "GREEN",
      body: .attemptStarted(.init(attempt: 2, cause: .failure, failures: 1, rows: 5)))
    let progressed = Event(
      run: "r0", job: "sync", request: 0, worker: "GREEN",
      body: .progressed(.init(attempt: 2, token: 50, rows: 9, chunks: 3, cursor: "c3")))
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 0), events: [(50, started), (51, progressed)]))
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.number == 3 && driver.running?.attempt.cursorValue == "c3")
    #expect(driver.running?.attempt.rows == 9 && driver.running?.attempt.failures == 1)
  }

  @Test("a checkpoint of another run than the one at the offset is nobody's")
  func foreignCheckpoint() {
    let saved = Checkpoint(
      run: "other", attempt: 3, token: 50, phase: .running, cursor: .inline("c7"), rows: 70, chunks: 7,
      attemptChunks: 0, failures: 4, crashes: 2)
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 0, metadata: CommitMetadata(eventsFrom: 50, checkpoint: saved))))
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.number == 1 && driver.running?.attempt.cursor == .beginning)
  }
}
