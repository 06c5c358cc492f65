import KafkaLog
import Testing

/// What the embedded broker does not do.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: TestCluster.hasReal))
struct RealClusterTests {
  @Test func aStaticMemberThatComesBackHasItsPartitionsWithoutARebalance() async throws {
    try await TestCluster.real.run { cluster in
      try await cluster.fill(3)
      let first = try cluster.member(instanceID: "one")
      #expect(try await first.events.assigned() == [cluster.first])
      try await first.consumer.commit(cluster.first, offset: 1, metadata: "m")
      let standby = try cluster.member(instanceID: "two")
      // As good as killed: nothing is said to the group.
      await first.consumer.close()
      let again = try cluster.member(instanceID: "one")
      #expect(try await again.events.assigned() == [cluster.first])
      #expect(try await again.consumer.committed(cluster.first) == CommittedOffset(offset: 1, metadata: "m"))
      #expect(standby.events.all.allSatisfy { if case .assigned = $0 { false } else { true } })

      // A static member that leaves hands over at once.
      async let left: Void = again.consumer.leave()
      try await again.consumer.release(again.events.revoked())
      await left
      #expect(try await standby.events.assigned() == [cluster.first])
      await standby.consumer.close()
    }
  }

  @Test func aSecondMemberOfTheSameNameFencesTheFirst() async throws {
    try await TestCluster.real.run { cluster in
      let first = try cluster.member(instanceID: "one")
      _ = try await first.events.assigned()
      let second = try cluster.member(instanceID: "one")
      #expect(try await second.events.assigned() == [cluster.first])
      let refused = await #expect(throws: KafkaError.self) {
        try await first.consumer.commit(cluster.first, offset: 0)
      }
      #expect(refused?.isFenced == true)
      #expect(refused?.isFatal == true)
      #expect(try await first.events.lost() == [cluster.first])
      let fenced = try await first.events.fenced()
      #expect(fenced.isFenced)
      let again = await #expect(throws: KafkaError.self) {
        try await first.consumer.commit(cluster.first, offset: 0)
      }
      #expect(again?.isFenced == true)
      await first.consumer.leave()
      try await second.consumer.commit(cluster.first, offset: 0)
      await second.consumer.close()
    }
  }

  @Test func topicsAreMadeDescribedChangedAndDeleted() async throws {
    try await TestCluster.real.run { cluster in
      try await cluster.withAdmin { admin in
        let name = "\(cluster.topic)-made"
        try await admin.create(
          topic: name, partitions: 2, configs: ["retention.ms": "1000000", "cleanup.policy": "compact"])
        let twice = await #expect(throws: KafkaError.self) { try await admin.create(topic: name) }
        #expect(twice?.isTopicAlreadyThere == true)
        try await admin.alterConfigs(topic: name, set: ["segment.bytes": "2000000"])
        let topics = try await admin.describe(topics: [name, "no-such-topic"])
        #expect(Array(topics.keys) == [name])
        let topic = try #require(topics[name])
        #expect(topic.partitions == 2)
        #expect(topic.overridden.isSuperset(of: ["retention.ms", "segment.bytes", "cleanup.policy"]))
        #expect(topic.configs["retention.ms"] == "1000000")
        #expect(topic.configs["segment.bytes"] == "2000000")
        #expect(topic.configs["cleanup.policy"] == "compact")
        try await admin.delete(topic: name)
        let none = await #expect(throws: KafkaError.self) { try await admin.delete(topic: name) }
        #expect(none?.isUnknownTopic == true)
      }
    }
  }

  @Test func whatWasChangedIsToldAtOnceAndNotUndoneByTheNextChange() async throws {
    try await TestCluster.real.run { cluster in
      try await cluster.withAdmin { admin in
        for round in 0..<10 {
          let name = "\(cluster.topic)-changed-\(round)"
          try await admin.create(topic: name)
          #expect(try await admin.describe(topics: [name]).count == 1)
          try await admin.alterConfigs(topic: name, set: ["segment.bytes": "2000000"])
          try await admin.alterConfigs(topic: name, set: ["retention.ms": "1000000"])
          try await admin.alterConfigs(topic: name, set: ["cleanup.policy": "compact"])
          let topic = try #require(try await admin.describe(topics: [name])[name])
          #expect(topic.overridden.isSuperset(of: ["segment.bytes", "retention.ms", "cleanup.policy"]))
          #expect(topic.configs["segment.bytes"] == "2000000")
          try await admin.delete(topic: name)
        }
      }
    }
  }

  @Test func aTopicThatIsMadeJustNowIsFound() async throws {
    try await TestCluster.real.run { cluster in
      let made = TopicPartition(topic: "\(cluster.topic)-made")
      var settings = cluster.settings
      settings.newTopicMilliseconds = 60_000
      let reader = try LogReader(settings: settings, logger: .discarding)
      async let bounds = reader.bounds(of: made)
      async let count = reader.partitionCount(of: made.topic)
      try await cluster.withAdmin { admin in
        // Round trips enough for the first answers, which are that there is no such topic.
        for _ in 1...20 { #expect(try await admin.describe(topics: [made.topic]).isEmpty) }
        try await admin.create(topic: made.topic)
      }
      #expect(try await bounds == LogBounds(start: 0, end: 0))
      #expect(try await count == 1)
      await reader.close()
      try await cluster.withAdmin { try await $0.delete(topic: made.topic) }
    }
  }

  @Test func deletedRecordsAreOutOfRangeAndTheRestIsRead() async throws {
    try await TestCluster.real.run { cluster in
      try await cluster.fill(10)
      try await cluster.withAdmin { admin in
        let start = try await admin.deleteRecords(of: cluster.first, before: 4)
        #expect(start == 4)
      }
      try await cluster.withReader { reader in
        let bounds = try await reader.bounds(of: cluster.first)
        #expect(bounds == LogBounds(start: 4, end: 10))
        #expect(try await reader.all(cluster.first).offsets == numbers(4..<10))
        let error = await #expect(throws: KafkaError.self) { _ = try await reader.stretch(cluster.first, 2, 10) }
        #expect(error?.isOffsetOutOfRange == true)
      }
    }
  }
}

/// TLS and passwords.
@Suite(.timeLimit(.minutes(1)), .enabled(if: environment("BATON_TEST_KAFKA_SECURE") != nil))
struct SecureClusterTests {
  private func settings(password: String) throws -> KafkaSettings {
    KafkaSettings(
      bootstrap: try #require(environment("BATON_TEST_KAFKA_SECURE")),
      properties: [
        "security.protocol": "sasl_ssl", "sasl.mechanism": environment("BATON_TEST_KAFKA_MECHANISM") ?? "PLAIN",
        "ssl.ca.location": try #require(environment("BATON_TEST_KAFKA_CA")),
        "sasl.username": environment("BATON_TEST_KAFKA_USER") ?? "admin", "sasl.password": password,
      ],
      operationTimeoutMilliseconds: 5000)
  }

  @Test func theRightPasswordOpens() async throws {
    let password = environment("BATON_TEST_KAFKA_PASSWORD") ?? "admin-test-only"
    let admin = try TopicAdmin(settings: try settings(password: password), logger: .discarding)
    let result = await Result.of { _ = try await admin.describe(topics: ["none"]) }
    result.reported()
    await admin.close()
  }

  @Test func theWrongPasswordIsSaidAndNotShown() async throws {
    let admin = try TopicAdmin(settings: try settings(password: "not-the-password"), logger: .discarding)
    let error = await #expect(throws: KafkaError.self) { _ = try await admin.describe(topics: ["none"]) }
    #expect(error?.description.lowercased().contains("authentication") == true, "\(String(describing: error))")
    #expect(error?.description.contains("not-the-password") == false)
    await admin.close()
  }
}
