/// An option of a command: a flag, or a name with a value.
public struct Option: Sendable {
  /// Without dashes: `config`.
  public var name: String
  /// One letter, without its dash.
  public var short: Character?
  /// What stands for the value in help: `FILE`. nil makes it a flag.
  public var valueName: String?
  /// One line without a full stop.
  public var help: String
  /// The value when none is given; shown in help.
  public var defaultValue: String?
  /// What happens when none is given, in words, where there is no fixed value.
  public var defaultText: String?
  /// Whether it may be given more than once; a flag then counts.
  public var repeats: Bool
  /// How shells complete the value.
  public var completion: Completion
  /// Left out of help, completions and manuals; still works.
  public var isHidden: Bool

  /// Declares an option; see the properties.
  public init(
    _ name: String, short: Character? = nil, value valueName: String? = nil, help: String,
    defaultValue: String? = nil, defaultText: String? = nil, repeats: Bool = false, completion: Completion = .none,
    isHidden: Bool = false
  ) {
    self.name = name
    self.short = short
    self.valueName = valueName
    self.help = help
    self.defaultValue = defaultValue
    self.defaultText = defaultText
    self.repeats = repeats
    self.completion = completion
    self.isHidden = isHidden
  }

  /// Whether it takes no value.
  public var isFlag: Bool { valueName == nil }

  /// `-c, --config FILE`
  var label: String {
    let names = short.map { "-\($0), --\(name)" } ?? "    --\(name)"
    return valueName.map { names + " " + $0 } ?? names
  }

  /// The help with what goes without saying of the declaration: default, values, repetition.
  var fullHelp: String {
    var notes: [String] = []
    if case .values(let words) = completion { notes.append("one of " + words.joined(separator: ", ")) }
    if let text = defaultText ?? defaultValue { notes.append("default: " + text) }
    if repeats { notes.append("may be repeated") }
    return notes.isEmpty ? help : help + " (" + notes.joined(separator: "; ") + ")"
  }

  /// `--help` is understood by every command.
  static let help = Option("help", short: "h", help: "show this help")
}

/// A word on the command line that is told by its place.
public struct Argument: Sendable {
  /// As help shows it: `JOB`.
  public var name: String
  /// One line without a full stop.
  public var help: String
  /// Whether it may be left out; only optional arguments can follow one.
  public var isOptional: Bool
  /// Whether it takes all the words that are left; only the last one can.
  public var repeats: Bool
  /// How shells complete it.
  public var completion: Completion

  /// Declares an argument; see the properties.
  public init(
    _ name: String, help: String, isOptional: Bool = false, repeats: Bool = false, completion: Completion = .none
  ) {
    self.name = name
    self.help = help
    self.isOptional = isOptional
    self.repeats = repeats
    self.completion = completion
  }

  /// `JOB`, `[JOB]`, `JOB...`, `[JOB...]`
  var label: String {
    let name = repeats ? name + "..." : name
    return isOptional ? "[" + name + "]" : name
  }

  var fullHelp: String {
    guard case .values(let words) = completion else { return help }
    return help + " (one of " + words.joined(separator: ", ") + ")"
  }
}
