/// A topic as the cluster should have it.
public struct TopicDeclaration: Sendable, Hashable {
  /// The topic's name.
  public var name: String
  /// Always 1: a second partition would let two workers run at once.
  public var partitions: Int
  /// nil for the cluster's own default.
  public var replicationFactor: Int?
  /// Topic settings by Kafka's names. Others may have any value.
  public var configs: [String: String]

  /// A topic.
  public init(name: String, partitions: Int = 1, replicationFactor: Int? = nil, configs: [String: String]) {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configs = configs
  }

  /// All topics of a configuration: two a queue in the order of the file, then the shared ones.
  public static func declarations(for configuration: Configuration) -> [TopicDeclaration] {
    configuration.queueOrder.flatMap { queue in
      [requests(configuration.requestsTopic(queue)), events(configuration.eventsTopic(queue))]
    } + [control(configuration.controlTopic), deadLetters(configuration.deadLettersTopic)]
  }

  static let requestRetentionMilliseconds: Int64 = 30 * 86_400_000
  private static let eventRetentionMilliseconds: Int64 = 90 * 86_400_000

  private static func requests(_ name: String) -> TopicDeclaration {
    TopicDeclaration(name: name, configs: deleted(after: requestRetentionMilliseconds, maximumBytes: 2 << 20))
  }

  private static func events(_ name: String) -> TopicDeclaration {
    TopicDeclaration(name: name, configs: deleted(after: eventRetentionMilliseconds, maximumBytes: 2 << 20))
  }

  private static func control(_ name: String) -> TopicDeclaration {
    var configs = common(maximumBytes: 2 << 20)
    configs["cleanup.policy"] = "compact"
    return TopicDeclaration(name: name, configs: configs)
  }

  /// A dead letter carries the record that died, encoded, and so must be allowed to be larger than it.
  private static func deadLetters(_ name: String) -> TopicDeclaration {
    TopicDeclaration(name: name, configs: deleted(after: eventRetentionMilliseconds, maximumBytes: 4 << 20))
  }

  private static func deleted(after milliseconds: Int64, maximumBytes: Int) -> [String: String] {
    var configs = common(maximumBytes: maximumBytes)
    configs["cleanup.policy"] = "delete"
    configs["retention.ms"] = String(milliseconds)
    return configs
  }

  /// The broker's clock stamps every record, so that retention and the deduplication window do not hang on senders'.
  private static func common(maximumBytes: Int) -> [String: String] {
    ["message.timestamp.type": "LogAppendTime", "max.message.bytes": String(maximumBytes)]
  }
}
