/// What an attempt's process came to: what it said and how it ended, taken together.
public enum RunnerEnd: Sendable, Hashable {
  /// It said `done` and exited with status 0, or spoke no protocol and exited with status 0.
  case succeeded(RunnerDone)
  /// It said `failed`, or ended in another way than it should; then it is retriable and the message says how.
  case failed(RunnerFailure)
  /// It ended abnormally, and its memory limit is the likely cause: another attempt should take smaller chunks.
  case outOfMemory(RunnerFailure)
  /// It was told to stop, or ended by the worker, and had not said its end before.
  case stopped(reason: String)
  /// It broke the protocol; what it said from there on does not count.
  case violated(ProtocolError)
}

/// How a runner's process ended, as the worker observed it.
public struct RunnerObservation: Sendable, Hashable {
  /// How a process ends.
  public enum Status: Sendable, Hashable {
    /// By itself, with this exit status.
    case exited(Int32)
    /// By the signal of this number.
    case signalled(Int32)
  }

  /// How it ended.
  public var status: Status
  /// The highest resident memory, in bytes.
  public var peakMemoryBytes: Int
  /// The limit that it had, in bytes; nil for none.
  public var memoryLimitBytes: Int?
  /// Why the worker itself ended the process by signals (a timeout, a shutdown); nil when it did not.
  public var endedByWorker: String?
  /// The last lines of its log, in which a failed allocation is looked for when there is a memory limit.
  public var logTail: String

  /// An end with what is known of it.
  public init(
    status: Status, peakMemoryBytes: Int = 0, memoryLimitBytes: Int? = nil, endedByWorker: String? = nil,
    logTail: String = ""
  ) {
    self.status = status
    self.peakMemoryBytes = peakMemoryBytes
    self.memoryLimitBytes = memoryLimitBytes
    self.endedByWorker = endedByWorker
    self.logTail = logTail
  }
}

extension RunnerObservation.Status: CustomStringConvertible {
  /// Such as `exit status 3` or `killed by SIGSEGV`.
  public var description: String {
    switch self {
    case .exited(let status): "exit status \(status)"
    case .signalled(let number): "killed by \(Self.signalName(number))"
    }
  }

  static func signalName(_ number: Int32) -> String {
    let names = [
      "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
      "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
      "PWR", "SYS",
    ]
    return (1...Int32(names.count)).contains(number) ? "SIG\(names[Int(number) - 1])" : "signal \(number)"
  }
}

extension RunnerObservation {
  /// Whether an abnormal end looks like the memory limit's doing.
  ///
  /// The limit makes allocations fail, and what a program does then is its own affair: most abort, near the limit, or
  /// say so in the log.
  var isLikelyOutOfMemory: Bool {
    guard let memoryLimitBytes else { return false }
    if peakMemoryBytes >= memoryLimitBytes / 4 * 3 { return true }
    let lowercased = logTail.lowercased()
    return ["out of memory", "outofmemory", "memoryerror", "cannot allocate", "could not allocate", "bad_alloc"]
      .contains { lowercased.contains($0) }
  }

  /// The memory in words, for the messages.
  var memoryText: String {
    func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 19)) >> 20) MiB" }
    let peak = "peak memory \(mebibytes(peakMemoryBytes))"
    return memoryLimitBytes.map { "\(peak) of \(mebibytes($0)) allowed" } ?? "\(peak), no limit"
  }
}
