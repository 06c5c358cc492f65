import Dispatch
import Testing

@Suite("Chunks and their checkpoints")
struct ChunkTests {
  private static let long = String(repeating: "x", count: 3_000)

  @Test("a chunk is acknowledged after its checkpoint is committed, never before")
  func commitBeforeAcknowledge() {
    var driver = Driver.running()
    #expect(driver.chunk(1).words() == "commit 0 running@100")
    let checkpoint = driver.committing?.committed.metadata?.checkpoint
    #expect(checkpoint?.cursor == .inline("c1") && checkpoint?.rows == 10 && checkpoint?.chunks == 1)
    #expect(checkpoint?.attemptChunks == 1)
    #expect(driver.running?.attempt.rows == 0, "it does not count before the commit")
    #expect(driver.commit() == [.acknowledgeChunk(token: 100, chunk: 1)])
    #expect(driver.running?.attempt.rows == 10 && driver.running?.attempt.cursorValue == "c1")
  }

  @Test("a refused commit is tried again until it is taken, and only then acknowledged")
  func refusedCommit() {
    var driver = Stage.checkpointing.driver
    #expect(driver.refuse(.unavailable).words() == "retry +50")
    #expect(driver.fire(.retry).words() == "commit 0 running@100")
    #expect(driver.refuse(.unavailable).words() == "retry +100")
    driver.fire(.retry)
    #expect(driver.commit().words() == "acknowledge 1")
    #expect(driver.running?.attempt.rows == 10 && driver.running?.attempt.chunks == 1)
  }

  @Test("a sink that counts for itself is believed")
  func total() {
    var driver = Driver.running()
    driver.chunk(1, rows: 10)
    driver.settle()
    driver.chunk(2, rows: 10, total: 13)
    driver.settle()
    #expect(driver.running?.attempt.rows == 13 && driver.running?.attempt.chunks == 2)
  }

  @Test("progress is published at most once in two seconds")
  func progress() {
    var driver = Driver.running()
    driver.chunk(1)
    #expect(driver.commit().words() == "acknowledge 1")
    driver.now = driver.now + 2_000
    driver.chunk(2)
    #expect(driver.commit().words() == "acknowledge 2; publish progress(r0 20)")
    driver.published()
    driver.now = driver.now + 1_999
    driver.chunk(3)
    #expect(driver.commit().words() == "acknowledge 3")
  }

  @Test("a progress event that is lost harms nobody")
  func lostProgress() {
    var driver = Driver.running()
    driver.now = driver.now + 2_000
    driver.chunk(1)
    driver.commit()
    #expect(driver.refusePublication(.unknown).isEmpty)
    #expect(driver.chunk(2).words() == "commit 0 running@100")
  }

  @Test("a cursor too long for the metadata goes into an event first")
  func longCursor() {
    var driver = Driver.running()
    #expect(driver.chunk(1, cursor: Self.long).words() == "publish cursor(r0)")
    #expect(driver.published().words() == "commit 0 running@100")
    let checkpoint = driver.committing?.committed.metadata?.checkpoint
    #expect(checkpoint?.cursor == .stored(event: 101) && checkpoint?.rows == 10 && checkpoint?.chunks == 1)
    #expect(driver.commit().words() == "acknowledge 1")
    #expect(driver.running?.attempt.cursor == .stored(event: 101) && driver.running?.attempt.rows == 10)
    // The next one is short again.
    driver.chunk(2)
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .inline("c2"))
    driver.commit()
    #expect(driver.running?.attempt.cursor == .inline("c2") && driver.running?.attempt.rows == 20)
  }

  @Test("a cursor's length is measured as JSON")
  func escapedCursor() {
    var driver = Driver.running()
    #expect(driver.chunk(1, cursor: String(repeating: "\"", count: 1_300)).words() == "publish cursor(r0)")
    var plain = Driver.running()
    #expect(plain.chunk(1, cursor: String(repeating: "x", count: 1_300)).words() == "commit 0 running@100")
  }

  @Test("the publication of a long cursor is tried again")
  func longCursorUnknown() {
    var driver = Driver.running()
    driver.chunk(1, cursor: Self.long)
    #expect(driver.refusePublication(.unknown).words() == "retry +50")
    #expect(driver.fire(.retry).words() == "publish cursor(r0)")
    driver.published()
    #expect(driver.refuse(.unavailable).words() == "retry +100")
    // The event is there; only the commit is repeated.
    #expect(driver.fire(.retry).words() == "commit 0 running@100")
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .stored(event: 101))
    #expect(driver.commit().words() == "acknowledge 1")
    #expect(driver.running?.attempt.chunks == 1)
  }

  @Test("metadata that the broker finds too large: the cursor goes into an event", arguments: [false, true])
  func metadataTooLarge(isFirst: Bool) {
    var driver = Driver.running()
    if !isFirst {
      driver.chunk(1)
      driver.settle()
    }
    driver.chunk(2, cursor: "middling")
    #expect(driver.refuse(.metadataTooLarge).words() == "publish cursor(r0)")
    #expect(driver.published().words() == "commit 0 running@100")
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .stored(event: 101))
    #expect(driver.commit().words() == "acknowledge 2")
    #expect(driver.running?.attempt.cursorValue == "middling")
  }

  @Test("metadata too large with the cursor in an event already: the queue stops, and goes on where it was")
  func metadataTooLargeAnyway() {
    var driver = Driver.running()
    driver.chunk(1)
    driver.settle()
    driver.chunk(2, cursor: Self.long)
    #expect(driver.published().words() == "commit 0 running@100")
    #expect(
      driver.refuse(.metadataTooLarge).words()
        == "stop 100; no timeout; no suspension; no retry; report checkpoint of r0 refused")
    #expect(driver.machine.state == .stopped(.checkpointRefused(run: "r0")))
    #expect(driver.ended(.stopped).isEmpty)
    // Mended: the chunk that could not be committed is done again, and nobody has died of it.
    #expect(driver.order(.resume).words() == "no retry; no hold; readHistory")
    driver.read(driver.lookBack())
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.cause == .interruption && driver.running?.attempt.cursorValue == "c1")
    #expect(driver.running?.attempt.rows == 10 && driver.running?.attempt.crashes == 0)
  }

  @Test("a broker that will never take the cursor's event stops the queue, and the runner with it")
  func storedCursorRefused() {
    var driver = Driver.running()
    driver.chunk(1)
    driver.refuse(.metadataTooLarge)
    let words = driver.refusePublication(.refused("too large")).words()
    #expect(words.hasPrefix("stop 100") && words.contains("report"), "\(words)")
    #expect(driver.machine.state == .stopped(.publishRefused("too large")))
  }

  @Test("a cursor that only the broker finds too long, and then its event's offset as well: one event, then the stop")
  func metadataTooLargeTwice() {
    var driver = Driver.running()
    driver.chunk(1, cursor: "middling")
    #expect(driver.refuse(.metadataTooLarge).words() == "publish cursor(r0)")
    #expect(driver.published().words() == "commit 0 running@100")
    #expect(driver.refuse(.metadataTooLarge).words().hasSuffix("report checkpoint of r0 refused"))
  }

  @Test("metadata too large for a queue that is asked back: it is reported, and let go")
  func metadataTooLargeWhileHandingOver() {
    var driver = Driver.running()
    driver.chunk(1, cursor: Self.long)
    driver.published()
    driver.give(.revoked(deadline: driver.now + 1_000))
    #expect(
      driver.refuse(.metadataTooLarge).words()
        == "stop 100; no timeout; no suspension; no retry; report checkpoint of r0 refused; no timers; release")
    #expect(driver.machine.state == .unassigned)
  }

  @Test("an end is committed without a checkpoint: a broker that refuses even that stops the queue")
  func metadataTooLargeAtEnd() {
    var driver = Driver.running()
    driver.ended(.succeeded(facts: [:]))
    driver.published()
    #expect(driver.refuse(.metadataTooLarge).words() == "no retry; report checkpoint of none refused")
    driver.order(.resume)
    driver.read(driver.lookBack())
    // Its end is in the events: it is not run again.
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.machine.next == 1 && driver.running == nil)
  }

  @Test("a cursor that lies in an event already is not published again, after a loss and a return")
  func storedCursorAfterReturn() {
    var driver = Driver.running()
    driver.chunk(1, cursor: Self.long)
    driver.published()
    driver.give(.lost)
    driver.give(.assigned)
    #expect(driver.read(driver.lookBack()).words().hasSuffix("commit 0 running@100"))
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .stored(event: 101))
    #expect(driver.commit().words() == "acknowledge 1")
    #expect(driver.running?.attempt.chunks == 1 && driver.running?.attempt.rows == 10)
  }

  @Test("after a long cursor, one that only the broker finds too long goes into an event of its own")
  func metadataTooLargeAfterLong() {
    var driver = Driver.running()
    driver.chunk(1, cursor: Self.long)
    driver.settle()
    driver.chunk(2, cursor: "middling")
    #expect(driver.refuse(.metadataTooLarge).words() == "publish cursor(r0)")
    driver.settle()
    #expect(driver.committed?.metadata?.checkpoint?.cursor == .stored(event: 102))
    #expect(driver.running?.attempt.chunks == 2 && driver.running?.attempt.cursorValue == "middling")
  }

  @Test("the start of a later attempt can be too large as well")
  func metadataTooLargeAtStart() {
    let saved = Checkpoint(
      run: "r0", attempt: 1, token: 50, phase: .handedOver, cursor: .inline("middling"), rows: 1, chunks: 1,
      attemptChunks: 1, failures: 0, crashes: 0)
    var driver = Driver()
    driver.open(Driver.lands(.init(offset: 0, metadata: CommitMetadata(eventsFrom: 50, checkpoint: saved))))
    driver.request(Driver.queued(0))
    driver.published()
    #expect(driver.refuse(.metadataTooLarge).words() == "publish cursor(r0)")
    #expect(driver.published().words() == "commit 0 running@100")
    #expect(driver.committing?.committed.metadata?.checkpoint?.cursor == .stored(event: 101))
    driver.commit()
    #expect(driver.running?.attempt.cursorValue == "middling")
  }

  @Test("a runner that ends while its chunk is being committed: first the checkpoint, then the end")
  func endedDuringCommit() {
    var driver = Stage.checkpointing.driver
    #expect(driver.ended(.succeeded(facts: [:])).isEmpty)
    #expect(driver.commit().words() == "no timeout; no suspension; publish succeeded(r0)")
    driver.settle()
    #expect(driver.end(0)?.rows == 10 && driver.machine.next == 1)
  }
}
