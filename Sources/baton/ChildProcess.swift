import FoundationEssentials
import RunnerProcess
import Synchronization
import Terminal

/// A process of this tool's own that `dev` and `demo` start: a broker, a worker. It dies with its parent.
final class ChildProcess: Sendable {
  private struct State {
    var process: RunningProcess?
    var lines: [String] = []
    var waiters: [(matches: @Sendable (String) -> Bool, continuation: CheckedContinuation<String?, Never>)] = []
    var exit: RunnerExit?
  }

  let name: String
  private let state = Mutex(State())
  private let onLine: (@Sendable (String) -> Void)?

  private init(name: String, onLine: (@Sendable (String) -> Void)?) {
    self.name = name
    self.onLine = onLine
  }

  /// Starts this executable with these words.
  /// - Parameter onLine: gets each line of its output, standard error included.
  static func start(
    _ name: String, _ words: [String], environment: [String: String], on host: ProcessHost,
    onLine: (@Sendable (String) -> Void)? = nil
  ) async throws -> ChildProcess {
    let child = ChildProcess(name: name, onLine: onLine)
    let command = RunnerCommand(
      arguments: [Context.executable] + words, environment: environment, directory: nil, memoryLimitBytes: nil)
    let process = try await host.start(command) { child.handle($0) }
    child.state.withLock { $0.process = process }
    return child
  }

  var pid: Int32 { state.withLock { $0.process?.pid ?? 0 } }

  func kill() { state.withLock { $0.process }?.kill() }
  func closeInput() { state.withLock { $0.process }?.closeInput() }

  /// The first line, past or to come, that matches; nil when the process ends without one.
  func line(where matches: @escaping @Sendable (String) -> Bool) async -> String? {
    await withCheckedContinuation { continuation in
      let answer: String?? = state.withLock { state in
        if let line = state.lines.first(where: matches) { return .some(line) }
        if state.exit != nil { return .some(nil) }
        state.waiters.append((matches, continuation))
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  /// Waits until it has ended.
  func end() async { _ = await line { _ in false } }

  private func handle(_ event: RunnerEvent) {
    switch event {
    case .output(let line), .log(let line), .overlongOutput(let line, _):
      let text = String(decoding: line, as: UTF8.self)
      onLine?(text)
      let ready = state.withLock { state in
        if state.lines.count < 10_000 { state.lines.append(text) }
        let ready = state.waiters.filter { $0.matches(text) }
        state.waiters.removeAll { $0.matches(text) }
        return ready.map(\.continuation)
      }
      for continuation in ready { continuation.resume(returning: text) }
    case .ended(let exit):
      let left = state.withLock { state in
        state.exit = exit
        defer { state.waiters = [] }
        return state.waiters.map(\.continuation)
      }
      for continuation in left { continuation.resume(returning: nil) }
    }
  }
}

/// Starts an embedded broker with the topics of a configuration.
/// - Returns: the process and the address to connect to.
func startBroker(topics: [String], on host: ProcessHost) async throws -> (ChildProcess, bootstrap: String) {
  let words = ["embedded-broker"] + topics.flatMap { ["--topic", $0] }
  let broker = try await ChildProcess.start("broker", words, environment: Context.environment, on: host)
  guard let bootstrap = await broker.line(where: { $0.hasPrefix("127.0.0.1:") }) else {
    throw CommandError("the embedded broker did not start")
  }
  return (broker, bootstrap)
}
