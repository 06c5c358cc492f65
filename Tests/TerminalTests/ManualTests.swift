import Foundation
import Testing

@testable import Terminal

@Suite struct ManualTests {
  @Test func helpOfACommandIsExact() {
    #expect(
      tool.helpText(of: ["enqueue"]) == """
        baton enqueue: put a request on its queue

        Usage: baton enqueue [OPTIONS] JOB

        Arguments:
          JOB  the job's name

        Options:
          -p, --param KEY=VALUE  a parameter of the job (may be repeated)
          -w, --wait             wait for the run's end
              --json             print JSON
              --priority N       which goes first (default: 5)
              --weight X         how heavy
              --origin ORIGIN    who asks (one of cli, api, chain; default: cli)
          -h, --help             show this help

        Shared options:
          -c, --config FILE  the configuration (default: baton.yaml here, else
                             /etc/baton/baton.yaml)
          -v, --verbose      say more (may be repeated)

        Examples:
          baton enqueue person-search --wait
              Runs the job and waits for its end

        Exit status:
          0  success
          1  the run failed
          2  the command line was not understood; nothing was done
          3  the run was skipped

        """)
  }

  @Test func helpOfAGroupListsItsCommands() {
    #expect(
      tool.helpText(of: ["topics"]) == """
        baton topics: plan and apply the topics

        Usage: baton topics [OPTIONS] COMMAND

        Commands:
          plan   show what would change
          apply  bring the cluster in line

        Options:
          -h, --help  show this help

        Shared options:
          -c, --config FILE  the configuration (default: baton.yaml here, else
                             /etc/baton/baton.yaml)
          -v, --verbose      say more (may be repeated)

        More on a command: baton topics COMMAND --help

        """)
    #expect(tool.helpText(of: ["unknown"]) == nil)
    #expect(tool.helpText()?.contains("Every request goes through one topic.\n\nSo exactly one") == true)
    #expect(tool.helpText()?.contains("list-jobs") == false)
    #expect(tool.helpText(of: ["exec"])?.contains("Usage: baton exec [OPTIONS] SHAPE [FILE] -- COMMAND...\n") == true)
    #expect(tool.helpText(of: ["topics", "apply"])?.contains("[OPTIONS] [TOPIC...]\n") == true)
  }

  @Test(arguments: [20, 40, 60, 80, 200]) func helpKeepsToTheWidthWhereWordsAllow(width: Int) throws {
    let text = try #require(tool.helpText(of: ["enqueue"], width: width))
    let longest = text.split(separator: "\n").map { displayWidth(String($0)) }.max() ?? 0
    // Labels and command lines are not broken.
    #expect(longest <= max(min(width, 100), 57))
  }

  private static let everything = [
    "baton enqueue", "baton topics plan", "the run was skipped", "may be repeated", "one of cli, api, chain",
    "person-search --wait", "Every request goes through one topic.", "Runs the job and waits for its end",
    "--config FILE",
    "-h, --help",
  ]

  @Test func markdownHasAllCommandsOptionsCodesAndExamples() {
    let text = tool.markdownManual()
    for part in ManualTests.everything { #expect(text.contains(part), "\(part)") }
    for path in CommandPath(tool).visibleDescendants.dropFirst() {
      #expect(text.contains("\n## \(path.text)\n"))
      #expect(text.contains("[`\(path.text)`](#\(path.words.joined(separator: "-")))"))
    }
    #expect(!text.contains("list-jobs") && !text.contains("--secret"))
    #expect(
      text.contains(
        "| `-c, --config FILE` | the configuration (default: baton.yaml here, else /etc/baton/baton.yaml) |"))
    #expect(text.contains("| 3 | the run was skipped |"))
    #expect(text.contains("Runs the job and waits for its end:\n\n```sh\nbaton enqueue person-search --wait\n```"))
  }

  @Test func markdownTablesSurviveBars() {
    let odd = Command("t", summary: "s", options: [Option("a", value: "X|Y", help: "x | y")], run: { _ in 0 })
    #expect(odd.markdownManual().contains(#"| `--a X\|Y` | x \| y |"#))
  }

  @Test func manualPageHasItsSectionsInOrder() {
    let text = tool.manualPage(date: "2026-11-24")
    #expect(
      text.hasPrefix(
        ".TH \"BATON\" \"1\" \"2026-11-24\" \"baton 1.2.3\"\n.SH NAME\nbaton \\- dispatch jobs over a log\n"))
    let sections = text.split(separator: "\n").filter { $0.hasPrefix(".SH ") }.map { $0.dropFirst(4) }
    #expect(sections == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS"])
    #expect(!text.contains("list\\-jobs"))
  }

  @Test func manualPageEscapesWhatRoffWouldTake() {
    let odd = Command(
      "t", summary: "s", discussion: ".SH not a request\n'tis \\fB -x", options: [Option("a", help: ".b \"c\"")],
      run: { _ in 0 })
    let text = odd.manualPage()
    #expect(text.contains("\n\\&.SH not a request\n\\(aqtis \\efB \\-x\n"))
    #expect(text.contains("\n\\&.b \\(dqc\\(dq\n"))
  }

  @Test(.enabled(if: installed("groff") != nil)) func groffReadsThePageWithoutAWarning() throws {
    try withTemporaryFolder { folder in
      let file = folder.appending(path: "baton.1")
      try Data(tool.manualPage(date: "2026-11-24").utf8).write(to: file)
      let result = try runShell(
        try #require(installed("groff")), ["-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", file.path()])
      #expect(result.status == 0)
      #expect(result.errors == "")
      let words = result.output.split { $0.isWhitespace }.joined(separator: " ")
      for part in ManualTests.everything { #expect(words.contains(part), "\(part)") }
    }
  }

  @Test func theDeclarationHasNoProblems() {
    #expect(tool.declarationProblems() == [])
  }

  @Test func problemsOfADeclarationAreFound() {
    let bad = Command(
      "tool", summary: "Ends in a stop.",
      options: [
        Option("a", short: "a", help: "x"), Option("a", short: "a", help: ""), Option("--b", help: "x"),
        Option("c", help: "x", defaultValue: "1"), Option("d", short: "1", help: "x"),
        Option("e", value: "X", help: "x", defaultValue: "z", completion: .values(["x", "two words"])),
      ],
      subcommands: [
        Command("one", summary: ""),
        Command(
          "one", summary: "s", options: [Option("e", help: "x")],
          arguments: [
            Argument("A", help: "x", isOptional: true, repeats: true), Argument("B", help: "x"),
            Argument("B", help: ""),
          ], examples: [Example("other x", "y")], exitCodes: [ExitCode(3, "a"), ExitCode(3, "b")], run: { _ in 0 }),
        Command("t w", summary: "s", arguments: [Argument("X", help: "x")], subcommands: [tool]),
      ])
    #expect(
      Set(bad.declarationProblems()) == [
        "tool: the summary ends in a full stop", "tool: one is declared twice", "tool: --a is declared twice",
        "tool: -a is declared twice", "tool: --a has no help", "tool: ----b is not a name without dashes",
        "tool: --c is a flag with a default value", "tool: --d: the short form is not a letter",
        "tool: --e has a value with a space", "tool: --e: the default is none of the values",
        "tool one: the summary is missing", "tool one: it does nothing and has no commands",
        "tool one: --e is a flag here and takes a value above, or reverse", "tool one: A repeats but is not the last",
        "tool one: B is required after an optional one", "tool one: B is declared twice", "tool one: B has no help",
        "tool one: an example does not call the tool", "tool one: exit status 3 is given twice",
        "tool t w: the name is not one word", "tool t w: it has both arguments and commands",
        "tool t w baton enqueue: an example does not call the tool",
        "tool t w baton manual: an example does not call the tool",
        "tool t w baton completions: an example does not call the tool",
      ])
  }
}
