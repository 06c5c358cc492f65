import Configuration
import FoundationEssentials
import Glibc
import KafkaLog
import RunnerProcess
import Telemetry
import Terminal

/// What all parts of the benchmark share: the cluster, the executables, a folder, a host for the worker processes.
struct Bench: Sendable {
  let bootstrap: String
  let baton: String
  /// The program whose first instruction tells a pipe the time.
  let probe: String
  let folder: String
  let host: ProcessHost
  let output: TerminalOutput
  /// Tells this call's topics and groups from those of others on the same cluster.
  let prefix = "bench\(getpid())"

  var settings: KafkaSettings { KafkaSettings(bootstrap: bootstrap, clientID: "baton-benchmark") }
  /// This executable, which is a runner too.
  var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }

  /// Writes a configuration with one queue and makes its topics.
  /// - Parameter job: the job's keys beside its queue, as YAML in flow style.
  func prepare(queue: String, job: String) async throws -> Configuration {
    let file = "\(folder)/\(queue).yaml"
    let yaml = """
      kafka: {bootstrap: "\(bootstrap)", prefix: \(prefix)-\(queue), group: \(prefix)-\(queue)}
      queues: {\(queue): {}}
      jobs:
        work: {queue: \(queue), attempts: 1000, crashes: 1000, backoff: {initial: 50ms, max: 50ms}, \(job)}
      """
    try Data(yaml.utf8).write(to: URL(filePath: file))
    let configuration = try Configuration.load(file: file, environment: [:])
    let admin = try TopicAdmin(settings: settings, logger: .discarding)
    for topic in TopicDeclaration.declarations(for: configuration) {
      try await admin.create(topic: topic.name, configs: topic.configs)
    }
    await admin.close()
    return configuration
  }

  func makeTopic(_ name: String) async throws -> TopicPartition {
    let admin = try TopicAdmin(settings: settings, logger: .discarding)
    try await admin.create(topic: name)
    await admin.close()
    return TopicPartition(topic: name)
  }

  func say(_ text: String) {
    output.line(text)
    output.flush()
  }
}
