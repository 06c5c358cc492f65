import Glibc
import RunnerProcess
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProcessHostTests {
  @Test func linesOfBothStreamsArriveInOrderAndTheEndComesLast() async throws {
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(shell: "echo one; echo two; echo problem >&2; printf rest", log: log)
      let exit = try await log.end()
      #expect(exit.status == .exited(0))
      #expect(log.output == ["one", "two", "rest"])
      #expect(log.log == ["problem"])
      #expect(exit.wallMilliseconds >= 0)
      #expect(exit.peakMemoryBytes > 100_000)
    }
  }

  @Test func inputReachesTheChildLineByLineAndEnds() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "while read -r line; do echo \"got $line\"; done; echo end", log: log)
      #expect(process.send(line: Array("a b".utf8)))
      #expect(try await log.lines(1) == ["got a b"])
      #expect(process.send(line: Array("c".utf8)))
      process.closeInput()
      #expect(!process.send(line: Array("late".utf8)))
      #expect(try await log.end().status == .exited(0))
      #expect(log.output == ["got a b", "got c", "end"])
    }
  }

  @Test(arguments: [0, 1, 7, 255]) func exitStatusIsTold(status: Int32) async throws {
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(shell: "exit \(status)", log: log)
      #expect(try await log.end().status == .exited(status))
    }
  }

  @Test(arguments: [SIGTERM, SIGKILL, SIGSEGV, SIGINT, SIGPIPE]) func signalIsTold(number: Int32) async throws {
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(shell: "kill -\(number) $$", log: log)
      #expect(try await log.end().status == .signalled(number))
    }
  }

  @Test func submittedChildIsKnownBeforeItsFirstEvent() async throws {
    try await withHost { host in
      let log = EventLog()
      let known = Mutex<RunningProcess?>(nil)
      let wasUnknown = Mutex(false)
      host.submit(RunnerCommand(arguments: ["/bin/echo", "at once"])) { event in
        if known.withLock({ $0 }) == nil { wasUnknown.withLock { $0 = true } }
        log.add(event)
      } onStart: { result in
        known.withLock { $0 = try? result.get() }
      }
      let exit = try await log.end()
      #expect(exit.status == .exited(0))
      #expect(log.output == ["at once"])
      let isEarly = wasUnknown.withLock { $0 }
      #expect(!isEarly)
    }
  }

  @Test func submittedChildThatCannotStartIsTold() async throws {
    try await withHost { host in
      let (results, continuation) = AsyncStream<RunnerStartError?>.makeStream()
      host.submit(RunnerCommand(arguments: ["/no/such/program"])) { _ in
      } onStart: { result in
        if case .failure(let error) = result { continuation.yield(error) } else { continuation.yield(nil) }
        continuation.finish()
      }
      var told: [RunnerStartError?] = []
      for await result in results { told.append(result) }
      #expect(told.count == 1)
      #expect(told.first??.code == ENOENT)
    }
  }

  @Test func environmentIsOnlyWhatIsGiven() async throws {
    setenv("BATON_TEST_LEAK", "1", 1)
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(
        RunnerCommand(arguments: ["env"], environment: ["PATH": "/usr/bin:/bin", "A": "x=y z", "EMPTY": ""])
      ) { log.add($0) }
      #expect(try await log.end().status == .exited(0))
      #expect(Set(log.output) == ["PATH=/usr/bin:/bin", "A=x=y z", "EMPTY="])
    }
  }

  @Test func directoryIsTheChilds() async throws {
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(RunnerCommand(arguments: ["/bin/pwd"], directory: "/usr/bin")) { log.add($0) }
      _ = try await log.end()
      #expect(log.output == ["/usr/bin"])
    }
  }

  @Test func nothingOfTheCallersLeaksIntoTheChild() async throws {
    // Open in the test, not closed on exec, and ignored there.
    let leak = open("/dev/null", O_RDONLY)
    defer { close(leak) }
    try await withHost { host in
      let log = EventLog()
      _ = try await host.start(
        shell: "ls /proc/self/fd | tr '\\n' ' '; echo; grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -c", log: log)
      #expect(try await log.end().status == .exited(0))
      // 3 is the directory that ls reads.
      #expect(log.output.first == "0 1 2 3 ")
      #expect(log.output.contains("SigBlk:\t0000000000000000"))
      #expect(log.output.contains("SigIgn:\t0000000000000000"))
      #expect(log.output.last == "0")
    }
  }

  @Test func childLeadsAGroupOfItsOwn() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(
        shell: "ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat", log: log)
      _ = try await log.end()
      #expect(log.output.first.flatMap { Int32($0.filter(\.isNumber)) } == process.pid)
      #expect(process.pid != getpgrp())
    }
  }

  @Test(
    arguments: [
      (["/usr/bin/no-such-program"], nil, "/usr/bin/no-such-program: No such file or directory"),
      (["no-such-program"], nil, "no-such-program: No such file or directory"),
      (["/etc/passwd"], nil, "/etc/passwd: Permission denied"),
      (["/tmp"], nil, "/tmp: Permission denied"),
      (["/bin/true"], "/no/such/folder", "/no/such/folder: No such file or directory"),
      ([], nil, "a command without a program: Invalid argument"),
      (["/bin/echo", "a\0b"], nil, "an argument with a NUL byte: Invalid argument"),
      (
        ["/bin/echo", String(repeating: "x", count: 3 << 20)], nil,
        "/bin/echo with argument 1 of 3145728 bytes: Argument list too long"
      ),
    ] as [([String], String?, String)])
  func startThatFailsSaysWhatAndWhy(arguments: [String], directory: String?, text: String) async throws {
    try await withHost { host in
      let error = await #expect(throws: RunnerStartError.self) {
        _ = try await host.start(
          RunnerCommand(arguments: arguments, environment: testEnvironment, directory: directory)
        ) { _ in }
      }
      #expect(error?.description == text)
      // What no process can be given stays so; a missing program may yet come.
      #expect(error?.isOfTheCommand == (text.hasSuffix("Invalid argument") || text.hasSuffix("too long")))
    }
  }

  @Test func failedStartsLeaveNoDescriptorsOpen() async throws {
    try await withHost { host in
      let log = EventLog()
      for _ in 0..<2000 {
        _ = try? await host.start(RunnerCommand(arguments: ["/no/such/program"])) { _ in }
      }
      // 2,000 starts of three pipes would have used up the usual limit; this one must still work.
      _ = try await host.start(shell: "echo fine", log: log)
      #expect(try await log.lines(1) == ["fine"])
    }
  }

  @Test func twoHundredChildrenAtOnce() async throws {
    try await withHost { host in
      let logs = (0..<200).map { _ in EventLog() }
      var processes: [RunningProcess] = []
      for (index, log) in logs.enumerated() {
        processes.append(try await host.start(shell: "read -r line; echo \"$line\"; exit \(index % 100)", log: log))
      }
      for (index, process) in processes.enumerated() { #expect(process.send(line: Array("line \(index)".utf8))) }
      for (index, log) in logs.enumerated() {
        #expect(try await log.end().status == .exited(Int32(index % 100)))
        #expect(log.output == ["line \(index)"])
      }
    }
  }

  @Test func shutdownKillsWhatRunsAndRefusesWhatComes() async throws {
    let host = try ProcessHost(guardCommand: nil)
    let logs = (0..<3).map { _ in EventLog() }
    for log in logs {
      _ = try await host.start(shell: "trap '' TERM; echo $$; while :; do sleep 1000; done", log: log)
      _ = try await log.lines(1)
    }
    await host.shutdown()
    for log in logs {
      guard case .ended(let exit)? = log.events.last else {
        Issue.record("shutdown returned before the end was told")
        continue
      }
      #expect(exit.status == .signalled(SIGKILL))
    }
    let error = await #expect(throws: RunnerStartError.self) {
      _ = try await host.start(RunnerCommand(arguments: ["/bin/true"])) { _ in }
    }
    #expect(error?.code == ESHUTDOWN)
    await host.shutdown()
  }
}
