import ChunkProtocol
import Dispatch
import Testing

@Suite struct WorkerSessionTests {
  private func chunk(_ number: Int) -> [UInt8] {
    RunnerMessage.chunk(ChunkReport(chunk: number, cursor: "c\(number)", rows: 1, bytes: 2)).jsonLine
  }
  private let done = RunnerMessage.done(RunnerDone(facts: ["rows": .integer(3)])).jsonLine
  private let failed = RunnerMessage.failed(RunnerFailure(message: "no", isRetriable: false)).jsonLine
  private let plain = Array("plain".utf8)

  private func violation(_ event: WorkerSession.Event?) -> String? {
    if case .violation(let error)? = event { error.message } else { nil }
  }

  // MARK: - Order

  @Test func chunksDoneAndPlainOutputBetweenThem() throws {
    var session = WorkerSession()
    #expect(session.receive(line: plain) == .output(plain))
    for number in 1...5 {
      #expect(
        session.receive(line: chunk(number))
          == .chunk(ChunkReport(chunk: number, cursor: "c\(number)", rows: 1, bytes: 2)))
      #expect(try WorkerMessage(jsonLine: session.acknowledge(chunk: number)) == .ack(chunk: number))
      #expect(session.receive(line: plain) == .output(plain))
    }
    #expect(session.receive(line: done) == .done(RunnerDone(facts: ["rows": .integer(3)])))
    #expect(session.receive(line: plain) == .output(plain))
    #expect(session.end(RunnerObservation(status: .exited(0))) == .succeeded(RunnerDone(facts: ["rows": .integer(3)])))
  }

  @Test func oneChunkMayBeUnacknowledgedAndASecondMayNot() throws {
    var session = WorkerSession()
    _ = session.receive(line: chunk(1))
    _ = try session.acknowledge(chunk: 1)
    #expect(violation(session.receive(line: chunk(2))) == nil)
    #expect(violation(session.receive(line: chunk(3))) == "chunk 3 is reported before chunk 2 is acknowledged")
  }

  @Test(arguments: [1, 3, 9]) func chunkThatIsNotTheNextIsAViolation(number: Int) throws {
    var session = WorkerSession()
    _ = session.receive(line: chunk(1))
    _ = try session.acknowledge(chunk: 1)
    #expect(violation(session.receive(line: chunk(number))) == "chunk \(number) is reported where chunk 2 is due")
    // From here on nothing counts.
    #expect(session.receive(line: chunk(2)) == nil)
    #expect(session.receive(line: done) == nil)
    guard case .violated = session.end(RunnerObservation(status: .exited(0))) else {
      Issue.record("a violation is forgotten")
      return
    }
  }

  @Test func chunksWithoutNumbersAreCounted() throws {
    var session = WorkerSession()
    for number in 1...3 {
      #expect(
        session.receive(line: Array(#"{"type":"chunk","cursor":7}"#.utf8))
          == .chunk(ChunkReport(chunk: number, cursor: "7", rows: 0, bytes: 0)))
      _ = try session.acknowledge(chunk: number)
    }
  }

  @Test func nothingMayBeSaidAfterTheEnd() {
    for (end, word) in [(done, "done"), (failed, "failed")] {
      for (line, what) in [(chunk(1), "a chunk"), (done, "\"done\""), (failed, "\"failed\"")] {
        var session = WorkerSession()
        _ = session.receive(line: end)
        #expect(violation(session.receive(line: line)) == "\(what) is said after \"\(word)\"")
      }
    }
  }

  @Test func doneBeforeTheLastAcknowledgementIsAViolation() {
    var session = WorkerSession()
    _ = session.receive(line: chunk(1))
    #expect(violation(session.receive(line: done)) == "\"done\" is said before chunk 1 is acknowledged")
  }

  @Test func failedMayBeSaidAtAnyTime() {
    var session = WorkerSession()
    _ = session.receive(line: chunk(1))
    #expect(session.receive(line: failed) == .failed(RunnerFailure(message: "no", isRetriable: false)))
    #expect(
      session.end(RunnerObservation(status: .signalled(9)))
        == .failed(RunnerFailure(message: "no", isRetriable: false)))
  }

  @Test func chunkThatCrossesAStopStillCounts() {
    var session = WorkerSession()
    _ = session.stop(reason: "hand over")
    #expect(violation(session.receive(line: chunk(1))) == nil)
    #expect(session.reportedChunk == 1)
  }

  @Test func onlyTheChunkWhoseTurnItIsCanBeAcknowledged() throws {
    var session = WorkerSession()
    #expect(throws: ProtocolError.self) { try session.acknowledge(chunk: 1) }
    _ = session.receive(line: chunk(1))
    #expect(throws: ProtocolError.self) { try session.acknowledge(chunk: 2) }
    _ = try session.acknowledge(chunk: 1)
    #expect(throws: ProtocolError.self) { try session.acknowledge(chunk: 1) }
  }

  @Test func overlongLineIsPlainUnlessItCanBeTheProtocols() {
    var session = WorkerSession()
    let text = Array("x{\"type\":\"chunk\"".utf8)
    #expect(session.receive(overlongLine: text, length: 9) == .output(text))
    let other = Array(#"{"level":"info","type":"x","#.utf8)
    #expect(session.receive(overlongLine: other, length: 9) == .output(other))
    var second = session
    #expect(violation(session.receive(overlongLine: Array(#"{"type":"chunk","cursor":"aaa"#.utf8), length: 9)) != nil)
    // Where the type stands after the cut, only a runner that has spoken before is suspected.
    _ = second.receive(line: chunk(1))
    #expect(violation(second.receive(overlongLine: Array(#"{"cursor":"aaa"#.utf8), length: 9)) != nil)
  }

  // MARK: - Ends

  private enum Said { case nothing, chunk, done }

  private func session(_ said: Said, stop: String? = nil) throws -> WorkerSession {
    var session = WorkerSession()
    if said != .nothing {
      _ = session.receive(line: chunk(1))
      _ = try session.acknowledge(chunk: 1)
    }
    if let stop { _ = session.stop(reason: stop) }
    if said == .done { _ = session.receive(line: done) }
    return session
  }

  private let facts = RunnerDone(facts: ["rows": .integer(3)])

  @Test func exitZeroWithoutTheProtocolIsASuccess() throws {
    #expect(try session(.nothing).end(RunnerObservation(status: .exited(0))) == .succeeded(RunnerDone()))
  }

  @Test func exitZeroWithoutDoneIsAFailureOnceTheProtocolIsSpoken() throws {
    #expect(
      try session(.chunk).end(RunnerObservation(status: .exited(0)))
        == .failed(RunnerFailure(message: "ended without \"done\", with exit status 0")))
  }

  @Test func otherExitsAreFailuresWithTheirWords() throws {
    #expect(
      try session(.nothing).end(RunnerObservation(status: .exited(3)))
        == .failed(RunnerFailure(message: "exit status 3")))
    #expect(
      try session(.chunk).end(RunnerObservation(status: .signalled(11)))
        == .failed(RunnerFailure(message: "killed by SIGSEGV")))
    #expect(
      try session(.done).end(RunnerObservation(status: .signalled(6)))
        == .failed(RunnerFailure(message: "ended after \"done\": killed by SIGABRT")))
    #expect(
      try session(.chunk).end(RunnerObservation(status: .signalled(9), peakMemoryBytes: 100 << 20))
        == .failed(
          RunnerFailure(
            message: "killed by SIGKILL, not by the worker: by somebody, or by the system for want of memory "
              + "(peak memory 100 MiB, no limit)")))
    #expect(RunnerObservation.Status.signalled(64).description == "killed by signal 64")
    #expect(RunnerObservation.Status.signalled(31).description == "killed by SIGSYS")
  }

  @Test func memoryLimitIsSuspectedByThePeakOrByTheLog() throws {
    func end(_ peak: Int, _ limit: Int?, _ log: String, _ status: RunnerObservation.Status) throws -> Bool {
      let end = try session(.chunk).end(
        RunnerObservation(
          status: status, peakMemoryBytes: peak << 20, memoryLimitBytes: limit.map { $0 << 20 }, logTail: log))
      if case .outOfMemory = end { return true }
      return false
    }
    #expect(try end(250, 256, "", .signalled(9)))
    #expect(try end(192, 256, "", .exited(1)))
    #expect(try !end(191, 256, "", .exited(1)))
    #expect(try end(20, 256, "Traceback ...\nMemoryError\n", .exited(1)))
    #expect(try end(20, 256, "Fatal error: Could not allocate memory.", .signalled(4)))
    #expect(try !end(250, nil, "MemoryError", .exited(1)))
    // An orderly end is no such thing, however much it took.
    #expect(try !end(250, 256, "MemoryError", .exited(0)))
  }

  @Test func stopIsTheReasonOfAnEndThatSaysNothing() throws {
    for said in [Said.nothing, .chunk] {
      for status in [RunnerObservation.Status.exited(0), .exited(1), .signalled(15)] {
        #expect(
          try session(said, stop: "cancelled").end(RunnerObservation(status: status)) == .stopped(reason: "cancelled"))
        if said == .nothing, status == .exited(0) { continue }
        #expect(
          try session(said).end(RunnerObservation(status: status, endedByWorker: "timeout"))
            == .stopped(reason: "timeout"))
      }
    }
  }

  @Test func exitZeroWithoutTheProtocolCounts_thoughTheWorkerWasAboutToEndIt() throws {
    #expect(
      try session(.nothing).end(RunnerObservation(status: .exited(0), endedByWorker: "timeout"))
        == .succeeded(RunnerDone()))
  }

  @Test func doneCountsThoughAStopWasSaidOrTheProcessHadToBeEnded() throws {
    #expect(try session(.done, stop: "late").end(RunnerObservation(status: .exited(0))) == .succeeded(facts))
    #expect(
      try session(.done).end(RunnerObservation(status: .signalled(9), endedByWorker: "lingers")) == .succeeded(facts))
  }
}
