import Dispatch
import Synchronization
import Telemetry

/// The timers of one queue: each fires once, at a moment of the wall clock, unless it is moved or cancelled before.
final class Deadlines: Sendable {
  /// A day, in milliseconds.
  private static let sleepMax: Int64 = 86_400_000

  private let tasks = Mutex<[QueueMachine.TimerID: Task<Void, Never>]>([:])
  private let fire: @Sendable (QueueMachine.TimerID) -> Void

  /// - Parameter fire: called on no thread in particular.
  init(fire: @escaping @Sendable (QueueMachine.TimerID) -> Void) { self.fire = fire }

  func set(_ timer: QueueMachine.TimerID, at moment: Timestamp) {
    let task = Task { [fire] in
      do {
        // A request may wait for the year 9999: that is more nanoseconds than the clock counts.
        repeat {
          try await Task.sleep(for: .milliseconds(min(max(0, moment - Timestamp.now), Deadlines.sleepMax)))
        } while moment > Timestamp.now
      } catch {
        return  // Cancelled or moved.
      }
      fire(timer)
    }
    tasks.withLock { $0.updateValue(task, forKey: timer) }?.cancel()
  }

  func cancel(_ timer: QueueMachine.TimerID) {
    tasks.withLock { $0.removeValue(forKey: timer) }?.cancel()
  }

  func cancelAll() {
    let all = tasks.withLock { tasks in
      defer { tasks = [:] }
      return tasks.values.map { $0 }
    }
    for task in all { task.cancel() }
  }
}

extension Timestamp {
  /// This machine's wall clock.
  public static var now: Timestamp { Timestamp(milliseconds: WallClock.milliseconds()) }
}
