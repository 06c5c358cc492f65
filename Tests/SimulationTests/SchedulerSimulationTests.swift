import Simulation
import Testing

@Suite struct SchedulerSimulationTests {
  @Test("each fire gives one run, whatever befalls", arguments: 0..<4 as Range<UInt64>)
  func promiseHolds(part: UInt64) {
    let batch = SchedulerBatch.run(part * 50..<(part + 1) * 50)
    if let (seed, violation) = batch.failure {
      Issue.record("baton-simulate --schedulers --seed \(seed): \(violation.message)")
    }
    #expect(batch.seeds == 50)
    #expect(batch.counts["duplicates", default: 0] > 0, "without them, nothing is shown of deduplication")
  }

  @Test func equalSeedsTellEqualStories() {
    for seed: UInt64 in [1, 17, 42] {
      let first = SchedulerSimulation(seed: seed).run(isTracing: true)
      let second = SchedulerSimulation(seed: seed).run(isTracing: true)
      #expect(first.trace.count > 5)
      #expect(first.trace == second.trace)
      #expect(first.steps == SchedulerSimulation(seed: seed).run().steps, "tracing must change nothing")
    }
  }

  @Test("a protection that is taken away is missed within 10,000 seeds", arguments: SchedulerProtection.allCases)
  func removedProtectionsAreMissed(protection: SchedulerProtection) throws {
    let batch = SchedulerBatch.run(0..<10_000, removed: protection)
    let (_, violation) = try #require(batch.failure, "nothing noticed that \(protection.rawValue) was gone")
    #expect(violation.invariant == .eachFireOnce)
  }
}
