import Glibc
import Synchronization

/// Text for standard output or standard error. Thread-safe; a write is never a crash and never a SIGPIPE.
///
/// On a terminal, and on standard error, every write goes out at once; otherwise writes are gathered, and go out when
/// there is enough, on `flush()`, and at the end of `Command.main`. A command that follows something for long flushes
/// after each event.
public final class TerminalOutput: Sendable {
  /// What became of earlier writes.
  enum Failure: Sendable, Equatable {
    /// The reader went away (`baton runs | head`): nothing to report.
    case closed
    /// Another error: the disk is full, the terminal is gone.
    case error(code: Int32)
  }

  private struct State {
    var buffer: [UInt8] = []
    var failure: Failure?
    var onClosed: (@Sendable () -> Void)?
  }

  private enum Destination: Sendable {
    case descriptor(Int32)
    case closure(@Sendable (String) -> Void)
  }

  /// Whether a person looks at it.
  public let isTerminal: Bool
  /// Whether the terminal can redraw a line. A dumb one cannot.
  public let isInteractive: Bool
  /// Whether colours are wanted: on a terminal that has them, unless NO_COLOR says otherwise.
  public let isStyled: Bool
  private let destination: Destination
  private let isGathering: Bool
  private let fixedWidth: Int?
  private let state = Mutex(State())
  private static let gatheredBytes = 32 * 1024

  /// File descriptor 1.
  public static let standardOutput = TerminalOutput(descriptor: 1, gathers: true)
  /// File descriptor 2.
  public static let standardError = TerminalOutput(descriptor: 2, gathers: false)

  /// Writes to a descriptor that the caller keeps open.
  /// - Parameter gathers: whether writes may wait for more when it is not a terminal.
  public init(descriptor: Int32, gathers: Bool) {
    let traits = TerminalTraits(isTerminal: isatty(descriptor) == 1) { name in getenv(name).map { String(cString: $0) }
    }
    isTerminal = traits.isTerminal
    isInteractive = traits.isInteractive
    isStyled = traits.isStyled
    destination = .descriptor(descriptor)
    isGathering = gathers && !isTerminal
    fixedWidth = nil
  }

  /// Calls the closure with every text: for tests, and for output that goes elsewhere.
  /// - Parameter width: the columns of the terminal that it plays; nil when it plays none.
  public init(width: Int? = nil, isStyled: Bool = false, _ receive: @escaping @Sendable (String) -> Void) {
    isTerminal = width != nil
    isInteractive = width != nil
    self.isStyled = isStyled
    destination = .closure(receive)
    isGathering = false
    fixedWidth = width
  }

  /// The terminal's columns at this moment, at least 20; nil when it is no terminal, and lines can be of any length.
  public var width: Int? {
    guard isTerminal else { return nil }
    guard case .descriptor(let descriptor) = destination else { return fixedWidth }
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return max(20, Int(size.ws_col)) }
    return getenv("COLUMNS").flatMap { Int(String(cString: $0)) }.map { max(20, $0) } ?? 80
  }

  /// Whether the reader went away: what is written from now on is dropped.
  public var isClosed: Bool { state.withLock { $0.failure == .closed } }

  /// Whether earlier text could not be written, and not because the reader went away: the disk is full, say.
  public var hasFailed: Bool {
    if case .error? = failure { true } else { false }
  }

  /// Writes the text as it is.
  public func write(_ text: String) {
    guard case .descriptor(let descriptor) = destination else {
      if case .closure(let receive) = destination { receive(text) }
      return
    }
    perform { state in
      guard state.failure == nil else { return }
      state.buffer += text.utf8
      if !isGathering || state.buffer.count >= TerminalOutput.gatheredBytes { send(&state, to: descriptor) }
    }
  }

  /// Writes the text and ends the line.
  public func line(_ text: String = "") { write(text + "\n") }

  /// Sends what was gathered.
  public func flush() {
    guard case .descriptor(let descriptor) = destination else { return }
    perform { state in
      if state.failure == nil, !state.buffer.isEmpty { send(&state, to: descriptor) }
    }
  }

  /// Why earlier writes were dropped.
  var failure: Failure? { state.withLock { $0.failure } }

  /// Calls the closure once when the reader has gone, at once if it is gone already. The last one set counts.
  func onClosed(_ body: (@Sendable () -> Void)?) {
    state.withLock { $0.onClosed = body }
    perform { _ in }
  }

  /// Runs the closure under the lock, and after it, outside, what waits for the reader's going.
  private func perform(_ body: (inout State) -> Void) {
    let closed = state.withLock { state -> (@Sendable () -> Void)? in
      body(&state)
      guard state.failure == .closed else { return nil }
      defer { state.onClosed = nil }
      return state.onClosed
    }
    closed?()
  }

  private func send(_ state: inout State, to descriptor: Int32) {
    let code = writeWithoutSignal(state.buffer, to: descriptor)
    state.buffer.removeAll(keepingCapacity: true)
    if code == EPIPE {
      state.failure = .closed
    } else if code != 0 {
      state.failure = .error(code: code)
    }
  }
}

/// What the environment says of a terminal.
struct TerminalTraits: Equatable {
  var isTerminal: Bool
  var isInteractive: Bool
  var isStyled: Bool

  init(isTerminal: Bool, environment: (String) -> String?) {
    self.isTerminal = isTerminal
    isInteractive = isTerminal && environment("TERM") != "dumb"
    isStyled = isInteractive && (environment("NO_COLOR") ?? "").isEmpty
  }
}
