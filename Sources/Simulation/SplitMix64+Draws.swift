import Dispatch

extension SplitMix64 {
  /// A whole number from 0 to `count` - 1.
  mutating func below(_ count: Int) -> Int { Int(truncatingIfNeeded: next() >> 1) % count }

  /// A whole number inside the bounds.
  mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func milliseconds(_ range: ClosedRange<Int64>) -> Int64 {
    range.lowerBound + Int64(below(Int(range.upperBound - range.lowerBound) + 1))
  }

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
