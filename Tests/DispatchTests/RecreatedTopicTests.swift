import Dispatch
import Testing

/// The requests topic was deleted and made again: Kafka has forgotten the group's offset, and the events are still there.
@Suite("A requests topic that was made anew")
struct RecreatedTopicTests {
  private func event(_ run: String, _ request: Int64, _ body: Event.Body) -> Event {
    Event(run: run, job: "sync", request: request, worker: "GREEN", body: body)
  }

  private func started() -> Event.Body {
    .attemptStarted(Event.AttemptStarted(attempt: 1, cause: .first))
  }

  private func succeeded(_ token: Int64) -> Event.Body {
    .ended(Event.Ended(end: .succeeded(facts: [:]), attempt: 1, token: token, rows: 10, chunks: 1))
  }

  @Test("ends of the runs that had these offsets before say nothing of those that have them now")
  func ends() {
    var driver = Driver()
    driver.open(
      Driver.lands(
        nil, requests: 0..<3,
        events: [
          (60, event("old0", 0, started())), (61, event("old0", 0, succeeded(60))), (62, event("r1", 1, started())),
          (63, event("r1", 1, succeeded(62))),
        ]))
    driver.settle()
    driver.request(Driver.queued(0), end: 3)
    driver.settle()
    #expect(driver.running?.attempt.run == "r0", "another run had its offset")
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    // The same run at the same offset is the one that has ended.
    driver.request(Driver.queued(1), end: 3)
    driver.settle()
    #expect(driver.running == nil && driver.committed?.offset == 2)
  }

  @Test("a run does not go on at the cursor of one that had its offset before")
  func cursors() {
    let progress = Event.Progress(attempt: 1, token: 60, rows: 500, chunks: 5, cursor: "c5")
    var driver = Driver()
    driver.open(
      Driver.lands(
        nil, requests: 0..<1,
        events: [(60, event("old0", 0, started())), (61, event("old0", 0, .progressed(progress)))]))
    driver.settle()
    driver.request(Driver.queued(0))
    driver.settle()
    #expect(driver.running?.attempt.cursor == .beginning && driver.running?.attempt.number == 1)
    #expect(driver.running?.attempt.rows == 0)
  }

  @Test("a run that had an earlier offset before covers nobody")
  func covers() {
    func twin(_ offset: Int64, _ id: String) -> QueuedRequest {
      Driver.queued(offset, id: id, job: "twin") { $0.params = ["n": .integer(1)] }
    }
    var before = Driver()
    before.open(Driver.lands(.init(offset: 0), requests: 0..<9))
    before.request(twin(0, "old0"), end: 9)
    before.settle()
    before.ended(.succeeded(facts: [:]))
    before.published()
    var driver = Driver()
    driver.open(Driver.lands(nil, requests: 0..<2, eventsEnd: before.eventsEnd, events: before.events))
    driver.settle()
    driver.request(Driver.queued(0), end: 2)
    driver.settle()
    driver.ended(.succeeded(facts: [:]))
    driver.settle()
    driver.request(twin(1, "r1"))
    driver.settle()
    #expect(driver.running?.attempt.run == "r1")
  }
}
