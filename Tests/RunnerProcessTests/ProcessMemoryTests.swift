import Foundation
import RunnerProcess
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProcessMemoryTests {
  @Test func allocationBeyondTheMemoryLimitFailsInTheChild() async throws {
    let script = "import sys\nb = bytearray(int(sys.argv[1]) << 20)\nprint(len(b))"
    try await withHost { host in
      for (mebibytes, limit, succeeds) in [(64, 256, true), (512, 256, false), (512, nil, true)] {
        let log = EventLog()
        _ = try await host.start(
          RunnerCommand(
            arguments: ["/usr/bin/python3", "-c", script, "\(mebibytes)"], environment: testEnvironment,
            memoryLimitBytes: limit.map { $0 << 20 })
        ) { log.add($0) }
        let exit = try await log.end()
        #expect((exit.status == .exited(0)) == succeeds)
        #expect(log.log.last?.contains("MemoryError") == (succeeds ? nil : true))
        if succeeds { #expect(exit.peakMemoryBytes > mebibytes << 20) }
      }
    }
  }

  @Test func fiftyMegabytesOfLogDoNotGrowTheHost() async throws {
    let fields = try await TestProgram.line(of: "hiddenFlood", as: .flood)
    // The last line is cut by head and has no newline, which is counted there.
    #expect(fields.first.map { abs($0 - 52_428_800) <= 1 } == true)
    #expect(fields.last.map { $0 < 16 << 20 } == true, "the host grew by \(fields)")
  }

  @Test(.enabled(if: TestProgram.role == .flood)) func hiddenFlood() async throws {
    try await withHost { host in
      let bytes = Mutex(0)
      let end = EventLog()
      _ = try await host.start(shell: "echo warm; echo up >&2", log: end)
      _ = try await end.end()
      let before = try peakBytes()
      let log = EventLog()
      _ = try await host.start(
        RunnerCommand(
          arguments: ["/bin/sh", "-c", "yes 0123456789012345678901234567890123456789 | head -c 52428800 >&2"],
          environment: testEnvironment)
      ) { event in
        if case .log(let line) = event { bytes.withLock { $0 += line.count + 1 } } else { log.add(event) }
      }
      #expect(try await log.end().status == .exited(0))
      TestProgram.tell([bytes.withLock { $0 }, try peakBytes() - before])
    }
  }

  @Test func peakMemoryBelowTheHostsOwnIsStillTheChilds() async throws {
    let fields = try await TestProgram.line(of: "hiddenLargeHost", as: .largeHost)
    #expect(fields.first.map { $0 > 100_000 && $0 < 50 << 20 } == true, "the child's peak is \(fields)")
  }

  @Test(.enabled(if: TestProgram.role == .largeHost)) func hiddenLargeHost() async throws {
    // Makes this process's peak large, which the kernel counts into every child.
    let size = 300 << 20
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    memset(block, 1, size)
    defer { block.deallocate() }
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "echo here; read -r line", log: log)
      _ = try await log.lines(1)
      process.closeInput()
      TestProgram.tell([try await log.end().peakMemoryBytes])
    }
  }
}

/// The highest resident memory of this process, in bytes; from the kernel's own mark, as `getrusage` counts the parent's in.
private func peakBytes() throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
  return try #require(Int(line.filter(\.isNumber))) << 10
}
