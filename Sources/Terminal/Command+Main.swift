import Glibc

extension Command {
  /// Runs the tool: reads the words, runs the command that they name or prints the help that they ask for, and prints
  /// an error as a person can read it.
  ///
  /// When the reader of the output goes away, the command's task is cancelled, and what it then throws is not printed.
  /// - Parameter words: the command line without the tool's own name.
  /// - Returns: the exit status for the process.
  public func main(
    _ words: [String], output: TerminalOutput = .standardOutput, errors: TerminalOutput = .standardError
  ) async -> Int32 {
    var status: Int32
    do {
      var parser = ArgumentParser(self, words: words, output: output, errors: errors)
      switch try parser.parse() {
      case .help(let path):
        output.write(HelpText(path).text(for: output))
        status = ExitCode.success
      case .version(let version):
        output.line(version)
        status = ExitCode.success
      case .run(let action, let arguments):
        status = try await run(action, arguments, endingWith: output)
      }
    } catch {
      if output.isClosed {
        status = ExitCode.outputClosed
      } else {
        output.flush()
        status = report(error, to: errors)
      }
    }
    output.flush()
    if case .error(let code) = output.failure {
      let reason = String(cString: strerror(code))
      errors.line("\(name): the output could not be written: \(reason)")
      if status == ExitCode.success { status = ExitCode.failure }
    }
    errors.flush()
    return status
  }

  private func run(
    _ action: @escaping Action, _ arguments: ParsedArguments, endingWith output: TerminalOutput
  ) async throws -> Int32 {
    let task = Task { try await action(arguments) }
    output.onClosed { task.cancel() }
    defer { output.onClosed(nil) }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// `baton: the message`, then what to do about it.
  private func report(_ error: any Error, to errors: TerminalOutput) -> Int32 {
    let prefix = errors.styled(name + ":", .bold, .red)
    if error is CancellationError {
      errors.line("\(prefix) interrupted")
      return ExitCode.interrupted
    }
    guard let error = error as? any UserFacingError else {
      errors.line("\(prefix) " + printable("\(error)", keepsLines: true))
      return ExitCode.failure
    }
    // Messages quote what records, files and servers say.
    errors.line("\(prefix) " + printable(error.message, keepsLines: true))
    if let remedy = error.remedy, !remedy.isEmpty { errors.line(printable(remedy, keepsLines: true)) }
    if let usage = error as? UsageError {
      let path = usage.commandPath.isEmpty ? [name] : usage.commandPath
      errors.line(errors.styled("See: \(path.joined(separator: " ")) --help", .dim))
    }
    return error.exitCode
  }
}
