import Testing

@testable import Terminal

@Suite struct ProgressTests {
  /// 50,000 of 200,000 rows after 10 s: 5,000 a second, half a minute to go.
  private func quarter() -> Progress {
    var progress = Progress("person-search", unit: "rows", total: 200_000, now: 1000)
    progress.update(count: 50_000, now: 11_000)
    return progress
  }

  @Test func aWideLineShowsEverything() {
    #expect(
      quarter().render(width: 120, now: 11_000)
        == "person-search [███████░░░░░░░░░░░░░░░░░░░░░░░]  25%  50,000/200,000 rows  5,000/s  30 s left")
  }

  @Test func aNarrowLineLeavesTheBarOutAndThenTheDetailsFromTheEnd() {
    #expect(
      quarter().render(width: 70, now: 11_000) == "person-search  25%  50,000/200,000 rows  5,000/s  30 s left")
    #expect(quarter().render(width: 45, now: 11_000) == "person-search  25%  50,000/200,000 rows")
    #expect(quarter().render(width: 18, now: 11_000) == "person-search  25%")
    #expect(quarter().render(width: 10, now: 11_000) == "person-se…")
  }

  @Test(arguments: 0...130)
  func noLineIsLongerThanTheWidth(width: Int) {
    #expect(displayWidth(quarter().render(width: width, now: 11_000)) <= width)
  }

  @Test func withoutATotalASpinnerTurns() {
    var progress = Progress("export", unit: "rows", now: 0)
    #expect(progress.render(width: 80, now: 0) == "⠋ export")
    progress.update(count: 1200, now: 1000)
    #expect(progress.render(width: 80, now: 1000) == "⠋ export  1 s  1,200 rows  1,200/s")
    #expect(progress.render(width: 80, now: 1100).hasPrefix("⠙"))
    #expect(progress.remainingMilliseconds(now: 1000) == nil)
  }

  @Test(arguments: [
    (0, 0, "100%"), (0, 10, "0%"), (10, 10, "100%"), (15, 10, "100%"), (999, 1000, "99%"), (-5, 10, "0%"),
  ])
  func percentIsNeverMoreThanIsDone(count: Int64, total: Int64, expected: String) {
    var progress = Progress("", total: total, now: 0)
    progress.update(count: count, now: 100)
    #expect(progress.render(width: 80, now: 100).contains(" " + expected + " "))
  }

  @Test func theRateIsThatOfTheLastSeconds() throws {
    var progress = Progress("p", total: 1_000_000, now: 0)
    // A minute at 1,000 a second, then a minute at 100.
    for second in 1...60 { progress.update(count: Int64(second) * 1000, now: Int64(second) * 1000) }
    #expect(progress.rate(now: 60_000) == 1000)
    for second in 1...60 { progress.update(count: 60_000 + Int64(second) * 100, now: 60_000 + Int64(second) * 1000) }
    #expect(progress.rate(now: 120_000) == 100)
  }

  @Test func manySmallUpdatesKeepTheRate() throws {
    var progress = Progress("p", total: 100_000, now: 0)
    for millisecond in 1...30_000 { progress.update(count: Int64(millisecond), now: Int64(millisecond)) }
    let rate = try #require(progress.rate(now: 30_000))
    #expect(abs(rate - 1000) < 30)
  }

  @Test func whatWasDoneBeforeIsNotInTheRateAndARestartBeginsAnew() {
    var progress = Progress("p", total: 200, count: 100, now: 0)
    progress.update(count: 110, now: 10_000)
    #expect(progress.rate(now: 10_000) == 1)
    #expect(progress.remainingMilliseconds(now: 10_000) == 90_000)
    progress.update(count: 50, now: 11_000)
    #expect(progress.rate(now: 11_000) == nil)
    progress.update(count: 60, now: 12_000)
    #expect(progress.rate(now: 12_000) == 10)
  }

  @Test func aClockThatStandsIsNoDivisionByZero() {
    var progress = Progress("p", total: 10, now: 0)
    progress.update(count: 5, now: 0)
    #expect(progress.rate(now: 0) == nil)
    #expect(progress.render(width: 80, now: 0).hasSuffix("50%  5/10"))
  }

  @Test func onATerminalOneLineIsRedrawnAtMostTenTimesASecond() {
    let (screen, clock) = (Screen(), HandClock())
    let bar = ProgressBar("p", total: 10, output: screen.output(width: 40), clock: clock.read)
    bar.update(count: 1)
    bar.update(count: 2)
    clock.advance(99)
    bar.update(count: 3)
    #expect(screen.text.components("\r") == 1)
    clock.advance(1)
    bar.update(count: 4, label: "q")
    #expect(screen.text.components("\r") == 2)
    #expect(!screen.text.contains("\n"))
    #expect(screen.text.contains("\r\u{1B}[Kq ["))
    bar.tick()
    #expect(screen.text.components("\r") == 3)
    bar.announce("a line that stays")
    #expect(screen.text.contains("\r\u{1B}[Ka line that stays\n\r\u{1B}[Kq ["))
    clock.advance(2400)
    bar.finish()
    bar.update(count: 10)
    bar.finish()
    #expect(screen.text.hasSuffix("\r\u{1B}[Kq: 4 in 2.5 s\n"))
  }

  @Test func aNewLabelIsDrawnAtOnceAndItsTimeBeginsAnew() {
    let (screen, clock) = (Screen(), HandClock())
    let bar = ProgressBar("waiting", unit: "rows", output: screen.output(width: 40), clock: clock.read)
    bar.tick()
    clock.advance(5_000)
    bar.tick()
    #expect(screen.text.hasSuffix("waiting  5 s"))
    bar.begin("running on GREEN", count: 0)
    #expect(screen.text.hasSuffix("running on GREEN"))
    clock.advance(61_000)
    bar.tick()
    #expect(screen.text.hasSuffix("running on GREEN  1 min 1 s"))
  }

  @Test func elsewhereWhatBeginsIsALine() {
    let (screen, clock) = (Screen(), HandClock())
    let bar = ProgressBar("waiting", output: screen.output(), clock: clock.read)
    bar.begin("running on GREEN", count: 0)
    #expect(screen.text == "running on GREEN\n")
  }

  @Test func theSpinnerTurnsWithoutNews() async {
    let clock = HandClock()
    let drawn = AsyncStream.makeStream(of: Void.self)
    let output = TerminalOutput(width: 40) { text in
      if text.contains("  1 s") { drawn.continuation.yield() }
    }
    let bar = ProgressBar("waiting", output: output, clock: clock.read)
    await bar.turning {
      clock.advance(1_000)
      // By the timer alone.
      for await _ in drawn.stream { break }
    }
  }

  @Test func elsewhereThereIsOneLineAtTheEndOrNone() {
    let (screen, clock) = (Screen(), HandClock())
    let bar = ProgressBar("p", unit: "rows", total: 10, output: screen.output(), clock: clock.read)
    for count in 1...10 {
      clock.advance(420)
      bar.update(count: Int64(count))
      bar.tick()
    }
    #expect(screen.text == "")
    bar.finish()
    #expect(screen.text == "p: 10 rows in 4.2 s\n")
    ProgressBar("p", output: screen.output(), clock: clock.read).finish("")
    #expect(screen.text == "p: 10 rows in 4.2 s\n")
    ProgressBar("p", output: screen.output(), clock: clock.read).finish("done")
    #expect(screen.text == "p: 10 rows in 4.2 s\ndone\n")
  }
}

extension String {
  /// How often the text occurs.
  fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
