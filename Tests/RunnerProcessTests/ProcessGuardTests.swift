import Foundation
import Synchronization
import Testing

@testable import RunnerProcess

@Suite(.timeLimit(.minutes(1))) struct ProcessGuardTests {
  /// What a worker does: starts a guard and children, and then ends only by force.
  @Test(.enabled(if: TestProgram.role == .worker)) func hiddenWorker() async throws {
    // The guard is this program once more; it gets the worker's environment, so that its role is set here.
    setenv(TestProgram.roleName, TestProgram.Role.guardian.rawValue, 1)
    let host = try ProcessHost(guardCommand: TestProgram.arguments("hiddenGuard"))
    let log = EventLog()
    let process = try await host.start(
      shell: "(trap '' TERM HUP INT; while :; do sleep 1000; done) & echo $!; wait", log: log)
    let lines = try await log.lines(1)
    TestProgram.tell([Int(process.pid), Int(lines[0]) ?? 0])
    _ = try await log.end()
  }

  @Test(.enabled(if: TestProgram.role == .guardian)) func hiddenGuard() {
    exit(ProcessGuard.run(input: 0))
  }

  @Test func workerKilledBySIGKILLTakesItsChildrenAndTheirChildrenAlong() async throws {
    try await withHost { host in
      let log = EventLog()
      let worker = try await host.start(TestProgram.command("hiddenWorker", as: .worker)) { log.add($0) }
      try await log.wait { events in
        events.contains {
          switch $0 {
          case .output(let line): TestProgram.figures(String(decoding: line, as: UTF8.self)) != nil
          case .ended: true
          default: false
          }
        }
      }
      let pids = try #require(log.output.lazy.compactMap(TestProgram.figures).first, "\(log.output) \(log.log)")
      let children = pids.compactMap { WatchedProcess(pid: Int32($0)) }
      #expect(children.count == 2)
      #expect(children.allSatisfy { !$0.hasEnded })
      worker.kill()
      for child in children { #expect(await child.ended()) }
      #expect(try await log.end().status == .signalled(SIGKILL))
    }
  }

  @Test func endOfTheInputKillsTheGroupsThatAreRegisteredYet() async throws {
    try await withHost { host in
      var logs: [EventLog] = []
      var processes: [RunningProcess] = []
      for _ in 0..<3 {
        let log = EventLog()
        processes.append(try await host.start(shell: "echo ready; while :; do sleep 1000; done", log: log))
        _ = try await log.lines(1)
        logs.append(log)
      }
      let (readEnd, writeEnd) = try makePipe()
      let pids = processes.map(\.pid)
      let text = "+\(pids[0])\n+\(pids[1])\nnonsense\n+0\n+1\n-1\n+\(pids[2])\n-\(pids[1])\n+999"
      #expect(write(writeEnd, text, text.utf8.count) == text.utf8.count)
      close(writeEnd)
      #expect(ProcessGuard.watch(input: readEnd) == 0)
      close(readEnd)
      #expect(try await logs[0].end().status == .signalled(SIGKILL))
      #expect(try await logs[2].end().status == .signalled(SIGKILL))
      // The one that was taken back lives: it can still be ended in another way.
      processes[1].terminate(graceMilliseconds: 60_000)
      #expect(try await logs[1].end().status == .signalled(SIGTERM))
    }
  }

  @Test func hostRegistersEachChildAndTakesItBack() async throws {
    let record = "/tmp/baton-test-guard-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    defer { unlink(record) }
    var pids: [Int32] = []
    let host = try ProcessHost(guardCommand: ["/bin/sh", "-c", "exec cat > \(record)"])
    for _ in 0..<3 {
      let log = EventLog()
      pids.append(try await host.start(shell: "exit 0", log: log).pid)
      _ = try await log.end()
    }
    await #expect(throws: RunnerStartError.self) {
      _ = try await host.start(RunnerCommand(arguments: ["/no/such/program"])) { _ in }
    }
    // Waits for the guard's end too.
    await host.shutdown()
    let lines = try String(contentsOfFile: record, encoding: .utf8).split(separator: "\n").map(String.init)
    #expect(Array(lines.prefix(6)) == pids.flatMap { ["+\($0)", "-\($0)"] })
    // A start that fails is registered and taken back too.
    try #require(lines.count == 8)
    #expect(lines[6].dropFirst() == lines[7].dropFirst())
    #expect(lines[6].hasPrefix("+") && lines[7].hasPrefix("-"))
  }

  @Test func guardThatIsKilledIsStartedAgainAndToldOfLivingGroups() async throws {
    let folder = "/tmp/baton-test-guard-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try #require(mkdir(folder, 0o700) == 0)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try #require(mkfifo("\(folder)/starts", 0o600) == 0)
    let starts = open("\(folder)/starts", O_RDWR | O_CLOEXEC)
    defer { close(starts) }
    // Each guard tells its pid, then repeats what it hears.
    let host = try ProcessHost(
      guardCommand: ["/bin/sh", "-c", "echo $$ > \(folder)/starts; exec cat > \(folder)/starts"])
    let log = EventLog()
    let first = try #require(nextLine(starts).flatMap { Int32($0) })
    let process = try await host.start(shell: "read -r line", log: log)
    #expect(nextLine(starts) == "+\(process.pid)")
    kill(first, SIGKILL)
    let second = nextLine(starts).flatMap { Int32($0) }
    #expect(second != nil && second != first)
    #expect(nextLine(starts) == "+\(process.pid)")
    process.closeInput()
    _ = try await log.end()
    #expect(nextLine(starts) == "-\(process.pid)")
    await host.shutdown()
  }

  @Test func guardThatCannotBeStartedIsAnError() throws {
    let error = #expect(throws: RunnerStartError.self) { _ = try ProcessHost(guardCommand: ["/no/such/guard"]) }
    #expect(error?.description == "/no/such/guard: No such file or directory")
  }

  @Test func guardThatNeverLivesFailsTheStartsAndNotTheHost() async throws {
    let host = try ProcessHost(guardCommand: ["/bin/false"])
    var error: RunnerStartError?
    // It is started again a few times; each start may win or lose the race against its end.
    for _ in 0..<1000 where error?.code != ECHILD {
      let log = EventLog()
      do {
        _ = try await host.start(shell: "exit 0", log: log)
        _ = try await log.end()
      } catch let caught as RunnerStartError {
        error = caught
      }
    }
    #expect(error?.description == "the process guard /bin/false: No child processes")
    await host.shutdown()
  }

  /// The next line of a pipe; nil when none comes for 20 s, or the pipe ends.
  private func nextLine(_ descriptor: Int32) -> String? {
    var line: [UInt8] = []
    while true {
      var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      var byte: UInt8 = 0
      guard poll(&watched, 1, 20_000) == 1, read(descriptor, &byte, 1) == 1 else { return nil }
      if byte == 10 { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }
}
