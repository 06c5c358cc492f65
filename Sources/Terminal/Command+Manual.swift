extension Command {
  /// A page for `man`, in roff: the tool and all its commands.
  /// - Parameter date: as it stands at the foot of the page, `2026-11-24`.
  public func manualPage(date: String = "") -> String { ManualPage(self, date: date).text }

  /// A reference in Markdown: all commands with options, exit statuses and examples.
  public func markdownManual() -> String { MarkdownManual(self).text }

  /// The help of the tool or, with its words (`["topics", "plan"]`), of one of its commands; nil when there is none.
  public func helpText(of words: [String] = [], width: Int = 80) -> String? {
    var path = CommandPath(self)
    for word in words {
      guard let next = path.command.subcommands.first(where: { $0.name == word }) else { return nil }
      path = path.appending(next)
    }
    return HelpText(path).text(width: width)
  }

  /// A ready subcommand, `manual`, that prints the manual of the tool of this name.
  public static func manual(of tool: String) -> Command {
    Command(
      "manual", summary: "print the manual of all commands",
      options: [
        Option(
          "format", value: "FORMAT", help: "for man, or for a page to read", defaultValue: "markdown",
          completion: .values(["markdown", "man"]))
      ],
      examples: [
        Example("\(tool) manual > \(tool).md", "a page to read"),
        Example("\(tool) manual --format man > \(tool).1", "a page for man: man ./\(tool).1"),
      ],
      run: { arguments in
        let root = arguments.root
        arguments.output.write(arguments.value("format") == "man" ? root.manualPage() : root.markdownManual())
        return ExitCode.success
      })
  }

  /// A ready subcommand, `completions SHELL`, that prints the completions of the tool of this name for a shell.
  public static func completions(of tool: String) -> Command {
    Command(
      "completions", summary: "print the completions for a shell",
      arguments: [
        Argument("SHELL", help: "the shell", completion: .values(Shell.allCases.map(\.rawValue)))
      ],
      examples: [
        Example("\(tool) completions bash > \(tool).bash", "for bash: `source` that file in ~/.bashrc"),
        Example("\(tool) completions zsh > _\(tool)", "for zsh: in a folder of its fpath"),
        Example("\(tool) completions fish > \(tool).fish", "for fish: in ~/.config/fish/completions"),
      ],
      run: { arguments in
        guard let shell = Shell(rawValue: arguments.argument("SHELL")) else {
          throw arguments.usageError("SHELL: unknown shell")
        }
        arguments.output.write(arguments.root.completionScript(for: shell))
        return ExitCode.success
      })
  }
}
