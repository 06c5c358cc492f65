import CProcess
import Glibc
import Synchronization

/// A child's standard input: written at once where the pipe has room, else kept, within a bound, until it has.
final class InputPipe: Sendable {
  private struct State {
    /// nil once it is closed.
    var descriptor: Int32?
    var pending: [UInt8] = []
    /// How much of `pending` is written.
    var written = 0
    var closesWhenWritten = false
    var isWatched = false
  }

  private let state: Mutex<State>
  private let epoll: Int32
  private let watchToken: UInt64
  private let limitBytes: Int

  /// - Parameters:
  ///   - descriptor: the non-blocking write end, which is this object's from here on.
  ///   - epoll: what is asked to tell, under `watchToken`, when there is room again. It outlives `descriptor`.
  init(descriptor: Int32, epoll: Int32, watchToken: UInt64, limitBytes: Int) {
    state = Mutex(State(descriptor: descriptor))
    self.epoll = epoll
    self.watchToken = watchToken
    self.limitBytes = limitBytes
  }

  /// Appends a newline and sends.
  /// - Returns: false when the input is closed, or when more than the bound would wait.
  func send(line: [UInt8]) -> Bool {
    state.withLock { state in
      guard state.descriptor != nil, !state.closesWhenWritten,
        state.pending.count - state.written + line.count < limitBytes
      else { return false }
      state.pending.reserveCapacity(state.pending.count + line.count + 1)
      state.pending.append(contentsOf: line)
      state.pending.append(10)
      if !state.isWatched { flush(&state) }
      return state.descriptor != nil
    }
  }

  /// Closes when all that waits is written.
  func closeWhenWritten() {
    state.withLock { state in
      state.closesWhenWritten = true
      if !state.isWatched { flush(&state) }
    }
  }

  /// The pipe has room, or its reader is gone.
  func flush() { state.withLock { flush(&$0) } }

  func close() { state.withLock { close(&$0) } }

  private func flush(_ state: inout State) {
    guard let descriptor = state.descriptor else { return }
    while state.written < state.pending.count {
      let count = state.pending.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[state.written...])
        return Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        state.written += count
      } else if errno == EAGAIN {
        // Drop what is written only when that is much: else each write would move all the rest.
        if state.written >= 1 << 16 {
          state.pending.removeFirst(state.written)
          state.written = 0
        }
        return watch(&state, true)
      } else if errno != EINTR {
        // EPIPE: the child does not read any more. That is its right; its exit tells the rest.
        return close(&state)
      }
    }
    state.pending = []
    state.written = 0
    watch(&state, false)
    if state.closesWhenWritten { close(&state) }
  }

  private func watch(_ state: inout State, _ wanted: Bool) {
    guard let descriptor = state.descriptor, state.isWatched != wanted else { return }
    var event = epoll_event()
    event.events = EPOLLOUT.rawValue
    event.data.u64 = watchToken
    guard epoll_ctl(epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, descriptor, &event) == 0 else {
      // Without the watch the rest would never leave: better an end of input than a silence.
      if wanted { close(&state) }
      return
    }
    state.isWatched = wanted
  }

  private func close(_ state: inout State) {
    guard let descriptor = state.descriptor else { return }
    watch(&state, false)
    state.descriptor = nil
    state.pending = []
    state.written = 0
    Glibc.close(descriptor)
  }
}
