import Glibc
import RunnerProcess
import Testing

@testable import Configuration
@testable import Dispatch
@testable import Worker

@Suite struct RunnerLaunchTests {
  private func launch(_ cursor: String?) throws -> RunnerCommand {
    let configuration = try Configuration.parse(
      text: """
        kafka: {bootstrap: "localhost:9092"}
        queues: {q: {}}
        jobs: {j: {queue: q, run: [/bin/true]}}
        """, file: "/etc/baton.yaml", environment: [:])
    let order = RunnerOrder(run: "r", job: "j", attempt: 2, token: 7, params: [:], cursor: cursor)
    let launch = RunnerLaunch(configuration: configuration, executable: "/bin/baton", environment: ["PATH": "/bin"])
    #expect(launch.start(order, of: try #require(configuration.jobs["j"])).cursor == cursor)
    return launch.command(order, of: try #require(configuration.jobs["j"]))
  }

  /// The start line has every cursor; a variable cannot.
  @Test func aCursorThatNoVariableCanHold_isLeftOut() async throws {
    let host = try ProcessHost(guardCommand: nil)
    for (cursor, variable) in [
      (nil, ""), ("[1]", "[1]"), (String(repeating: "x", count: 65_536), String(repeating: "x", count: 65_536)),
      (String(repeating: "é", count: 70_000), nil), ("[\"a\0b\"]", nil),
    ] as [(String?, String?)] {
      let command = try launch(cursor)
      #expect(command.environment["BATON_CURSOR"] == variable)
      _ = try await host.start(command) { _ in }
    }
    await host.shutdown()
  }

  @Test(arguments: [
    ("a\0b", "an argument with a NUL byte: Invalid argument"),
    (String(repeating: "x", count: 3 << 20), "/bin/echo with argument 1 of 3145728 bytes: Argument list too long"),
  ]) func wordsThatNoProcessCanBeGiven_areNotTriedAgain(_ argument: String, _ reason: String) async throws {
    let host = try ProcessHost(guardCommand: nil)
    let error = await #expect(throws: RunnerStartError.self) {
      _ = try await host.start(RunnerCommand(arguments: ["/bin/echo", argument], environment: [:])) { _ in }
    }
    await host.shutdown()
    guard let error, case .failed(let message, let isRetriable) = AttemptRunner.outcome(error) else {
      Issue.record("no failure")
      return
    }
    #expect(!isRetriable)
    #expect(message.hasPrefix("cannot start the runner: \(reason)"), "\(message)")
  }

  @Test func whatMayMend_isTriedAgain() {
    for code in [EAGAIN, ENOMEM, ENOENT, EMFILE, ETXTBSY] {
      guard case .failed(_, let isRetriable) = AttemptRunner.outcome(RunnerStartError(subject: "x", code: code)) else {
        Issue.record("no failure")
        return
      }
      #expect(isRetriable)
    }
  }
}
