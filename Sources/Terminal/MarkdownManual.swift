/// A reference of the tool in Markdown, made from the declaration: one page for all commands.
struct MarkdownManual {
  private let root: CommandPath

  init(_ root: Command) { self.root = CommandPath(root) }

  var text: String {
    let tool = root.command
    let commands = root.visibleDescendants.dropFirst()
    var blocks = ["# " + tool.name, MarkdownManual.sentence(tool.summary), MarkdownManual.code(root.usage)]
    if !tool.discussion.isEmpty { blocks.append(tool.discussion) }
    if !commands.isEmpty {
      let rows = commands.map { ["[`\($0.text)`](#\(MarkdownManual.anchor($0.text)))", $0.command.summary] }
      blocks.append(MarkdownManual.table(["command", "what it does"], rows))
    }
    blocks += details(root, codes: root.exitCodes, options: tool.options + [root.helpOption])
    for path in commands {
      let command = path.command
      blocks += ["## " + path.text, MarkdownManual.sentence(command.summary), MarkdownManual.code(path.usage)]
      if !command.discussion.isEmpty { blocks.append(command.discussion) }
      blocks += details(path, codes: command.exitCodes, options: command.options)
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private func details(_ path: CommandPath, codes: [ExitCode], options: [Option]) -> [String] {
    let command = path.command
    var blocks: [String] = []
    var arguments = command.arguments.map { ["`\($0.name)`", $0.fullHelp] }
    if let rest = command.rest { arguments.append(["`-- \(rest.name)`", rest.fullHelp]) }
    if !arguments.isEmpty { blocks.append(MarkdownManual.table(["argument", "meaning"], arguments)) }
    let visible = options.filter { !$0.isHidden }
    if !visible.isEmpty {
      let rows = visible.map { option in
        [
          "`" + (option.short.map { "-\($0), " } ?? "") + "--" + option.name + (option.valueName.map { " " + $0 } ?? "")
            + "`", option.fullHelp,
        ]
      }
      blocks.append(MarkdownManual.table([path.isRoot ? "option of every command" : "option", "meaning"], rows))
    }
    if !codes.isEmpty {
      blocks.append(MarkdownManual.table(["exit status", "meaning"], codes.map { [String($0.code), $0.meaning] }))
    }
    for example in command.examples {
      blocks += [MarkdownManual.sentence(example.explanation, end: ":"), MarkdownManual.code(example.commandLine)]
    }
    return blocks
  }

  private static func code(_ line: String) -> String { "```sh\n" + line + "\n```" }

  private static func table(_ titles: [String], _ rows: [[String]]) -> String {
    let lines = [titles, titles.map { _ in "---" }] + rows
    return lines.map { "| " + $0.map(cell).joined(separator: " | ") + " |" }.joined(separator: "\n")
  }

  private static func cell(_ text: String) -> String {
    singleLine(text).replacing("|", with: "\\|")
  }

  /// As GitHub makes anchors of headings.
  private static func anchor(_ heading: String) -> String {
    String(heading.lowercased().compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" ? $0 : nil })
  }

  private static func sentence(_ text: String, end: Character = ".") -> String {
    guard let first = text.first else { return "" }
    let sentence = first.uppercased() + text.dropFirst()
    guard let last = sentence.last, !last.isPunctuation else {
      return end == "." ? sentence : String(sentence.last == "." ? sentence.dropLast() : sentence[...]) + String(end)
    }
    return sentence + String(end)
  }
}
