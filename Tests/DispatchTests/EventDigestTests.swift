import Dispatch
import Testing

@Suite("The fold of the events")
struct EventDigestTests {
  private func event(_ request: Int64, _ body: Event.Body) -> Event {
    Event(run: "r\(request)", job: "j", request: request, worker: "w", body: body)
  }

  private func digest(floor: Int64 = 0, _ events: (Int64, Int64, Event.Body)...) -> EventDigest {
    var digest = EventDigest(floor: floor)
    for (offset, request, body) in events { digest.apply(event(request, body), at: offset, appended: Driver.start) }
    return digest
  }

  private func started(
    _ attempt: Int = 1, failures: Int = 0, crashes: Int = 0, through: Int64 = -1, twin: String? = nil
  ) -> Event.Body {
    .attemptStarted(
      .init(
        attempt: attempt, cause: .first, failures: failures, crashes: crashes, waitingThrough: through, twin: twin))
  }

  private func ended(_ token: Int64, attempt: Int = 1, _ end: RunEnd = .succeeded(facts: [:])) -> Event.Body {
    .ended(.init(end: end, attempt: attempt, token: token))
  }

  @Test("a start is remembered until its end, if it covers nobody")
  func begun() {
    var digest = digest((10, 3, started()))
    #expect(digest.begun[3]?.token == 10 && digest.begun[3]?.attempt == 1 && digest.begun[3]?.run == "r3")
    digest.apply(event(3, ended(10)), at: 11, appended: Driver.start)
    #expect(digest.begun.isEmpty && digest.ends.mapValues(\.token) == [3: 10])
  }

  @Test("progress, cursors and failures are kept with the start")
  func details() {
    let failed = Event.AttemptFailed(attempt: 1, token: 10, message: "x", retryAt: Driver.start)
    var digest = digest(
      (10, 3, started()), (11, 3, .progressed(.init(attempt: 1, token: 10, rows: 5, chunks: 2, cursor: "c2"))),
      (12, 3, .progressed(.init(attempt: 1, token: 10, rows: 9, chunks: 3))))
    #expect(digest.begun[3]?.rows == 9 && digest.begun[3]?.chunks == 3)
    #expect(digest.begun[3]?.cursor == "c2", "a long one is left out, and the last known one stays")
    digest.apply(event(3, .cursorStored(attempt: 1, token: 10, cursor: "long")), at: 13, appended: Driver.start)
    digest.apply(event(3, .attemptFailed(failed)), at: 14, appended: Driver.start)
    digest.apply(event(3, .attemptFailed(failed)), at: 15, appended: Driver.start)
    #expect(digest.begun[3]?.cursor == "long" && digest.begun[3]?.failures == 1, "published twice is one failure")
    digest.apply(event(3, started(2, failures: 1)), at: 16, appended: Driver.start)
    #expect(digest.begun[3]?.attempt == 2 && digest.begun[3]?.token == 16 && digest.begun[3]?.failures == 1)
    #expect(digest.begun[3]?.firstToken == 10)
  }

  @Test("what concerns a run that was never seen to begin is passed over")
  func unknown() {
    let digest = digest(
      (10, 3, .progressed(.init(attempt: 1, token: 9, rows: 5, chunks: 2))),
      (11, 3, .cursorStored(attempt: 1, token: 9, cursor: "c")),
      (12, 3, .attemptFailed(.init(attempt: 1, token: 9, message: "", retryAt: Driver.start))))
    #expect(digest == EventDigest(floor: 0))
  }

  @Test("of several ends the highest token counts")
  func ends() {
    #expect(digest((10, 3, ended(5)), (11, 3, ended(8)), (12, 3, ended(6))).ends[3]?.token == 8)
    #expect(digest((10, 3, ended(0, attempt: 0, .skipped(.expired(at: Driver.start))))).ends[3]?.token == 0)
  }

  @Test("below the floor no end is kept, and the floor only rises")
  func floor() {
    var digest = digest(floor: 5, (10, 4, ended(1)), (11, 5, ended(2)), (12, 6, ended(3)), (13, 5, started()))
    #expect(digest.ends.keys.sorted() == [5, 6])
    digest.raiseFloor(to: 6)
    #expect(digest.ends.keys.sorted() == [6] && digest.begun.isEmpty && digest.floor == 6)
    digest.raiseFloor(to: 2)
    #expect(digest.floor == 6)
  }

  @Test("a twin that waited when the first attempt began, and only that, is covered once the run has ended")
  func cover() {
    var digest = digest((10, 3, started(through: 6, twin: "t")))
    #expect(digest.cover(twin: "t", at: 5) == nil, "not before its end")
    digest.apply(event(3, ended(10)), at: 11, appended: Driver.start)
    #expect(digest.cover(twin: "t", at: 6)?.request == 3 && digest.cover(twin: "t", at: 6)?.run == "r3")
    #expect(digest.cover(twin: "t", at: 7) == nil && digest.cover(twin: "u", at: 5) == nil)
    #expect(digest.cover(twin: "t", at: 3) == nil, "nobody covers itself")
    digest.raiseFloor(to: 6)
    #expect(digest.cover(twin: "t", at: 6) != nil)
    digest.raiseFloor(to: 7)
    #expect(digest.begun.isEmpty)
  }

  @Test("a later attempt cannot cover more than the first stated")
  func coverOfLaterAttempt() {
    let digest = digest(
      (10, 3, started(through: 5, twin: "t")), (11, 3, started(2, through: 9, twin: "t")),
      (12, 3, ended(11, attempt: 2)))
    #expect(digest.cover(twin: "t", at: 5) != nil && digest.cover(twin: "t", at: 6) == nil)
  }

  @Test("a run that was cancelled, or never ran, covers nobody")
  func coversNobody() {
    for body in [
      ended(10, .cancelled(by: "ann", reason: nil)), ended(0, attempt: 0, .skipped(.duplicate(of: "x", at: 1))),
    ] {
      #expect(digest((10, 3, started(through: 6, twin: "t")), (11, 3, body)).cover(twin: "t", at: 5) == nil)
    }
  }

  @Test("an end under a token before the first start that was seen covers nobody")
  func coverUnknownStart() {
    #expect(digest((10, 3, started(through: 6, twin: "t")), (11, 3, ended(7))).cover(twin: "t", at: 5) == nil)
  }

  @Test("the first of several twins covers")
  func firstCovers() {
    let digest = digest(
      (10, 4, started(through: 8, twin: "t")), (11, 4, ended(10)), (12, 3, started(through: 8, twin: "t")),
      (13, 3, ended(12)))
    #expect(digest.cover(twin: "t", at: 7)?.request == 3)
  }

  @Test("an accepted loss clears what was known of those offsets")
  func loss() {
    let digest = digest(
      (10, 3, ended(1)), (11, 6, ended(2)), (12, 4, started()), (13, 7, started()),
      (14, 3, .lossAccepted(from: 3, to: 6, by: "ann")))
    #expect(digest.ends.mapValues(\.token) == [6: 2] && digest.begun.keys.sorted() == [7])
    #expect(digest.loss?.requests == 3..<6 && digest.loss?.event == 14)
  }
}
