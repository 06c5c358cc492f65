import Dispatch
import Glibc
import Synchronization

/// The runner's end of the protocol, over two file descriptors, by blocking calls.
///
/// In order: `start`, then for each chunk `report` and `awaitAcknowledgement`, then `done` or `failed`. A second chunk may
/// be reported before the first is acknowledged, a third may not. One task may report while another waits; two that do
/// the same wait for each other.
public final class RunnerSession: Sendable {
  /// The answer to a chunk.
  public enum Answer: Sendable, Hashable {
    /// The chunk's checkpoint is committed; go on.
    case go
    /// Write nothing more, and end.
    case stop(reason: String)
  }

  /// The reason of the stop when the worker's end of the pipe is closed.
  public static let workerGone = "the worker is gone"

  private struct Input {
    var lines: LineReader
    var acknowledged = 0
    var stop: String?
  }

  private struct Output {
    let descriptor: Int32
    var reported = 0
    var isEnded = false
    var isClosed = false
  }

  private let input: Mutex<Input>
  private let output: Mutex<Output>

  /// A session over descriptors that stay the caller's.
  ///
  /// SIGPIPE should be ignored (`standard` does so), for else a dead worker ends the process at its next word.
  /// - Parameter lineLimitBytes: the longest line that is taken from the worker.
  public init(input: Int32 = 0, output: Int32 = 1, lineLimitBytes: Int = 16 << 20) {
    self.input = Mutex(Input(lines: LineReader(descriptor: input, limit: lineLimitBytes)))
    self.output = Mutex(Output(descriptor: output))
  }

  /// The session of this process: takes standard output for the protocol alone, so that whatever prints goes to the
  /// log on standard error, and ignores SIGPIPE.
  /// - Throws: `ProtocolError` when standard output is closed.
  public static func standard() throws(ProtocolError) -> RunnerSession {
    signal(SIGPIPE, SIG_IGN)
    fflush(nil)
    let output = fcntl(1, F_DUPFD_CLOEXEC, 3)
    guard output >= 0, dup2(2, 1) >= 0 else {
      throw ProtocolError(message: "standard output or standard error is closed")
    }
    return RunnerSession(input: 0, output: output)
  }

  /// Waits for the worker's first line.
  /// - Throws: `ProtocolError`, also when the input ends or is stopped before it.
  public func start() throws(ProtocolError) -> RunnerStart {
    try input.withLock { (input) throws(ProtocolError) in
      switch try RunnerSession.next(&input) {
      case .start(let start): return start
      case .stop(let reason): throw ProtocolError(message: "stopped before the start: \(reason)")
      case .ack(let chunk): throw ProtocolError(message: "an ack of chunk \(chunk) before the start")
      }
    }
  }

  /// Tells of a chunk that is in the sink.
  ///
  /// A worker that is gone is no error here: the answer to the chunk is then a stop.
  /// - Throws: `ProtocolError` when the chunk is out of order, or the output fails.
  public func report(_ chunk: ChunkReport) throws(ProtocolError) {
    try output.withLock { (output) throws(ProtocolError) in
      guard !output.isEnded else { throw ProtocolError(message: "chunk \(chunk.chunk) after the end") }
      guard chunk.chunk == output.reported + 1 else {
        throw ProtocolError(message: "chunk \(chunk.chunk) is reported after chunk \(output.reported)")
      }
      try RunnerSession.write(.chunk(chunk), &output)
      output.reported = chunk.chunk
    }
  }

  /// Waits until the chunk, and with it every one before, is acknowledged or a stop is said.
  /// - Throws: `ProtocolError` when the worker says what it may not.
  public func awaitAcknowledgement(of chunk: Int) throws(ProtocolError) -> Answer {
    try input.withLock { (input) throws(ProtocolError) in
      while input.acknowledged < chunk {
        if let reason = input.stop { return .stop(reason: reason) }
        try take(&input)
      }
      return .go
    }
  }

  /// Whether a stop is said already, without waiting, so that a long chunk can be given up.
  /// - Returns: the reason; nil also while another task waits for an acknowledgement, which then gets the stop.
  /// - Throws: `ProtocolError` when the worker says what it may not.
  public func pendingStop() throws(ProtocolError) -> String? {
    // Not a throwing closure: withLockIfAvailable has no typed throws to give back.
    let result: Result<String?, ProtocolError>? = input.withLockIfAvailable { input in
      do throws(ProtocolError) {
        while input.stop == nil, input.lines.isReady { try take(&input) }
        return .success(input.stop)
      } catch {
        return .failure(error)
      }
    }
    return try result?.get() ?? nil
  }

  /// Says that all is done; the process should then exit with status 0.
  /// - Throws: `ProtocolError` when the end was said before, or the output fails.
  public func done(facts: [String: JSONValue] = [:]) throws(ProtocolError) {
    try end(.done(RunnerDone(facts: facts)))
  }

  /// Says that the attempt cannot go on.
  /// - Throws: `ProtocolError` when the end was said before, or the output fails.
  public func failed(_ failure: RunnerFailure) throws(ProtocolError) { try end(.failed(failure)) }

  private func end(_ message: RunnerMessage) throws(ProtocolError) {
    try output.withLock { (output) throws(ProtocolError) in
      guard !output.isEnded else { throw ProtocolError(message: "the end is said twice") }
      try RunnerSession.write(message, &output)
      output.isEnded = true
    }
  }

  private func take(_ input: inout Input) throws(ProtocolError) {
    switch try RunnerSession.next(&input) {
    case .start: throw ProtocolError(message: "a second start")
    case .stop(let reason): input.stop = reason
    case .ack(let chunk):
      guard chunk == input.acknowledged + 1 else {
        throw ProtocolError(message: "an ack of chunk \(chunk) after that of chunk \(input.acknowledged)")
      }
      input.acknowledged = chunk
    }
  }

  private static func next(_ input: inout Input) throws(ProtocolError) -> WorkerMessage {
    guard let line = try input.lines.next() else { return .stop(reason: workerGone) }
    return try WorkerMessage(jsonLine: line)
  }

  private static func write(_ message: RunnerMessage, _ output: inout Output) throws(ProtocolError) {
    guard !output.isClosed else { return }
    let line = message.jsonLine + [10]
    var written = 0
    while written < line.count {
      let count = line.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        return Glibc.write(output.descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        output.isClosed = true
        return
      } else if errno == EAGAIN {
        // The descriptor is non-blocking by somebody else's doing.
        var watched = pollfd(fd: output.descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&watched, 1, -1)
      } else if errno != EINTR {
        throw ProtocolError(message: "writing to the worker fails: errno \(errno)")
      }
    }
  }
}
