import Glibc
import Testing

@testable import Terminal

@Suite struct MainTests {
  @Test func theStatusOfTheCommandIsTheStatusOfTheProcess() async {
    #expect(await run("enqueue", "job") == (0, "enqueued job\n", ""))
    #expect(await run("enqueue", "three") == (3, "enqueued three\n", ""))
  }

  @Test func errorsArePrintedForPeople() async {
    #expect(
      await run("enqueue", "refused") == (
        7, "", "baton: the topic baton.nightly.requests has 3 partitions\nmake it again with one partition\n"
      ))
    #expect(await run("enqueue", "plain") == (1, "", "baton: plain words\n"))
    #expect(await run("enqueue", "interrupted") == (130, "", "baton: interrupted\n"))
  }

  @Test func usageErrorsNameTheHelpOfTheirCommand() async {
    #expect(
      await run("topics", "paln") == (
        2, "", "baton: unknown command \"paln\"\ndid you mean baton topics plan?\nSee: baton topics --help\n"
      ))
    #expect(await run().status == 2)
    #expect(await run().output == "")
  }

  @Test func versionAndHelpGoToStandardOutput() async {
    #expect(await run("--version") == (0, "baton 1.2.3\n", ""))
    let help = tool.helpText(of: ["topics", "plan"])
    for line in [
      ["help", "topics", "plan"], ["topics", "plan", "--help"], ["topics", "plan", "-h"], ["--help", "topics", "plan"],
    ] {
      let screen = Screen()
      #expect(await tool.main(line, output: screen.output(), errors: TerminalOutput { _ in }) == 0)
      #expect(screen.text == help, "\(line)")
    }
    #expect(await run("--help").output == tool.helpText())
    #expect(await run("help").output == tool.helpText())
    #expect(await run("enqueue", "--config", "x", "--help", "--nonsense").output == tool.helpText(of: ["enqueue"]))
    #expect(await run("enqueue", "--", "--help").output == "enqueued --help\n")
  }

  @Test func manualAndCompletionsAreReadyCommands() async {
    #expect(await run("manual").output == tool.markdownManual())
    #expect(await run("manual", "--format", "man").output == tool.manualPage())
    for shell in Shell.allCases {
      #expect(await run("completions", shell.rawValue).output == tool.completionScript(for: shell))
    }
    #expect(await run("completions", "powershell").status == 2)
  }

  @Test func errorsAreStyledOnATerminalThatHasColours() async {
    let screen = Screen()
    let errors = screen.output(width: 80, isStyled: true)
    _ = await tool.main(["enqueue", "plain"], output: TerminalOutput { _ in }, errors: errors)
    #expect(screen.text == "\u{1B}[1;31mbaton:\u{1B}[0m plain words\n")
  }

  /// A tool that prints until it is cancelled, to a pipe that nobody reads.
  @Test func aReaderThatIsGoneEndsTheCommandQuietly() async {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let follow = Command(
      "follow", summary: "s",
      run: { arguments in
        while true {
          try Task.checkCancellation()
          arguments.output.line("event")
          arguments.output.flush()
          await Task.yield()
        }
      })
    let screen = Screen()
    let status = await follow.main(
      [], output: TerminalOutput(descriptor: ends[1], gathers: true), errors: screen.output())
    #expect(status == 141)
    #expect(screen.text == "")
  }

  @Test func aCommandThatEndsBeforeItNoticesKeepsItsStatus() async {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let screen = Screen()
    let output = TerminalOutput(descriptor: ends[1], gathers: true)
    #expect(await tool.main(["enqueue", "job"], output: output, errors: screen.output()) == 0)
    #expect(output.isClosed)
    #expect(screen.text == "")
  }

  @Test func aFullDiskIsReported() async {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let screen = Screen()
    let status = await tool.main(
      ["enqueue", "job"], output: TerminalOutput(descriptor: descriptor, gathers: true), errors: screen.output())
    #expect(status == 1)
    #expect(screen.text == "baton: the output could not be written: No space left on device\n")
  }
}
