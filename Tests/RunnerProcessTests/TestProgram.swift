import Foundation
import RunnerProcess
import Testing

/// This test program, run again with one of the tests called hidden, for what needs a process of its own.
enum TestProgram {
  enum Role: String { case worker, guardian, flood, largeHost, orphanage }

  static let roleName = "BATON_RUNNER_PROCESS_TEST_ROLE"
  /// nil in the program that runs all the tests.
  static let role = ProcessInfo.processInfo.environment[roleName].flatMap { Role(rawValue: $0) }

  private static let marker = "figures:"

  static func arguments(_ test: String) -> [String] {
    ["/proc/self/exe", "--testing-library", "swift-testing", "--filter", "RunnerProcessTests.*\\b\(test)\\b"]
  }

  static func command(_ test: String, as role: Role) -> RunnerCommand {
    var environment = ProcessInfo.processInfo.environment
    environment[roleName] = role.rawValue
    return RunnerCommand(arguments: arguments(test), environment: environment)
  }

  /// In the hidden test: what the other one is to know.
  static func tell(_ figures: [Int]) {
    print(marker, figures.map(String.init).joined(separator: " "))
    fflush(nil)
  }

  /// The figures in a line, if it is what a hidden test tells.
  static func figures(_ line: String) -> [Int]? {
    line.hasPrefix(marker) ? line.split(separator: " ").dropFirst().compactMap { Int($0) } : nil
  }

  /// Runs a hidden test to its end.
  static func line(of test: String, as role: Role) async throws -> [Int] {
    let log = EventLog()
    try await withHost { host in
      _ = try await host.start(command(test, as: role)) { log.add($0) }
      #expect(try await log.end().status == .exited(0))
    }
    return try #require(log.output.lazy.compactMap(figures).first, "\(log.output) \(log.log)")
  }
}
