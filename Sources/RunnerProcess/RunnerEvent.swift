/// What a child process did, told on the host's thread and in order; `ended` is the last.
public enum RunnerEvent: Sendable, Hashable {
  /// One line of standard output, without its newline; at most `ProcessHost.lineLimitBytes`.
  case output(line: [UInt8])
  /// A line of standard output that is longer than the limit: its beginning, and its true length in bytes.
  case overlongOutput(beginning: [UInt8], length: Int)
  /// One line of standard error, without its newline; one that is too long is cut and ends with a note of that.
  case log(line: [UInt8])
  /// The child and its group are gone, it is reaped, and both streams are read to their end.
  case ended(RunnerExit)
}

/// How a child process ended and what it took.
public struct RunnerExit: Sendable, Hashable {
  /// How it ended.
  public var status: Status
  /// The highest resident memory of the process, or of a descendant that it waited for, in bytes.
  ///
  /// The kernel counts the starting process's own peak into it; below that peak the figure is the highest that was
  /// seen while the child gave output, or else that peak.
  public var peakMemoryBytes: Int
  /// Processor time in the child's own code.
  public var userMilliseconds: Int
  /// Processor time in the kernel for the child.
  public var systemMilliseconds: Int
  /// From start to exit.
  public var wallMilliseconds: Int

  /// An exit with its figures.
  public init(
    status: Status, peakMemoryBytes: Int, userMilliseconds: Int, systemMilliseconds: Int, wallMilliseconds: Int
  ) {
    self.status = status
    self.peakMemoryBytes = peakMemoryBytes
    self.userMilliseconds = userMilliseconds
    self.systemMilliseconds = systemMilliseconds
    self.wallMilliseconds = wallMilliseconds
  }

  /// By itself or by a signal.
  public enum Status: Sendable, Hashable {
    /// By itself, with this exit status.
    case exited(Int32)
    /// By the signal of this number.
    case signalled(Int32)
  }
}
