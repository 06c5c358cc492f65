import Configuration
import KafkaLog
import Scheduler
import Synchronization
import Telemetry

/// The scheduler beside a worker, where the configuration wants one. An outage at its start does not end the worker.
final class SchedulerBeside: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    /// The one that runs.
    var scheduler: Scheduler?
    /// Set once it is told to end: whether it takes its record back.
    var end: Bool?
  }

  private let configuration: Configuration
  private let name: String
  private let logger: Logger
  private let state = Mutex(State())

  init(_ configuration: Configuration, name: String, logger: Logger) {
    (self.configuration, self.name, self.logger) = (configuration, name, logger)
  }

  /// Starts it, once.
  @Sendable func start() {
    guard configuration.scheduler.runsInWorkers && configuration.hasSchedules else { return }
    state.withLock { state in
      guard state.task == nil, state.end == nil else { return }
      state.task = Task { await run() }
    }
  }

  /// Tells it to end, and waits until it has.
  /// - Parameter withdraws: whether its record is taken from the control topic.
  func end(withdraws: Bool) async {
    let (task, scheduler) = state.withLock { state in
      state.end = withdraws
      return (state.task, state.scheduler)
    }
    scheduler?.shutDown(withdraws: withdraws)
    task?.cancel()
    await task?.value
  }

  private func run() async {
    var pause = Pause(milliseconds: 500, upTo: 10_000)
    while !Task.isCancelled {
      do {
        let scheduler = try Scheduler(configuration: configuration, name: name, logger: logger)
        let end = state.withLock { state in
          state.scheduler = scheduler
          return state.end
        }
        if let end { scheduler.shutDown(withdraws: end) }
        return try await scheduler.run()
      } catch {
        logger.warning("the scheduler could not start, trying again: \(error)")
        do { try await pause.pass() } catch { return }
      }
    }
  }
}
