import CProcess
import Glibc

/// Starts child processes and watches them all on one thread of its own, until `shutdown`.
///
/// Every child leads a process group; when it ends, what is left of its group is killed. When the process that holds
/// the host dies, by SIGKILL too, the kernel kills the children and the guard process kills their groups. Only a
/// descendant that made a session of its own (a daemon) escapes this.
///
/// A host takes SIGPIPE from the whole process, by ignoring it: a pipe whose reader is gone is an error, not an end.
public final class ProcessHost: Sendable {
  /// The longest line, in bytes, that a child's streams deliver whole.
  public static let lineLimitBytes = 1 << 20
  /// The most that waits for a child to read its standard input, in bytes.
  public static let inputLimitBytes = 8 << 20

  private let mailbox: HostMailbox

  /// Starts the thread and the guard.
  /// - Parameter guardCommand: a command that calls `ProcessGuard.run(input: 0)`; nil for no guard.
  /// - Throws: `RunnerStartError`.
  public init(guardCommand: [String]?) throws {
    signal(SIGPIPE, SIG_IGN)
    mailbox = try HostMailbox()
    let loop: HostLoop
    do {
      loop = try HostLoop(mailbox: mailbox, guardCommand: guardCommand)
    } catch {
      _ = mailbox.close()
      throw error
    }
    let context = Unmanaged.passRetained(loop)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        baton_name_thread("baton-processes")
        // The program's signals are for its other threads.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
        Unmanaged<HostLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.takeRetainedValue().close()
      _ = mailbox.close()
      throw RunnerStartError(subject: "a thread", code: code)
    }
    pthread_detach(thread)
  }

  /// Starts a child.
  /// - Parameter onEvent: called on the host's thread, in order, the first time possibly before this returns. While it
  ///   runs nothing is read: a slow callback slows the children, and no queue grows. It must not wait for the host.
  /// - Throws: `RunnerStartError`.
  public func start(
    _ command: RunnerCommand, onEvent: @escaping @Sendable (RunnerEvent) -> Void
  ) async throws -> RunningProcess {
    try await withCheckedThrowingContinuation { continuation in
      submit(command, onEvent: onEvent) { continuation.resume(with: $0.mapError { $0 as any Error }) }
    }
  }

  /// The same without waiting.
  /// - Parameter onStart: called once, on the host's thread and before all of the child's events, with the child or why
  ///   there is none.
  public func submit(
    _ command: RunnerCommand, onEvent: @escaping @Sendable (RunnerEvent) -> Void,
    onStart: @escaping @Sendable (Result<RunningProcess, RunnerStartError>) -> Void
  ) {
    if !mailbox.post(.start(command, onEvent: onEvent, onStart: onStart)) {
      onStart(.failure(HostLoop.hasShutDown))
    }
  }

  /// Kills what still runs, waits until every `ended` is told, and ends the guard and the thread.
  public func shutdown() async {
    await withCheckedContinuation { continuation in
      if !mailbox.post(.shutdown(continuation)) { continuation.resume() }
    }
  }
}
