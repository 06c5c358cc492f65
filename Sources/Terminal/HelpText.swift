/// The help of one command, made from its declaration.
struct HelpText {
  private let path: CommandPath
  /// Longer lines are hard to read, however wide the terminal.
  private static let widest = 100
  private static let labelWidest = 28

  init(_ path: CommandPath) { self.path = path }

  func text(for output: TerminalOutput) -> String {
    text(width: output.width ?? 80, heading: { output.styled($0, .bold) })
  }

  /// - Parameter heading: gives the headings their style.
  func text(width: Int, heading: (String) -> String = { $0 }) -> String {
    let width = min(width, HelpText.widest)
    let command = path.command
    var lines: [String] = []
    lines += wrapped("\(path.text): \(command.summary)", toWidth: width)
    lines += ["", heading("Usage:") + " " + path.usage]
    if !command.discussion.isEmpty { lines += [""] + wrapped(command.discussion, toWidth: width) }

    func section(_ title: String, _ entries: [(label: String, text: String)]) {
      guard !entries.isEmpty else { return }
      lines += ["", heading(title + ":")]
      let labels = entries.map { displayWidth($0.label) }.filter { $0 <= HelpText.labelWidest }
      let column = (labels.max() ?? HelpText.labelWidest) + 4
      for entry in entries {
        let label = "  " + entry.label
        let texts = wrapped(entry.text, toWidth: max(20, width - column))
        if displayWidth(label) + 2 > column {
          lines.append(label)
        } else {
          lines.append(padded(label, toWidth: column) + (texts.first ?? ""))
        }
        for text in displayWidth(label) + 2 > column ? texts[...] : texts.dropFirst() {
          lines.append(String(repeating: " ", count: column) + text)
        }
      }
    }

    section("Commands", command.subcommands.filter { !$0.isHidden }.map { ($0.name, $0.summary) })
    var arguments = command.arguments.map { (label: $0.name, text: $0.fullHelp) }
    if let rest = command.rest { arguments.append(("-- " + rest.name, rest.fullHelp)) }
    section("Arguments", arguments)
    section("Options", (visible(command.options) + [path.helpOption]).map { ($0.label, $0.fullHelp) })
    section("Shared options", visible(path.inheritedOptions).map { ($0.label, $0.fullHelp) })
    if !command.examples.isEmpty {
      lines += ["", heading("Examples:")]
      for example in command.examples {
        lines.append("  " + example.commandLine)
        lines += wrapped(example.explanation, toWidth: width - 6).map { "      " + $0 }
      }
    }
    if command.run != nil {
      section("Exit status", path.exitCodes.map { (String($0.code), $0.meaning) })
    }
    if command.subcommands.contains(where: { !$0.isHidden }) {
      let hint = path.isRoot ? "\(path.text) help COMMAND" : "\(path.text) COMMAND --help"
      lines += ["", "More on a command: \(hint)"]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func visible(_ options: [Option]) -> [Option] { options.filter { !$0.isHidden } }
}
