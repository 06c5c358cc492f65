import Dispatch
import KafkaLog
import Messages
import Testing
import Worker

@Suite("Records that are small on the wire and large unpacked", .timeLimit(.minutes(2)))
struct GiantRecordTests {
  private static let size = 30 << 20
  private static let giant = [UInt8](repeating: 32, count: size)

  /// Sends records as a client does that compresses and has no small limit of its own.
  private func send(_ records: [RawRecord], _ rig: Rig, packed compression: String = "gzip") async throws {
    var settings = rig.settings
    settings.properties["compression.type"] = compression
    settings.properties["message.max.bytes"] = "1000000000"
    let producer = try Producer(settings: settings, logger: .discarding)
    for record in records {
      _ = try await producer.send(OutgoingRecord(topic: rig.configuration.requestsTopic("q"), record))
    }
    await producer.close()
  }

  @Test("its dead letter leaves the large parts at their source, and the queue goes on", arguments: Cluster.all)
  func giants(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: DecisionTests.quick) { rig in
      func request(_ id: String, _ change: (inout RawRecord) -> Void) -> RawRecord {
        var record = RequestCodec.encode(Request(id: id, job: "quick"), source: "/test")
        record.headers.append(.init(name: "baton_run", value: Array("the sender's".utf8)))
        change(&record)
        return record
      }
      let sent = [
        request("value") { $0.value = Self.giant },
        request("headers") { $0.headers.append(.init(name: "h", value: Self.giant)) },
        RawRecord(key: Self.giant, value: Self.giant),
        request("key") { $0.key = Self.giant },
      ]
      try await send(sent, rig)
      try await rig.enqueue("quick", id: "after")
      _ = try rig.start("GREEN")
      // A request's key is of no importance, whatever its size.
      #expect(try await rig.ended("key").end.kind == "succeeded")
      #expect(try await rig.ended("after").end.kind == "succeeded")
      let letters = try await rig.deadLetters()
      try #require(letters.count == 3)
      let sizes: [RawRecord.LeftOut] = [
        .init(value: Self.size), .init(headers: letters[1].original.leftOut.headers),
        .init(key: Self.size, value: Self.size),
      ]
      #expect((letters[1].original.leftOut.headers ?? 0) > Self.size)
      for (index, (letter, sent)) in zip(letters, sent).enumerated() {
        let leftOut = sizes[index]
        #expect(letter.original.leftOut == leftOut && letter.kind == "unreadable")
        #expect(letter.original.key == (leftOut.key == nil ? sent.key : nil))
        #expect(letter.original.value == (leftOut.value == nil ? sent.value : nil))
        #expect(letter.original.headers == (leftOut.headers == nil ? sent.headers : []))
        #expect(letter.offset == Int64(index) && letter.reason.contains("bytes") || index == 2)
        // The bytes are where the letter says.
        let partition = TopicPartition(topic: letter.topic)
        let source = try await rig.reader.records(of: partition, from: letter.offset, to: letter.offset + 1).next()
        #expect(source?.first?.raw == sent && source?.first?.appended == letter.appended)
      }
      try await rig.expectCleanAudit()
    }
  }

  @Test("one that unpacks to more than the client library takes by default does not stop the queue")
  func hugeOne() async throws {
    try await Rig.run(.embedded, jobs: DecisionTests.quick) { rig in
      let size = 120 << 20
      try await send([RawRecord(value: [UInt8](repeating: 32, count: size))], rig, packed: "zstd")
      try await rig.enqueue("quick", id: "after")
      _ = try rig.start("GREEN")
      #expect(try await rig.ended("after").end.kind == "succeeded")
      #expect(try await rig.deadLetters().first?.original.leftOut == .init(value: size))
    }
  }

  @Test("a dead-letters topic that takes less than it should gets the letter without the request's bytes")
  func smallTopic() async throws {
    try await Rig.run(.embedded, jobs: DecisionTests.quick) { rig in
      let bad = RawRecord(key: [1], value: [2, 3], headers: [.init(name: "h", value: [4])])
      try await rig.send(bad, to: rig.configuration.requestsTopic("q"))
      // MSG_SIZE_TOO_LARGE, to the next that produces: the letter goes before all else.
      await rig.failNextRequests(0, with: [10])
      _ = try rig.start("GREEN")
      #expect(try await rig.ended("offset-0").end.kind == "failed")
      let letter = try #require(try await rig.deadLetters().first)
      #expect(letter.original == RawRecord(leftOut: .init(key: 1, value: 2, headers: 12)))
      #expect(letter.offset == 0 && letter.kind == "unreadable")
      try await rig.expectCleanAudit()
    }
  }

  @Test("log-append times that are none do not matter", arguments: [Int64.min, -1, .max])
  func appended(_ milliseconds: Int64) {
    let record = LogRecord(topic: "t", offset: 0, timestampMilliseconds: milliseconds, value: nil)
    #expect(Timestamp(rfc3339: record.appended.description) == record.appended)
    #expect((record.appended + .max).milliseconds > 0 && (record.appended + .min).milliseconds < 0)
  }
}
