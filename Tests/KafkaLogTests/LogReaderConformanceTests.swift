import KafkaLog
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct LogReaderConformanceTests {
  @Test(arguments: TestCluster.available)
  func boundsOfAnEmptyAndOfAFilledLog(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.withReader { reader in
        #expect(try await reader.bounds(of: cluster.first) == LogBounds(start: 0, end: 0))
        #expect(try await reader.all(cluster.first).isEmpty)
        try await cluster.fill(7)
        #expect(try await reader.bounds(of: cluster.first) == LogBounds(start: 0, end: 7))
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func readsExactlyTheStretch(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(1700)
      try await cluster.withReader { reader in
        let texts = try await reader.stretch(cluster.first, 0, 1700).map(\.text)
        #expect(texts == (0..<1700).map { String($0) })
        #expect(try await reader.offsets(cluster.first, 3, 5) == [3, 4])
        // A second reading of the same partition from an earlier offset gets nothing of the first.
        #expect(try await reader.offsets(cluster.first, 0, 2) == [0, 1])
        #expect(try await reader.stretch(cluster.first, 5, 5).isEmpty)
        #expect(try await reader.offsets(cluster.first, 1699, 5000) == [1699])
        #expect(try await reader.stretch(cluster.first, 1700, 5000).isEmpty)
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func twoReadingsOfOnePartitionAtOnce(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(300)
      try await cluster.withReader { reader in
        async let low = reader.stretch(cluster.first, 0, 200)
        async let high = reader.stretch(cluster.first, 100, 300)
        let (lower, higher) = try await (low, high)
        #expect(lower.offsets == numbers(0..<200))
        #expect(higher.offsets == numbers(100..<300))
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func anOffsetThatTheLogDoesNotHaveIsAnError(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(3)
      try await cluster.withReader { reader in
        let error = await #expect(throws: KafkaError.self) { _ = try await reader.stretch(cluster.first, 50, 60) }
        #expect(error?.isOffsetOutOfRange == true)
        #expect(error?.description.contains("\(cluster.first)") == true)
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func smallBatchesAndQuestionsInBetweenLoseNothing(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(40)
      try await cluster.withReader { reader in
        let low = reader.records(of: cluster.first, from: 0, to: 40)
        let high = reader.records(of: cluster.first, from: 20, to: 40)
        var seen: [Int64] = []
        while let batch = try await low.next(max: 7) {
          #expect(batch.count <= 7)
          seen += batch.map(\.offset)
          _ = try await high.next(max: 1)
          #expect(try await reader.bounds(of: cluster.first).end == 40)
        }
        #expect(seen == numbers(0..<40))
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func partitionCountOfATopic(_ cluster: TestCluster) async throws {
    try await cluster.run(partitions: 3) { cluster in
      try await cluster.withReader { reader in
        let count = try await reader.partitionCount(of: cluster.topic)
        #expect(count == 3)
        // The embedded broker makes what is asked for.
        if cluster.broker == nil {
          let none = try await reader.partitionCount(of: "\(cluster.topic)-none")
          #expect(none == nil)
        }
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func offsetByTime(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(3)
      try await cluster.withReader { reader in
        let records = try await reader.all(cluster.first)
        let last = try #require(records.last)
        #expect(try await reader.offset(of: cluster.first, atOrAfter: 0) == 0)
        #expect(try await reader.offset(of: cluster.first, atOrAfter: last.timestampMilliseconds + 1) == 3)
        let first = try #require(records.first { $0.timestampMilliseconds == last.timestampMilliseconds })
        #expect(
          try await reader.offset(of: cluster.first, atOrAfter: last.timestampMilliseconds) == first.offset)
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func followerWaitsForNewRecords(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(3)
      try await cluster.withReader { reader in
        let follower = reader.follow(cluster.first, from: 1)
        var seen: [Int64] = []
        while seen.count < 2 { seen += try await follower.next(max: 1)?.map(\.offset) ?? [] }
        #expect(seen == [1, 2])
        async let more = follower.next()
        try await cluster.fill(1, from: 3)
        // A reading of the same partition is not held up by the follower that waits.
        #expect(try await reader.offsets(cluster.first, 0, 3) == [0, 1, 2])
        let came = try await more
        #expect(came?.map(\.text) == ["3"])
        await reader.close()
        await #expect(throws: KafkaError.self) { _ = try await follower.next() }
      }
    }
  }

  @Test(arguments: TestCluster.available)
  func cancellingAFollowersWaitLosesNothing(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.withReader { reader in
        let follower = reader.follow(cluster.first, from: 0)
        let waiting = Task { try await follower.next() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        try await cluster.fill(3)
        var seen: [Int64] = []
        while seen.count < 3 { seen += try await follower.next()?.map(\.offset) ?? [] }
        #expect(seen == [0, 1, 2])
      }
    }
  }

  @Test func anUnreachableClusterFailsWithAReason() async throws {
    let settings = KafkaSettings(bootstrap: "127.0.0.1:1", operationTimeoutMilliseconds: 300)
    let reader = try LogReader(settings: settings, logger: .discarding)
    let partition = TopicPartition(topic: "t")
    let bounds = await #expect(throws: KafkaError.self) { _ = try await reader.bounds(of: partition) }
    #expect(bounds?.isTimeout == true || bounds?.isUnreachable == true)
    #expect(bounds?.description.contains("127.0.0.1:1") == true)
    let reading = await #expect(throws: KafkaError.self) { _ = try await reader.stretch(partition, 0, 1) }
    #expect(reading?.isTimeout == true)
    #expect(reading?.description.contains("127.0.0.1:1") == true)
    await reader.close()
  }

  @Test func aCancelledQuestionReturnsAtOnce() async throws {
    let settings = KafkaSettings(bootstrap: "127.0.0.1:1", operationTimeoutMilliseconds: 2_000)
    let reader = try LogReader(settings: settings, logger: .discarding)
    let asking = Task { try await reader.bounds(of: TopicPartition(topic: "t")) }
    asking.cancel()
    await #expect(throws: CancellationError.self) { _ = try await asking.value }
    await reader.close()
    await #expect(throws: KafkaError.self) { _ = try await reader.bounds(of: TopicPartition(topic: "t")) }
  }
}
