import Glibc
import Synchronization

/// Draws a `Progress` on one line of a terminal, and redraws it in place. Elsewhere it prints one line at the end, or
/// nothing. Thread-safe.
public final class ProgressBar: Sendable {
  private struct State {
    var progress: Progress
    var drawnAt: Int64?
    var isFinished = false
  }

  private let state: Mutex<State>
  private let output: TerminalOutput
  private let clock: @Sendable () -> Int64
  private let isLive: Bool
  private static let redrawEveryMilliseconds: Int64 = 100
  private static let clearLine = "\r\u{1B}[K"

  /// Starts the progress; the first `update` draws it.
  /// - Parameters:
  ///   - count: what is done already; it does not count for the rate.
  ///   - clock: milliseconds on a clock that does not go back.
  public init(
    _ label: String, unit: String = "", total: Int64? = nil, count: Int64 = 0,
    output: TerminalOutput = .standardError, clock: @escaping @Sendable () -> Int64 = MonotonicClock.milliseconds
  ) {
    state = Mutex(State(progress: Progress(label, unit: unit, total: total, count: count, now: clock())))
    self.output = output
    self.clock = clock
    isLive = output.isInteractive
  }

  /// Takes note of how far it is, and draws it when the last drawing is a tenth of a second old or the label is new.
  /// - Parameters:
  ///   - total: a new total; nil leaves it.
  ///   - label: a new label; nil leaves it.
  public func update(count: Int64, total: Int64? = nil, label: String? = nil) {
    let now = clock()
    state.withLock { state in
      guard !state.isFinished else { return }
      if let total { state.progress.total = total }
      let isOther = label.map { $0 != state.progress.label } ?? false
      if let label { state.progress.relabel(label, now: now) }
      state.progress.update(count: count, now: now)
      if let drawnAt = state.drawnAt, !isOther, now - drawnAt < ProgressBar.redrawEveryMilliseconds { return }
      draw(&state, now: now)
    }
  }

  /// Says what it is about from now on: in the bar, or on a line of its own where there is none.
  public func begin(_ label: String, count: Int64) {
    update(count: count, label: label)
    if !isLive { announce(label) }
  }

  /// Redraws by a timer while the body runs, so that spinner and time go on where there is no news.
  public func turning<Result: Sendable>(_ body: () async throws -> Result) async rethrows -> Result {
    tick()
    let timer = isLive ? RedrawTimer(everyMilliseconds: ProgressBar.redrawEveryMilliseconds) { self.tick() } : nil
    defer { timer?.close() }
    return try await body()
  }

  /// Draws again without news, so that a spinner turns and the time to go goes.
  public func tick() {
    let now = clock()
    state.withLock { state in
      if !state.isFinished { draw(&state, now: now) }
    }
  }

  /// Prints a line that stays, above the bar; `printable`, with its line breaks.
  public func announce(_ text: String) {
    let now = clock()
    state.withLock { state in
      let isDrawn = isLive && state.drawnAt != nil && !state.isFinished
      output.write((isDrawn ? ProgressBar.clearLine : "") + printable(text, keepsLines: true) + "\n")
      if isDrawn { draw(&state, now: now) }
    }
  }

  /// Ends it: the bar gives way to a line that stays.
  /// - Parameter message: the line; nil for a summary, empty for none.
  public func finish(_ message: String? = nil) {
    let now = clock()
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      let line = printable(message ?? state.progress.summary(now: now), keepsLines: true)
      let isDrawn = isLive && state.drawnAt != nil
      output.write((isDrawn ? ProgressBar.clearLine : "") + (line.isEmpty ? "" : line + "\n"))
    }
  }

  private func draw(_ state: inout State, now: Int64) {
    guard isLive else { return }
    state.drawnAt = now
    // The last column stays free: some terminals go to the next line when it is written to.
    output.write(ProgressBar.clearLine + state.progress.render(width: (output.width ?? 80) - 1, now: now))
  }
}

/// The system's clock that does not go back.
public enum MonotonicClock {
  /// Milliseconds since some moment, such as the machine's start.
  public static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
