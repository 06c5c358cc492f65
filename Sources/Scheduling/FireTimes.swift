/// The moments at which a job is due in a zone: its nominal fires.
///
/// Moments are whole seconds since 1970-01-01T00:00:00Z, in the years 1 to 9999. When the zone's clocks change:
/// - A job that is due in every hour (`CronExpression.followsElapsedTime`) is due whenever the clocks show one of its
///   times: again in a repeated hour, and not for the sake of a skipped one.
/// - Any other is due when the clocks reach or pass one of its times for the first time: at the end of a skipped hour,
///   once for all its times in there, and in a repeated hour only the first time.
/// - An interval knows no clocks.
public struct FireTimes: Sendable, Hashable {
  public let timing: Timing
  public let zone: TimeZoneRules

  public init(_ timing: Timing, zone: TimeZoneRules) {
    self.timing = timing
    self.zone = zone
  }

  private static let moments = -62_135_596_800...Int64(253_402_300_799)

  /// The first fire after a moment; nil if there is none until the end of the year 9999.
  public func next(after moment: Int64) -> Int64? {
    let start = max(moment, FireTimes.moments.lowerBound - 1)
    guard start < FireTimes.moments.upperBound else { return nil }
    let found: Int64? =
      switch timing {
      case .every(let interval): interval.next(after: start)
      case .cron(let expression) where expression.followsElapsedTime: nextShown(expression, after: start)
      case .cron(let expression): nextReached(expression, after: start)
      }
    return found.flatMap { FireTimes.moments.contains($0) ? $0 : nil }
  }

  /// The last fire before a moment; nil if there is none from the year 1 on.
  public func previous(before moment: Int64) -> Int64? {
    let end = min(moment, FireTimes.moments.upperBound + 1)
    guard end > FireTimes.moments.lowerBound else { return nil }
    let found: Int64? =
      switch timing {
      case .every(let interval): interval.previous(before: end)
      case .cron(let expression) where expression.followsElapsedTime: previousShown(expression, before: end)
      case .cron(let expression): previousReached(expression, before: end)
      }
    return found.flatMap { FireTimes.moments.contains($0) ? $0 : nil }
  }

  /// The fires after one moment and up to another, ascending.
  /// - Parameter limit: how many at most; the first ones are given.
  public func fires(after start: Int64, through end: Int64, limit: Int = .max) -> [Int64] {
    var fires: [Int64] = []
    var moment = start
    while fires.count < limit, let fire = next(after: moment), fire <= end {
      fires.append(fire)
      moment = fire
    }
    return fires
  }

  // MARK: A time of the clock is due once, when it is first reached

  private func nextReached(_ expression: CronExpression, after moment: Int64) -> Int64? {
    let segment = zone.segment(at: moment)
    let highWater = max(segment.highWater, moment + segment.offset)
    guard let reading = expression.reading(atOrAfter: highWater + 1) else { return nil }
    let found = reading - segment.offset
    return found < segment.end ? found : zone.firstMoment(reaching: reading)
  }

  private func previousReached(_ expression: CronExpression, before moment: Int64) -> Int64? {
    let highWater = zone.highWater(at: moment - 1)
    return expression.reading(atOrBefore: highWater).map(zone.firstMoment(reaching:))
  }

  // MARK: A time of the clock is due whenever it is shown

  private func nextShown(_ expression: CronExpression, after moment: Int64) -> Int64? {
    var position = moment + 1
    while true {
      let segment = zone.segment(at: position)
      guard let reading = expression.reading(atOrAfter: position + segment.offset) else { return nil }
      let found = reading - segment.offset
      if found < segment.end { return found }
      // No clock shows a due time until it comes near this one, unless it is set back soon after the beginning.
      let nearby = position > moment + TimeZoneRules.offsetBound ? found - TimeZoneRules.offsetBound : segment.end
      position = max(segment.end, nearby)
    }
  }

  private func previousShown(_ expression: CronExpression, before moment: Int64) -> Int64? {
    var position = moment - 1
    while true {
      let segment = zone.segment(at: position)
      guard let reading = expression.reading(atOrBefore: position + segment.offset) else { return nil }
      let found = reading - segment.offset
      if found >= segment.start { return found }
      let nearby = position < moment - TimeZoneRules.offsetBound ? found + TimeZoneRules.offsetBound : segment.start - 1
      position = min(segment.start - 1, nearby)
    }
  }
}
