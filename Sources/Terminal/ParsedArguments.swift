/// What the command line said, in the words of the command's declaration. Asking for a name that the command does not
/// declare is a programmer's error and traps.
public struct ParsedArguments: Sendable {
  /// The whole tool, for commands that are about it: completions, manuals.
  public let root: Command
  /// The words of the command that was called: `["baton", "topics", "plan"]`.
  public let commandPath: [String]
  /// The words after `--`, when the command declares `rest`.
  public internal(set) var rest: [String] = []
  /// Where the command prints what it was asked for.
  public internal(set) var output: TerminalOutput
  /// Where the command prints what it has to say besides: progress, warnings.
  public internal(set) var errors: TerminalOutput

  let options: [Option]
  let declaredArguments: [Argument]
  var optionValues: [String: [String]] = [:]
  var flagCounts: [String: Int] = [:]
  var argumentValues: [String: [String]] = [:]

  init(path: [Command], options: [Option], output: TerminalOutput, errors: TerminalOutput) {
    guard let root = path.first, let command = path.last else { preconditionFailure("an empty command path") }
    self.root = root
    commandPath = path.map(\.name)
    declaredArguments = command.arguments
    self.options = options
    self.output = output
    self.errors = errors
  }

  /// Whether the flag is on the line.
  public func flag(_ name: String) -> Bool { count(name) > 0 }

  /// How often the flag is on the line: `-vv` is 2.
  public func count(_ name: String) -> Int {
    precondition(declared(name).isFlag, "--\(name) takes a value")
    return flagCounts[name] ?? 0
  }

  /// The option's value, else its default value, else nil.
  public func value(_ name: String) -> String? {
    let option = declared(name)
    precondition(!option.isFlag, "--\(name) is a flag")
    return optionValues[name]?.last ?? option.defaultValue
  }

  /// All values of an option that may be repeated, in order; its default value when there is none.
  public func values(_ name: String) -> [String] {
    let option = declared(name)
    precondition(!option.isFlag, "--\(name) is a flag")
    return optionValues[name] ?? option.defaultValue.map { [$0] } ?? []
  }

  /// The option's value as a whole number.
  /// - Throws: `UsageError` when it is none, or not in the range.
  public func integer(_ name: String, in range: ClosedRange<Int>? = nil) throws -> Int? {
    guard let text = value(name) else { return nil }
    guard let number = Int(text) else {
      throw usageError("--\(name): \(quoted(text)) is not a whole number", remedy: "give it as in --\(name) 100")
    }
    if let range, !range.contains(number) {
      let remedy =
        range.upperBound == Int.max
        ? "give a number of at least \(range.lowerBound)"
        : "give a number from \(range.lowerBound) to \(range.upperBound)"
      throw usageError("--\(name): \(number) is out of range", remedy: remedy)
    }
    return number
  }

  /// The option's value as a finite number with a point: `0.5`.
  /// - Throws: `UsageError` when it is none.
  public func number(_ name: String) throws -> Double? {
    guard let text = value(name) else { return nil }
    guard let number = Double(text), number.isFinite else {
      throw usageError("--\(name): \(quoted(text)) is not a number", remedy: "give it as in --\(name) 0.5")
    }
    return number
  }

  /// The option's values as `key=value`; the value may be empty and may contain `=`.
  /// - Throws: `UsageError` when one has no `=`, has no key, or has a key that was given before.
  public func pairs(_ name: String) throws -> [(key: String, value: String)] {
    var pairs: [(key: String, value: String)] = []
    for text in values(name) {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw usageError(
          "--\(name): \(quoted(text)) is not of the form key=value", remedy: "give it as in --\(name) date=2026-11-24")
      }
      let key = String(text[..<equals])
      guard !pairs.contains(where: { $0.key == key }) else {
        throw usageError("--\(name): \(quoted(key)) is given twice", remedy: "give it once")
      }
      pairs.append((key, String(text[text.index(after: equals)...])))
    }
    return pairs
  }

  /// The word of a required argument.
  public func argument(_ name: String) -> String {
    guard let word = arguments(name).first else { preconditionFailure("\(name) is optional: use optionalArgument") }
    return word
  }

  /// The word of an argument, or nil when it was left out.
  public func optionalArgument(_ name: String) -> String? { arguments(name).first }

  /// All words of an argument that repeats.
  public func arguments(_ name: String) -> [String] {
    precondition(declaredArguments.contains { $0.name == name }, "the argument \(name) is not declared")
    return argumentValues[name] ?? []
  }

  /// An error that names this command's help: for what the declaration cannot say, such as two options that exclude
  /// each other.
  public func usageError(_ message: String, remedy: String? = nil) -> UsageError {
    UsageError(message, remedy: remedy, commandPath: commandPath)
  }

  private func declared(_ name: String) -> Option {
    guard let option = options.first(where: { $0.name == name }) else {
      preconditionFailure("--\(name) is not declared for \(commandPath.joined(separator: " "))")
    }
    return option
  }
}
