import Dispatch
import Testing

@Suite("Every input in every state")
struct StateInputTests {
  struct Cell: Sendable, CustomTestStringConvertible {
    var row: InputRow
    var stage: Stage

    var testDescription: String {
      "\(row.name)_when\(stage.rawValue.prefix(1).uppercased())\(stage.rawValue.dropFirst())_"
        + (row.answers[stage].map { "gives: \($0)" } ?? "isIgnored")
    }
  }

  static let cells = InputRow.all.flatMap { row in Stage.allCases.map { Cell(row: row, stage: $0) } }

  @Test("the stages are what they are called", arguments: Stage.allCases)
  func stage(_ stage: Stage) { #expect(stage.driver.machine.state.word == stage.state) }

  @Test("the answer is the stated one", arguments: cells.filter { $0.row.answers[$0.stage] != nil })
  func answer(_ cell: Cell) {
    var driver = cell.stage.driver
    let commands = driver.give(cell.row.input(driver)).words()
    let found = commands + (commands.isEmpty ? "" : " ") + "-> " + driver.machine.state.word
    #expect(found == cell.row.answers[cell.stage])
  }

  @Test("where none is stated, nothing changes", arguments: cells.filter { $0.row.answers[$0.stage] == nil })
  func ignored(_ cell: Cell) {
    var driver = cell.stage.driver
    let before = driver.machine
    let commands = driver.give(cell.row.input(driver))
    #expect(commands.words() == "")
    #expect(driver.machine.state == before.state && driver.machine.next == before.next)
    #expect(driver.machine.waiting == before.waiting)
  }

  @Test("all inputs are in the table")
  func complete() {
    let names = Set(InputRow.all.map { $0.name.prefix { $0 != "(" } })
    #expect(names.count == 17)
    for timer in QueueMachine.TimerID.allCases { #expect(InputRow.all.contains { $0.name == "timer(\(timer))" }) }
  }

  @Test("a fenced worker stays out until it is started again")
  func fencedIsFinal() {
    for row in InputRow.all {
      var driver = Stage.running.driver
      driver.give(.fenced("twin"))
      let before = driver.machine.state
      let words = driver.give(row.input(driver)).words()
      #expect(words == (row.name == "revoked" ? "no timers; release" : ""), "\(row.name)")
      #expect(driver.machine.state == before, "\(row.name)")
    }
  }
}
