import CProcess
import Glibc
import Synchronization

@testable import RunnerProcess

/// Keeps what a child says, and lets a test wait for it.
final class EventLog: Sendable {
  private struct State {
    var events: [RunnerEvent] = []
    var waiters: [(condition: @Sendable ([RunnerEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  func add(_ event: RunnerEvent) {
    let ready = state.withLock { state in
      state.events.append(event)
      let events = state.events
      let ready = state.waiters.filter { $0.condition(events) }
      state.waiters.removeAll { $0.condition(events) }
      return ready
    }
    for waiter in ready { waiter.continuation.resume() }
  }

  var events: [RunnerEvent] { state.withLock { $0.events } }

  /// The texts of standard output so far.
  var output: [String] {
    events.compactMap { if case .output(let line) = $0 { String(decoding: line, as: UTF8.self) } else { nil } }
  }

  /// The texts of standard error so far.
  var log: [String] {
    events.compactMap { if case .log(let line) = $0 { String(decoding: line, as: UTF8.self) } else { nil } }
  }

  /// Waits until the condition holds.
  /// - Throws: when the test's time is over.
  func wait(until condition: @escaping @Sendable ([RunnerEvent]) -> Bool) async throws {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if Task.isCancelled || condition(state.events) { return true }
          state.waiters.append((condition, continuation))
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      let waiters = state.withLock { state in
        defer { state.waiters = [] }
        return state.waiters
      }
      for waiter in waiters { waiter.continuation.resume() }
    }
    guard condition(events) else { throw CancellationError() }
  }

  /// Waits for the `count`th line of standard output, counted from 1; all lines when the child ended before.
  func lines(_ count: Int) async throws -> [String] {
    try await wait { events in
      events.filter { if case .output = $0 { true } else { false } }.count >= count || EventLog.exit(events) != nil
    }
    return output
  }

  func end() async throws -> RunnerExit {
    try await wait { EventLog.exit($0) != nil }
    guard let exit = EventLog.exit(events) else { preconditionFailure("the wait ended without an end") }
    return exit
  }

  private static func exit(_ events: [RunnerEvent]) -> RunnerExit? {
    if case .ended(let exit)? = events.last { exit } else { nil }
  }
}

extension ProcessHost {
  func start(shell script: String, log: EventLog, memoryLimitBytes: Int? = nil) async throws -> RunningProcess {
    try await start(
      RunnerCommand(
        arguments: ["/bin/sh", "-c", script], environment: testEnvironment, memoryLimitBytes: memoryLimitBytes)
    ) { log.add($0) }
  }
}

/// A PATH that has the shell's tools, and nothing else.
let testEnvironment = ["PATH": "/usr/bin:/bin"]

/// Runs the body with a host that is shut down after it.
func withHost(guardCommand: [String]? = nil, _ body: (ProcessHost) async throws -> Void) async throws {
  let host = try ProcessHost(guardCommand: guardCommand)
  do {
    try await body(host)
  } catch {
    await host.shutdown()
    throw error
  }
  await host.shutdown()
}

/// A process that need not be our child, watched from now on.
final class WatchedProcess: Sendable {
  private let pidfd: Int32

  /// nil when it does not live any more.
  init?(pid: Int32) {
    pidfd = baton_pidfd_open(pid)
    if pidfd < 0 { return nil }
  }

  convenience init?(line: String) {
    guard let pid = Int32(line) else { return nil }
    self.init(pid: pid)
  }

  deinit { close(pidfd) }

  var hasEnded: Bool {
    var watched = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) == 1
  }

  /// Waits for its end, at most 20 s: a test that would hang fails instead.
  func ended() async -> Bool {
    await withCheckedContinuation { continuation in
      let context = Unmanaged.passRetained(Wait(pidfd: pidfd, continuation: continuation))
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          let wait = Unmanaged<Wait>.fromOpaque(context).takeRetainedValue()
          var watched = pollfd(fd: wait.pidfd, events: Int16(POLLIN), revents: 0)
          let count = poll(&watched, 1, 20_000)
          wait.continuation.resume(returning: count == 1)
          return nil
        }, context.toOpaque())
      precondition(code == 0)
      pthread_detach(thread)
    }
  }

  private final class Wait {
    let pidfd: Int32
    let continuation: CheckedContinuation<Bool, Never>
    init(pidfd: Int32, continuation: CheckedContinuation<Bool, Never>) {
      self.pidfd = pidfd
      self.continuation = continuation
    }
  }
}
