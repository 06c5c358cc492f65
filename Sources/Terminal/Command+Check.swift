extension Command {
  /// What is wrong with the declaration itself, with the place of each: for a test of the tool that expects none.
  public func declarationProblems() -> [String] {
    CommandPath(self).problems
  }
}

extension CommandPath {
  fileprivate var problems: [String] {
    var problems: [String] = []
    func require(_ condition: Bool, _ problem: String) {
      if !condition { problems.append(text + ": " + problem) }
    }
    func repeated<T: Hashable>(_ values: [T]) -> [T] {
      var seen: Set<T> = []
      return values.filter { !seen.insert($0).inserted }
    }

    require(!command.name.isEmpty && !command.name.contains { $0.isWhitespace }, "the name is not one word")
    require(!command.name.hasPrefix("-"), "the name begins with a dash")
    require(!command.summary.isEmpty, "the summary is missing")
    require(!command.summary.hasSuffix("."), "the summary ends in a full stop")
    require(command.run != nil || !command.subcommands.isEmpty, "it does nothing and has no commands")
    require(
      command.subcommands.isEmpty || command.arguments.isEmpty, "it has both arguments and commands")
    for name in repeated(command.subcommands.map(\.name)) { problems.append(text + ": \(name) is declared twice") }

    for name in repeated(command.options.map(\.name)) { problems.append(text + ": --\(name) is declared twice") }
    for letter in repeated(command.options.compactMap(\.short)) {
      problems.append(text + ": -\(letter) is declared twice")
    }
    for option in command.options {
      require(!option.name.isEmpty && !option.name.hasPrefix("-"), "--\(option.name) is not a name without dashes")
      require(!option.name.contains { $0.isWhitespace || $0 == "=" }, "--\(option.name) has a space or = in its name")
      require(option.short?.isLetter ?? true, "--\(option.name): the short form is not a letter")
      require(!option.help.isEmpty, "--\(option.name) has no help")
      require(!option.isFlag || option.defaultValue == nil, "--\(option.name) is a flag with a default value")
      require(!option.isFlag || option.completion == .none, "--\(option.name) is a flag with completions")
      for inherited in commands.dropLast().flatMap(\.options) where inherited.name == option.name {
        require(
          inherited.isFlag == option.isFlag, "--\(option.name) is a flag here and takes a value above, or reverse")
      }
      if case .values(let words) = option.completion {
        require(words.allSatisfy { !$0.isEmpty && !$0.contains(" ") }, "--\(option.name) has a value with a space")
        if let value = option.defaultValue {
          require(words.contains(value), "--\(option.name): the default is none of the values")
        }
      }
    }

    for name in repeated(command.arguments.map(\.name)) { problems.append(text + ": \(name) is declared twice") }
    for (index, argument) in command.arguments.enumerated() {
      require(!argument.help.isEmpty, "\(argument.name) has no help")
      require(!argument.repeats || index == command.arguments.count - 1, "\(argument.name) repeats but is not the last")
      let isAfterOptional = command.arguments[..<index].contains { $0.isOptional }
      require(argument.isOptional || !isAfterOptional, "\(argument.name) is required after an optional one")
      if case .values(let words) = argument.completion {
        require(words.allSatisfy { !$0.isEmpty && !$0.contains(" ") }, "\(argument.name) has a value with a space")
      }
    }

    for example in command.examples {
      require(example.commandLine.contains(commands[0].name), "an example does not call the tool")
    }
    for code in repeated(command.exitCodes.map(\.code)) {
      problems.append(text + ": exit status \(code) is given twice")
    }
    return problems + command.subcommands.flatMap { appending($0).problems }
  }
}
