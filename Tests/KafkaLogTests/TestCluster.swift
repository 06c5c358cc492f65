import Glibc
import KafkaLog
import Telemetry
import Testing

/// The clusters that the conformance tests run on: always the embedded one, and a real one if its address is given.
enum TestCluster: String, CaseIterable, CustomTestStringConvertible {
  case embedded
  case real

  static var available: [TestCluster] { environment("BATON_TEST_KAFKA") == nil ? [.embedded] : allCases }
  static var hasReal: Bool { environment("BATON_TEST_KAFKA") != nil }

  var testDescription: String { rawValue }

  /// Runs a test on the cluster with a new topic.
  func run(partitions: Int32 = 1, _ test: (ClusterUnderTest) async throws -> Void) async throws {
    let topic = "test-\(UInt64.random(in: 0 ... .max))"
    switch self {
    case .embedded:
      let broker = try EmbeddedBroker(topics: [topic: partitions])
      let settings = KafkaSettings(bootstrap: broker.bootstrap)
      await Result.of { try await test(ClusterUnderTest(settings: settings, topic: topic, broker: broker)) }
        .reported()
      await broker.close()
    case .real:
      let settings = KafkaSettings(bootstrap: try #require(environment("BATON_TEST_KAFKA")))
      let admin = try TopicAdmin(settings: settings, logger: .discarding)
      try await admin.create(
        topic: topic, partitions: partitions, configs: ["message.timestamp.type": "LogAppendTime"])
      // The controller has it; the brokers that are asked next learn of it a little later.
      while try await admin.describe(topics: [topic])[topic]?.partitions != Int(partitions) {
        try Task.checkCancellation()
      }
      await Result.of { try await test(ClusterUnderTest(settings: settings, topic: topic, broker: nil)) }.reported()
      try await admin.delete(topic: topic)
      await admin.close()
    }
  }
}

struct ClusterUnderTest {
  let settings: KafkaSettings
  let topic: String
  /// Nil on a real cluster.
  let broker: EmbeddedBroker?

  var first: TopicPartition { TopicPartition(topic: topic, partition: 0) }
  /// A group of the test's own.
  var group: String { "group-\(topic)" }

  /// Writes records with the values 0, 1, 2 …
  func fill(_ count: Int, from start: Int = 0, partition: Int32 = 0) async throws {
    let producer = try Producer(settings: settings, logger: .discarding)
    let topic = topic
    let records = (start..<start + count).map {
      OutgoingRecord(topic: topic, partition: partition, value: Array(String($0).utf8))
    }
    let results = await withCheckedContinuation { continuation in
      producer.submit(records) { continuation.resume(returning: $0) }
    }
    for result in results { _ = try result.get() }
    await producer.close()
  }

  func withProducer(_ body: (Producer) async throws -> Void) async throws {
    let producer = try Producer(settings: settings, logger: .discarding)
    await Result.of { try await body(producer) }.reported()
    await producer.close()
  }

  func withReader(_ body: (LogReader) async throws -> Void) async throws {
    let reader = try LogReader(settings: settings, logger: .discarding)
    await Result.of { try await body(reader) }.reported()
    await reader.close()
  }

  func withAdmin(_ body: (TopicAdmin) async throws -> Void) async throws {
    let admin = try TopicAdmin(settings: settings, logger: .discarding)
    await Result.of { try await body(admin) }.reported()
    await admin.close()
  }

  func member(instanceID: String? = nil) throws -> Member {
    let events = MemberEvents()
    let consumer = try GroupConsumer(
      settings: settings, group: group, instanceID: instanceID, topics: [topic], logger: .discarding,
      onEvent: events.add)
    return Member(consumer: consumer, events: events)
  }
}

struct Member {
  let consumer: GroupConsumer
  let events: MemberEvents
}

extension Result where Success == Void, Failure == any Error {
  /// Lets a test clean up after an error.
  static func of(_ body: () async throws -> Void) async -> Self {
    do { return .success(try await body()) } catch { return .failure(error) }
  }

  func reported() {
    if case .failure(let error) = self { Issue.record(error) }
  }
}

extension LogRecord {
  var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

extension [LogRecord] {
  var offsets: [Int64] { map(\.offset) }
}

func numbers(_ range: Range<Int>) -> [Int64] { range.map { Int64($0) } }
func numbers(_ range: ClosedRange<Int>) -> [Int64] { range.map { Int64($0) } }
