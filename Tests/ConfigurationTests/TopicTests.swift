import Dispatch
import FoundationEssentials
import Testing

@testable import Configuration

@Suite("Topics: the declarations and the files in topics/")
struct TopicTests {
  static let folder: String = {
    let path = #filePath.split(separator: "/").dropLast(3)
    return "/" + path.joined(separator: "/") + "/topics"
  }()

  @Test("topics.yaml says what the program declares")
  func sameAsFile() throws {
    let text = try TextFile.read(Self.folder + "/topics.yaml", limit: 1 << 20)
    var problems: [String] = []
    let root = try #require(YAMLReader.read(text) { mark, message, _ in problems.append("\(mark.line): \(message)") })
    #expect(problems.isEmpty)
    guard case .mapping(let top) = root.content, case .sequence(let items) = top.first?.value.content else {
      Issue.record("not a list of topics")
      return
    }
    let written = items.map { item in
      var topic = TopicDeclaration(name: "", partitions: 0, configs: [:])
      guard case .mapping(let entries) = item.content else { return topic }
      for entry in entries {
        switch (entry.key, entry.value.content) {
        case ("name", .scalar(let scalar)): topic.name = scalar.text
        case ("partitions", .scalar(let scalar)): topic.partitions = Int(scalar.text) ?? 0
        case ("configs", .mapping(let configs)):
          for config in configs {
            if case .scalar(let scalar) = config.value.content { topic.configs[config.key] = scalar.text }
          }
        case ("schema", .scalar(let scalar)):
          #expect(FileManager.default.fileExists(atPath: Self.folder + "/" + scalar.text))
        default: Issue.record("'\(entry.key)' is nothing that a topic has")
        }
      }
      return topic
    }
    var configuration = Configuration(
      kafka: KafkaOptions(bootstrap: "a", prefix: "<prefix>"), queues: ["<queue>": QueueOptions()])
    #expect(TopicDeclaration.declarations(for: configuration) == written)
    configuration.queues = [:]
    configuration.queueOrder = []
    #expect(TopicDeclaration.declarations(for: configuration) == Array(written.dropFirst(2)))
  }

  @Test("a request is kept as long as its id is remembered")
  func deduplicationFitsRetention() throws {
    let configuration = try parse("kafka: {bootstrap: a}\nqueues: {q: {deduplication: 30d}}")
    let requests = try #require(TopicDeclaration.declarations(for: configuration).first)
    let retention = try #require(requests.configs["retention.ms"].flatMap { Int64($0) })
    #expect(configuration.queues["q"]?.deduplicationMilliseconds == retention)
  }

  @Test("schemas are JSON of the 2020-12 draft", arguments: ["request", "event", "control", "dead-letter"])
  func schemas(name: String) throws {
    let text = try TextFile.read(Self.folder + "/\(name).schema.json", limit: 1 << 20)
    let schema = try Array(text.utf8).withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      try reader.readObject()
      return reader.members.mapValues(\.value)
    }
    #expect(schema["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
    #expect(schema["$id"] == .string("\(name).schema.json"))
  }
}
