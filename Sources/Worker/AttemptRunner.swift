import ChunkProtocol
import Dispatch
import RunnerProcess
import Synchronization
import Telemetry

/// One attempt's process with its end of the chunk protocol: tells what the process says, passes on what it is told.
final class AttemptRunner: Sendable {
  /// What an attempt has taken, for the log and the metrics.
  struct Usage: Sendable {
    var peakMemoryBytes: Int
    var wallMilliseconds: Int
  }

  private struct State {
    var session = WorkerSession()
    var process: RunningProcess?
    /// Why the worker ended the process, once it has.
    var ended: String?
    var tail: [String] = []
    var tailBytes = 0
  }

  private static let tailBytesMax = 4_000
  private static let lineMax = 2_000

  let token: Int64
  private let memoryLimit: Int?
  private let logger: Logger
  private let report: @Sendable (QueueMachine.Input) -> Void
  private let used: @Sendable (Usage) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - report: takes `chunkReported` and, in the end and once, `runnerEnded`; called on the process host's thread.
  init(
    token: Int64, memoryLimit: Int?, logger: Logger, report: @escaping @Sendable (QueueMachine.Input) -> Void,
    used: @escaping @Sendable (Usage) -> Void
  ) {
    self.token = token
    self.memoryLimit = memoryLimit
    self.logger = logger
    self.report = report
    self.used = used
  }

  /// Starts the process and gives it its first line. A process that cannot be started is an attempt that failed.
  /// - Parameter started: called when the process runs, on the host's thread.
  func start(
    _ command: RunnerCommand, _ start: RunnerStart, on host: ProcessHost, started: @escaping @Sendable () -> Void
  ) {
    host.submit(command) {
      self.handle($0)
    } onStart: { result in
      switch result {
      case .success(let process):
        self.begin(process, start)
        started()
      case .failure(let error):
        self.used(Usage(peakMemoryBytes: 0, wallMilliseconds: 0))
        self.report(.runnerEnded(token: self.token, AttemptRunner.outcome(error)))
      }
    }
  }

  private func begin(_ process: RunningProcess, _ start: RunnerStart) {
    let (line, ended) = state.withLock { state in
      state.process = process
      return (state.session.start(start), state.ended != nil)
    }
    if ended {
      process.kill()
    } else {
      process.send(line: line)
    }
  }

  func acknowledge(chunk: Int) {
    let sent: (RunningProcess, [UInt8])? = state.withLock { state in
      guard let process = state.process, let line = try? state.session.acknowledge(chunk: chunk) else { return nil }
      return (process, line)
    }
    if let (process, line) = sent { process.send(line: line) }
  }

  /// Ends the process and all that it started, at once: what it had in hand is not acknowledged and will be repeated.
  func kill(reason: String) {
    let process = state.withLock { state in
      state.ended = state.ended ?? reason
      return state.process
    }
    process?.kill()
  }

  private func handle(_ event: RunnerEvent) {
    switch event {
    case .output(let line): said(state.withLock { $0.session.receive(line: line) })
    case .overlongOutput(let beginning, let length):
      said(state.withLock { $0.session.receive(overlongLine: beginning, length: length) })
    case .log(let line): log(line)
    case .ended(let exit): ended(exit)
    }
  }

  private func said(_ event: WorkerSession.Event?) {
    switch event {
    case nil: break
    case .chunk(let chunk):
      report(
        .chunkReported(
          token: token,
          ChunkProgress(
            chunk: chunk.chunk, cursor: chunk.cursor, rows: Int64(chunk.rows), total: chunk.total.map(Int64.init))))
    case .output(let line): log(line)
    case .done, .failed:
      // Nothing more will be said to it: one that still reads its input finds the end.
      state.withLock { $0.process }?.closeInput()
    case .violation(let error):
      logger.warning("the runner broke the chunk protocol: \(error)")
      kill(reason: "it broke the chunk protocol")
    }
  }

  private func log(_ line: [UInt8]) {
    let text = String(decoding: line.prefix(AttemptRunner.lineMax), as: UTF8.self)
    logger.info(text)
    state.withLock { state in
      state.tail.append(text)
      state.tailBytes += text.utf8.count
      while state.tailBytes > AttemptRunner.tailBytesMax, state.tail.count > 1 {
        state.tailBytes -= state.tail.removeFirst().utf8.count
      }
    }
  }

  private func ended(_ exit: RunnerExit) {
    used(Usage(peakMemoryBytes: exit.peakMemoryBytes, wallMilliseconds: exit.wallMilliseconds))
    let (end, tail) = state.withLock { state in
      let status: RunnerObservation.Status =
        switch exit.status {
        case .exited(let code): .exited(code)
        case .signalled(let signal): .signalled(signal)
        }
      let tail = state.tail.joined(separator: "\n")
      let observation = RunnerObservation(
        status: status, peakMemoryBytes: exit.peakMemoryBytes, memoryLimitBytes: memoryLimit,
        endedByWorker: state.ended, logTail: tail)
      return (state.session.end(observation), tail)
    }
    var outcome = AttemptRunner.outcome(end, tail: tail)
    if case .succeeded(var facts) = outcome, facts["peakMemoryBytes"] == nil {
      facts["peakMemoryBytes"] = .integer(Int64(exit.peakMemoryBytes))
      outcome = .succeeded(facts: facts)
    }
    report(.runnerEnded(token: token, outcome))
  }

  /// What it means that there is no process. Words that no process can be given stay so; all else may mend.
  static func outcome(_ error: RunnerStartError) -> RunnerOutcome {
    let isRetriable = !error.isOfTheCommand
    let remedy =
      isRetriable ? "" : ". A param or the environment is too long or has a NUL character: no attempt can mend that"
    return .failed(message: "cannot start the runner: \(error)\(remedy)", isRetriable: isRetriable)
  }

  /// What an end means to the dispatcher. The tail of the log goes with a failure that has no words of its own.
  static func outcome(_ end: RunnerEnd, tail: String) -> RunnerOutcome {
    switch end {
    case .succeeded(let done): .succeeded(facts: done.facts)
    case .stopped: .stopped
    case .failed(let failure):
      if failure.fencedBy != nil {
        .fencedBySink(message: failure.message)
      } else {
        .failed(message: withTail(failure.message, tail), isRetriable: failure.isRetriable)
      }
    case .outOfMemory(let failure): .failed(message: withTail(failure.message, tail), isRetriable: true)
    case .violated(let error):
      .failed(message: withTail("the runner broke the chunk protocol: \(error)", tail), isRetriable: true)
    }
  }

  private static func withTail(_ message: String, _ tail: String) -> String {
    tail.isEmpty || message.contains(tail) ? message : message + "\nlast lines of its log:\n" + tail
  }
}
