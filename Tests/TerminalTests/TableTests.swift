import Testing

@testable import Terminal

@Suite struct TableTests {
  private func table() -> Table {
    var table = Table([.init("RUN", canBeCut: false), .init("ROWS", .right), .init("STATE")])
    table.add(["person@2026-11-24", "1,000,000", .init("failed: out of memory in chunk 7", .red)])
    table.add(["x", "5", ""])
    return table
  }

  @Test func columnsAlignAndNoLineEndsInSpaces() {
    #expect(
      table().render() == """
        RUN                     ROWS  STATE
        person@2026-11-24  1,000,000  failed: out of memory in chunk 7
        x                          5

        """)
  }

  @Test func aNarrowTerminalCutsTheWidestColumnThatMayBeCut() {
    #expect(
      table().render(width: 48) == """
        RUN                     ROWS  STATE
        person@2026-11-24  1,000,000  failed: out of me…
        x                          5

        """)
  }

  @Test(arguments: 40...80)
  func noLineIsLongerThanTheTerminal(width: Int) {
    for line in table().render(width: width).split(separator: "\n") { #expect(displayWidth(String(line)) <= width) }
  }

  @Test func whatMustNotBeCutIsNotCutEvenWhenThereIsNoRoom() {
    #expect(table().render(width: 10).contains("person@2026-11-24"))
  }

  @Test func stylesDoNotChangeTheAlignment() {
    var table = Table([.init("A"), .init("B", .right)])
    table.add([.init("ok", .green), .init("1", .bold, .red)])
    table.add(["longer", "22"])
    #expect(
      table.render(isStyled: true)
        == "\u{1B}[1mA\u{1B}[0m        \u{1B}[1mB\u{1B}[0m\n\u{1B}[32mok\u{1B}[0m       \u{1B}[1;31m1\u{1B}[0m\nlonger  22\n"
    )
    #expect(table.render() == "A        B\nok       1\nlonger  22\n")
  }

  @Test func wideCharactersTakeTwoColumns() {
    var table = Table([.init("NAME"), .init("N", .right)])
    table.add(["東京", "1"])
    table.add(["e\u{301}le\u{300}ve", "2"])
    table.add(["🎉👩‍👩‍👧", "3"])
    #expect(table.render() == "NAME   N\n東京   1\ne\u{301}le\u{300}ve  2\n🎉👩‍👩‍👧   3\n")
  }

  @Test func cellsCannotBreakTheTable() {
    var table = Table([.init("A"), .init("B")])
    table.add(["one\ntwo\u{1B}[2J", "b"])
    #expect(table.render() == "A            B\none two\u{FFFD}[2J  b\n")
  }

  @Test func emptyTableHasItsTitles() {
    let table = Table([.init("A"), .init("B")])
    #expect(table.isEmpty)
    #expect(table.render() == "A  B\n")
  }

  @Test func writingKeepsToTheOutput() {
    let (narrow, file) = (Screen(), Screen())
    table().write(to: narrow.output(width: 48))
    table().write(to: file.output())
    #expect(narrow.text == table().render(width: 48))
    #expect(file.text == table().render())
  }

  @Test(arguments: [
    ("", 0), ("abc", 3), ("東京", 4), ("한글", 4), ("ｆｕｌｌ", 8), ("e\u{301}", 1), ("👩‍👩‍👧", 2), ("✅", 2), ("❤️", 2), ("❤", 1),
    ("→", 1), ("█", 1), ("a\u{200B}b", 2), ("🇩🇪", 2), ("é", 1), ("\u{1B}", 0),
  ])
  func widthsAreRoughlyWhatTerminalsShow(text: String, width: Int) {
    #expect(displayWidth(text) == width)
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("東京都", 6, "東京都"), ("東京都", 5, "東京…"), ("東京都", 4, "東…"),
    ("abc", 1, "…"), ("abc", 0, ""), ("", 0, ""),
  ])
  func cutsAreMarked(text: String, width: Int, expected: String) {
    #expect(truncated(text, toWidth: width) == expected)
    #expect(displayWidth(truncated(text, toWidth: width)) <= width)
  }

  @Test func wrappingKeepsParagraphsAndIndentedLines() {
    #expect(
      wrapped("one two three\nfour\n\nfive\n  as  is\nsix incomprehensibilities", toWidth: 9)
        == ["one two", "three", "four", "", "five", "  as  is", "six", "incomprehensibilities"])
    #expect(wrapped("", toWidth: 9) == [""])
  }
}
