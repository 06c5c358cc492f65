import CProcess
import Glibc

/// The host's thread: everything here runs on it alone, from `run` on.
final class HostLoop {
  /// What an epoll event is about: the low two bits of its token, above them the child's identifier.
  enum Source: UInt64 { case exit, output, log, input }

  static let hasShutDown = RunnerStartError(subject: "the process host", code: ESHUTDOWN)
  /// The token of the mailbox: no child has the identifier 0.
  private static let mailboxToken: UInt64 = 0
  private static let guardToken: UInt64 = 1
  /// After the child's exit and the end of its group, how long its streams may stay open.
  private static let drainMilliseconds: Int64 = 1000
  /// How often killed members of a group are looked for that are not dead yet.
  private static let reapMilliseconds: Int64 = 100
  /// A guard that was killed is started again; one that cannot live is an error, not a loop.
  private static let guardRestarts = 8

  let mailbox: HostMailbox
  let epoll: Int32
  private let guardCommand: [String]?
  private(set) var guardConnection: GuardConnection?
  private var guardStarts = 0
  private var children: [UInt64: HostedChild] = [:]
  private var lastIdentifier: UInt64 = 0
  /// Groups that were killed and may have left members for this process to reap.
  private var endedGroups: Set<pid_t> = []
  private var shutdowns: [CheckedContinuation<Void, Never>] = []
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)

  init(mailbox: HostMailbox, guardCommand: [String]?) throws(RunnerStartError) {
    self.mailbox = mailbox
    self.guardCommand = guardCommand
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw RunnerStartError(subject: "an epoll", code: errno) }
    do throws(RunnerStartError) {
      try watch(mailbox.wake, token: HostLoop.mailboxToken)
      try startGuardIfNeeded()
    } catch {
      close()
      throw error
    }
  }

  /// Serves until a shutdown was asked for and the last child has ended.
  func run() {
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while shutdowns.isEmpty || !children.isEmpty {
      let count = epoll_wait(epoll, &events, Int32(events.count), timeout())
      // Only EINTR can happen here; then there are no events and the loop goes on.
      for event in events[..<Int(max(0, count))] { handle(token: event.data.u64) }
      meetDeadlines()
      reapGroups()
    }
    close()
    for request in mailbox.close() {
      switch request {
      case .start(_, _, let onStart): onStart(.failure(HostLoop.hasShutDown))
      case .shutdown(let continuation): shutdowns.append(continuation)
      case .terminate, .kill: break
      }
    }
    for continuation in shutdowns { continuation.resume() }
  }

  /// Frees what the loop holds; the mailbox is the caller's to close.
  func close() {
    guardConnection?.close()
    guardConnection = nil
    Glibc.close(epoll)
    buffer.deallocate()
  }

  func watch(_ descriptor: Int32, token: UInt64) throws(RunnerStartError) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = token
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
      throw RunnerStartError(subject: "watching a process", code: errno)
    }
  }

  private func unwatch(_ descriptor: Int32) { epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil) }

  private func handle(token: UInt64) {
    if token == HostLoop.mailboxToken { return serveMailbox() }
    if token == HostLoop.guardToken { return guardEnded() }
    // An event of a child that ended in this very batch finds none.
    guard let child = children[token >> 2], let source = Source(rawValue: token & 3) else { return }
    switch source {
    case .exit: leaderEnded(child)
    case .input: child.process.input.flush()
    case .output: readOutput(child)
    case .log: readLog(child)
    }
    endIfOver(child)
  }

  private func serveMailbox() {
    for request in mailbox.take() {
      switch request {
      case .start(let command, let onEvent, let onStart):
        do throws(RunnerStartError) {
          guard shutdowns.isEmpty else { throw HostLoop.hasShutDown }
          try startGuardIfNeeded()
          lastIdentifier += 1
          let child = try start(command, identifier: lastIdentifier, onEvent: onEvent)
          children[lastIdentifier] = child
          endedGroups.remove(child.process.pid)
          onStart(.success(child.process))
        } catch {
          onStart(.failure(error))
        }
      case .terminate(let identifier, let grace):
        guard let child = children[identifier] else { continue }
        child.signalGroup(SIGTERM)
        // A stopped process acts on no SIGTERM.
        child.signalGroup(SIGCONT)
        let killAt = monotonicMilliseconds() + Int64(max(0, grace))
        child.killAt = min(killAt, child.killAt ?? .max)
      case .kill(let identifier): children[identifier]?.signalGroup(SIGKILL)
      case .shutdown(let continuation):
        shutdowns.append(continuation)
        for child in children.values { child.signalGroup(SIGKILL) }
      }
    }
  }

  // MARK: - A child's end

  private func leaderEnded(_ child: HostedChild) {
    // The leader is a zombie yet, so that its id is still its group's: now is the time to kill the rest.
    child.signalGroup(SIGKILL)
    guardConnection?.remove(child.process.pid)
    let now = monotonicMilliseconds()
    guard child.reap(now: now) else { return }
    endedGroups.insert(child.process.pid)
    child.process.input.close()
    unwatch(child.pidfd)
    Glibc.close(child.pidfd)
    child.killAt = nil
    child.drainUntil = now + HostLoop.drainMilliseconds
  }

  /// Reaps what a killed group has left, when this process is the one that orphans go to: process 1 of a container. Anywhere
  /// else there is nothing to wait for, which the first call tells.
  ///
  /// A group's id is no other's while it has members, so this takes no child that somebody else waits for. No signal and no
  /// descriptor tells of their end here; they were killed already, so that a few looks are enough.
  private func reapGroups() {
    for group in endedGroups {
      var status: Int32 = 0
      var result: pid_t
      repeat { result = waitpid(-group, &status, WNOHANG) } while result > 0 || (result < 0 && errno == EINTR)
      if result < 0 { endedGroups.remove(group) }
    }
  }

  private func readOutput(_ child: HostedChild) {
    guard var stream = child.output.take() else { return }
    if child.read(&stream, isLog: false, into: buffer) { child.output = stream } else { release(stream) }
  }

  private func readLog(_ child: HostedChild) {
    guard var stream = child.log.take() else { return }
    if child.read(&stream, isLog: true, into: buffer) { child.log = stream } else { release(stream) }
  }

  private func release(_ stream: HostedChild.Stream) {
    unwatch(stream.descriptor)
    Glibc.close(stream.descriptor)
  }

  private func endIfOver(_ child: HostedChild) {
    guard child.isOver, let exit = child.exit, children.removeValue(forKey: child.process.identifier) != nil else {
      return
    }
    child.onEvent(.ended(exit))
  }

  // MARK: - Time

  private func timeout() -> Int32 {
    var deadlines = children.values.compactMap(\.deadline)
    if !endedGroups.isEmpty { deadlines.append(monotonicMilliseconds() + HostLoop.reapMilliseconds) }
    guard let deadline = deadlines.min() else { return -1 }
    // One millisecond more, as the clock's present millisecond is partly over.
    return Int32(clamping: max(0, deadline - monotonicMilliseconds() + 1))
  }

  private func meetDeadlines() {
    let now = monotonicMilliseconds()
    for child in children.values {
      if let killAt = child.killAt, killAt <= now {
        child.killAt = nil
        child.signalGroup(SIGKILL)
      }
      if let drainUntil = child.drainUntil, drainUntil <= now {
        // Somebody outside the group holds the streams: what it writes is not the child's any more.
        if var stream = child.output.take() {
          child.finish(&stream, isLog: false)
          release(stream)
        }
        if var stream = child.log.take() {
          child.finish(&stream, isLog: true)
          release(stream)
        }
        endIfOver(child)
      }
    }
  }

  // MARK: - The guard

  private func startGuardIfNeeded() throws(RunnerStartError) {
    guard let guardCommand, guardConnection == nil else { return }
    guard guardStarts <= HostLoop.guardRestarts else {
      throw RunnerStartError(subject: "the process guard \(guardCommand.joined(separator: " "))", code: ECHILD)
    }
    guardStarts += 1
    let connection = try GuardConnection(command: guardCommand)
    do throws(RunnerStartError) {
      try watch(connection.pidfd, token: HostLoop.guardToken)
    } catch {
      connection.close()
      throw error
    }
    for child in children.values where child.exit == nil { connection.add(child.process.pid) }
    guardConnection = connection
    endedGroups.remove(connection.pid)
  }

  private func guardEnded() {
    guard let connection = guardConnection else { return }
    unwatch(connection.pidfd)
    connection.close()
    guardConnection = nil
    // Failing now is no harm to the children that run; the next start tries again and tells.
    if !children.isEmpty, shutdowns.isEmpty { try? startGuardIfNeeded() }
  }
}
