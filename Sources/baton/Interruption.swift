import Glibc
import Synchronization
import Terminal

/// What an interrupt from the keyboard does while a run is followed: it ends the following, and says that the run goes on.
enum Interruption {
  private struct State {
    var isWatched = false
    var followed: (run: String, bar: ProgressBar, errors: TerminalOutput)?
  }

  private static let state = Mutex(State())

  /// A run is followed from now on. Only where a person looks on: a script's signals are its own.
  static func begin(_ run: String, _ bar: ProgressBar, _ errors: TerminalOutput) {
    guard errors.isTerminal, !isIgnored else { return }
    let isFirst = state.withLock { state in
      state.followed = (run, bar, errors)
      defer { state.isWatched = true }
      return !state.isWatched
    }
    guard isFirst else { return }
    SignalWatch.start([SIGINT]) { _ in
      let followed = state.withLock { $0.followed }
      if let (run, bar, errors) = followed {
        bar.finish("")
        // The terminal has written ^C.
        errors.line()
        errors.line("the run goes on: baton follow \(printableShellWord(run))")
      }
      // Whoever started this process sees what ended it.
      signal(SIGINT, SIG_DFL)
      kill(getpid(), SIGINT)
    }
  }

  /// It is no longer followed.
  static func end() { state.withLock { $0.followed = nil } }

  /// Whether the process was started to ignore the keyboard, as in the background of a script.
  private static var isIgnored: Bool {
    var action = sigaction()
    guard sigaction(SIGINT, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}
