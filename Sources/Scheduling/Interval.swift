/// A job that is due again and again after the same time, whatever the clocks on the wall do: `every: 15m`.
///
/// It is anchored to 1970-01-01T00:00:00Z, so that all schedulers agree: 15m is due at :00, :15, :30 and :45.
public struct Interval: Sendable, Hashable {
  /// From 1 to 366 days' worth.
  public let seconds: Int64

  /// The longest that is taken: 366 days.
  public static let maximumSeconds: Int64 = 366 * Calendar.secondsPerDay

  private static let units: [(name: Character, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

  /// Reads a whole number with a unit: `30s`, `15m`, `2h`, `1d`.
  /// - Throws: `IntervalError`.
  public init(_ text: String) throws(IntervalError) {
    let trimmed = text.drop { $0 == " " }
    guard let unit = Interval.units.first(where: { $0.name == trimmed.last }), trimmed.count > 1,
      trimmed.dropLast().allSatisfy({ $0.isASCII && $0.isWholeNumber })
    else {
      throw IntervalError(
        text: text, reason: "'\(text)' is not an interval", remedy: "write it as in 30s, 15m, 2h or 1d")
    }
    let number = Int64(trimmed.dropLast()) ?? .max
    guard number > 0 else {
      throw IntervalError(text: text, reason: "an interval of zero never ends", remedy: "write 1s or more")
    }
    guard number <= Interval.maximumSeconds / unit.seconds else {
      throw IntervalError(text: text, reason: "'\(text)' is too long", remedy: "write 366d or less")
    }
    seconds = number * unit.seconds
  }

  /// - Parameter seconds: from 1 to `maximumSeconds`; nil for any other.
  public init?(seconds: Int64) {
    guard (1...Interval.maximumSeconds).contains(seconds) else { return nil }
    self.seconds = seconds
  }

  func next(after moment: Int64) -> Int64 { (floorDivide(moment, seconds).quotient + 1) * seconds }
  func previous(before moment: Int64) -> Int64 { floorDivide(moment - 1, seconds).quotient * seconds }

  /// In words: `every 15 minutes`.
  public var explanation: String {
    for (unit, name) in zip(Interval.units, ["day", "hour", "minute", "second"]) where seconds % unit.seconds == 0 {
      let number = seconds / unit.seconds
      return number == 1 ? "every \(name)" : "every \(number) \(name)s"
    }
    return "every \(seconds) seconds"
  }
}

extension Interval: CustomStringConvertible {
  /// The shortest way to write it: `15m`.
  public var description: String {
    for unit in Interval.units where seconds % unit.seconds == 0 { return "\(seconds / unit.seconds)\(unit.name)" }
    return "\(seconds)s"
  }
}

/// Why an interval is refused, and what to do about it.
public struct IntervalError: Error, Sendable, Equatable, CustomStringConvertible {
  public var text: String
  /// A sentence without its full stop.
  public var reason: String
  /// What to do about it, in the same form.
  public var remedy: String

  public var description: String { "\(reason); \(remedy)" }
}
