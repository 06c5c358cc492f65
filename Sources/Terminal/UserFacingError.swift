/// An error whose text is written for the one at the keyboard.
public protocol UserFacingError: Error {
  /// What is wrong, and where; lower case, without a full stop.
  var message: String { get }
  /// What to do about it.
  var remedy: String? { get }
  /// The exit status of the process.
  var exitCode: Int32 { get }
}

extension UserFacingError {
  /// None.
  public var remedy: String? { nil }
  /// 1
  public var exitCode: Int32 { ExitCode.failure }
}

/// The command line cannot be understood: exit status 2.
public struct UsageError: UserFacingError, Equatable {
  /// What is wrong, with the place: `--lag: "many" is not a whole number`.
  public var message: String
  /// What to do about it.
  public var remedy: String?
  /// The words of the command that was called: `["baton", "enqueue"]`. Main names its help.
  public var commandPath: [String]

  /// Declares what is wrong; the path may be left to `ParsedArguments.usageError`.
  public init(_ message: String, remedy: String? = nil, commandPath: [String] = []) {
    self.message = message
    self.remedy = remedy
    self.commandPath = commandPath
  }

  /// 2
  public var exitCode: Int32 { ExitCode.usage }
}

/// A word as it can be shown in a message: quoted, its control characters made visible, long ones cut.
func quoted(_ word: String) -> String {
  let longest = 80
  let shown = word.count > longest ? String(word.prefix(longest)) + "…" : word
  var text = "\""
  for scalar in shown.unicodeScalars {
    switch scalar {
    case "\n": text += "\\n"
    case "\t": text += "\\t"
    case _ where isControl(scalar): text += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}

/// Characters that move the cursor, end the line, or turn the direction of the text around them.
func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
  default: false
  }
}
