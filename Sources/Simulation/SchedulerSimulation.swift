import Dispatch

/// Runs several scheduler machines against a simulated log and one queue's machine, in virtual weeks, from a seed.
///
/// Equal seeds give equal histories, to the last line of the trace. Nothing here reads a clock or does any I/O.
public struct SchedulerSimulation: Sendable {
  public var seed: UInt64
  /// What is taken away, to see that it is missed.
  public var removed: SchedulerProtection?

  public init(seed: UInt64, removed: SchedulerProtection? = nil) {
    self.seed = seed
    self.removed = removed
  }

  /// Plays the seed through to its end, or to the first broken promise.
  /// - Parameter isTracing: whether to tell what happens, a line a step.
  public func run(isTracing: Bool = false) -> Result {
    let world = SchedulerWorld(seed: seed, removed: removed, isTracing: isTracing)
    world.run()
    return Result(
      violation: world.violation, steps: world.step, milliseconds: world.now - world.scenario.startsAt,
      counts: world.counts, faults: world.scenario.faults, trace: world.trace ?? [])
  }

  /// What came of a seed.
  public struct Result: Sendable {
    public var violation: Violation?
    public var steps: Int
    /// The virtual time that passed.
    public var milliseconds: Int64
    /// How often each thing happened, and each fault.
    public var counts: [String: Int]
    public var faults: [String: Int]
    /// In words; empty if not asked for.
    public var trace: [String]
  }
}

/// What came of many seeds of schedulers.
public struct SchedulerBatch: Sendable {
  public var seeds = 0
  public var steps = 0
  /// Virtual time, in milliseconds.
  public var milliseconds: Int64 = 0
  /// How often each thing happened, and each fault.
  public var counts: [String: Int] = [:]
  public var faults: [String: Int] = [:]
  /// Of the lowest seed that broke a promise.
  public var failure: (seed: UInt64, violation: Violation)?

  public init() {}

  /// Adds another batch.
  public mutating func merge(_ other: SchedulerBatch) {
    seeds += other.seeds
    steps += other.steps
    milliseconds += other.milliseconds
    counts.merge(other.counts, uniquingKeysWith: +)
    faults.merge(other.faults, uniquingKeysWith: +)
    if let theirs = other.failure, theirs.seed < failure?.seed ?? .max { failure = theirs }
  }

  /// Plays the seeds one after the other, up to the first broken promise.
  public static func run(_ seeds: Range<UInt64>, removed: SchedulerProtection? = nil) -> SchedulerBatch {
    var batch = SchedulerBatch()
    for seed in seeds {
      let result = SchedulerSimulation(seed: seed, removed: removed).run()
      batch.seeds += 1
      batch.steps += result.steps
      batch.milliseconds += result.milliseconds
      batch.counts.merge(result.counts, uniquingKeysWith: +)
      batch.faults.merge(result.faults, uniquingKeysWith: +)
      if let violation = result.violation {
        batch.failure = (seed, violation)
        break
      }
    }
    return batch
  }
}
