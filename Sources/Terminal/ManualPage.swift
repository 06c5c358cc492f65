/// A manual page for `man`, made from the declaration: one page for the tool and all its commands.
struct ManualPage {
  private let root: CommandPath
  private let date: String

  /// - Parameter date: as it stands at the foot of the page; empty for none.
  init(_ root: Command, date: String) {
    self.root = CommandPath(root)
    self.date = date
  }

  var text: String {
    let tool = root.command
    var lines: [String] = []
    let version = tool.version.map { ManualPage.escape($0) } ?? ""
    lines.append(".TH \"\(ManualPage.escape(tool.name).uppercased())\" \"1\" \"\(date)\" \"\(version)\"")
    lines += [".SH NAME", ManualPage.escape(tool.name) + " \\- " + ManualPage.escape(tool.summary)]
    lines += [".SH SYNOPSIS", ".B " + ManualPage.escape(tool.name), ManualPage.escape(ManualPage.afterName(root))]
    if !tool.discussion.isEmpty { lines += [".SH DESCRIPTION"] + ManualPage.paragraphs(tool.discussion) }
    lines += options(tool.options + [root.helpOption], heading: ".SH OPTIONS")
    if tool.run != nil || !tool.arguments.isEmpty { lines += arguments(root, heading: ".SH ARGUMENTS") }
    let commands = root.visibleDescendants.dropFirst()
    if !commands.isEmpty { lines.append(".SH COMMANDS") }
    for path in commands { lines += section(path) }
    lines.append(".SH EXIT STATUS")
    lines += ManualPage.entries(root.exitCodes.map { (String($0.code), $0.meaning) })
    if !tool.examples.isEmpty { lines.append(".SH EXAMPLES") }
    lines += ManualPage.examples(tool.examples)
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ path: CommandPath) -> [String] {
    let command = path.command
    var lines = [".SS \"" + ManualPage.escape(path.usage) + "\"", ManualPage.sentence(command.summary)]
    if !command.discussion.isEmpty { lines += [".PP"] + ManualPage.paragraphs(command.discussion) }
    lines += arguments(path, heading: nil)
    lines += options(command.options, heading: nil)
    if !command.exitCodes.isEmpty {
      lines += [".PP", "Exit status:"]
      lines += ManualPage.entries(command.exitCodes.map { (String($0.code), $0.meaning) })
    }
    return lines + ManualPage.examples(command.examples)
  }

  private func options(_ options: [Option], heading: String?) -> [String] {
    let visible = options.filter { !$0.isHidden }
    guard !visible.isEmpty else { return [] }
    let labels = visible.map { option in
      (option.label.hasPrefix(" ") ? String(option.label.dropFirst(4)) : option.label, option.fullHelp)
    }
    return (heading.map { [$0] } ?? []) + ManualPage.entries(labels)
  }

  private func arguments(_ path: CommandPath, heading: String?) -> [String] {
    var arguments = path.command.arguments.map { ($0.name, $0.fullHelp) }
    if let rest = path.command.rest { arguments.append(("-- " + rest.name, rest.fullHelp)) }
    guard !arguments.isEmpty else { return [] }
    return (heading.map { [$0] } ?? []) + ManualPage.entries(arguments)
  }

  private static func afterName(_ path: CommandPath) -> String {
    String(path.usage.dropFirst(path.text.count)).trimmingSpaces
  }

  private static func entries(_ entries: [(String, String)]) -> [String] {
    entries.flatMap { label, text in [".TP", ".B \"" + escape(label) + "\"", sentence(text)] }
  }

  private static func examples(_ examples: [Example]) -> [String] {
    examples.flatMap { example in
      [".PP", sentence(example.explanation), ".PP", ".nf", ".RS", escape(example.commandLine), ".RE", ".fi"]
    }
  }

  private static func paragraphs(_ text: String) -> [String] {
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        lines.append(".PP")
      } else if line.hasPrefix(" ") {
        lines += [".nf", escape(String(line)), ".fi"]
      } else {
        lines.append(escape(String(line)))
      }
    }
    return lines
  }

  private static func sentence(_ text: String) -> String {
    text.isEmpty ? "\\&" : escape(text)
  }

  /// Text that roff takes as text: no escapes, no requests, hyphens that can be copied.
  private static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in singleLine(text).unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\e"
      case "-": escaped += "\\-"
      case "\"": escaped += "\\(dq"
      case "'": escaped += "\\(aq"
      case "`": escaped += "\\(ga"
      case "^": escaped += "\\(ha"
      case "~": escaped += "\\(ti"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
  }
}

extension String {
  fileprivate var trimmingSpaces: String { String(drop { $0 == " " }) }
}
