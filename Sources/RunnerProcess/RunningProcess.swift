import Glibc

/// A child that was started. All calls are safe from any thread, at any time, and after its end without effect.
public final class RunningProcess: Sendable {
  /// The process's id, and its group's.
  public let pid: Int32
  let identifier: UInt64
  let input: InputPipe
  private let mailbox: HostMailbox

  init(pid: Int32, identifier: UInt64, input: InputPipe, mailbox: HostMailbox) {
    self.pid = pid
    self.identifier = identifier
    self.input = input
    self.mailbox = mailbox
  }

  /// Sends one line, given without its newline, to standard input; never blocks.
  /// - Returns: false when it was not taken: the input is closed, or `ProcessHost.inputLimitBytes` wait already.
  @discardableResult
  public func send(line: [UInt8]) -> Bool { input.send(line: line) }

  /// Ends standard input after what was sent.
  public func closeInput() { input.closeWhenWritten() }

  /// SIGTERM to the group now, SIGKILL after the grace if the process still lives.
  public func terminate(graceMilliseconds: Int) {
    mailbox.post(.terminate(identifier, graceMilliseconds: graceMilliseconds))
  }

  /// SIGKILL to the whole group.
  public func kill() { mailbox.post(.kill(identifier)) }
}
