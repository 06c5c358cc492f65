import Glibc
import RunnerProcess
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProcessEndTests {
  @Test func terminateLetsAChildEndByItself() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(
        shell: "trap 'echo bye; exit 3' TERM; echo ready; while :; do read -r line; done", log: log)
      _ = try await log.lines(1)
      process.terminate(graceMilliseconds: 60_000)
      #expect(try await log.end().status == .exited(3))
      #expect(log.output == ["ready", "bye"])
    }
  }

  @Test func childThatIgnoresSIGTERMIsKilledAfterTheGrace() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(
        shell: "trap '' TERM; echo ready; while :; do sleep 1000; done", log: log)
      _ = try await log.lines(1)
      process.terminate(graceMilliseconds: 50)
      // A second, longer grace does not put off the first.
      process.terminate(graceMilliseconds: 60_000)
      #expect(try await log.end().status == .signalled(SIGKILL))
    }
  }

  @Test func stoppedChildIsEndedByTerminate() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "echo ready; kill -STOP $$", log: log)
      _ = try await log.lines(1)
      process.terminate(graceMilliseconds: 60_000)
      #expect(try await log.end().status == .signalled(SIGTERM))
    }
  }

  @Test func killEndsTheWholeGroup() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(
        shell: "(trap '' TERM HUP; sleep 1000 & echo $!; wait) & echo $!; wait", log: log)
      let lines = try await log.lines(2)
      let descendants = lines.compactMap { WatchedProcess(line: $0) }
      #expect(descendants.count == 2)
      process.kill()
      #expect(try await log.end().status == .signalled(SIGKILL))
      for descendant in descendants { #expect(await descendant.ended()) }
    }
  }

  @Test func whatTheLeaderLeavesBehindIsKilledThoughItHoldsTheOutput() async throws {
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(
        shell: "(trap '' TERM HUP; while :; do sleep 1000; done) & echo $!; read -r line; exit 4", log: log)
      let lines = try await log.lines(1)
      let descendant = try #require(WatchedProcess(line: lines[0]))
      #expect(!descendant.hasEnded)
      process.closeInput()
      #expect(try await log.end().status == .exited(4))
      #expect(await descendant.ended())
    }
  }

  @Test func descendantOutsideTheGroupDelaysTheEndOnlyForAMoment() async throws {
    try await withHost { host in
      let log = EventLog()
      // It keeps writing into the leader's standard output, from a session of its own.
      let process = try await host.start(
        shell: "setsid sh -c 'echo $$; while :; do echo noise; sleep 0.01; done' & read -r line; exit 0",
        log: log)
      let lines = try await log.lines(1)
      let pid = try #require(Int32(lines[0]))
      defer { kill(-pid, SIGKILL) }
      let daemon = try #require(WatchedProcess(pid: pid))
      process.closeInput()
      #expect(try await log.end().status == .exited(0))
      #expect(!daemon.hasEnded || log.output.count > 1)
    }
  }
}
