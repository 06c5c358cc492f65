/// How to reach the cluster, and what Baton's names on it begin with.
public struct KafkaOptions: Sendable, Hashable {
  /// `host:port`, several of them with commas between.
  public var bootstrap: String
  /// librdkafka properties in the order of the file; never one that Baton sets itself.
  public var properties: [KafkaProperty]
  /// The consumer group that all workers join.
  public var group: String
  /// What all topics' names begin with.
  public var prefix: String

  /// Options, with the defaults of the file for all but the address.
  public init(bootstrap: String, properties: [KafkaProperty] = [], group: String = "baton", prefix: String = "baton") {
    self.bootstrap = bootstrap
    self.properties = properties
    self.group = group
    self.prefix = prefix
  }
}

/// A librdkafka property. Its value is not shown where it may be a secret.
public struct KafkaProperty: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// Such as `security.protocol`.
  public var name: String
  /// As librdkafka wants it. Show `displayValue` instead.
  public var value: String
  /// Whether the value came from a file of secrets.
  public var isFromFile: Bool

  /// A property.
  public init(name: String, value: String, isFromFile: Bool = false) {
    self.name = name
    self.value = value
    self.isFromFile = isFromFile
  }

  /// Passwords, secrets, `sasl.*`, private keys, and what was read from a file of secrets.
  public var isSecret: Bool {
    let name = name.lowercased()
    return isFromFile || name.contains("password") || name.contains("secret") || name.hasPrefix("sasl.")
      || name.hasSuffix(".key") || name.hasSuffix(".pem")
  }

  /// The value, or `<secret>`.
  public var displayValue: String { isSecret ? "<secret>" : value }
  /// `name=value`, with secrets hidden.
  public var description: String { "\(name)=\(displayValue)" }
  /// As `description`.
  public var debugDescription: String { description }
  /// With secrets hidden, for `dump`.
  public var customMirror: Mirror { Mirror(self, children: ["name": name, "value": displayValue]) }
}

extension KafkaProperty {
  /// What Baton sets itself, because its guarantees rest on it, and what to do instead.
  static let reserved: [String: String] = [
    "bootstrap.servers": "use 'bootstrap' in kafka",
    "metadata.broker.list": "use 'bootstrap' in kafka",
    "group.id": "use 'group' in kafka",
    "group.instance.id": "use 'name' in worker",
    "session.timeout.ms": "use 'session-timeout' in worker",
    "enable.auto.commit": "remove it: an offset is committed when its run is complete",
    "enable.auto.offset.store": "remove it: an offset is committed when its run is complete",
    "partition.assignment.strategy": "remove it: workers hand queues over one at a time",
    "enable.idempotence": "remove it: it is always on",
    "acks": "remove it: it is always 'all'",
    "request.required.acks": "remove it: it is always 'all'",
    "transactional.id": "remove it: Baton uses no transactions",
  ]
}
