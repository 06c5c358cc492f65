/// A topic to be made.
public struct TopicSpecification: Sendable, Hashable {
  /// The topic's name.
  public var name: String
  /// How many partitions.
  public var partitions: Int32
  /// How many brokers keep a copy; -1 leaves that to the cluster.
  public var replicationFactor: Int32
  /// The topic's configuration where it differs from the cluster's: `["cleanup.policy": "compact"]`.
  public var configuration: [String: String]

  /// A topic of one partition, unless said otherwise.
  public init(name: String, partitions: Int32 = 1, replicationFactor: Int32 = -1, configuration: [String: String] = [:])
  {
    self.name = name
    self.partitions = partitions
    self.replicationFactor = replicationFactor
    self.configuration = configuration
  }
}

/// A topic as the cluster has it.
public struct TopicDescription: Sendable, Hashable {
  /// One setting of a topic.
  public struct Setting: Sendable, Hashable {
    /// The value in force; nil if the cluster keeps it to itself.
    public let value: String?
    /// It was set on this topic, not inherited from the cluster.
    public let isOwn: Bool

    /// A setting made by hand, as tests do.
    public init(value: String?, isOwn: Bool) {
      self.value = value
      self.isOwn = isOwn
    }
  }

  /// The topic's name.
  public let name: String
  /// How many partitions.
  public let partitions: Int32
  /// How many brokers keep a copy of the partition that has the fewest.
  public let replicationFactor: Int32
  /// Partitions without a leader cannot be used at present.
  public let partitionsWithoutLeader: [Int32]
  /// By name; empty if the broker does not tell (the embedded one does not).
  public let configuration: [String: Setting]
}
