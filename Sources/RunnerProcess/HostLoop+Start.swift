import CProcess
import Glibc

extension HostLoop {
  /// Starts a child of this thread and watches its streams and its end.
  func start(
    _ command: RunnerCommand, identifier: UInt64, onEvent: @escaping @Sendable (RunnerEvent) -> Void
  ) throws(RunnerStartError) -> HostedChild {
    // What is open here and must not stay so when a step fails.
    var ours: [Int32] = []
    // What only the child needs.
    var childs: [Int32] = []
    defer { for descriptor in childs { Glibc.close(descriptor) } }
    do throws(RunnerStartError) {
      let input = try makePipe()
      childs.append(input.read)
      ours.append(input.write)
      let output = try makePipe()
      childs.append(output.write)
      ours.append(output.read)
      let log = try makePipe()
      childs.append(log.write)
      ours.append(log.read)
      for descriptor in ours { try makeNonBlocking(descriptor) }

      let startedAt = monotonicMilliseconds()
      let pid = try spawn(
        command, streams: ChildStreams(input: input.read, output: output.write, log: log.write),
        guardPipe: guardConnection?.pipe)
      let pidfd = baton_pidfd_open(pid)
      do throws(RunnerStartError) {
        guard pidfd >= 0 else { throw RunnerStartError(subject: "a pidfd", code: errno) }
        ours.append(pidfd)
        let token = identifier << 2
        try watch(pidfd, token: token | Source.exit.rawValue)
        try watch(output.read, token: token | Source.output.rawValue)
        try watch(log.read, token: token | Source.log.rawValue)
        let process = RunningProcess(
          pid: pid, identifier: identifier,
          input: InputPipe(
            descriptor: input.write, epoll: epoll, watchToken: token | Source.input.rawValue,
            limitBytes: ProcessHost.inputLimitBytes),
          mailbox: mailbox)
        return HostedChild(
          process: process, pidfd: pidfd, output: output.read, log: log.read, memory: PeakMemory(),
          startedAt: startedAt,
          onEvent: onEvent)
      } catch {
        abandon(pid)
        throw error
      }
    } catch {
      for descriptor in ours { Glibc.close(descriptor) }
      throw error
    }
  }

  /// Ends a child that cannot be watched.
  private func abandon(_ pid: pid_t) {
    kill(-pid, SIGKILL)
    guardConnection?.remove(pid)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
  }
}
