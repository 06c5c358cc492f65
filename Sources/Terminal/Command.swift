/// One declaration of a command: its parsing, help, completions and manual are all made from it.
public struct Command: Sendable {
  /// What a command does; what it returns is the process's exit status.
  public typealias Action = @Sendable (ParsedArguments) async throws -> Int32

  /// The word on the command line.
  public var name: String
  /// One line without a full stop, for lists: `put a request on its queue`.
  public var summary: String
  /// What the help says below the usage; paragraphs are separated by empty lines.
  public var discussion: String
  /// Options of this command and of all its subcommands, which may redeclare one under the same name.
  public var options: [Option]
  /// What stands on the command line besides options, in order. A command with subcommands has none.
  public var arguments: [Argument]
  /// What comes after `--`, for commands that pass words on; nil when `--` merely ends the options.
  public var rest: Argument?
  /// Commands below this one: `plan` below `topics`.
  public var subcommands: [Command]
  /// Command lines to copy, with what they do.
  public var examples: [Example]
  /// The exit statuses that mean something, besides 0 and those that every command has; the root's are every command's.
  public var exitCodes: [ExitCode]
  /// Those of the root's that this one never ends with.
  public var unusedExitCodes: Set<Int32>
  /// Left out of lists, completions and manuals; still runs.
  public var isHidden: Bool
  /// What `--version` prints; only the root command's counts.
  public var version: String?
  /// nil for a command that is only a group of subcommands.
  public var run: Action?

  /// Declares a command; see the properties.
  public init(
    _ name: String, summary: String, discussion: String = "", options: [Option] = [], arguments: [Argument] = [],
    rest: Argument? = nil, subcommands: [Command] = [], examples: [Example] = [], exitCodes: [ExitCode] = [],
    unusedExitCodes: Set<Int32> = [], isHidden: Bool = false, version: String? = nil, run: Action? = nil
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.options = options
    self.arguments = arguments
    self.rest = rest
    self.subcommands = subcommands
    self.examples = examples
    self.exitCodes = exitCodes
    self.unusedExitCodes = unusedExitCodes
    self.isHidden = isHidden
    self.version = version
    self.run = run
  }
}

/// A command line that can be copied, and what it does.
public struct Example: Sendable, Equatable {
  /// The whole line: `baton enqueue person-search --wait`.
  public var commandLine: String
  /// One sentence.
  public var explanation: String

  /// Declares an example.
  public init(_ commandLine: String, _ explanation: String) {
    self.commandLine = commandLine
    self.explanation = explanation
  }
}

/// An exit status and when a command ends with it.
public struct ExitCode: Sendable, Equatable {
  /// 0 to 255.
  public var code: Int32
  /// When it is returned: `the run failed`.
  public var meaning: String

  /// Declares an exit status.
  public init(_ code: Int32, _ meaning: String) {
    self.code = code
    self.meaning = meaning
  }

  /// It worked.
  public static let success: Int32 = 0
  /// It did not work.
  public static let failure: Int32 = 1
  /// The command line could not be understood.
  public static let usage: Int32 = 2
  /// Interrupted, as shells count it (128 + SIGINT).
  public static let interrupted: Int32 = 130
  /// Nobody reads the output any more, as shells count it (128 + SIGPIPE).
  public static let outputClosed: Int32 = 141

  /// What every command may end with; a command's own declaration of the same code takes its place.
  static let common = [
    ExitCode(success, "success"),
    ExitCode(failure, "failure; the message on standard error says why and what to do"),
    ExitCode(usage, "the command line was not understood; nothing was done"),
  ]
}

/// How a shell completes a word.
public enum Completion: Sendable, Equatable {
  /// Nothing is offered.
  case none
  /// Paths of files.
  case file
  /// Paths of directories.
  case directory
  /// One of these words; any other is refused when parsing.
  case values([String])
  /// Words that the tool itself prints, one a line, when called with these arguments: `"list-jobs"` is usually a
  /// hidden subcommand. Options of the root command that stand on the line so far are passed on.
  case command(String)
}
