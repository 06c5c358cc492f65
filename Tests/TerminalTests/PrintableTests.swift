import Testing

@testable import Terminal

@Suite struct PrintableTests {
  @Test(
    arguments: [
      ("plain, näïve 例 🙂", "plain, näïve 例 🙂"), ("a\nb\tc\rd", #"a\nb\tc\rd"#), ("a\r\nb", #"a\r\nb"#),
      ("\u{1B}[31mred\u{7}", "\u{FFFD}[31mred\u{FFFD}"),
      ("\u{9B}2J\u{85}\u{7F}\u{0}", "\u{FFFD}2J\u{FFFD}\u{FFFD}\u{FFFD}"),
      ("\u{202E}exe.\u{2066}x\u{2028}y", "\u{FFFD}exe.\u{FFFD}x\u{FFFD}y"), ("", ""),
    ])
  func oneLine(_ text: String, _ expected: String) {
    #expect(printable(text) == expected)
    #expect(printable(expected) == expected)
  }

  @Test(
    arguments: [
      ("a\nb\tc", "a\nb\tc"), ("a\r\nb\r\n", "a\nb\n"), ("over\rwritten", "over\nwritten"),
      ("a\n\u{1B}]0;title\u{7}\n\u{9D}b", "a\n\u{FFFD}]0;title\u{FFFD}\n\u{FFFD}b"),
    ])
  func block(_ text: String, _ expected: String) {
    #expect(printable(text, keepsLines: true) == expected)
  }

  @Test func jsonKeepsItsMeaning() {
    #expect(printableJSON(#"{"a":"ä\n"}"#) == #"{"a":"ä\n"}"#)
    #expect(printableJSON("[\"\u{9B}2J\u{7F}\u{202E}\"]") == #"["\u009b2J\u007f\u202e"]"#)
  }

  @Test func shellWordsAreQuotedWhereTheyMustBe() {
    #expect(printableShellWord("baton.q.requests") == "baton.q.requests")
    #expect(printableShellWord("") == "''")
    #expect(printableShellWord("x; rm -rf ~") == "'x; rm -rf ~'")
    #expect(printableShellWord("it's") == #"'it'\''s'"#)
  }

  @Test func aStyledTextCannotStyleItself() {
    let plain = TerminalOutput { _ in }
    let styled = TerminalOutput(width: 80, isStyled: true) { _ in }
    #expect(plain.styled("a\u{1B}[8mb\nc", .red) == "a\u{FFFD}[8mb\nc")
    #expect(styled.styled("a\u{1B}[8mb", .red) == Style.apply([.red], to: "a\u{FFFD}[8mb"))
  }

  @Test func linesAboveAProgressBarAreHarmless() {
    let screen = Screen()
    let bar = ProgressBar("x", output: screen.output(), clock: { 0 })
    bar.announce("failed: \u{1B}[2J\nnext")
    bar.finish("ran on \u{9B}1m")
    #expect(screen.text == "failed: \u{FFFD}[2J\nnext\nran on \u{FFFD}1m\n")
  }

  @Test func anErrorsMessageIsHarmless() async {
    struct Failure: UserFacingError {
      let message = "the server says \u{1B}[2J\nand more"
      let remedy: String? = "look\u{9B}1m"
    }
    let screen = Screen()
    let tool = Command("tool", summary: "s", run: { _ in throw Failure() })
    _ = await tool.main([], output: TerminalOutput { _ in }, errors: screen.output())
    #expect(screen.text == "tool: the server says \u{FFFD}[2J\nand more\nlook\u{FFFD}1m\n")
  }
}
