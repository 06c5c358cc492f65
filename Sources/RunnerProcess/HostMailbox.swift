import CProcess
import Glibc
import Synchronization

/// What any thread asks of the host's thread.
enum HostRequest: Sendable {
  case start(
    RunnerCommand, onEvent: @Sendable (RunnerEvent) -> Void,
    onStart: @Sendable (Result<RunningProcess, RunnerStartError>) -> Void)
  case terminate(UInt64, graceMilliseconds: Int)
  case kill(UInt64)
  case shutdown(CheckedContinuation<Void, Never>)
}

/// Requests on their way to the host's thread, with the eventfd that wakes it.
final class HostMailbox: Sendable {
  private struct State {
    var requests: [HostRequest] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Readable when there are requests.
  let wake: Int32

  init() throws(RunnerStartError) {
    wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wake >= 0 else { throw RunnerStartError(subject: "an eventfd", code: errno) }
  }

  /// - Returns: false when the host has shut down; the request is then dropped.
  @discardableResult
  func post(_ request: HostRequest) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.requests.append(request)
      // Fails only when the counter is full, and then the thread has reason to wake already.
      if state.requests.count == 1 { eventfd_write(wake, 1) }
      return true
    }
  }

  /// Takes all requests.
  func take() -> [HostRequest] {
    state.withLock { state in
      var count: eventfd_t = 0
      eventfd_read(wake, &count)
      defer { state.requests = [] }
      return state.requests
    }
  }

  /// Takes the last requests and lets no more in.
  func close() -> [HostRequest] {
    state.withLock { state in
      state.isClosed = true
      Glibc.close(wake)
      defer { state.requests = [] }
      return state.requests
    }
  }
}
