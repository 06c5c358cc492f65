/// What a command line asks for.
enum ParseOutcome {
  case run(Command.Action, ParsedArguments)
  case help(CommandPath)
  case version(String)
}

/// Reads a command line by a declaration. Options may stand before, between and after the other words; `--` ends them.
struct ArgumentParser {
  private var path: CommandPath
  private var words: ArraySlice<String>
  private var parsed: [String: [String]] = [:]
  private var flags: [String: Int] = [:]
  private var positionals: [String] = []
  private var restWords: [String]?
  private let output: TerminalOutput
  private let errors: TerminalOutput

  /// - Parameter words: without the tool's own name.
  init(_ root: Command, words: [String], output: TerminalOutput, errors: TerminalOutput) {
    path = CommandPath(root)
    self.words = words[...]
    self.output = output
    self.errors = errors
  }

  mutating func parse() throws(UsageError) -> ParseOutcome {
    while let word = words.popFirst() {
      if word == "--" {
        if path.command.rest != nil { restWords = Array(words) } else { positionals += words }
        words = []
      } else if isHelp(word) {
        return .help(pathFollowingWords())
      } else if let version = path.command.version, word == "--version", path.isRoot {
        return .version(version)
      } else if word.hasPrefix("--") {
        try takeLongOption(word)
      } else if word.count > 1, word.hasPrefix("-"), !isNegativeNumber(word) {
        try takeShortOptions(word)
      } else if path.command.subcommands.isEmpty {
        positionals.append(word)
      } else if let subcommand = path.command.subcommands.first(where: { $0.name == word }) {
        path = path.appending(subcommand)
      } else if word == "help", path.isRoot {
        return .help(try pathOfHelp())
      } else {
        throw unknownCommand(word)
      }
    }
    return try finish()
  }

  // MARK: - Commands

  private func isHelp(_ word: String) -> Bool {
    guard path.options.allSatisfy({ $0.name != "help" }) else { return false }
    return word == "--help" || word == "-h" && path.helpOption.short == "h"
  }

  /// `baton --help topics plan` is about `plan`, too.
  private func pathFollowingWords() -> CommandPath {
    var path = path
    for word in words {
      if let next = path.command.subcommands.first(where: { $0.name == word }) { path = path.appending(next) }
    }
    return path
  }

  private mutating func pathOfHelp() throws(UsageError) -> CommandPath {
    while let word = words.popFirst() {
      if word.hasPrefix("-") { continue }
      guard let next = path.command.subcommands.first(where: { $0.name == word }) else { throw unknownCommand(word) }
      path = path.appending(next)
    }
    return path
  }

  private func unknownCommand(_ word: String) -> UsageError {
    let names = path.command.subcommands.filter { !$0.isHidden }.map(\.name)
    if names.isEmpty {
      return usageError("\(path.text) has no commands, so \(quoted(word)) means nothing here")
    }
    let suggestion = nearest(to: word, among: names)
    return usageError(
      "unknown command \(quoted(word))",
      remedy: suggestion.map { "did you mean \(path.text) \($0)?" } ?? "commands: " + names.joined(separator: ", "))
  }

  // MARK: - Options

  private mutating func takeLongOption(_ word: String) throws(UsageError) {
    let equals = word.firstIndex(of: "=")
    let name = String(word[word.index(word.startIndex, offsetBy: 2)..<(equals ?? word.endIndex)])
    let given = equals.map { String(word[word.index(after: $0)...]) }
    guard let option = path.options.first(where: { $0.name == name }) else { throw unknownOption("--" + name) }
    if option.isFlag {
      guard given == nil else {
        throw usageError("--\(name) takes no value", remedy: "write --\(name) alone, or leave it out")
      }
      flags[name, default: 0] += 1
    } else {
      try take(option, value: given, spelled: "--" + name)
    }
  }

  /// `-v`, `-vn 5`, `-n5`: flags, and at the end one option with its value.
  private mutating func takeShortOptions(_ word: String) throws(UsageError) {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = path.options.first(where: { $0.short == letter }) else {
        throw unknownOption("-\(letter)")
      }
      if option.isFlag {
        flags[option.name, default: 0] += 1
        continue
      }
      if letters.first == "=" { letters.removeFirst() }
      try take(option, value: letters.isEmpty ? nil : String(letters), spelled: "-\(letter)")
      return
    }
  }

  private mutating func take(_ option: Option, value: String?, spelled: String) throws(UsageError) {
    let valueName = option.valueName ?? "VALUE"
    let text: String
    if let value {
      text = value
    } else if let next = words.first, !isKnownOption(next), next != "--" {
      text = next
      words.removeFirst()
    } else {
      throw usageError("\(spelled) needs a value", remedy: "write --\(option.name) \(valueName)")
    }
    if case .values(let allowed) = option.completion, !allowed.contains(text) {
      throw usageError("--\(option.name): unknown value \(quoted(text))", remedy: choice(of: allowed, near: text))
    }
    guard option.repeats || parsed[option.name] == nil else {
      throw usageError("--\(option.name) is given twice", remedy: "give it once")
    }
    parsed[option.name, default: []].append(text)
  }

  /// Whether the word can only be an option: then the one before it lacks its value. Others, such as `-5`, are values.
  private func isKnownOption(_ word: String) -> Bool {
    if isHelp(word) { return true }
    return path.options.contains { option in
      word == "--" + option.name || word.hasPrefix("--" + option.name + "=")
        || option.short.map { word == "-\($0)" } ?? false
    }
  }

  private func isNegativeNumber(_ word: String) -> Bool {
    guard let digit = word.dropFirst().first, digit.isASCII, digit.isNumber || digit == "." else { return false }
    return Double(word) != nil && !path.options.contains { $0.short == digit }
  }

  private func unknownOption(_ word: String) -> UsageError {
    let known = (path.options + [path.helpOption]).filter { !$0.isHidden }
    // It may be in the wrong place: known to a command further down.
    let owners = path.visibleDescendants.dropFirst().filter { path in
      path.command.options.contains { "--" + $0.name == word || $0.short.map { "-\($0)" } == word }
    }
    let message = "unknown option \(quoted(word)) for \(path.text)"
    if let owner = owners.first {
      return usageError(message, remedy: "write it after its command: \(owner.text) \(word)")
    }
    if word.hasPrefix("--"), let suggestion = nearest(to: String(word.dropFirst(2)), among: known.map(\.name)) {
      return usageError(message, remedy: "did you mean --\(suggestion)?")
    }
    return usageError(message)
  }

  // MARK: - The end of the line

  private func finish() throws(UsageError) -> ParseOutcome {
    let command = path.command
    guard let action = command.run else {
      let names = command.subcommands.filter { !$0.isHidden }.map(\.name)
      throw usageError(
        "\(path.text) needs a command", remedy: names.isEmpty ? nil : "commands: " + names.joined(separator: ", "))
    }
    var result = ParsedArguments(path: path.commands, options: path.options, output: output, errors: errors)
    result.optionValues = parsed.filter { name, _ in path.options.contains { $0.name == name } }
    result.flagCounts = flags
    var left = positionals[...]
    for argument in command.arguments {
      let taken = argument.repeats ? left : left.prefix(1)
      left = left.dropFirst(taken.count)
      guard !taken.isEmpty || argument.isOptional else {
        throw usageError("\(argument.name) is missing", remedy: "usage: " + path.usage)
      }
      for word in taken { try check(word, for: argument) }
      result.argumentValues[argument.name] = Array(taken)
    }
    if let extra = left.first {
      throw usageError("unexpected argument \(quoted(extra))", remedy: "usage: " + path.usage)
    }
    if let rest = command.rest {
      result.rest = restWords ?? []
      guard rest.isOptional || !result.rest.isEmpty else {
        throw usageError("\(rest.name) is missing after --", remedy: "usage: " + path.usage)
      }
    }
    return .run(action, result)
  }

  private func check(_ word: String, for argument: Argument) throws(UsageError) {
    guard case .values(let allowed) = argument.completion, !allowed.contains(word) else { return }
    throw usageError("\(argument.name): unknown value \(quoted(word))", remedy: choice(of: allowed, near: word))
  }

  private func choice(of allowed: [String], near word: String) -> String {
    nearest(to: word, among: allowed).map { "did you mean \($0)?" }
      ?? "give one of " + allowed.joined(separator: ", ")
  }

  private func usageError(_ message: String, remedy: String? = nil) -> UsageError {
    UsageError(message, remedy: remedy, commandPath: path.words)
  }
}
