import Dispatch
import Testing

@testable import Worker

@Suite("Timers of a queue", .timeLimit(.minutes(1)))
struct DeadlineTests {
  @Test("one that is due in the year 9999 does not fire before one that is due now")
  func farAway() async {
    let fired = Feed<QueueMachine.TimerID>()
    let deadlines = Deadlines { fired.add($0) }
    deadlines.set(.hold, at: Timestamp.writable.upperBound)
    deadlines.set(.suspension, at: Timestamp(milliseconds: .max))
    deadlines.set(.timeout, at: Timestamp(milliseconds: .min))
    deadlines.set(.retry, at: .now + 20)
    _ = try? await fired.first { $0 == .retry }
    #expect(Set(fired.all) == [.timeout, .retry])
    deadlines.cancelAll()
  }
}
