import Dispatch
import Synchronization
import Telemetry

/// The timers of one queue: each fires once, at a moment of the wall clock, unless it is moved or cancelled before.
final class Deadlines: Sendable {
  private let tasks = Mutex<[QueueMachine.TimerID: Task<Void, Never>]>([:])
  private let fire: @Sendable (QueueMachine.TimerID) -> Void

  /// - Parameter fire: called on no thread in particular.
  init(fire: @escaping @Sendable (QueueMachine.TimerID) -> Void) { self.fire = fire }

  func set(_ timer: QueueMachine.TimerID, at moment: Timestamp) {
    let task = Task { [fire] in
      do {
        // A day at a time: a moment may lie further ahead than a sleep can last.
        repeat {
          try await Task.sleep(for: .milliseconds(max(0, min(moment - .now, 86_400_000))))
        } while moment > .now
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
