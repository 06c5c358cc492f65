import Testing

@testable import KafkaLog

@Suite struct MembershipTests {
  @Test func theLibrarysSerializationIsRead() throws {
    func bytes(_ generation: Int32, _ rest: String) -> [UInt8] {
      Array("CGMDv2:".utf8) + withUnsafeBytes(of: generation) { Array($0) } + Array(rest.utf8)
    }
    let member = bytes(7, "group\0GREEN-1\0\0GREEN\0").withUnsafeBytes { Membership($0) }
    #expect(member?.generation == 7 && member?.memberID == "GREEN-1" && member?.isMember == true)
    let out = bytes(-1, "group\0\0\u{1}").withUnsafeBytes { Membership($0) }
    #expect(out?.generation == -1 && out?.memberID == "" && out?.isMember == false)
    #expect(Array("CGMDv3:12345".utf8).withUnsafeBytes { Membership($0) } == nil)
    #expect(Array("CGMDv2:1".utf8).withUnsafeBytes { Membership($0) } == nil)
  }

  @Test(arguments: TestCluster.available)
  func aMemberIsInAGenerationUnderANameOfTheCoordinators(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      let member = try cluster.member()
      _ = try await member.events.assigned()
      let membership = try #require(Membership.current(member.consumer.thread.client))
      #expect(membership.isMember && membership.generation > 0)
      await member.consumer.close()
    }
  }

  @Test(arguments: TestCluster.available)
  func whatAnEarlierMembershipWasGivenIsLostAndGivenAnew(_ cluster: TestCluster) async throws {
    try await cluster.run { cluster in
      try await cluster.fill(5)
      let member = try cluster.member()
      _ = try await member.events.assigned()
      await member.consumer.start(cluster.first, at: 0)
      for offset in 0..<5 { #expect(try await member.events.record().offset == Int64(offset)) }
      try await member.consumer.commit(cluster.first, offset: 1)
      // As it is after a join under a new name that kept what was held.
      await member.consumer.holdFromBefore()
      let refused = await #expect(throws: KafkaError.self) {
        try await member.consumer.commit(cluster.first, offset: 2)
      }
      #expect(refused?.isGenerationLost == true)
      #expect(try await member.events.lost() == [cluster.first])
      #expect(try await member.events.assigned() == [cluster.first])
      #expect(try await member.consumer.committed(cluster.first)?.offset == 1)
      await member.consumer.start(cluster.first, at: 3)
      for offset in 3..<5 { #expect(try await member.events.record().offset == Int64(offset)) }
      try await member.consumer.commit(cluster.first, offset: 4)
      #expect(try await member.consumer.committed(cluster.first)?.offset == 4)
      await member.consumer.close()
    }
  }
}

extension GroupConsumer {
  fileprivate func holdFromBefore() {
    for partition in held.keys { held[partition]?.memberID = "an earlier name" }
  }
}
