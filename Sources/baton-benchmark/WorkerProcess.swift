import Configuration
import Glibc
import RunnerProcess
import Synchronization

/// A `baton worker` process. Its log goes to a file in the benchmark's folder.
final class WorkerProcess: Sendable {
  let name: String
  let pid: Int32
  private let process: RunningProcess
  private let watch: Watch

  /// What its lines and its end say, from the process host's thread to those who wait.
  private final class Watch: Sendable {
    struct State {
      var isUp = false
      var hasEnded = false
      var upWaiters: [CheckedContinuation<Void, Never>] = []
      var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let state = Mutex(State())
    let log: Int32
    let onLine: @Sendable (String) -> Void

    init(log: Int32, onLine: @escaping @Sendable (String) -> Void) {
      self.log = log
      self.onLine = onLine
    }

    func handle(_ event: RunnerEvent) {
      switch event {
      case .output(let line), .log(let line), .overlongOutput(let line, _):
        _ = write(log, line + [UInt8(ascii: "\n")], line.count + 1)
        let text = String(decoding: line, as: UTF8.self)
        if text.contains("worker is up") { wake { $0.isUp = true } }
        onLine(text)
      case .ended:
        close(log)
        wake { $0.hasEnded = true }
      }
    }

    private func wake(_ change: (inout State) -> Void) {
      let ready: [CheckedContinuation<Void, Never>] = state.withLock { state in
        change(&state)
        var ready: [CheckedContinuation<Void, Never>] = []
        if state.isUp || state.hasEnded { swap(&ready, &state.upWaiters) }
        if state.hasEnded {
          ready += state.endWaiters
          state.endWaiters = []
        }
        return ready
      }
      for continuation in ready { continuation.resume() }
    }
  }

  private init(name: String, process: RunningProcess, watch: Watch) {
    self.name = name
    self.pid = process.pid
    self.process = process
    self.watch = watch
  }

  /// - Parameters:
  ///   - trace: a file that gets a line for each step of a run.
  ///   - isWatched: its log goes through this process, so that `up` can wait for a line; else straight to the file, so
  ///     that reading it costs nothing while speed is measured.
  ///   - onLine: is given each line of a watched one's log, on the process host's thread.
  static func start(
    _ name: String, _ configuration: Configuration, _ bench: Bench, trace: String? = nil,
    isWatched: Bool = true, onLine: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> WorkerProcess {
    let log = open("\(bench.folder)/\(name).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard log >= 0 else { throw BenchmarkError("cannot write the log of \(name) in \(bench.folder)") }
    let watch = Watch(log: log, onLine: onLine)
    let worker = [bench.baton, "worker", "--config", configuration.file, "--name", name]
    let words = worker + (trace.map { ["--trace", $0] } ?? [])
    let shell = ["/bin/sh", "-c", "exec \"$@\" 2>>\"$0\"", "\(bench.folder)/\(name).log"]
    let process = try await bench.host.start(
      RunnerCommand(arguments: isWatched ? words : shell + words, environment: ["PATH": "/usr/bin:/bin"])
    ) { watch.handle($0) }
    return WorkerProcess(name: name, process: process, watch: watch)
  }

  /// Waits until it has asked to join its group.
  func up() async throws {
    await withCheckedContinuation { continuation in
      let isNow = watch.state.withLock { state in
        if state.isUp || state.hasEnded { return true }
        state.upWaiters.append(continuation)
        return false
      }
      if isNow { continuation.resume() }
    }
    if watch.state.withLock({ $0.hasEnded }) { throw BenchmarkError("worker \(name) ended: see its log") }
  }

  func kill() { _ = Glibc.kill(pid, SIGKILL) }
  func terminate() { _ = Glibc.kill(pid, SIGTERM) }

  /// Waits until it is gone.
  func end() async {
    await withCheckedContinuation { continuation in
      let isNow = watch.state.withLock { state in
        if state.hasEnded { return true }
        state.endWaiters.append(continuation)
        return false
      }
      if isNow { continuation.resume() }
    }
  }
}
