extension Configuration {
  /// The most bytes that a configuration may have.
  static let maximumBytes = 4 << 20

  /// Reads and checks a configuration file.
  /// - Parameters:
  ///   - file: its path, which messages show as given.
  ///   - environment: what `${NAME}` refers to.
  /// - Throws: `ConfigurationErrors` with everything that is wrong.
  public static func load(file: String, environment: [String: String]) throws(ConfigurationErrors) -> Configuration {
    let text: String
    do {
      text = try TextFile.read(file, limit: maximumBytes)
    } catch {
      guard let offset = error.invalidByte else {
        throw oneProblem(
          file, "cannot be read: \(error.reason)",
          "give the right path with '--config', or write a first one: baton init")
      }
      let mark = error.bytes.withUnsafeBufferPointer { YAMLSyntaxProblem.mark(ofByte: offset, in: $0) }
      throw oneProblem(file, "a byte that is not UTF-8", "save the file as UTF-8", at: mark)
    }
    return try parse(text: text, file: file, environment: environment)
  }

  /// Checks a configuration.
  /// - Parameters:
  ///   - file: the path that messages show; relative paths in the text are relative to its folder.
  ///   - environment: what `${NAME}` refers to.
  /// - Throws: `ConfigurationErrors` with everything that is wrong.
  public static func parse(
    text: String, file: String, environment: [String: String]
  ) throws(ConfigurationErrors) -> Configuration {
    guard text.utf8.count <= maximumBytes else {
      throw oneProblem(file, "more than \(maximumBytes) bytes", "give a configuration file")
    }
    let reader = ConfigurationReader(file: file, environment: environment)
    let root = YAMLReader.read(text, report: reader.report)
    if let root, !root.isNull {
      if var configuration = reader.configuration(root) {
        configuration.text = Secret(text)
        return configuration
      }
    } else if reader.problems.isEmpty {
      throw oneProblem(file, "the file is empty", "write a first one: baton init")
    }
    throw ConfigurationErrors(problems: reader.problems)
  }

  private static func oneProblem(
    _ file: String, _ message: String, _ remedy: String, at mark: Mark = Mark(line: 1, column: 1)
  ) -> ConfigurationErrors {
    ConfigurationErrors(problems: [
      Problem(file: file, line: mark.line, column: mark.column, message: message, remedy: remedy)
    ])
  }
}
