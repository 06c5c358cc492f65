import CProcess
import Glibc

/// The host's end of its guard process.
final class GuardConnection {
  /// The write end; non-blocking, so that a guard that hangs fails a start instead of hanging the host.
  let pipe: Int32
  /// Readable when the guard has ended.
  let pidfd: Int32
  let pid: pid_t

  /// Starts the guard, with the caller's environment.
  init(command: [String]) throws(RunnerStartError) {
    let (readEnd, writeEnd) = try makePipe()
    var opened = [writeEnd]
    defer { Glibc.close(readEnd) }
    do throws(RunnerStartError) {
      try makeNonBlocking(writeEnd)
      let null = open("/dev/null", O_RDWR | O_CLOEXEC)
      guard null >= 0 else { throw RunnerStartError(subject: "/dev/null", code: errno) }
      let output = try aboveStandardStreams(null)
      defer { Glibc.close(output) }
      // Its own words, should it have any, go where the worker's go.
      let inherited = fcntl(2, F_DUPFD_CLOEXEC, 3)
      defer { if inherited >= 0 { Glibc.close(inherited) } }
      pid = try spawnGuard(
        RunnerCommand(arguments: command, environment: GuardConnection.ownEnvironment()),
        streams: ChildStreams(input: readEnd, output: output, log: inherited >= 0 ? inherited : output))
      pidfd = baton_pidfd_open(pid)
      if pidfd < 0 {
        let code = errno
        kill(pid, SIGKILL)
        reap(pid)
        throw RunnerStartError(subject: "a pidfd", code: code)
      }
      opened.removeAll()
    } catch {
      for descriptor in opened { Glibc.close(descriptor) }
      throw error
    }
    pipe = writeEnd
  }

  /// Registers a group that lives already.
  func add(_ group: pid_t) { _ = baton_guard_write(pipe, CChar(UInt8(ascii: "+")), group) }

  /// Takes a dead group back, before its id can be another's.
  func remove(_ group: pid_t) { _ = baton_guard_write(pipe, CChar(UInt8(ascii: "-")), group) }

  /// Ends the guard and reaps it; it gets a second to kill what is left.
  func close() {
    Glibc.close(pipe)
    var watched = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
    if poll(&watched, 1, 1000) <= 0 { kill(pid, SIGKILL) }
    reap(pid)
    Glibc.close(pidfd)
  }

  private static func ownEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var next = baton_environment()
    while let entry = next?.pointee {
      let text = String(cString: entry)
      if let split = text.utf8.firstIndex(of: UInt8(ascii: "=")), split != text.startIndex {
        result[String(text[..<split])] = String(text[text.index(after: split)...])
      }
      next = next?.successor()
    }
    return result
  }
}

/// Reaps a child that has ended or is about to.
private func reap(_ pid: pid_t) {
  var status: Int32 = 0
  while waitpid(pid, &status, 0) < 0, errno == EINTR {}
}
