import Synchronization

/// A count that only grows. Increments take no lock.
public final class Counter: Sendable {
  private let storage = AtomicDouble()

  /// The sum of all increments.
  public var value: Double { storage.value }

  /// Adds an amount; a negative one, or one that is not a number, traps.
  public func increment(by amount: Double = 1) {
    precondition(amount >= 0, "a counter only grows")
    storage.add(amount)
  }
}

/// A value that goes up and down. Changes take no lock.
public final class Gauge: Sendable {
  private let storage = AtomicDouble()

  /// What it stands at.
  public var value: Double { storage.value }

  /// Replaces the value.
  public func set(_ value: Double) { storage.set(value) }

  /// Adds an amount, negative ones too.
  public func add(_ amount: Double) { storage.add(amount) }
}

/// A distribution: how many observations were at most each bound, their count and their sum.
public final class Histogram: Sendable {
  /// Bounds for durations in seconds, from 5 ms to an hour.
  public static let secondsBuckets: [Double] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
  ]

  /// A consistent reading: `counts` has one entry a bound and a last one for what lies above; not cumulative.
  struct Reading: Sendable {
    var counts: [UInt64]
    var sum: Double
  }

  let bounds: [Double]
  private let state: Mutex<Reading>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(Reading(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
  }

  /// Counts a value. One that is not a number is in no bucket and would spoil the sum for good: it is left out.
  public func observe(_ value: Double) {
    guard !value.isNaN else { return }
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    state.withLock { reading in
      reading.counts[index] += 1
      reading.sum += value
    }
  }

  var reading: Reading { state.withLock { $0 } }
}

/// A floating-point number that threads may add to: its bits in an atomic word.
struct AtomicDouble: ~Copyable, Sendable {
  private let bits = Atomic<UInt64>(0)

  var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }
}
