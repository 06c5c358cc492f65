import Glibc

/// What to start, with what it may use.
public struct RunnerCommand: Sendable, Hashable {
  /// The program and its arguments; a program without a slash is looked up in PATH.
  public var arguments: [String]
  /// All of the child's environment; nothing is inherited.
  public var environment: [String: String]
  /// Where it runs; nil for the caller's directory. A relative program path is relative to it.
  public var directory: String?
  /// The private writable memory that each of its processes may have (RLIMIT_DATA); nil for no limit.
  ///
  /// An allocation beyond it fails in the child, which then ends by its own means.
  public var memoryLimitBytes: Int?

  /// A command with nothing but its arguments, unless more is given.
  public init(
    arguments: [String], environment: [String: String] = [:], directory: String? = nil, memoryLimitBytes: Int? = nil
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.memoryLimitBytes = memoryLimitBytes
  }
}

extension RunnerCommand {
  /// The path to execute.
  ///
  /// PATH is the child's, or the caller's where the child has none.
  func executablePath() throws(RunnerStartError) -> String {
    guard let program = arguments.first, !program.isEmpty else {
      throw RunnerStartError(subject: "a command without a program", code: EINVAL)
    }
    if program.utf8.contains(UInt8(ascii: "/")) { return program }
    let path = environment["PATH"] ?? getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    var code = ENOENT
    for folder in path.split(separator: ":") {
      let candidate = "\(folder)/\(program)"
      var status = stat()
      guard stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      if access(candidate, X_OK) == 0 { return candidate }
      // As execvp does: go on, but remember that there was one.
      code = EACCES
    }
    throw RunnerStartError(subject: program, code: code)
  }
}
