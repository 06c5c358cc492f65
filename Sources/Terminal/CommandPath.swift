/// A command and those above it: the root first, the command last.
struct CommandPath: Sendable {
  var commands: [Command]

  init(_ root: Command) { commands = [root] }

  private init(commands: [Command]) { self.commands = commands }

  var command: Command { commands[commands.count - 1] }
  var words: [String] { commands.map(\.name) }
  var text: String { words.joined(separator: " ") }
  var isRoot: Bool { commands.count == 1 }

  func appending(_ command: Command) -> CommandPath { CommandPath(commands: commands + [command]) }

  /// The command's own options, then those of the commands above that it does not redeclare.
  var options: [Option] {
    var options = command.options
    for option in inheritedOptions { options.append(option) }
    return options
  }

  /// The nearer declaration of a name hides the farther one; a letter that is taken nearer is not inherited.
  var inheritedOptions: [Option] {
    var names = Set(command.options.map(\.name))
    var letters = Set(command.options.compactMap(\.short))
    var inherited: [Option] = []
    for ancestor in commands.dropLast().reversed() {
      for var option in ancestor.options where names.insert(option.name).inserted {
        if let letter = option.short, !letters.insert(letter).inserted { option.short = nil }
        inherited.append(option)
      }
    }
    return inherited
  }

  /// `--help`, without its letter where the command uses it.
  var helpOption: Option {
    var help = Option.help
    if options.contains(where: { $0.short == "h" }) { help.short = nil }
    return help
  }

  /// All visible commands, this one first, in the order of their declaration.
  var visibleDescendants: [CommandPath] {
    [self] + command.subcommands.filter { !$0.isHidden }.flatMap { appending($0).visibleDescendants }
  }

  /// The command's exit statuses: the common ones and those that the root declares for all, its own in their place, in
  /// order.
  var exitCodes: [ExitCode] {
    let own = command.exitCodes
    let shared = isRoot ? [] : commands[0].exitCodes.filter { !command.unusedExitCodes.contains($0.code) }
    let common = (ExitCode.common.filter { code in !shared.contains { $0.code == code.code } } + shared).filter {
      code in !own.contains { $0.code == code.code }
    }
    return (own + common).sorted { $0.code < $1.code }
  }

  /// `baton enqueue [OPTIONS] JOB [-- COMMAND...]`
  var usage: String {
    var parts = [text, "[OPTIONS]"]
    if !command.subcommands.isEmpty { parts.append(command.run == nil ? "COMMAND" : "[COMMAND]") }
    parts += command.arguments.map(\.label)
    if let rest = command.rest {
      let words = "-- " + rest.name + (rest.repeats ? "..." : "")
      parts.append(rest.isOptional ? "[" + words + "]" : words)
    }
    return parts.joined(separator: " ")
  }
}
