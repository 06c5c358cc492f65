import Foundation
import KafkaLog
import Telemetry
import Testing

/// A log with whatever records a test wants: what other clients, other versions and people with bad intentions write.
struct Log: Sendable {
  private let producer: Producer

  /// - Parameter tool: whose BATON_KAFKA is meant.
  static func with(_ tool: Tool, _ body: (Log) async throws -> Void) async throws {
    let address = try #require(tool.environment["BATON_KAFKA"])
    let producer = try Producer(
      settings: KafkaSettings(bootstrap: address, clientID: "test"), logger: .discarding)
    do {
      try await body(Log(producer: producer))
    } catch {
      await producer.close(timeoutMilliseconds: 5_000)
      throw error
    }
    await producer.close(timeoutMilliseconds: 5_000)
  }

  @discardableResult
  func send(
    _ topic: String, type: String, id: String = "1", key: String? = nil, more: [(String, String)] = [], _ value: String?
  ) async throws -> Int64 {
    let headers =
      [("ce_specversion", "1.0"), ("ce_type", type), ("ce_id", id), ("ce_source", "/test")] + more
    return try await producer.send(
      OutgoingRecord(
        topic: topic, key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) },
        headers: headers.map { RecordHeader(name: $0.0, text: $0.1) })
    ).offset
  }

  @discardableResult
  func request(_ id: String, queue: String = "q", more: [(String, String)] = [], _ value: String) async throws -> Int64
  {
    try await send("baton.\(queue).requests", type: "baton.request", id: id, more: more, value)
  }

  /// - Parameter members: of the value's object, beside the run, the request's offset and the worker.
  @discardableResult
  func event(
    _ type: String, run: String, at request: Int64, queue: String = "q", _ members: String
  ) async throws -> Int64 {
    try await send(
      "baton.\(queue).events", type: type,
      #"{"run":"\#(run)","request":\#(request),"worker":"GREEN",\#(members)}"#)
  }

  static let started = #""attempt":1,"cause":"first","failures":0,"crashes":0,"rows":0,"waitingThrough":0"#
  static let succeeded = #""attempt":1,"token":0,"rows":0,"chunks":0,"facts":{}"#

  /// Stores the workers' group's place in a topic, as one of them would.
  static func commit(_ offset: Int64, of topic: String, _ tool: Tool) async throws {
    let address = try #require(tool.environment["BATON_KAFKA"])
    let (assigned, continuation) = AsyncStream.makeStream(of: [TopicPartition].self)
    let member = try GroupConsumer(
      settings: KafkaSettings(bootstrap: address, clientID: "test"), group: "baton", topics: [topic],
      logger: .discarding
    ) { event in
      if case .assigned(let partitions) = event { continuation.yield(partitions) }
    }
    for await partitions in assigned where partitions.contains(TopicPartition(topic: topic)) { break }
    do {
      try await member.commit(TopicPartition(topic: topic), offset: offset)
    } catch {
      await member.close()
      throw error
    }
    await member.close()
  }

  func order(key: String, _ members: String) async throws {
    try await send("baton.control", type: "baton.order", key: key, #"{\#(members)}"#)
  }
}

extension Tool {
  /// Runs the body with a broker in memory and this configuration.
  static func withBroker(_ file: String, _ body: (Tool) async throws -> Void) async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", file)
    let broker = try plain.start("embedded-broker")
    try await body(plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))]))
    broker.closeInput()
    await broker.end()
  }
}
