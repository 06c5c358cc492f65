/// What came of many seeds.
public struct Batch: Sendable {
  public var seeds = 0
  public var steps = 0
  public var requests = 0
  /// Virtual time, in milliseconds.
  public var milliseconds: Int64 = 0
  public var coverage = Coverage()
  /// Of the lowest seed that broke a promise.
  public var failure: (seed: UInt64, violation: Violation)?

  public init() {}

  /// Adds another batch.
  public mutating func merge(_ other: Batch) {
    seeds += other.seeds
    steps += other.steps
    requests += other.requests
    milliseconds += other.milliseconds
    coverage.merge(other.coverage)
    if let theirs = other.failure, theirs.seed < failure?.seed ?? .max { failure = theirs }
  }

  /// Plays the seeds one after the other, up to the first broken promise.
  /// - Parameter promise: looks for this one only, and goes on after seeds that broke another before it.
  public static func run(
    _ seeds: Range<UInt64>, removed: Protection? = nil, until promise: Invariant? = nil
  ) -> Batch {
    var batch = Batch()
    for seed in seeds {
      let result = Simulation(seed: seed, removed: removed).run()
      batch.seeds += 1
      batch.steps += result.steps
      batch.requests += result.requests
      batch.milliseconds += result.milliseconds
      batch.coverage.merge(result.coverage)
      if let violation = result.violation, promise == nil || promise == violation.invariant {
        batch.failure = (seed, violation)
        break
      }
    }
    return batch
  }
}
