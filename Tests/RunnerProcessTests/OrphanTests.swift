import CProcess
import Glibc
import RunnerProcess
import Testing

/// Process 1 of a container is given the orphans of all others, and has to reap them.
@Suite(.timeLimit(.minutes(1))) struct OrphanTests {
  @Test func whatAKilledGroupLeaves_isReaped() async throws {
    #expect(try await TestProgram.line(of: "hiddenOrphanage", as: .orphanage) == [0, Int(ECHILD)])
  }

  /// In a process of its own, since it makes itself the one that orphans go to, as process 1 is.
  @Test(.enabled(if: TestProgram.role == .orphanage)) func hiddenOrphanage() async throws {
    typealias Control = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    let control = unsafeBitCast(try #require(dlsym(nil, "prctl")), to: Control.self)
    let isSet = control(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try await withHost { host in
      let log = EventLog()
      let process = try await host.start(shell: "sleep 1000 & echo $!; read -r line", log: log)
      let orphan = try #require(WatchedProcess(line: try await log.lines(1)[0]))
      process.closeInput()
      _ = try await log.end()
      #expect(await orphan.ended())
      // Whatever the host does next, it looks again.
      let next = EventLog()
      _ = try await host.start(shell: "exit 0", log: next)
      _ = try await next.end()
      var status: Int32 = 0
      let result = waitpid(-process.pid, &status, WNOHANG)
      TestProgram.tell([Int(isSet), result < 0 ? Int(errno) : Int(result)])
    }
  }
}
