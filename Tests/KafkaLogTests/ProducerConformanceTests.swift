import KafkaLog
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ProducerConformanceTests {
  @Test(arguments: TestCluster.available)
  func sendGivesOffsetAndTime(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.withProducer { producer in
        let first = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [1]))
        let second = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [2]))
        #expect(first.offset == 0)
        #expect(second.offset == 1)
        #expect(first.topic == cluster.topic)
        // Milliseconds between 2020 and 2286, not seconds or nanoseconds. The embedded broker's clock always says 1234.
        if cluster.broker == nil {
          #expect((1_577_836_800_000..<10_000_000_000_000).contains(first.timestampMilliseconds))
        }
        #expect(second.timestampMilliseconds >= first.timestampMilliseconds)
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func submitKeepsTheOrderOfCalls(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.withProducer { producer in
        let topic = cluster.topic
        let order = Mutex([Int]())
        let offsets = await withTaskGroup(of: (Int, [Int64]).self) { group in
          for call in 0..<50 {
            let (stream, results) = AsyncStream.makeStream(of: [Int64].self)
            producer.submit(
              (0..<3).map { OutgoingRecord(topic: topic, value: Array("\(call * 3 + $0)".utf8)) }
            ) { deliveries in
              order.withLock { $0.append(call) }
              results.yield(deliveries.map { (try? $0.get().offset) ?? -1 })
              results.finish()
            }
            group.addTask {
              for await offsets in stream { return (call, offsets) }
              return (call, [])
            }
          }
          return await group.reduce(into: [Int: [Int64]]()) { $0[$1.0] = $1.1 }
        }
        #expect((0..<50).flatMap { offsets[$0] ?? [] } == numbers(0..<150))
        #expect(order.withLock { $0 } == Array(0..<50))
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func keysValuesAndHeadersComeBackAsTheyWere(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      let odd: [UInt8] = [0xff, 0x00, 0xc3, 0x28]
      let headers = [
        RecordHeader(name: "ce_id", text: "a"), RecordHeader(name: "null", value: nil),
        RecordHeader(name: "empty", value: []), RecordHeader(name: "ce_id", value: odd),
      ]
      let sent = [
        OutgoingRecord(topic: cluster.topic, key: odd, value: odd, headers: headers),
        OutgoingRecord(topic: cluster.topic, key: nil, value: nil),
        OutgoingRecord(topic: cluster.topic, key: [], value: []),
      ]
      try await cluster.withProducer { producer in
        for record in sent { _ = try await producer.send(record) }
      }
      try await cluster.withReader { reader in
        let read = try await reader.all(cluster.first)
        #expect(read.map(\.key) == sent.map(\.key))
        #expect(read.map(\.value) == sent.map(\.value))
        #expect(read.map(\.headers) == sent.map(\.headers))
        #expect(read.map(\.offset) == [0, 1, 2])
      }
    }
  }

  @Test func whatTheBrokerRefusesForNowIsSentAgainAndStoredOnce() async throws {
    try await TestCluster.embedded.run { cluster in
      let broker = try #require(cluster.broker)
      try await cluster.withProducer { producer in
        _ = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [0]))
        // NOT_ENOUGH_REPLICAS, NOT_LEADER_FOR_PARTITION.
        await broker.failNextRequests(0, with: [19, 6])
        let second = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [1]))
        #expect(second.offset == 1)
        // TOPIC_AUTHORIZATION_FAILED: trying again would not help.
        await broker.failNextRequests(0, with: [29])
        let refused = await #expect(throws: KafkaError.self) {
          _ = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [2]))
        }
        #expect(refused?.isForbidden == true)
        #expect(refused?.isRetriable == false)
      }
      try await cluster.withReader { reader in
        let offsets = try await reader.all(cluster.first).offsets
        #expect(offsets == [0, 1])
      }
    }
  }

  @Test func aBrokerThatRefusesForAWhileGetsWhatWaited() async throws {
    try await TestCluster.embedded.run { cluster in
      let broker = try #require(cluster.broker)
      try await cluster.withProducer { producer in
        _ = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [0]))
        // Not the leader any more, twice: the producer looks for the leader and sends again.
        await broker.failNextRequests(0, with: [6, 6])
        let delivery = try await producer.send(OutgoingRecord(topic: cluster.topic, value: [1]))
        #expect(delivery.offset == 1)
      }
    }
  }

  @Test func anUnreachableClusterFailsWithAReason() async throws {
    let settings = KafkaSettings(bootstrap: "127.0.0.1:1", properties: ["message.timeout.ms": "300"])
    let producer = try Producer(settings: settings, logger: .discarding)
    let error = await #expect(throws: KafkaError.self) {
      _ = try await producer.send(OutgoingRecord(topic: "t", value: [1]))
    }
    #expect(error?.isTimeout == true)
    #expect(error?.isRetriable == true)
    #expect(error?.isFatal == false)
    #expect(error?.doing == "send to t[0]")
    await producer.close()
  }

  @Test func closingGivesUpAfterItsTimeAndFailsWhatIsLeft() async throws {
    let producer = try Producer(settings: KafkaSettings(bootstrap: "127.0.0.1:1"), logger: .discarding)
    let (stream, results) = AsyncStream.makeStream(of: [Result<Delivery, KafkaError>].self)
    producer.submit([OutgoingRecord(topic: "t", value: [1]), OutgoingRecord(topic: "t", value: [2])]) {
      results.yield($0)
      results.finish()
    }
    await producer.close(timeoutMilliseconds: 50)
    for await all in stream {
      #expect(all.count == 2)
      for result in all { #expect(throws: KafkaError.self) { _ = try result.get() } }
    }
    let error = await #expect(throws: KafkaError.self) {
      _ = try await producer.send(OutgoingRecord(topic: "t", value: [1]))
    }
    #expect(error?.isClosed == true)
    await producer.close()
  }

  @Test func aWrongPropertyIsNamedAndASecretValueIsNot() throws {
    var settings = KafkaSettings(bootstrap: "127.0.0.1:1", properties: ["no.such.property": "1"])
    let unknown = #expect(throws: KafkaError.self) { _ = try Producer(settings: settings, logger: .discarding) }
    #expect(unknown?.description.contains("no.such.property") == true)

    settings.properties = ["ssl.key.pem": "hunter2", "security.protocol": "ssl"]
    let secret = #expect(throws: KafkaError.self) { _ = try Producer(settings: settings, logger: .discarding) }
    #expect(secret?.description.contains("hunter2") == false)
    #expect(settings.description.contains("hunter2") == false)
  }
}

extension LogReader {
  /// All records that the partition has.
  func all(_ partition: TopicPartition) async throws -> [LogRecord] {
    let bounds = try await bounds(of: partition)
    return try await stretch(partition, bounds.start, bounds.end)
  }

  func stretch(_ partition: TopicPartition, _ from: Int64, _ to: Int64) async throws -> [LogRecord] {
    var collected: [LogRecord] = []
    for try await batch in records(of: partition, from: from, to: to) { collected += batch }
    return collected
  }

  func offsets(_ partition: TopicPartition, _ from: Int64, _ to: Int64) async throws -> [Int64] {
    try await stretch(partition, from, to).offsets
  }
}
