import Glibc

/// Why a process could not be started: the file, directory or call that it concerns, and the system's error.
public struct RunnerStartError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What the error is about, such as a path.
  public var subject: String
  /// The system's error number (errno).
  public var code: Int32

  /// An error about a subject.
  public init(subject: String, code: Int32) {
    self.subject = subject
    self.code = code
  }

  /// Whether the command itself cannot be given to any process: its words are too long or hold a NUL character.
  public var isOfTheCommand: Bool { code == E2BIG || code == EINVAL }

  /// Such as `/usr/bin/x: No such file or directory`.
  public var description: String { "\(subject): \(systemErrorText(code))" }
}

/// The system's words for an error number; `strerror` itself may not be called from several threads.
func systemErrorText(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard let base = buffer.baseAddress else { return "error \(code)" }
    base.initialize(repeating: 0, count: buffer.count)
    return strerror_r(code, base, buffer.count) == 0 ? String(cString: base) : "error \(code)"
  }
}
