import ChunkProtocol
import Configuration
import Dispatch
import RunnerProcess

/// How a job's work becomes a process.
struct RunnerLaunch: Sendable {
  let configuration: Configuration
  /// The `baton` executable, which holds the built-in sync runner.
  let executable: String
  /// What every runner inherits, such as PATH and the secrets that connections name.
  let environment: [String: String]

  func command(_ order: RunnerOrder, of definition: JobDefinition) -> RunnerCommand {
    var environment = environment
    environment["BATON_RUN"] = order.run
    environment["BATON_JOB"] = order.job
    environment["BATON_ATTEMPT"] = String(order.attempt)
    environment["BATON_TOKEN"] = String(order.token)
    environment["BATON_CURSOR"] = RunnerLaunch.environmentCursor(order.cursor)
    switch definition.work {
    case .sync:
      return RunnerCommand(
        arguments: [executable, "sync", "--config", configuration.file, order.job], environment: environment,
        directory: nil, memoryLimitBytes: definition.memoryBytes)
    case .command(let command):
      for (name, value) in command.environment { environment[name] = value.reveal() }
      return RunnerCommand(
        arguments: command.resolve(params: order.params), environment: environment, directory: command.directory,
        memoryLimitBytes: definition.memoryBytes)
    }
  }

  /// The longest cursor that goes into the environment, in bytes; the system takes about 128 KiB in one variable.
  static let environmentCursorBytesMax = 1 << 16

  /// Empty at the beginning; nil for a cursor that no variable can hold, which the start line has all the same.
  static func environmentCursor(_ cursor: String?) -> String? {
    guard let cursor else { return "" }
    return cursor.utf8.count <= environmentCursorBytesMax && !cursor.utf8.contains(0) ? cursor : nil
  }

  func start(_ order: RunnerOrder, of definition: JobDefinition) -> RunnerStart {
    var start = RunnerStart(
      run: order.run, job: order.job, attempt: order.attempt, token: order.token, params: order.params,
      cursor: order.cursor,
      limits: RunnerStart.Limits(
        rows: definition.chunk.rows, bytes: definition.chunk.bytes, memory: definition.memoryBytes))
    // The file may have changed since, or be half saved: all of this worker's attempts go by what it was started with.
    if case .sync = definition.work { start.configuration = configuration.text?.reveal() }
    return start
  }
}
