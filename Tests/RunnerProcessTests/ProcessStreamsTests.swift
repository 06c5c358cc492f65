import Glibc
import Testing

@testable import RunnerProcess

@Suite(.timeLimit(.minutes(1))) struct ProcessStreamsTests {
  @Test func longLinesAreCutAndTheNextOnesAreWhole() async throws {
    try await withHost { host in
      let log = EventLog()
      let limit = ProcessHost.lineLimitBytes
      _ = try await host.start(
        shell: """
          head -c \(limit) /dev/zero | tr '\\0' a; echo
          head -c \(limit + 1) /dev/zero | tr '\\0' b; echo
          echo next
          head -c \(3 * limit) /dev/zero | tr '\\0' c >&2; echo >&2
          echo next >&2
          """, log: log)
      _ = try await log.end()
      let outputs = log.events.filter { if case .log = $0 { false } else { true } }
      try #require(outputs.count == 4)
      #expect(outputs[0] == .output(line: Array(repeating: UInt8(ascii: "a"), count: limit)))
      #expect(
        outputs[1]
          == .overlongOutput(beginning: Array(repeating: UInt8(ascii: "b"), count: limit), length: limit + 1))
      #expect(outputs[2] == .output(line: Array("next".utf8)))
      let lines = log.log
      try #require(lines.count == 2)
      #expect(lines[0].hasSuffix("ccc [cut: the line has \(3 * limit) bytes]"))
      #expect(lines[0].utf8.count < limit + 100)
      #expect(lines[1] == "next")
    }
  }

  @Test func inputThatNobodyReadsIsBoundedAndArrivesWholeWhenRead() async throws {
    try await withHost { host in
      let log = EventLog()
      let gate = "/tmp/baton-test-gate-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
      try #require(mkfifo(gate, 0o600) == 0)
      defer { unlink(gate) }
      let process = try await host.start(shell: "echo ready; read -r go < \(gate); wc -c; echo end", log: log)
      _ = try await log.lines(1)
      let line = Array(repeating: UInt8(ascii: "x"), count: 99_999)
      var accepted = 0
      while process.send(line: line) {
        accepted += 1
        try #require(accepted < 1000)
      }
      let bytes = accepted * 100_000
      #expect(bytes > ProcessHost.inputLimitBytes - 200_000)
      #expect(bytes <= ProcessHost.inputLimitBytes + (1 << 20))
      process.closeInput()
      let descriptor = open(gate, O_WRONLY)
      #expect(write(descriptor, "go\n", 3) == 3)
      close(descriptor)
      #expect(try await log.end().status == .exited(0))
      #expect(log.output.dropFirst().first == "\(bytes)")
    }
  }

  @Test func writingToAChildThatDoesNotReadIsNoHarm() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "exec <&-; echo closed; while :; do sleep 1000; done", log: log)
      _ = try await log.lines(1)
      #expect(!process.send(line: [65]))
      #expect(!process.send(line: [65]))
      process.kill()
      #expect(try await log.end().status == .signalled(SIGKILL))
      #expect(!process.send(line: [65]))
      process.kill()
      process.terminate(graceMilliseconds: 0)
    }
  }

  @Test func childThatClosesItsStreamsEarlyIsWaitedFor() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "exec >&- 2>&-; read -r line; exit 5", log: log)
      #expect(process.send(line: [65]))
      #expect(try await log.end().status == .exited(5))
    }
  }

  private func splitLines(_ chunks: [String], limit: Int) -> [String] {
    var splitter = LineSplitter(limit: limit)
    var lines: [String] = []
    func emit(_ line: LineSplitter.Line) {
      switch line {
      case .whole(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
      case .cut(let bytes, let length): lines.append(String(decoding: bytes, as: UTF8.self) + "|\(length)")
      }
    }
    for chunk in chunks { Array(chunk.utf8).withUnsafeBytes { splitter.feed($0, emit: emit) } }
    splitter.finish(emit: emit)
    return lines
  }

  @Test func everyWayToCutAStreamGivesTheSameLines() {
    let text = "a\n\nbcdef\nabcd\nabcdefghi\nx\n\nlast"
    let expected = ["a", "", "bcde|5", "abcd", "abcd|9", "x", "", "last"]
    for first in 0...text.utf8.count {
      for second in first...text.utf8.count {
        let bytes = Array(text.utf8)
        let parts = [bytes[..<first], bytes[first..<second], bytes[second...]]
        #expect(splitLines(parts.map { String(decoding: $0, as: UTF8.self) }, limit: 4) == expected)
      }
    }
    #expect(splitLines(["a\n"], limit: 4) == ["a"])
    #expect(splitLines([], limit: 4) == [])
  }
}
