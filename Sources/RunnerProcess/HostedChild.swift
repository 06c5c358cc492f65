import CProcess
import Glibc

/// One child as the host's thread sees it.
final class HostedChild {
  let process: RunningProcess
  let pidfd: Int32
  let onEvent: @Sendable (RunnerEvent) -> Void
  private let startedAt: Int64
  private var memory: PeakMemory
  /// The read ends; nil once they are at their end.
  var output: Stream?
  var log: Stream?
  /// When SIGKILL follows a SIGTERM, on the monotonic clock in milliseconds.
  var killAt: Int64?
  /// When streams that a descendant outside the group keeps open are given up.
  var drainUntil: Int64?
  private(set) var exit: RunnerExit?

  struct Stream {
    let descriptor: Int32
    var splitter = LineSplitter(limit: ProcessHost.lineLimitBytes)
  }

  init(
    process: RunningProcess, pidfd: Int32, output: Int32, log: Int32, memory: PeakMemory, startedAt: Int64,
    onEvent: @escaping @Sendable (RunnerEvent) -> Void
  ) {
    self.process = process
    self.pidfd = pidfd
    self.output = Stream(descriptor: output)
    self.log = Stream(descriptor: log)
    self.memory = memory
    self.startedAt = startedAt
    self.onEvent = onEvent
  }

  var isOver: Bool { exit != nil && output == nil && log == nil }

  /// The next moment at which something is due.
  var deadline: Int64? {
    guard let killAt else { return drainUntil }
    return min(killAt, drainUntil ?? .max)
  }

  /// Signals the whole group, if the leader is not reaped: after that its id may be another's.
  func signalGroup(_ number: Int32) {
    if exit == nil { kill(-process.pid, number) }
  }

  /// Reads once from a stream and tells its lines.
  /// - Returns: false at the end of the stream.
  func read(_ stream: inout Stream, isLog: Bool, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    let count = Glibc.read(stream.descriptor, buffer.baseAddress, buffer.count)
    if count < 0, errno == EAGAIN || errno == EINTR { return true }
    guard count > 0 else {
      stream.splitter.finish { tell($0, isLog: isLog) }
      return false
    }
    if exit == nil { memory.sample(pid: process.pid) }
    stream.splitter.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { tell($0, isLog: isLog) }
    return true
  }

  /// Tells what a stream that is given up holds.
  func finish(_ stream: inout Stream, isLog: Bool) { stream.splitter.finish { tell($0, isLog: isLog) } }

  private func tell(_ line: LineSplitter.Line, isLog: Bool) {
    switch line {
    case .whole(let bytes): onEvent(isLog ? .log(line: bytes) : .output(line: bytes))
    case .cut(let bytes, let length):
      onEvent(
        isLog
          ? .log(line: bytes + Array(" [cut: the line has \(length) bytes]".utf8))
          : .overlongOutput(beginning: bytes, length: length))
    }
  }

  /// Reaps the leader, which has ended.
  /// - Returns: false when there is nothing to reap yet.
  func reap(now: Int64) -> Bool {
    var status: Int32 = 0
    var usage = rusage()
    var result: pid_t
    repeat { result = wait4(process.pid, &status, WNOHANG, &usage) } while result < 0 && errno == EINTR
    guard result != 0 else { return false }
    if result < 0 {
      // Somebody else in the process reaped it: all that is known is that it is gone.
      status = SIGKILL
      usage = rusage()
    }
    let signal = status & 0x7f
    func milliseconds(_ time: timeval) -> Int { Int(time.tv_sec) * 1000 + Int(time.tv_usec) / 1000 }
    exit = RunnerExit(
      status: signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal),
      peakMemoryBytes: memory.peak(reported: Int(usage.ru_maxrss) << 10),
      userMilliseconds: milliseconds(usage.ru_utime), systemMilliseconds: milliseconds(usage.ru_stime),
      wallMilliseconds: Int(now - startedAt))
    return true
  }
}
