import Synchronization
import Testing

@testable import Terminal

/// Gathers what is written.
final class Screen: Sendable {
  private let texts = Mutex("")
  var text: String { texts.withLock { $0 } }
  func output(width: Int? = nil, isStyled: Bool = false) -> TerminalOutput {
    TerminalOutput(width: width, isStyled: isStyled) { text in self.texts.withLock { $0 += text } }
  }
}

/// A clock that stands until it is told to go on.
final class HandClock: Sendable {
  private let time = Mutex<Int64>(0)
  var read: @Sendable () -> Int64 { { self.time.withLock { $0 } } }
  func advance(_ milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

struct Refusal: UserFacingError {
  var message = "the topic baton.nightly.requests has 3 partitions"
  var remedy: String? = "make it again with one partition"
  var exitCode: Int32 = 7
}

struct Plain: Error, CustomStringConvertible { let description = "plain words" }

/// A tool with everything that a declaration can hold.
let tool = Command(
  "baton", summary: "dispatch jobs over a log",
  discussion: "Every request goes through one topic.\n\nSo exactly one worker runs it.",
  options: [
    Option(
      "config", short: "c", value: "FILE", help: "the configuration",
      defaultText: "baton.yaml here, else /etc/baton/baton.yaml", completion: .file),
    Option("verbose", short: "v", help: "say more", repeats: true),
  ],
  subcommands: [
    Command(
      "enqueue", summary: "put a request on its queue",
      options: [
        Option("param", short: "p", value: "KEY=VALUE", help: "a parameter of the job", repeats: true),
        Option("wait", short: "w", help: "wait for the run's end"),
        Option("json", help: "print JSON"),
        Option("priority", value: "N", help: "which goes first", defaultValue: "5"),
        Option("weight", value: "X", help: "how heavy"),
        Option(
          "origin", value: "ORIGIN", help: "who asks", defaultValue: "cli",
          completion: .values(["cli", "api", "chain"])),
        Option("secret", value: "X", help: "for tests", isHidden: true),
      ],
      arguments: [Argument("JOB", help: "the job's name", completion: .command("list-jobs"))],
      examples: [Example("baton enqueue person-search --wait", "Runs the job and waits for its end")],
      exitCodes: [ExitCode(1, "the run failed"), ExitCode(3, "the run was skipped")],
      run: { arguments in
        let job = arguments.argument("JOB")
        if job == "refused" { throw Refusal() }
        if job == "plain" { throw Plain() }
        if job == "interrupted" { throw CancellationError() }
        arguments.output.line("enqueued \(job)")
        return job == "three" ? 3 : 0
      }),
    Command(
      "topics", summary: "plan and apply the topics",
      subcommands: [
        Command("plan", summary: "show what would change", run: { _ in 0 }),
        Command(
          "apply", summary: "bring the cluster in line",
          options: [Option("directory", short: "d", value: "DIR", help: "the declarations", completion: .directory)],
          arguments: [Argument("TOPIC", help: "only these", isOptional: true, repeats: true)], run: { _ in 0 }),
      ]),
    Command(
      "exec", summary: "run a command under the fence",
      arguments: [
        Argument("SHAPE", help: "how", completion: .values(["chunked", "single"])),
        Argument("FILE", help: "its input", isOptional: true, completion: .file),
      ],
      rest: Argument("COMMAND", help: "the command and its words", repeats: true, completion: .file), run: { _ in 0 }),
    Command("list-jobs", summary: "words for completion", isHidden: true, run: { _ in 0 }),
    .manual(of: "baton"), .completions(of: "baton"),
  ],
  version: "baton 1.2.3")

/// Reads a command line that must be understood.
func parse(_ line: String...) throws -> ParsedArguments { try parse(line) }

func parse(_ line: [String], of root: Command = tool) throws -> ParsedArguments {
  let nowhere = TerminalOutput { _ in }
  var parser = ArgumentParser(root, words: line, output: nowhere, errors: nowhere)
  guard case .run(_, let arguments) = try parser.parse() else {
    throw UsageError("not a command to run: \(line)")
  }
  return arguments
}

/// Reads a command line that must be refused.
func usageError(_ line: [String], of root: Command = tool) -> UsageError? {
  do {
    _ = try parse(line, of: root)
  } catch {
    return error as? UsageError
  }
  Issue.record("\(line) was understood")
  return nil
}

/// Runs the tool, and gives back its exit status and what it printed.
func run(_ words: String..., root: Command = tool) async -> (status: Int32, output: String, errors: String) {
  let (output, errors) = (Screen(), Screen())
  let status = await root.main(words, output: output.output(), errors: errors.output())
  return (status, output.text, errors.text)
}
