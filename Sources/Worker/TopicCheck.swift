import Configuration
import Dispatch
import KafkaLog

/// What keeps a worker from starting, with the remedy.
public struct WorkerError: Error, Sendable, Hashable, CustomStringConvertible {
  public var description: String
}

/// Refuses topics under which the promise would not hold.
public struct TopicCheck: Sendable {
  let configuration: Configuration

  public init(configuration: Configuration) { self.configuration = configuration }

  /// - Throws: `WorkerError` for a topic that is missing or has more than one partition.
  public func run(reader: LogReader) async throws {
    var topics = [configuration.controlTopic, configuration.deadLettersTopic]
    for queue in configuration.queueOrder {
      topics += [configuration.requestsTopic(queue), configuration.eventsTopic(queue)]
    }
    for topic in topics {
      guard let count = try await reader.partitionCount(of: topic) else {
        throw WorkerError(
          description: "topic '\(topic)' does not exist: create the topics with `baton topics apply`")
      }
      guard count == 1 else {
        throw WorkerError(
          description:
            "topic '\(topic)' has \(count) partitions and must have exactly one: with more, two workers would "
            + "run its requests at once. Kafka cannot take partitions away: choose another queue name or `kafka.prefix`, or "
            + "delete the topic and run `baton topics apply`")
      }
    }
  }
}

extension KafkaSettings {
  /// The connection that the configuration describes.
  public init(_ configuration: Configuration, clientID: String) {
    self.init(
      bootstrap: configuration.kafka.bootstrap,
      properties: Dictionary(
        configuration.kafka.properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }),
      clientID: clientID)
  }
}
