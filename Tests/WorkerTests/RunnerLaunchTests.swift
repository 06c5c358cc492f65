import Testing

@testable import Configuration
@testable import Dispatch
@testable import Worker

@Suite struct RunnerLaunchTests {
  private func environmentCursor(_ cursor: String?) throws -> String? {
    let configuration = try Configuration.parse(
      text: """
        kafka: {bootstrap: "localhost:9092"}
        queues: {q: {}}
        jobs: {j: {queue: q, run: [/bin/true]}}
        """, file: "/etc/baton.yaml", environment: [:])
    let order = RunnerOrder(run: "r", job: "j", attempt: 2, token: 7, params: [:], cursor: cursor)
    let launch = RunnerLaunch(configuration: configuration, executable: "/bin/baton", environment: ["PATH": "/bin"])
    #expect(launch.start(order, of: try #require(configuration.jobs["j"])).cursor == cursor)
    return launch.command(order, of: try #require(configuration.jobs["j"])).environment["BATON_CURSOR"]
  }

  /// The start line has every cursor; a variable cannot.
  @Test func aCursorThatNoVariableCanHold_isLeftOut() throws {
    for (cursor, variable) in [
      (nil, ""), ("[1]", "[1]"), (String(repeating: "x", count: 65_536), String(repeating: "x", count: 65_536)),
      (String(repeating: "é", count: 70_000), nil), ("[\"a\0b\"]", nil),
    ] as [(String?, String?)] {
      #expect(try environmentCursor(cursor) == variable)
    }
  }
}
