/// How to reach a cluster. Printing it shows no property values, since some of them are passwords.
public struct KafkaSettings: Sendable, CustomStringConvertible {
  /// `host:port`, several with commas between.
  public var bootstrap: String
  /// Any librdkafka property; these override everything this module sets by itself.
  public var properties: [String: String]
  /// What the brokers' logs call this client.
  public var clientID: String
  /// How long one question to the cluster (metadata, offsets, administration) may take, in milliseconds.
  public var operationTimeoutMilliseconds: Int
  /// How long a topic that no broker knows may still be one that was just made, in milliseconds.
  public var newTopicMilliseconds = 3_000

  /// Names a cluster; nothing is connected yet.
  public init(
    bootstrap: String, properties: [String: String] = [:], clientID: String = "baton",
    operationTimeoutMilliseconds: Int = 15_000
  ) {
    self.bootstrap = bootstrap
    self.properties = properties
    self.clientID = clientID
    self.operationTimeoutMilliseconds = operationTimeoutMilliseconds
  }

  /// The address and the names of the properties.
  public var description: String {
    "KafkaSettings(bootstrap: \(bootstrap), clientID: \(clientID), properties: \(properties.keys.sorted()))"
  }
}
