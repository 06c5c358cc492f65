import Dispatch

/// Runs many queue machines against a simulated log, group coordinator, runners and sink, in virtual time, from a seed.
///
/// Equal seeds give equal histories, to the last line of the trace. Nothing here reads a clock or does any I/O.
public struct Simulation: Sendable {
  public var seed: UInt64
  /// What is taken away, to see that it is missed.
  public var removed: Protection?

  public init(seed: UInt64, removed: Protection? = nil) {
    self.seed = seed
    self.removed = removed
  }

  /// Plays the seed through to its end, or to the first broken promise.
  /// - Parameter isTracing: whether to tell what happens, a line a step; that costs most of the speed.
  public func run(isTracing: Bool = false) -> Result {
    let world = World(seed: seed, removed: removed, isTracing: isTracing)
    world.run()
    return Result(
      seed: seed, violation: world.violation, steps: world.step, milliseconds: world.now,
      requests: world.ledger.entries.count, coverage: world.coverage, trace: world.trace ?? [])
  }

  /// What came of a seed.
  public struct Result: Sendable {
    public var seed: UInt64
    public var violation: Violation?
    public var steps: Int
    /// The virtual time that passed.
    public var milliseconds: Int64
    /// Records on the requests topic.
    public var requests: Int
    public var coverage: Coverage
    /// One line a step, in words; empty if not asked for.
    public var trace: [String]
  }
}
