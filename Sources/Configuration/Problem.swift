/// One thing wrong in a configuration file: where it is, what it is, and what to do about it.
///
/// No value that came from the environment or from a file is ever part of the text.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
  /// The path, as given.
  public var file: String
  /// 1 for the first line.
  public var line: Int
  /// 1 for the first character; counted in Unicode code points, a tab being one.
  public var column: Int
  /// What is wrong.
  public var message: String
  /// What the reader can do; never empty.
  public var remedy: String

  /// A problem at a place of a file.
  public init(file: String, line: Int, column: Int, message: String, remedy: String) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.remedy = remedy
  }

  /// `baton.yaml:12:5: unknown key 'chunks' in job 'person-search'; did you mean 'chunk'?`
  public var description: String { "\(file):\(line):\(column): \(message); \(remedy)" }
}

/// Everything that is wrong with a configuration, in the order of the file.
public struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
  /// At least one, each different from the others.
  public var problems: [Problem]

  /// The errors of one configuration.
  public init(problems: [Problem]) { self.problems = problems }

  /// One problem a line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// A place in the file, both numbers from 1.
struct Mark: Sendable, Hashable, Comparable {
  var line: Int
  var column: Int

  static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}
