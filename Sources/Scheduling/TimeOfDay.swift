/// A time of the day by the clock on the wall: `06:00`.
public struct TimeOfDay: Sendable, Hashable {
  /// Since midnight, from 0 to 86,340.
  public let seconds: Int64

  /// Reads hours and minutes with a colon; nil for anything else.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
      parts.allSatisfy({ $0.allSatisfy(isDigit) }), let hour = Int64(String(parts[0]) ?? ""),
      let minute = Int64(String(parts[1]) ?? ""), hour < 24, minute < 60
    else { return nil }
    seconds = (hour * 60 + minute) * 60
  }

  /// The first moment after the given one at which the zone's clocks reach this time; at the end of a skipped hour.
  public func next(after moment: Int64, in zone: TimeZoneRules) -> Int64 {
    let highWater = zone.highWater(at: moment)
    let days = floorDivide(highWater - seconds, Calendar.secondsPerDay).quotient + 1
    return zone.firstMoment(reaching: days * Calendar.secondsPerDay + seconds)
  }
}

extension TimeOfDay: CustomStringConvertible {
  /// `06:00`.
  public var description: String { padded(Int(seconds / 3600), 2) + ":" + padded(Int(seconds / 60 % 60), 2) }
}
