/// What a change of the clocks has done to a fire.
public enum ClockChange: Sendable, Hashable {
  /// The clocks skipped the time at which it was due, the first such time if there are more; it happens at the end of
  /// what they skipped.
  case skipped(due: CivilTime)
  /// The clocks show its time twice; it happens the first time only.
  case firstOfTwo
}

extension FireTimes {
  /// What a change of the clocks has done to a fire; nil if it has done nothing.
  /// - Parameter fire: one that `next` or `previous` has given.
  public func clockChange(at fire: Int64) -> ClockChange? {
    guard case .cron(let expression) = timing, !expression.followsElapsedTime else { return nil }
    let segment = zone.segment(at: fire)
    let shown = fire + segment.offset
    if segment.start == fire, let due = expression.reading(atOrAfter: segment.highWater + 1), due < shown {
      return .skipped(due: CivilTime(seconds: due))
    }
    guard segment.end != .max else { return nil }
    let following = zone.segment(at: segment.end)
    return segment.end + following.offset <= shown ? .firstOfTwo : nil
  }
}
