import Glibc
import Testing

@testable import Terminal

@Suite struct TerminalOutputTests {
  @Test(
    arguments: [
      (true, [:], true, true), (true, ["TERM": "xterm"], true, true), (true, ["NO_COLOR": "1"], true, false),
      (true, ["NO_COLOR": ""], true, true), (true, ["TERM": "dumb"], false, false),
      (false, ["TERM": "xterm"], false, false),
    ] as [(Bool, [String: String], Bool, Bool)])
  func stylesAreForTerminalsThatWantThem(
    isTerminal: Bool, environment: [String: String], isInteractive: Bool, isStyled: Bool
  ) {
    let traits = TerminalTraits(isTerminal: isTerminal) { environment[$0] }
    #expect(traits.isInteractive == isInteractive)
    #expect(traits.isStyled == isStyled)
  }

  @Test func styledTextIsPlainWhereStylesAreNotWanted() {
    let plain = TerminalOutput(width: 80) { _ in }
    let styled = TerminalOutput(width: 80, isStyled: true) { _ in }
    #expect(plain.styled("ok", .green) == "ok")
    #expect(styled.styled("ok", .green, .bold) == "\u{1B}[32;1mok\u{1B}[0m")
    #expect(styled.styled("", .green) == "")
    #expect(styled.styled("ok") == "ok")
  }

  @Test func writesToAPipeAreGatheredAndKeepTheirOrder() {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    #expect(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
    let output = TerminalOutput(descriptor: ends[1], gathers: true)
    #expect(!output.isTerminal && !output.isStyled && output.width == nil)
    var bytes = [UInt8](repeating: 0, count: 100)
    output.line("one")
    #expect(read(ends[0], &bytes, 100) == -1)
    output.write("two")
    output.flush()
    let count = read(ends[0], &bytes, 100)
    #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "one\ntwo")
    let direct = TerminalOutput(descriptor: ends[1], gathers: false)
    direct.write("now")
    #expect(read(ends[0], &bytes, 100) == 3)
    close(ends[0])
    close(ends[1])
  }

  @Test func aTerminalHasAWidthAndGetsWritesAtOnce() throws {
    var (controller, terminal): (Int32, Int32) = (0, 0)
    var size = winsize(ws_row: 24, ws_col: 63, ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&controller, &terminal, nil, nil, &size) == 0)
    defer {
      close(controller)
      close(terminal)
    }
    let output = TerminalOutput(descriptor: terminal, gathers: true)
    #expect(output.isTerminal)
    #expect(output.width == 63)
    size.ws_col = 5
    #expect(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    #expect(output.width == 20)
    output.write("now")
    var bytes = [UInt8](repeating: 0, count: 100)
    #expect(read(controller, &bytes, 100) == 3)
  }

  @Test func theGoingOfTheReaderIsToldOnceAndAlsoLater() {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    defer { close(ends[1]) }
    let screen = Screen()
    let told = screen.output()
    let output = TerminalOutput(descriptor: ends[1], gathers: false)
    output.onClosed { told.write("told") }
    #expect(screen.text == "")
    output.write("a")
    output.write("b")
    #expect(screen.text == "told")
    output.onClosed { told.write(" again") }
    #expect(screen.text == "told again")
    #expect(output.isClosed)
  }
}
