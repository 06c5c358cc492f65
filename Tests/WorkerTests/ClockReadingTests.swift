import Testing

@testable import Scheduler

@Suite("How far a clock is ahead of the broker's")
struct ClockReadingTests {
  @Test(
    "no difference that the wait explains is one",
    arguments: [
      // Sent by the wall clock, received, appended by the broker's: ahead.
      (1_000, 1_010, 1_005, 0), (1_000, 1_010, 1_000, 0), (1_000, 1_010, 1_010, 0), (1_000, 1_010, 400, 600),
      (1_000, 1_010, 2_000, -990), (1_000, 9_000, 8_500, 0),
    ] as [(Int64, Int64, Int64, Int64)])
  func ahead(sent: Int64, received: Int64, appended: Int64, ahead: Int64) {
    let reading = ClockReading(wall: sent, elapsed: 0)
    #expect(reading.ahead(of: appended, until: ClockReading(wall: received, elapsed: received - sent)) == ahead)
  }

  @Test("a clock that was set is seen beside one that cannot be")
  func wasSet() {
    let earlier = ClockReading(wall: 1_000_000, elapsed: 500)
    for (wall, elapsed, isSet) in [
      (1_060_000, 60_500, false), (1_062_000, 60_500, false), (1_062_001, 60_500, true), (1_057_999, 60_500, true),
      (0, 501, true),
    ] as [(Int64, Int64, Bool)] {
      #expect(ClockReading(wall: wall, elapsed: elapsed).wasSet(since: earlier, byMoreThan: 2_000) == isSet)
    }
  }
}
