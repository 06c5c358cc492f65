import Dispatch

/// Where a machine may stand: its eight states, those with steps in them more than once.
enum Stage: String, CaseIterable, Sendable {
  case unassigned, readingHistory, returning, idle, holding
  /// Turning: publishing, reading what others wrote, committing.
  case publishing, checking, committing
  case running
  /// Running, with a chunk's commit on its way.
  case checkpointing
  case suspended, stopped

  /// The name of the state.
  var state: String {
    switch self {
    case .publishing, .checking, .committing: "turning"
    case .checkpointing: "running"
    default: rawValue
    }
  }

  /// A driver that has come here by the inputs that lead here.
  var driver: Driver {
    var driver = Driver()
    switch self {
    case .unassigned: break
    case .readingHistory: driver.give(.assigned)
    case .idle: driver.open()
    case .holding:
      driver.open()
      driver.order(.pause(until: nil))
      driver.request(Driver.queued(0))
    case .publishing:
      driver.open()
      driver.request(Driver.queued(0))
    case .checking:
      driver = Stage.publishing.driver
      driver.eventsEnd += 3
      driver.published()
    case .committing:
      driver = Stage.publishing.driver
      driver.published()
    case .running:
      driver = Stage.committing.driver
      driver.commit()
    case .checkpointing:
      driver = Stage.running.driver
      driver.chunk(1)
    case .suspended:
      driver = Stage.running.driver
      driver.give(.lost)
    case .returning:
      driver = Stage.suspended.driver
      driver.give(.assigned)
    case .stopped: driver.open(Driver.lands(.init(offset: 0), requests: 5..<10))
    }
    return driver
  }
}
