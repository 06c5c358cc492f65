/// What can stand on the line at one command: the data of the completion scripts, the same for every shell.
struct CompletionTable {
  struct Row {
    /// The words of the command, one space between them.
    var path: String
    var subcommands: [(name: String, summary: String)]
    var options: [Option]
    var arguments: [Argument]
    var rest: Argument?

    /// The last argument's words go on without end.
    var repeats: Bool { arguments.last?.repeats ?? false }

    var flags: [Option] { options.filter(\.isFlag) }
    var valued: [Option] { options.filter { !$0.isFlag } }
  }

  let rows: [Row]
  /// The root's options with a value, as they are spelled: passed on to the tool when it is asked for words.
  let carried: [String]

  init(_ root: Command) {
    let rootPath = CommandPath(root)
    rows = rootPath.visibleDescendants.map { path in
      let command = path.command
      var subcommands = command.subcommands.filter { !$0.isHidden }.map { (name: $0.name, summary: $0.summary) }
      if path.isRoot, !subcommands.isEmpty, !subcommands.contains(where: { $0.name == "help" }) {
        subcommands.append(("help", "show the help of a command"))
      }
      var options = path.options.filter { !$0.isHidden } + [path.helpOption]
      if path.isRoot, command.version != nil { options.append(Option("version", help: "show the version")) }
      return Row(
        path: path.text, subcommands: subcommands, options: options, arguments: command.arguments, rest: command.rest)
    }
    carried = root.options.filter { !$0.isFlag }.flatMap(\.spellings)
  }
}

extension Option {
  /// `["--config", "-c"]`
  var spellings: [String] { ["--" + name] + (short.map { ["-\($0)"] } ?? []) }
}

extension Completion {
  /// The completion as the bash and zsh scripts store it: its kind, then its words.
  var code: String {
    switch self {
    case .none: "none"
    case .file: "file"
    case .directory: "directory"
    case .values(let words): "values " + words.joined(separator: " ")
    case .command(let words): "command " + words
    }
  }
}
