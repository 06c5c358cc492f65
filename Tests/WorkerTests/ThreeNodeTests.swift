import Dispatch
import Foundation
import KafkaLog
import Testing
import Worker

/// What a cluster of three nodes must bear: the loss of any one of them.
@Suite(
  "On three nodes", .serialized, .timeLimit(.minutes(2)),
  .enabled(if: KafkaTool.threeNodes != nil, "BATON_TEST_KAFKA_THREE is not set"))
struct ThreeNodeTests {
  enum Role: CaseIterable {
    /// Of the requests topic.
    case leader
    /// Of the group.
    case coordinator

    func node(of rig: Rig, in kafka: KafkaTool.OwnCluster) async throws -> Int {
      switch self {
      case .leader: try await kafka.leader(of: rig.configuration.requestsTopic("q"))
      case .coordinator: try await kafka.coordinator(of: rig.configuration.kafka.group)
      }
    }
  }

  /// Each chunk came to the sink, and those that came twice did so in two attempts.
  private func expectSink(of rig: Rig, attempts: Int) {
    let chunks = rig.sink.map { $0.split(separator: " ")[0] }
    #expect(Set(chunks) == ["1", "2", "3", "4", "5"] && chunks.count <= 5 + attempts - 1, "\(rig.sink)")
  }

  @Test("a node is killed in the middle of a run and comes back: the run ends once", arguments: Role.allCases)
  func nodeKilled(_ role: Role) async throws {
    let kafka = try #require(KafkaTool.threeNodes)
    try await Rig.run(.real(bootstrap: kafka.bootstrap), jobs: OwnershipTests.steps + "\n" + DecisionTests.quick) {
      rig in
      let gate = try rig.gate("gate")
      try rig.script("steps.py", OwnershipTests.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let worker = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await worker.line("acknowledged 2 of attempt 1")
      let node = try await role.node(of: rig, in: kafka)
      try await kafka.without(node) {
        // Two nodes are enough to end the run.
        gate.open(3)
        let ended = try await rig.ended("r1")
        #expect(ended.end.kind == "succeeded" && ended.rows == 50, "\(ended)")
        expectSink(of: rig, attempts: ended.attempt)
      }
      try await rig.enqueue("quick", id: "r2")
      #expect(try await rig.ended("r2").end.kind == "succeeded")
      let report = try await rig.expectCleanAudit()
      #expect(report.ends == [.succeeded: 2] && report.crashes == 0)
      worker.signal(SIGTERM)
      #expect(await worker.end() == 0)
    }
  }

  @Test("a worker is killed while a node is down: its run goes on, here or elsewhere", arguments: Role.allCases)
  func workerKilled(_ role: Role) async throws {
    let kafka = try #require(KafkaTool.threeNodes)
    try await Rig.run(.real(bootstrap: kafka.bootstrap), jobs: OwnershipTests.steps) { rig in
      let gate = try rig.gate("gate")
      let witness = try rig.witness("alive")
      try rig.script("steps.py", #"witness("alive")"# + "\n" + OwnershipTests.stepsBody)
      try await rig.enqueue("steps", id: "r1")
      let green = try rig.spawn("GREEN")
      gate.open(2)
      _ = try await green.line("acknowledged 2 of attempt 1")
      let node = try await role.node(of: rig, in: kafka)
      let name = role == .leader ? "GREEN" : "BLUE"
      let second = try await { () async throws -> Child in
        var second: Child?
        try await kafka.without(node) {
          green.signal(SIGKILL)
          #expect(await green.end() == -SIGKILL)
          // Its runner would take what is meant for the next one.
          try await witness.gone()
          second = try rig.spawn(name)
          gate.open(1)
          _ = try await second?.line("of attempt 2")
        }
        return try #require(second)
      }()
      gate.open(3)
      let ended = try await rig.ended("r1")
      #expect(ended.end.kind == "succeeded" && ended.rows == 50 && ended.attempt == 2, "\(ended)")
      #expect(try await rig.started("r1", attempt: 2).0.cause == .crash)
      expectSink(of: rig, attempts: ended.attempt)
      let report = try await rig.expectCleanAudit()
      #expect(report.ends == [.succeeded: 1] && report.crashes == 1)
      second.signal(SIGTERM)
      #expect(await second.end() == 0)
    }
  }

  @Test("a member that has asked for its place asks the new coordinator, though the former one lives again")
  func coordinatorMoved() async throws {
    let kafka = try #require(KafkaTool.threeNodes)
    try await Rig.run(.real(bootstrap: kafka.bootstrap), jobs: DecisionTests.quick) { rig in
      let events = Feed<GroupEvent>()
      let group = rig.configuration.kafka.group
      let partition = TopicPartition(topic: rig.configuration.requestsTopic("q"))
      let member = try GroupConsumer(
        settings: rig.settings, group: group, instanceID: "GREEN", topics: [partition.topic], logger: .discarding,
        onEvent: { events.add($0) })
      do {
        _ = try await events.first("an assignment") { if case .assigned = $0 { true } else { false } }
        try await member.commit(partition, offset: 7, metadata: "there")
        #expect(try await member.committed(partition) == CommittedOffset(offset: 7, metadata: "there"))
        let former = try await kafka.coordinator(of: group)
        try await kafka.without(former) {
          while try await kafka.coordinator(of: group) == former { try Task.checkCancellation() }
        }
        var found: CommittedOffset?
        while found == nil {
          try Task.checkCancellation()
          do {
            found = try await member.committed(partition)
          } catch let error as KafkaError where error.isRetriable || error.isTimeout {
            // The members find the new coordinator in their own time.
            await Task.yield()
          }
        }
        #expect(found == CommittedOffset(offset: 7, metadata: "there"))
      } catch {
        await member.close()
        throw error
      }
      await member.close()
    }
  }
}
