import Configuration
import RunnerProcess
import Terminal

extension Command {
  /// Kills the runners of a worker that died: see `ProcessGuard`.
  static let processGuard = Command(
    "process-guard", summary: "end the processes of a worker that died", isHidden: true,
    run: { _ in ProcessGuard.run(input: 0) })

  /// The words that shells complete with.
  static let names = Command(
    "names", summary: "print names for completion", 
    arguments: [Argument("KIND", help: "what to list", completion: .values(["jobs", "queues"]))], isHidden: true,
    run: { arguments in
      let configuration = try Context(arguments).configuration
      let names = arguments.argument("KIND") == "jobs" ? configuration.jobOrder : configuration.queueOrder
      for name in names { arguments.output.line(name) }
      return ExitCode.success
    })

  static let completions = Command(
    "completions", summary: "print a completion script for a shell",
    arguments: [Argument("SHELL", help: "the shell", completion: .values(Shell.allCases.map(\.rawValue)))],
    examples: [
      Example("baton completions bash > /etc/bash_completion.d/baton", "for all users of bash"),
      Example("baton completions fish > ~/.config/fish/completions/baton.fish", "for yourself in fish"),
    ],
    run: { arguments in
      guard let shell = Shell(rawValue: arguments.argument("SHELL")) else { return ExitCode.usage }
      arguments.output.write(arguments.root.completionScript(for: shell))
      return ExitCode.success
    })

  static let manual = Command(
    "manual", summary: "print the manual page, or the reference in Markdown",
    options: [Option("markdown", help: "Markdown instead of roff")],
    examples: [Example("baton manual | man -l -", "read it here")],
    run: { arguments in
      arguments.output.write(arguments.flag("markdown") ? arguments.root.markdownManual() : arguments.root.manualPage())
      return ExitCode.success
    })
}
