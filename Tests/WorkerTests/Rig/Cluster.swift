import Foundation
import KafkaLog
import Synchronization
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

  /// What one of Kafka's own tools says.
  static func output(_ words: String...) async throws -> String {
    guard let path else { throw ChildFailure(description: "there is no `kafka` in KAFKA_HOME") }
    let child = try Child(path, ["run"] + words)
    let text = await child.output()
    let status = await child.end()
    guard status == 0 else { throw ChildFailure(description: "kafka run \(words) ended with \(status): \(text)") }
    return text
  }

  /// A cluster that a test may break.
  struct OwnCluster: Sendable {
    let folder: String
    let bootstrap: String

    /// The node that leads a topic's first partition.
    func leader(of topic: String) async throws -> Int {
      let text = try await KafkaTool.output("topics", "--bootstrap-server", bootstrap, "--describe", "--topic", topic)
      let words = text.split(whereSeparator: \.isWhitespace)
      guard let place = words.firstIndex(of: "Leader:"), place + 1 < words.count, let node = Int(words[place + 1])
      else {
        throw ChildFailure(description: "no leader of \(topic) in: \(text)")
      }
      return node
    }

    /// The node that coordinates a group.
    func coordinator(of group: String) async throws -> Int {
      let text = try await KafkaTool.output(
        "consumer-groups", "--bootstrap-server", bootstrap, "--describe", "--state", "--group", group)
      guard let found = text.firstMatch(of: /\((\d+)\)/), let node = Int(found.1)
      else { throw ChildFailure(description: "no coordinator of \(group) in: \(text)") }
      return node
    }

    /// Does something while a node is down, and brings the node back whatever happens.
    func without(_ node: Int, _ body: () async throws -> Void) async throws {
      try await kill(node)
      do {
        try await body()
      } catch {
        try? await restart(node)
        throw error
      }
      try await restart(node)
    }

    func kill(_ node: Int) async throws { try await KafkaTool.run("kill", String(node), "--dir", folder) }
    func restart(_ node: Int) async throws { try await KafkaTool.run("restart", String(node), "--dir", folder) }
  }

  /// The cluster that BATON_TEST_KAFKA_THREE and BATON_TEST_KAFKA_THREE_DIR name.
  static let threeNodes: OwnCluster? = {
    let environment = ProcessInfo.processInfo.environment
    guard path != nil, let bootstrap = environment["BATON_TEST_KAFKA_THREE"], !bootstrap.isEmpty,
      let folder = environment["BATON_TEST_KAFKA_THREE_DIR"]
    else { return nil }
    return OwnCluster(folder: folder, bootstrap: bootstrap)
  }()

  /// How many clusters the tests have started.
  private static let ports = Mutex(0)

  /// Starts a cluster, and destroys it whatever happens.
  static func withCluster(_ body: (OwnCluster) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "baton-kafka-" + UUID().uuidString.prefix(8))
      .path
    // Off the suite's own cluster, and with room for the ports that the tool takes beside the first.
    let base = ProcessInfo.processInfo.environment["BATON_TEST_KAFKA_PORT"].flatMap { Int($0) } ?? 20_092
    let port =
      base + 400
      + ports.withLock { taken in
        defer { taken += 1 }
        return taken * 10
      }
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
