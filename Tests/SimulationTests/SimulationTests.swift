import Simulation
import Testing

@Suite struct SimulationTests {
  @Test("every promise holds, whatever befalls", arguments: 0..<8 as Range<UInt64>)
  func promisesHold(part: UInt64) {
    let batch = Batch.run(part * 400..<(part + 1) * 400)
    if let (seed, violation) = batch.failure {
      Issue.record("baton-simulate --seed \(seed): promise \(violation.invariant.rawValue): \(violation.message)")
    }
    #expect(batch.seeds == 400)
  }

  @Test func equalSeedsTellEqualStories() {
    for seed: UInt64 in [1, 17, 4_711] {
      let first = Simulation(seed: seed).run(isTracing: true)
      let second = Simulation(seed: seed).run(isTracing: true)
      #expect(first.trace.count > 20)
      #expect(first.trace == second.trace)
      #expect(first.steps == Simulation(seed: seed).run().steps, "tracing must change nothing")
    }
  }

  /// What falls first need not be the promise that the protection keeps; that one must be seen to fall, too.
  @Test("a protection that is taken away is missed within 10,000 seeds", arguments: Protection.allCases)
  func removedProtectionsAreMissed(protection: Protection) throws {
    let batch = Batch.run(0..<10_000, removed: protection, until: protection.invariant)
    let (_, violation) = try #require(batch.failure, "nothing noticed that \(protection.rawValue) was gone")
    #expect(!violation.message.isEmpty)
  }

  @Test func eachPromiseOfTheQueueHasAProtection() {
    #expect(Set(Protection.allCases.map(\.invariant)) == Set(Invariant.allCases.filter { $0 != .eachFireOnce }))
  }

  @Test func everyStateIsVisitedAndEveryInputGiven() {
    let coverage = Batch.run(0..<1_500).coverage
    for (state, name) in Coverage.stateNames.enumerated() {
      let inputs = Coverage.inputNames.indices.map { coverage.pairs[state * Coverage.inputNames.count + $0] }
      #expect(inputs.reduce(0, +) > 0, "state \(name) is never visited")
    }
    for (input, name) in Coverage.inputNames.enumerated() {
      let states = Coverage.stateNames.indices.map { coverage.pairs[$0 * Coverage.inputNames.count + input] }
      #expect(states.reduce(0, +) > 0, "input \(name) is never given")
    }
  }
}
