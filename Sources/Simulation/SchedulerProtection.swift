import Dispatch
import Scheduling

/// What can be taken away to prove that the simulation of schedulers would notice.
public enum SchedulerProtection: String, Sendable, Hashable, CaseIterable {
  /// An id that is taken is not run again: the log's order keeps the first proposal of each fire.
  case deduplicates
  /// Nothing is due for the time before a schedule was known.
  case remembersSchedules = "remembers-schedules"
  /// What the log holds when a scheduler starts is not proposed.
  case readsTheLogBack = "reads-the-log-back"
  /// Nothing is proposed by a clock that is wrong, or that nobody has compared since it was set.
  case watchesTheClock = "watches-the-clock"
  /// A proposal that failed is made again.
  case retriesFailures = "retries-failures"

  func remove(from protections: inout SchedulerMachine.Protections) {
    switch self {
    case .deduplicates: break
    case .remembersSchedules: protections.remembersSchedules = false
    case .readsTheLogBack: protections.readsTheLogBack = false
    case .watchesTheClock: protections.watchesTheClock = false
    case .retriesFailures: protections.retriesFailures = false
    }
  }
}
