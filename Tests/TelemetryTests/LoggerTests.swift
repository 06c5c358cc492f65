import Glibc
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LoggerTests {
  @Test(arguments: LogLevel.allCases)
  func linesBelowTheLevelAreDroppedAndTheirMessagesNotBuilt(level: LogLevel) {
    let lines = Lines()
    let logger = Logger("test", level: level, output: lines.output, clock: incident)
    var built = 0
    func message(_ text: String) -> String {
      built += 1
      return text
    }
    logger.debug(message("debug"))
    logger.info(message("info"))
    logger.warning(message("warning"))
    logger.error(message("error"))
    let expected = LogLevel.allCases.filter { $0 >= level }
    #expect(built == expected.count)
    #expect(
      lines.all.map { $0.split(separator: " ").last.map(String.init) ?? "" } == expected.map(\.name))
    for other in LogLevel.allCases { #expect(logger.isEnabled(other) == (other >= level)) }
  }

  @Test func levelsAlignInText() {
    let lines = Lines()
    let logger = Logger("test", level: .debug, output: lines.output, clock: incident)
    logger.debug("m")
    logger.info("m")
    logger.warning("m")
    logger.error("m")
    #expect(
      lines.all.map { String($0.dropFirst(25)) } == [
        "DEBUG test  m", "INFO  test  m", "WARN  test  m", "ERROR test  m",
      ])
  }

  @Test(arguments: [
    ("debug", LogLevel.debug), ("INFO", .info), ("Warning", .warning), ("warn", .warning), ("error", .error),
    ("", nil), ("verbose", nil), (" info", nil),
  ])
  func levelsAreReadFromNames(name: String, expected: LogLevel?) {
    #expect(LogLevel(name: name) == expected)
  }

  @Test func levelNamesReadBack() {
    for level in LogLevel.allCases { #expect(LogLevel(name: level.name) == level) }
  }

  @Test func fieldsAreInheritedAndReplacedNotDoubled() {
    let lines = Lines()
    let worker = Logger("worker", output: lines.output, clock: incident)
    let run = worker.with(["queue": "nightly", "run": "abc"])
    run.with(component: "sync").with(["run": "def"]).info("m", ["queue": "reports", "rows": "5"])
    run.info("m")
    worker.info("m")
    #expect(
      lines.all.map { String($0.dropFirst(31)) } == [
        "sync  m  queue=reports run=def rows=5", "worker  m  queue=nightly run=abc", "worker  m",
      ])
  }

  @Test func discardingWritesNothing() {
    #expect(!Logger.discarding.isEnabled(.error))
    #expect(!Logger.discarding.with(["a": "b"]).with(component: "c").isEnabled(.error))
  }

  @Test func linesOfManyThreadsDoNotInterleave() async {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    let reader = Task.detached { readAll(from: reading) }
    let logger = Logger("worker", output: LogOutput(descriptor: writing), clock: incident)
    // Far longer than a pipe's atomic 4,096 bytes.
    let long = String(repeating: "x", count: 10_000)
    await withTaskGroup(of: Void.self) { group in
      for thread in 0..<8 {
        group.addTask {
          for number in 0..<25 { logger.info("m", ["id": "\(thread)-\(number)", "long": long]) }
        }
      }
    }
    close(writing)
    let lines = await reader.value.split(separator: "\n").map(String.init)
    close(reading)
    #expect(lines.count == 200)
    #expect(lines.allSatisfy { $0.hasPrefix("2026-") && $0.hasSuffix("long=" + long) })
    #expect(Set(lines.map { $0.prefix(60) }).count == 200)
  }

  @Test func aReaderThatIsGoneCostsLinesNotTheProcess() {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    let output = LogOutput(descriptor: ends[1])
    let logger = Logger("worker", output: output, clock: incident)
    logger.info("into the void")
    logger.info("again")
    #expect(output.lostLines == 2)
    close(ends[1])
    logger.info("a closed descriptor")
    #expect(output.lostLines == 3)
  }

  @Test func aFullDiskCostsLinesNotTheProcess() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let output = LogOutput(descriptor: descriptor)
    Logger("worker", output: output, clock: incident).error("m")
    #expect(output.lostLines == 1)
  }

  @Test func theProcessKeepsItsOwnHandlingOfSIGPIPE() {
    var before = sigaction()
    var after = sigaction()
    var mask = sigset_t()
    sigaction(SIGPIPE, nil, &before)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    close(ends[0])
    #expect(!writeWithoutSignal([1], to: ends[1]))
    close(ends[1])
    sigaction(SIGPIPE, nil, &after)
    #expect(
      unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(after.__sigaction_handler.sa_handler, to: Int.self))
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    #expect(sigismember(&mask, SIGPIPE) == 0)
    sigpending(&mask)
    #expect(sigismember(&mask, SIGPIPE) == 0)
  }
}

/// All bytes until the other end is closed.
private func readAll(from descriptor: Int32) -> String {
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count <= 0 { break }
    bytes += chunk[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
