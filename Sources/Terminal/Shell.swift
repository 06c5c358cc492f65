/// The shells that completions can be made for.
public enum Shell: String, Sendable, CaseIterable {
  case bash, zsh, fish
}

extension Command {
  /// A script that the shell sources: it completes commands, options and their values.
  public func completionScript(for shell: Shell) -> String {
    switch shell {
    case .bash: BashCompletion(self).text
    case .zsh: ZshCompletion(self).text
    case .fish: FishCompletion(self).text
    }
  }

  /// The tool's name in the names of shell functions.
  var functionName: String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}

/// The text as one word of a POSIX shell (and of zsh, where `!` and `^` are safe in single quotes too).
func shellWord(_ text: String) -> String {
  "'" + singleLine(text).replacing("'", with: "'\\''") + "'"
}

/// The text as one word of fish, where a backslash escapes inside single quotes.
func fishWord(_ text: String) -> String {
  "'" + singleLine(text).replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
}
