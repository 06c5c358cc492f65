import Terminal

/// What did not work while measuring.
struct BenchmarkError: UserFacingError {
  var message: String
  var remedy: String? { nil }
  var exitCode: Int32 { ExitCode.failure }

  init(_ message: String) { self.message = message }
}

/// Measured durations in nanoseconds.
struct Quantiles: Sendable {
  private let sorted: [Int64]

  init(_ nanoseconds: [Int64]) { sorted = nanoseconds.sorted() }

  var count: Int { sorted.count }

  /// The smallest value that a share of all does not exceed (0 if there is none).
  func at(_ share: Double) -> Int64 {
    guard !sorted.isEmpty else { return 0 }
    return sorted[Int((share * Double(sorted.count)).rounded(.up)).advanced(by: -1).clamped(to: sorted.indices)]
  }

  var median: Int64 { at(0.5) }
  var highest: Int64 { sorted.last ?? 0 }
}

/// A number with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "-" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int64((value * scale).rounded())
  let (whole, rest) = (abs(scaled) / Int64(scale), abs(scaled) % Int64(scale))
  let text = digits == 0 ? "" : "." + String(String(rest + Int64(scale)).dropFirst())
  return (scaled < 0 ? "-" : "") + String(whole) + text
}

/// Nanoseconds as seconds with three digits.
func seconds(_ nanoseconds: Int64) -> String { fixed(Double(nanoseconds) / 1e9, 3) }
/// Nanoseconds as milliseconds with two digits.
func milliseconds(_ nanoseconds: Int64) -> String { fixed(Double(nanoseconds) / 1e6, 2) }

extension Int {
  /// The nearest value that is in a range with at least one.
  fileprivate func clamped(to range: Range<Int>) -> Int {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound - 1)
  }
}
