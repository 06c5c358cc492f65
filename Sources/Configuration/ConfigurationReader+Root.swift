extension ConfigurationReader {
  /// The whole file; nil if anything was reported.
  func configuration(_ root: YAMLNode) -> Configuration? {
    let start = Mark(line: 1, column: 1)
    let keys = ["kafka", "queues", "connections", "jobs", "worker", "scheduler"]
    guard let section = section(root, "the configuration", at: start, keys: keys) else { return nil }
    let kafka = required("kafka", of: section, example: "kafka: {bootstrap: \"localhost:9092\"}") { node, _ in
      kafkaOptions(node, at: section.entry("kafka")?.mark ?? node.mark)
    }
    let queueEntries = names("queues", of: section, "queue")
    let connectionEntries = names("connections", of: section, "connection")
    let jobEntries = names("jobs", of: section, "job")

    var queues: [String: QueueOptions] = [:]
    for entry in queueEntries { queues[entry.key] = queue(entry) }
    var connections: [String: Connection] = [:]
    for entry in connectionEntries { connections[entry.key] = connection(entry) }
    let scheduler = section.entry("scheduler").map { self.scheduler($0) } ?? SchedulerOptions()
    let declared = Declared(
      queues: queueEntries.map(\.key), connectionNames: connectionEntries.map(\.key), connections: connections,
      jobs: jobEntries.map(\.key), zone: scheduler.zone)
    var jobs: [String: JobDefinition] = [:]
    for entry in jobEntries { jobs[entry.key] = job(entry, declared) }
    checkChains(jobEntries, jobs)
    checkTargets(jobEntries, jobs, connections)
    checkHorizon(scheduler, at: section.entry("scheduler"), queueEntries, queues, jobs)
    let worker = section.entry("worker").map { self.worker($0) } ?? WorkerOptions()

    guard problems.isEmpty, let kafka else { return nil }
    var configuration = Configuration(
      kafka: kafka, queues: queues, connections: connections, jobs: jobs, worker: worker, file: file)
    configuration.queueOrder = queueEntries.map(\.key)
    configuration.jobOrder = jobEntries.map(\.key)
    configuration.scheduler = scheduler
    return configuration
  }

  /// What jobs may refer to. A connection that is wrong in itself is declared all the same.
  struct Declared {
    var queues: [String]
    var connectionNames: [String]
    var connections: [String: Connection]
    var jobs: [String]
    /// The time zone of schedules that name none.
    var zone: String
  }

  private func names(_ key: String, of section: Section, _ noun: String) -> [YAMLEntry] {
    guard let entry = section.entry(key) else { return [] }
    return named(entries(entry.value, "'\(key)'"), noun)
  }

  private func queue(_ entry: YAMLEntry) -> QueueOptions {
    let title = "queue '\(entry.key)'"
    let section = section(entry.value, title, at: entry.mark, keys: ["deduplication", "description"])
    var options = QueueOptions()
    let retention = TopicDeclaration.requestRetentionMilliseconds
    if let value = value("deduplication", of: section, { duration($0, $1, minimum: 1000, maximum: retention) }) {
      options.deduplicationMilliseconds = value
    }
    options.description = value("description", of: section) { string($0, $1) }
    return options
  }

  private func worker(_ entry: YAMLEntry) -> WorkerOptions {
    let keys = ["name", "session-timeout", "shutdown", "log"]
    let section = section(entry.value, "worker", at: entry.mark, keys: keys)
    var options = WorkerOptions()
    options.name = value("name", of: section) { name($0, $1, allowsCapitals: true) }
    if let value = value("session-timeout", of: section, { duration($0, $1, minimum: 1000, maximum: 1_800_000) }) {
      options.sessionTimeoutMilliseconds = value
    }
    if let value = value("shutdown", of: section, { duration($0, $1) }) { options.shutdownMilliseconds = value }
    if let log = section?.entry("log") {
      let section = self.section(log.value, "log of worker", at: log.mark, keys: ["level", "format"])
      options.log.level = value("level", of: section) { choice($0, $1) } ?? options.log.level
      options.log.format = value("format", of: section) { choice($0, $1) } ?? options.log.format
    }
    return options
  }

  private func kafkaOptions(_ node: YAMLNode, at mark: Mark) -> KafkaOptions? {
    let keys = ["bootstrap", "properties", "group", "prefix"]
    let section = section(node, "kafka", at: mark, keys: keys)
    let bootstrap = required("bootstrap", of: section, example: "bootstrap: \"localhost:9092\"") {
      self.bootstrap($0, $1)
    }
    let properties = section?.entry("properties").map { self.properties($0.value) } ?? []
    let group = value("group", of: section) { name($0, $1, allowsCapitals: true) }
    let prefix = value("prefix", of: section) { name($0, $1) }
    guard let bootstrap else { return nil }
    return KafkaOptions(
      bootstrap: bootstrap, properties: properties, group: group ?? "baton", prefix: prefix ?? "baton")
  }

  private func bootstrap(_ node: YAMLNode, _ label: String) -> String? {
    guard let text = string(node, label) else { return nil }
    let brokers = text.split(separator: ",", omittingEmptySubsequences: false).map { broker in
      String(broker.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    for broker in brokers {
      let port = broker.lastIndex(of: ":").map { broker[broker.index(after: $0)...] }
      let isPort = port.map { $0.hasSuffix("]") || (Int($0).map { (1...65_535).contains($0) } ?? false) } ?? true
      guard !broker.isEmpty, !broker.hasPrefix(":"), !broker.contains(where: \.isWhitespace), isPort else {
        report(node.mark, "\(label) is no list of brokers", "write 'host:port', several of them with commas between")
        return nil
      }
    }
    return brokers.joined(separator: ",")
  }

  private func properties(_ node: YAMLNode) -> [KafkaProperty] {
    var properties: [KafkaProperty] = []
    for entry in entries(node, "'properties' in kafka") ?? [] {
      if let remedy = KafkaProperty.reserved[entry.key] {
        report(entry.mark, "property '\(entry.key)' is set by Baton", remedy)
      } else if let text = text(entry.value, "property '\(entry.key)'") {
        properties.append(KafkaProperty(name: entry.key, value: text.text, isFromFile: text.hasFile))
      }
    }
    return properties
  }
}
