import KafkaLog
import Testing

@Suite(.serialized, .timeLimit(.minutes(3)))
struct GroupConformanceTests {
  @Test(arguments: TestCluster.available)
  func nothingIsDeliveredBeforeStartAndThenFromThatOffset(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(10)
      let member = try cluster.member()
      #expect(try await member.events.assigned() == [cluster.first])
      // Round trips that would give records time to come, were they fetched.
      #expect(try await member.consumer.committed(cluster.first) == nil)
      try await cluster.fill(10, from: 10)
      #expect(member.events.records.isEmpty)
      #expect(await member.consumer.start(cluster.first, at: 5))
      for offset in 5..<20 { #expect(try await member.events.record().offset == Int64(offset)) }
      #expect(member.events.records.offsets == numbers(5..<20))
      // Starting again elsewhere.
      #expect(await member.consumer.start(cluster.first, at: 0))
      for offset in 0..<20 { #expect(try await member.events.record().offset == Int64(offset)) }
      // A start ends a pause, too.
      await member.consumer.pause(cluster.first)
      #expect(await member.consumer.start(cluster.first, at: 3))
      for offset in 3..<20 { #expect(try await member.events.record().offset == Int64(offset)) }
      // Also where fetching has to be brought back.
      await member.consumer.start(cluster.first, at: 70)
      _ = try await member.events.next { event in
        if case .error(let error) = event, error.isOffsetOutOfRange { error } else { nil }
      }
      await member.consumer.pause(cluster.first)
      #expect(await member.consumer.start(cluster.first, at: 18))
      for offset in 18..<20 { #expect(try await member.events.record().offset == Int64(offset)) }
      await member.consumer.close()
    }
  }

  @Test(arguments: TestCluster.available)
  func anOffsetThatTheLogDoesNotHaveIsToldAsAnError(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(2)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      await member.consumer.start(cluster.first, at: 70)
      let error = try await member.events.next { event in
        if case .error(let error) = event, error.isOffsetOutOfRange { error } else { nil }
      }
      #expect(error.description.contains("\(cluster.first)"))
      await member.consumer.start(cluster.first, at: 1)
      #expect(try await member.events.record().offset == 1)
      await member.consumer.close()
    }
  }

  @Test(arguments: TestCluster.available)
  func pauseAndResumeLoseAndRepeatNothing(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      let count = 2000
      try await cluster.fill(count)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      await member.consumer.start(cluster.first, at: 0)
      // Before anything can have been delivered.
      await member.consumer.pause(cluster.first)
      await member.consumer.resume(cluster.first)
      for offset in 0..<count {
        #expect(try await member.events.record().offset == Int64(offset))
        if offset % 97 == 0 {
          await member.consumer.pause(cluster.first)
          let delivered = member.events.records.count
          _ = try await member.consumer.committed(cluster.first)
          #expect(member.events.records.count == delivered)
          await member.consumer.resume(cluster.first)
        }
      }
      try await cluster.fill(1, from: count)
      #expect(try await member.events.record().offset == Int64(count))
      #expect(member.events.records.offsets == numbers(0...count))
      await member.consumer.close()
    }
  }

  @Test(arguments: TestCluster.available)
  func commitsCarryTheirMetadata(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(3)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      try await cluster.withAdmin { admin in
        for text in ["{\"run\":\"ä\",\"cursor\":[1]}", String(repeating: "x", count: 4000), ""] {
          try await member.consumer.commit(cluster.first, offset: 2, metadata: text)
          let expected = CommittedOffset(offset: 2, metadata: text)
          #expect(try await member.consumer.committed(cluster.first) == expected)
          let seen = try await admin.groupOffsets(group: cluster.group, partitions: [cluster.first])
          #expect(seen == [cluster.first: expected])
        }
        if cluster.broker == nil {
          let error = await #expect(throws: KafkaError.self) {
            try await member.consumer.commit(
              cluster.first, offset: 2, metadata: String(repeating: "x", count: 5000))
          }
          #expect(error?.isMetadataTooLarge == true)
        }
      }
      await member.consumer.close()
    }
  }

  @Test(arguments: TestCluster.available)
  func aSecondMemberGetsItsShareOnlyWhenTheFirstReleasesIt(_ cluster: TestCluster) async throws {
    try await cluster.run(partitions: 2) { cluster in
      try await cluster.fill(200)
      try await cluster.fill(200, partition: 1)
      let first = try cluster.member()
      let both = try await first.events.assigned()
      #expect(both.count == 2)
      for partition in both { await first.consumer.start(partition, at: 0) }

      let second = try cluster.member()
      let revoked = try await first.events.revoked()
      #expect(revoked.count == 1)
      let moved = try #require(revoked.first)
      let kept = try #require(both.first { $0 != moved })
      // Still its owner, as a commit shows. A broker takes none until all members know of the rebalance, so the
      // checkpoint is asked for until it is over, as a worker does. The embedded broker may throw a member out that
      // takes its time in a rebalance, and then takes no commit from it any more.
      while cluster.broker == nil {
        do {
          try await first.consumer.commit(moved, offset: 20, metadata: "checkpoint")
          break
        } catch let error as KafkaError where error.isGenerationLost {
          try Task.checkCancellation()
          _ = try await second.consumer.committed(moved)
        }
      }
      #expect(second.events.all.allSatisfy { if case .assigned = $0 { false } else { true } })
      await first.consumer.release(revoked)
      let refused = await #expect(throws: KafkaError.self) {
        try await first.consumer.commit(moved, offset: 21)
      }
      #expect(refused?.isGenerationLost == true)
      #expect(try await second.events.assigned() == revoked)
      if cluster.broker == nil {
        #expect(try await second.consumer.committed(moved) == CommittedOffset(offset: 20, metadata: "checkpoint"))
      }
      await second.consumer.start(moved, at: 20)
      #expect(try await second.events.record().offset == 20)

      // Leaving asks for what is held, and waits for it.
      async let left: Void = second.consumer.leave()
      let given = try await second.events.revoked()
      #expect(given == revoked)
      await second.consumer.release(given)
      await left
      #expect(try await first.events.assigned() == revoked)

      // Through both rebalances, the partition that stayed lost and repeated nothing.
      try await cluster.fill(1, from: 200, partition: kept.partition)
      _ = try await first.events.next { event -> LogRecord? in
        guard case .record(let record, _) = event, record.topicPartition == kept, record.offset == 200 else {
          return nil
        }
        return record
      }
      let offsets = first.events.records.filter { $0.topicPartition == kept }.map(\.offset)
      #expect(offsets == numbers(0...200))
      await first.consumer.close()
    }
  }

  @Test func aRefusedCommitIsFollowedByTheLossOfThePartition() async throws {
    try await TestCluster.embedded.run { cluster in
      let broker = try #require(cluster.broker)
      try await cluster.fill(5)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      await member.consumer.start(cluster.first, at: 0)
      _ = try await member.events.record()
      await broker.failNextRequests(8, with: [22])
      let refused = await #expect(throws: KafkaError.self) {
        try await member.consumer.commit(cluster.first, offset: 1)
      }
      #expect(refused?.name == "ILLEGAL_GENERATION")
      #expect(refused?.isGenerationLost == true)
      #expect(try await member.events.lost() == [cluster.first])
      let again = await #expect(throws: KafkaError.self) {
        try await member.consumer.commit(cluster.first, offset: 1)
      }
      #expect(again?.isGenerationLost == true)
      #expect(await member.consumer.start(cluster.first, at: 0) == false)
      // The group takes it back, and it can go on.
      #expect(try await member.events.assigned() == [cluster.first])
      try await member.consumer.commit(cluster.first, offset: 1, metadata: "on")
      await member.consumer.start(cluster.first, at: 1)
      #expect(try await member.events.record().offset == 1)
      await member.consumer.close()
      let closed = await #expect(throws: KafkaError.self) {
        try await member.consumer.commit(cluster.first, offset: 2)
      }
      #expect(closed?.isClosed == true)
    }
  }

  @Test func aMemberThrownOutIsToldThatItLost() async throws {
    try await TestCluster.embedded.run { cluster in
      let broker = try #require(cluster.broker)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      await broker.failNextRequests(12, with: [25])
      #expect(try await member.events.lost() == [cluster.first])
      await member.consumer.leave()
    }
  }

  @Test(arguments: TestCluster.available)
  func leavingWithoutPartitionsNeedsNoRelease(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      let member = try cluster.member()
      await member.consumer.leave()
      await member.consumer.leave()
    }
  }

  @Test func anUnreachableClusterIsToldAsAnError() async throws {
    let events = MemberEvents()
    let consumer = try GroupConsumer(
      settings: KafkaSettings(bootstrap: "127.0.0.1:1"), group: "g", topics: ["t"], logger: .discarding,
      onEvent: events.add)
    let error = try await events.error()
    #expect(error.isUnreachable)
    #expect(!error.isFatal)
    #expect(error.description.contains("127.0.0.1:1"))
    await consumer.close()
  }
}
