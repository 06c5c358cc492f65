import Dispatch
import Testing

@Suite("The audit")
struct AuditTests {
  private func findings(
    _ build: (inout LedgerBuilder) -> Void, start: Int64 = 0, committed: Int64? = nil
  ) -> [Audit.Finding] { report(build, start: start, committed: committed).findings }

  private func report(
    _ build: (inout LedgerBuilder) -> Void, start: Int64 = 0, committed: Int64? = nil
  ) -> Audit.Report {
    var builder = LedgerBuilder()
    build(&builder)
    return Audit.run(builder.ledger, requestsStart: start, committed: committed)
  }

  private static func clean(_ log: inout LedgerBuilder) {
    for offset in 0..<6 as Range<Int64> {
      log.request(offset, id: offset == 1 ? "r0" : nil, key: offset > 3 ? "k" : nil)
    }
    let first = log.start(0, through: 2)
    log.event(0, .handedOver(.init(attempt: 1, token: first, rows: 1, chunks: 1)))
    let second = log.start(0, 2, .handover, through: 2)
    log.event(0, .progressed(.init(attempt: 2, token: second, rows: 2, chunks: 2)))
    let third = log.start(0, 3, .crash, through: 2)
    log.end(0, third, attempt: 3)
    log.skip(1, .duplicate(of: "r0", at: 0), run: "r0")
    log.skip(2, .covered(by: "r0", at: 0))
    // An owner that was too late says once more what it believes.
    log.end(0, second, attempt: 2, .cancelled(by: "ann", reason: nil))
    let next = log.start(3)
    log.end(3, next)
    log.end(3, next)
    log.end(4, attempt: 0, .cancelled(by: "ann", reason: nil))
    log.skip(5, .duplicate(of: "r4", at: 4))
  }

  @Test("a clean history has no findings, and is counted")
  func clean() {
    let report = report(Self.clean, committed: 6)
    #expect(report.findings.isEmpty, "\(report.findings)")
    #expect(report.requests == 6 && report.attempts == 4 && report.crashes == 1 && report.handovers == 1)
    #expect(report.ends == [.succeeded: 2, .skipped: 3, .cancelled: 1] && report.lateEnds == 1 && report.lost == 0)
  }

  @Test("what a machine writes has no findings")
  func machine() {
    var driver = Driver()
    driver.open()
    driver.request(Driver.queued(0), end: 5)
    for offset in 1..<5 as Range<Int64> { driver.request(Driver.queued(offset, id: offset == 3 ? "r1" : nil)) }
    driver.settle()
    while driver.running != nil {
      driver.chunk(1)
      driver.settle()
      driver.ended(.succeeded(facts: [:]))
      driver.settle()
    }
    var ledger = RunLedger()
    for offset in 0..<5 as Range<Int64> { ledger.apply(Driver.queued(offset, id: offset == 3 ? "r1" : nil)) }
    for (offset, event) in driver.events { ledger.apply(event, at: offset, appended: Driver.start) }
    let report = Audit.run(ledger, requestsStart: 0, committed: driver.committed?.offset)
    #expect(report.findings.isEmpty && driver.committed?.offset == 5, "\(report.findings)")
    #expect(report.ends == [.succeeded: 4, .skipped: 1])
  }

  @Test("4: the committed offset has passed a request without an end")
  func passed() {
    let build: (inout LedgerBuilder) -> Void = { log in
      log.request(0)
      log.request(1)
      _ = log.start(0)
    }
    let found = findings(build, committed: 1)
    #expect(found.map(\.invariant) == [4] && found.first?.request == 0 && found.first?.message.contains("r0") == true)
    #expect(findings(build, committed: 0).isEmpty && findings(build, committed: nil).isEmpty)
    #expect(findings(build, start: 1, committed: 1).isEmpty, "what is gone from the log cannot be judged")
  }

  @Test("4: a loss that a person accepted is no finding")
  func accepted() {
    let report = report(
      { log in
        log.request(0)
        log.request(1)
        log.event(0, .lossAccepted(from: 0, to: 1, by: "ann"))
      }, committed: 2)
    #expect(report.lost == 1 && report.findings.map(\.request) == [1])
  }

  @Test("a loss with its bounds the wrong way round excuses nothing, and crashes nobody")
  func oddLoss() {
    #expect(
      findings(
        { log in
          log.request(0)
          log.event(0, .lossAccepted(from: 9, to: 0, by: "ann"))
        }, committed: 1
      ).map(\.invariant) == [4])
  }

  @Test("2: two different ends under one token")
  func differentEnds() {
    let found = findings { log in
      let token = log.start(0)
      log.end(0, token)
      log.end(0, token, .cancelled(by: "ann", reason: nil))
    }
    #expect(found.map(\.invariant) == [2])
    #expect(found.first?.message.contains("2 different ends") == true)
    #expect(found.first?.message.contains("cancelled, succeeded") == true)
  }

  @Test("2: a duplicate of something that has neither its id nor its key")
  func wrongDuplicate() {
    let found = findings { log in
      for offset in 0..<2 as Range<Int64> { log.request(offset, key: "k\(offset)") }
      log.end(0, attempt: 0, .cancelled(by: "ann", reason: nil))
      log.skip(1, .duplicate(of: "r0", at: 0))
    }
    #expect(found.map(\.invariant) == [2] && found.first?.request == 1)
  }

  @Test("2: a duplicate of a later request, or of itself")
  func backwardsDuplicate() {
    for other in [1, 2] as [Int64] {
      let found = findings { log in
        for offset in 0..<3 as Range<Int64> { log.request(offset, id: "same") }
        log.skip(1, .duplicate(of: "same", at: other), run: "same")
      }
      #expect(found.map(\.invariant) == [2], "at \(other)")
    }
  }

  @Test("2: covered by a run that had begun before the request came")
  func wronglyCovered() {
    let found = findings { log in
      log.request(0)
      log.request(1)
      let token = log.start(0, through: 0)
      log.end(0, token)
      log.skip(1, .covered(by: "r0", at: 0))
    }
    #expect(found.map(\.invariant) == [2] && found.first?.message.contains("covered") == true)
  }

  @Test("2: a run began though an earlier one that had begun has no end")
  func noEnd() {
    let found = findings { log in
      let first = log.start(0)
      log.event(0, .progressed(.init(attempt: 1, token: first, rows: 1, chunks: 1)))
      let second = log.start(1)
      log.end(1, second)
    }
    #expect(found.map(\.invariant) == [2] && found.first?.request == 0)
  }

  @Test("3: runs began in another order than their requests")
  func order() {
    let found = findings { log in
      let later = log.start(1)
      log.end(1, later)
      let earlier = log.start(0)
      log.end(0, earlier)
    }
    #expect(found.map(\.invariant) == [3] && found.first?.request == 0)
  }

  @Test("1: a run began before the one before it had ended")
  func overlap() {
    let found = findings { log in
      let first = log.start(0)
      let second = log.start(1)
      log.end(0, first)
      log.end(1, second)
    }
    #expect(found.map(\.invariant) == [1] && found.first?.request == 1)
  }

  @Test("a start that nothing confirms proves nothing: its owner may never have been let begin")
  func unconfirmed() {
    #expect(
      findings { log in
        let first = log.start(0)
        _ = log.start(1)
        log.end(0, first)
      }.isEmpty)
  }
}
