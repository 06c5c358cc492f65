import Foundation
import KafkaLog
import Testing

/// What the suite runs against.
enum Cluster: Sendable, CustomTestStringConvertible {
  /// librdkafka's mock cluster, one for each test.
  case embedded
  /// The Kafka that BATON_TEST_KAFKA names; every test has topics of its own there.
  case real(bootstrap: String)

  static let realBootstrap = ProcessInfo.processInfo.environment["BATON_TEST_KAFKA"].flatMap { $0.isEmpty ? nil : $0 }

  /// Both, as far as they are there.
  static let all: [Cluster] = [.embedded] + (realBootstrap.map { [.real(bootstrap: $0)] } ?? [])

  var isEmbedded: Bool { if case .embedded = self { true } else { false } }

  var testDescription: String { isEmbedded ? "embedded broker" : "real Kafka" }
}

/// Kafka's own tools, which the tests against a real Kafka need: the script `kafka` of KAFKA_HOME.
enum KafkaTool {
  static let path: String? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
    let homes = [ProcessInfo.processInfo.environment["KAFKA_HOME"], root.path + "/../shared/kafka"].compactMap { $0 }
    return homes.map { $0 + "/kafka" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Runs it to its end.
  /// - Throws: `ChildFailure` with what it said.
  static func run(_ words: String...) async throws {
    guard let path else { throw ChildFailure(description: "there is no `kafka` in KAFKA_HOME") }
    let child = try Child(path, words)
    let status = await child.end()
    // Not all that holds its output ends with it: it starts brokers.
    let text = child.lines.all.joined(separator: "\n")
    guard status == 0 else { throw ChildFailure(description: "kafka \(words) ended with \(status): \(text)") }
  }

  /// A test's own cluster, which it may break.
  struct OwnCluster: Sendable {
    let folder: String
    let bootstrap: String

    func kill(_ node: Int) async throws { try await KafkaTool.run("kill", String(node), "--dir", folder) }
    func restart(_ node: Int) async throws { try await KafkaTool.run("restart", String(node), "--dir", folder) }
  }

  /// Starts a cluster, and destroys it whatever happens.
  static func withCluster(_ body: (OwnCluster) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "baton-kafka-" + UUID().uuidString.prefix(8))
      .path
    // With room for the ports that the tool takes beside the first.
    let base = ProcessInfo.processInfo.environment["BATON_TEST_KAFKA_PORT"].flatMap { Int($0) } ?? 50_192
    let port = base + Int.random(in: 0..<10) * 10
    try await run("start", "--dir", folder, "--port", String(port))
    do {
      try await body(OwnCluster(folder: folder, bootstrap: "127.0.0.1:\(port)"))
    } catch {
      try? await run("destroy", "--dir", folder)
      throw error
    }
    try await run("destroy", "--dir", folder)
  }
}
