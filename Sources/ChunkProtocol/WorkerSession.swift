import Dispatch

/// The worker's end of the protocol for one attempt, without input or output of its own.
///
/// It is fed the lines of the runner's standard output, checks their order, writes the lines for its standard input, and
/// in the end says what the attempt came to.
public struct WorkerSession: Sendable {
  /// What one line of the runner's standard output is.
  public enum Event: Sendable, Hashable {
    /// A chunk, next in order; to be acknowledged when its checkpoint is committed.
    case chunk(ChunkReport)
    /// All is done; the process should exit now.
    case done(RunnerDone)
    /// The attempt cannot go on; the process should exit now.
    case failed(RunnerFailure)
    /// Not a line of the protocol.
    case output([UInt8])
    /// Not allowed here. The runner is to be killed; nothing that it says from here on counts.
    case violation(ProtocolError)
  }

  /// Chunks that may be reported and not yet acknowledged: a crash must not repeat more than one.
  public static let unacknowledgedLimit = 1

  private enum Said: Sendable, Hashable {
    case nothing, protocolLines
    case done(RunnerDone)
    case failed(RunnerFailure)
    case violation(ProtocolError)
  }

  private var said = Said.nothing
  private var stopReason: String?
  /// The number of the last chunk that was reported, 0 for none.
  public private(set) var reportedChunk = 0
  /// The number of the last chunk that was acknowledged, 0 for none.
  public private(set) var acknowledgedChunk = 0

  /// A session before its start.
  public init() {}

  // MARK: - To the runner

  /// The line that starts the attempt, without its newline.
  public func start(_ start: RunnerStart) -> [UInt8] { WorkerMessage.start(start).jsonLine }

  /// Acknowledges the chunk, whose checkpoint is committed.
  /// - Returns: the line to send, without its newline.
  /// - Throws: `ProtocolError` when it is not the chunk whose turn it is: a fault of the worker's own.
  public mutating func acknowledge(chunk: Int) throws(ProtocolError) -> [UInt8] {
    guard chunk == acknowledgedChunk + 1, chunk <= reportedChunk else {
      throw ProtocolError(
        message:
          "chunk \(chunk) cannot be acknowledged: reported are \(reportedChunk), acknowledged \(acknowledgedChunk)")
    }
    acknowledgedChunk = chunk
    return WorkerMessage.ack(chunk: chunk).jsonLine
  }

  /// Tells the runner to write nothing more and to end.
  /// - Returns: the line to send, without its newline.
  public mutating func stop(reason: String) -> [UInt8] {
    stopReason = stopReason ?? reason
    return WorkerMessage.stop(reason: reason).jsonLine
  }

  // MARK: - From the runner

  /// Takes one line of standard output, without its newline.
  /// - Returns: nil after a violation.
  public mutating func receive(line: [UInt8]) -> Event? {
    if case .violation = said { return nil }
    let message: RunnerMessage?
    do throws(ProtocolError) {
      message = try RunnerMessage.decode(line: line, nextChunk: reportedChunk + 1)
    } catch {
      return violate(error)
    }
    switch message {
    case nil: return .output(line)
    case .chunk(let report):
      if let error = order(line, "a chunk") { return violate(error) }
      guard report.chunk == reportedChunk + 1 else {
        return violate(
          ProtocolError("chunk \(report.chunk) is reported where chunk \(reportedChunk + 1) is due", line: line))
      }
      guard reportedChunk - acknowledgedChunk < WorkerSession.unacknowledgedLimit else {
        return violate(
          ProtocolError(
            "chunk \(report.chunk) is reported before chunk \(acknowledgedChunk + 1) is acknowledged", line: line))
      }
      reportedChunk = report.chunk
      said = .protocolLines
      return .chunk(report)
    case .done(let done):
      if let error = order(line, "\"done\"") { return violate(error) }
      guard reportedChunk == acknowledgedChunk else {
        return violate(
          ProtocolError("\"done\" is said before chunk \(acknowledgedChunk + 1) is acknowledged", line: line))
      }
      said = .done(done)
      return .done(done)
    case .failed(let failure):
      if let error = order(line, "\"failed\"") { return violate(error) }
      said = .failed(failure)
      return .failed(failure)
    }
  }

  /// Takes a line that is too long to be held whole.
  /// - Parameters:
  ///   - beginning: as much of it as there is.
  ///   - length: how long it is, in bytes.
  /// - Returns: plain output, unless it begins like a line of the protocol; nil after a violation.
  public mutating func receive(overlongLine beginning: [UInt8], length: Int) -> Event? {
    if case .violation = said { return nil }
    // The type may stand anywhere in a protocol line; a runner that has spoken before is taken at its word.
    let speaks: Bool
    do throws(ProtocolError) {
      speaks = try RunnerMessage.decode(line: beginning, nextChunk: reportedChunk + 1) != nil || said != .nothing
    } catch {
      speaks = true
    }
    guard speaks, beginning.first == UInt8(ascii: "{") else { return .output(beginning) }
    return violate(ProtocolError("a line of \(length) bytes is longer than the protocol allows", line: beginning))
  }

  private func order(_ line: [UInt8], _ what: String) -> ProtocolError? {
    switch said {
    case .done: ProtocolError("\(what) is said after \"done\"", line: line)
    case .failed: ProtocolError("\(what) is said after \"failed\"", line: line)
    case .nothing, .protocolLines, .violation: nil
    }
  }

  private mutating func violate(_ error: ProtocolError) -> Event {
    said = .violation(error)
    return .violation(error)
  }
}

// MARK: - The end

extension WorkerSession {
  /// What the attempt came to, when the process has ended and its last line was received.
  public func end(_ observation: RunnerObservation) -> RunnerEnd {
    let stopped = stopReason ?? observation.endedByWorker
    switch said {
    case .violation(let error): return .violated(error)
    case .failed(let failure): return .failed(failure)
    case .done(let done):
      // A process that does not leave after its last word may be ended for it.
      if observation.status == .exited(0) || observation.endedByWorker != nil { return .succeeded(done) }
      return failure(observation, "ended after \"done\": \(observation.status)")
    case .nothing, .protocolLines:
      // Who speaks no protocol ends well with 0, also when that crossed the worker's decision to kill it.
      if said == .nothing, stopReason == nil, observation.status == .exited(0) { return .succeeded(RunnerDone()) }
      if let stopped { return .stopped(reason: stopped) }
      guard observation.status == .exited(0) else { return failure(observation, "\(observation.status)") }
      return .failed(RunnerFailure(message: "ended without \"done\", with exit status 0"))
    }
  }

  private func failure(_ observation: RunnerObservation, _ words: String) -> RunnerEnd {
    var message = words
    switch observation.status {
    case .exited(126): message += " (a shell's word for a command that it may not execute)"
    case .exited(127): message += " (a shell's word for a command that it does not find)"
    case .signalled(9):
      message += ", not by the worker: by somebody, or by the system for want of memory (\(observation.memoryText))"
    default: break
    }
    guard observation.isLikelyOutOfMemory else { return .failed(RunnerFailure(message: message)) }
    return .outOfMemory(RunnerFailure(message: "out of memory, it seems (\(observation.memoryText)): \(message)"))
  }
}
