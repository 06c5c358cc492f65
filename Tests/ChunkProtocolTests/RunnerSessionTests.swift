import ChunkProtocol
import Dispatch
import Glibc
import Testing

/// A runner's session with a test at the worker's ends of its pipes.
private final class Pipes {
  let session: RunnerSession
  private var toRunner: Int32
  private let fromRunner: Int32
  private let runnersOwn: [Int32]

  init(lineLimitBytes: Int = 4 << 20) throws {
    signal(SIGPIPE, SIG_IGN)
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    try #require(pipe(&input) == 0 && pipe(&output) == 0)
    session = RunnerSession(input: input[0], output: output[1], lineLimitBytes: lineLimitBytes)
    toRunner = input[1]
    fromRunner = output[0]
    runnersOwn = [input[0], output[1]]
  }

  deinit { for descriptor in runnersOwn + [fromRunner, toRunner] where descriptor >= 0 { close(descriptor) } }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(write(toRunner, bytes, bytes.count) == bytes.count)
  }

  func send(_ messages: WorkerMessage...) {
    for message in messages { send(String(decoding: message.jsonLine, as: UTF8.self) + "\n") }
  }

  func endInput() {
    close(toRunner)
    toRunner = -1
  }

  /// What the runner has written; it fits into the pipe.
  func received() throws -> [RunnerMessage] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var watched = pollfd(fd: fromRunner, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, 0) > 0 else { return [] }
    let count = read(fromRunner, &bytes, bytes.count)
    try #require(count > 0 && bytes[count - 1] == 10)
    return try bytes[..<count].split(separator: 10).compactMap {
      try RunnerMessage.decode(line: Array($0), nextChunk: 0)
    }
  }
}

@Suite struct RunnerSessionTests {
  private let start = RunnerStart(run: "r", job: "j", attempt: 1, token: 2, cursor: "c")

  private func report(_ number: Int) -> ChunkReport { ChunkReport(chunk: number, cursor: "c", rows: 1, bytes: 1) }

  @Test func wholeRun() throws {
    let pipes = try Pipes()
    let session = pipes.session
    pipes.send(.start(start), .ack(chunk: 1))
    #expect(try session.start() == start)
    try session.report(report(1))
    #expect(try session.awaitAcknowledgement(of: 1) == .go)
    try session.report(report(2))
    try session.report(report(3))
    // Two in one write, as they may come.
    pipes.send("{\"type\":\"ack\",\"chunk\":2}\n{\"type\":\"ack\",\"chunk\":3}\n")
    #expect(try session.awaitAcknowledgement(of: 3) == .go)
    #expect(try session.awaitAcknowledgement(of: 2) == .go)
    try session.done(facts: ["rows": .integer(3)])
    #expect(
      try pipes.received() == [
        .chunk(report(1)), .chunk(report(2)), .chunk(report(3)), .done(RunnerDone(facts: ["rows": .integer(3)])),
      ])
    #expect(throws: ProtocolError.self) { try session.done() }
    #expect(throws: ProtocolError.self) { try session.failed(RunnerFailure(message: "x")) }
    #expect(throws: ProtocolError.self) { try session.report(report(4)) }
    #expect(try pipes.received() == [])
  }

  @Test func stopAnswersEveryChunkThatIsNotAcknowledged() throws {
    let pipes = try Pipes()
    pipes.send(.start(start), .ack(chunk: 1), .stop(reason: "hand over"))
    _ = try pipes.session.start()
    try pipes.session.report(report(1))
    try pipes.session.report(report(2))
    #expect(try pipes.session.awaitAcknowledgement(of: 1) == .go)
    #expect(try pipes.session.awaitAcknowledgement(of: 2) == .stop(reason: "hand over"))
    #expect(try pipes.session.awaitAcknowledgement(of: 2) == .stop(reason: "hand over"))
    #expect(try pipes.session.awaitAcknowledgement(of: 1) == .go)
  }

  @Test func pendingStopIsSeenWithoutWaiting() throws {
    let pipes = try Pipes()
    pipes.send(.start(start))
    _ = try pipes.session.start()
    #expect(try pipes.session.pendingStop() == nil)
    pipes.send(.ack(chunk: 1), .stop(reason: "now"))
    #expect(try pipes.session.pendingStop() == "now")
    #expect(try pipes.session.pendingStop() == "now")
    #expect(try pipes.session.awaitAcknowledgement(of: 1) == .go)
    #expect(try pipes.session.awaitAcknowledgement(of: 2) == .stop(reason: "now"))
  }

  @Test func endOfInputIsAStop() throws {
    let pipes = try Pipes()
    pipes.send(.start(start))
    _ = try pipes.session.start()
    // A line that is cut off by the worker's death is no line.
    pipes.send("{\"type\":\"ack\",\"chunk\":1}")
    pipes.endInput()
    try pipes.session.report(report(1))
    #expect(try pipes.session.awaitAcknowledgement(of: 1) == .stop(reason: RunnerSession.workerGone))
    #expect(try pipes.session.pendingStop() == RunnerSession.workerGone)
  }

  @Test func workerThatReadsNoMoreIsNoErrorOfTheReport() throws {
    signal(SIGPIPE, SIG_IGN)
    var input: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    try #require(pipe(&input) == 0 && pipe(&output) == 0)
    close(output[0])
    close(input[1])
    defer {
      close(output[1])
      close(input[0])
    }
    let session = RunnerSession(input: input[0], output: output[1])
    try session.report(report(1))
    try session.report(report(2))
    #expect(try session.awaitAcknowledgement(of: 1) == .stop(reason: RunnerSession.workerGone))
    try session.failed(RunnerFailure(message: "gone"))
  }

  @Test func startThatDoesNotComeIsAnError() throws {
    for (message, words) in [
      (WorkerMessage.stop(reason: "too late"), "stopped before the start: too late"),
      (.ack(chunk: 1), "an ack of chunk 1 before the start"),
    ] {
      let pipes = try Pipes()
      pipes.send(message)
      let error = #expect(throws: ProtocolError.self) { try pipes.session.start() }
      #expect(error?.message == words)
    }
    let pipes = try Pipes()
    pipes.endInput()
    let error = #expect(throws: ProtocolError.self) { try pipes.session.start() }
    #expect(error?.message == "stopped before the start: the worker is gone")
  }

  @Test func disorderIsAnError() throws {
    let pipes = try Pipes()
    pipes.send(.start(start), .ack(chunk: 2))
    _ = try pipes.session.start()
    #expect(throws: ProtocolError.self) { try pipes.session.report(report(2)) }
    try pipes.session.report(report(1))
    #expect(throws: ProtocolError.self) { try pipes.session.report(report(1)) }
    #expect(throws: ProtocolError.self) { try pipes.session.awaitAcknowledgement(of: 1) }
    pipes.send(.start(start))
    #expect(throws: ProtocolError.self) { try pipes.session.pendingStop() }
  }

  @Test func lineBeyondTheLimitIsAnError() throws {
    let pipes = try Pipes(lineLimitBytes: 1000)
    pipes.send("{\"type\":\"stop\",\"reason\":\"" + String(repeating: "x", count: 2000))
    let error = #expect(throws: ProtocolError.self) { try pipes.session.start() }
    #expect(error?.message == "a line of more than 1000 bytes")
  }

  @Test func startLargerThanThePipeAndThanOneReadArrivesWhole() throws {
    let pipes = try Pipes()
    let large = RunnerStart(
      run: "r", job: "j", attempt: 1, token: 1,
      params: ["x": .string(String(repeating: "é", count: 1_000_000)), "y": .integer(1)])
    // The writer must be a thread of its own, as the pipe holds far less.
    nonisolated(unsafe) let sender = pipes
    let line = String(decoding: WorkerMessage.start(large).jsonLine, as: UTF8.self) + "\n"
    let context = Unmanaged.passRetained(Sending { sender.send(line) })
    var thread = pthread_t()
    try #require(
      pthread_create(
        &thread, nil,
        { context in
          guard let context else { return nil }
          Unmanaged<Sending>.fromOpaque(context).takeRetainedValue().body()
          return nil
        }, context.toOpaque()) == 0)
    #expect(try pipes.session.start() == large)
    pthread_join(thread, nil)
  }
}

private final class Sending {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}
