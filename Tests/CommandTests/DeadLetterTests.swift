import Foundation
import KafkaLog
import Telemetry
import Testing

@Suite("Dead letters that left bytes at their source", .timeLimit(.minutes(2)))
struct DeadLetterTests {
  private static let topic = "baton.q.requests"

  private func headers(_ values: KeyValuePairs<String, String>) -> [RecordHeader] {
    values.map { RecordHeader(name: $0, text: $1) }
  }

  private func letter(at offset: Int64, _ more: KeyValuePairs<String, String>) -> OutgoingRecord {
    OutgoingRecord(
      topic: "baton.dead-letters", value: nil,
      headers: headers([
        "baton_topic": Self.topic, "baton_offset": String(offset), "baton_run": "r\(offset)",
        "baton_kind": "attempts-used-up", "baton_reason": "why",
      ]) + headers(more))
  }

  @Test("show tells where they are, retry takes them from there, and says so when they are gone")
  func journey() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write(
      "baton.yaml",
      """
      kafka: {bootstrap: "${BATON_KAFKA:-none:1}", properties: {fetch.wait.max.ms: 20}}
      queues: {q: {}}
      jobs: {ok: {queue: q, run: ["/bin/true"], params: {a: {type: string}}}}
      """)
    let broker = try plain.start("embedded-broker")
    let address = try #require(await broker.line("127.0.0.1:"))
    let tool = plain.with(["BATON_KAFKA": address])
    var settings = KafkaSettings(bootstrap: address)
    settings.properties = ["compression.type": "gzip", "message.max.bytes": "100000000"]
    let producer = try Producer(settings: settings, logger: .discarding)
    let reader = try LogReader(settings: KafkaSettings(bootstrap: address), logger: .discarding)
    let attributes = headers([
      "ce_specversion": "1.0", "ce_type": "baton.request", "ce_source": "/t", "ce_id": "r0", "trace": "4711",
      "baton_own": "the sender's",
    ])
    let request = Array(#"{"job":"ok","params":{"a":"b"}}"#.utf8)
    _ = try await producer.send(OutgoingRecord(topic: Self.topic, value: request, headers: attributes))
    let giant = [UInt8](repeating: 32, count: 30 << 20)
    _ = try await producer.send(OutgoingRecord(topic: Self.topic, value: giant, headers: attributes))
    let appended = try #require(
      try await reader.records(of: TopicPartition(topic: Self.topic), from: 0, to: 1).next()?.first
    ).timestampMilliseconds
    let seconds = Date(timeIntervalSince1970: Double(appended / 1_000)).formatted(.iso8601).dropLast()
    let time = "\(seconds).\(String(1_000 + appended % 1_000).dropFirst())Z"
    for record in [
      letter(at: 0, ["baton_dropped": "value=31,headers=140", "baton_appended": time]),
      letter(at: 7, ["baton_dropped": "value=31", "baton_appended": time]),
      letter(at: 0, ["baton_dropped": "value=31", "baton_appended": "2020-01-01T00:00:00.000Z", "baton_run": "other"]),
    ] { _ = try await producer.send(record) }

    let show = try await tool("dead", "show", "0")
    for words in [
      "31 bytes, not in this letter", "value=31,headers=140", "--topic \(Self.topic) --partition 0 --offset 0",
    ] {
      #expect(show.output.contains(words), "\(show)")
    }
    let facts = try #require(try await tool("dead", "show", "0", "--json").objects().first)
    #expect((facts["dropped"] as? [String: Int]) == ["value": 31, "headers": 140])
    #expect(facts["stillOnTopic"] as? Bool == true)
    #expect(try await tool("dead", "show", "1").output.contains("these bytes are gone"))

    let again = try await tool("dead", "retry", "0", "--json")
    let offset = try #require(try again.objects().first?["offset"] as? Int64, "\(again)")
    let record = try #require(
      try await reader.records(of: TopicPartition(topic: Self.topic), from: offset, to: offset + 1).next()?.first)
    #expect(String(decoding: record.value ?? [], as: UTF8.self).contains(#""params":{"a":"b"}"#))
    for header in attributes.suffix(2) { #expect(record.headers.contains(header)) }
    for number in ["1", "2"] {
      let refused = try await tool("dead", "retry", number)
      #expect(refused.status == 1 && refused.errors.contains("no longer has the record"), "\(refused)")
    }

    // One that a worker has made.
    let worker = try tool.start("worker", "--name", "GREEN")
    #expect(try await tool("follow", "r0", "--json").status == 0)
    _ = try #require(await worker.line("run failed"))
    let made = try await tool("dead", "show", "3")
    #expect(made.output.contains("31457280 bytes, not in this letter"), "\(made)")
    let unreadable = try await tool("dead", "retry", "3")
    #expect(unreadable.status == 1 && unreadable.errors.contains("no request: the value has 31457280 bytes"))
    #expect(try await tool("runs", "--json").status == 0)
    worker.signal(SIGTERM)
    await worker.end()
    await producer.close()
    await reader.close()
    broker.closeInput()
    await broker.end()
  }
}
