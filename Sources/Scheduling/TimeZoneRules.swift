/// What the clocks of one time zone show at any moment: its past changes and the rule for those to come.
///
/// Moments are seconds since 1970-01-01T00:00:00Z, in the years 1 to 9999; offsets are seconds east of UTC.
public struct TimeZoneRules: Sendable, Hashable {
  /// As it was asked for: `Europe/London`.
  public let name: String
  /// When each segment begins, ascending; the first begins before all time.
  let starts: [Int64]
  /// The offset in each segment.
  let offsets: [Int32]
  /// The latest reading that a clock has shown before the segment begins; a repeated hour begins below it.
  let highWaters: [Int64]
  /// From here on, the segments of 400 years repeat for ever; nil if the last offset stays. The segment that holds this
  /// moment is stored whole, and so is the one that holds the end of those 400 years.
  let cycleStart: Int64?

  /// UTC, without reading a file.
  public static let utc = TimeZoneRules(name: "UTC", offset: 0)

  /// A zone that never changes its clocks.
  /// - Parameter offset: seconds east of UTC.
  public init(name: String, offset: Int32) {
    self.init(name: name, changes: [], firstOffset: offset, cycleStart: nil)
  }

  /// - Parameters:
  ///   - changes: ascending; the offset that begins at each moment.
  ///   - cycleStart: see the property of that name.
  init(name: String, changes: [(at: Int64, offset: Int32)], firstOffset: Int32, cycleStart: Int64?) {
    var starts = [Int64.min]
    var offsets = [firstOffset]
    var highWaters = [Int64.min]
    for change in changes where change.offset != offsets[offsets.count - 1] {
      let lastReading = change.at + Int64(offsets[offsets.count - 1]) - 1
      highWaters.append(max(highWaters[highWaters.count - 1], lastReading))
      starts.append(change.at)
      offsets.append(change.offset)
    }
    self.name = name
    self.starts = starts
    self.offsets = offsets
    self.highWaters = highWaters
    self.cycleStart = cycleStart
  }

  /// A time within which a zone's clocks have one offset.
  struct Segment {
    /// The first moment, in seconds; `Int64.min` for the first segment.
    var start: Int64
    /// The moment at which the next segment begins; `Int64.max` for the last.
    var end: Int64
    /// Seconds east of UTC.
    var offset: Int64
    /// The latest reading that the zone's clocks have shown before `start`.
    var highWater: Int64

    func contains(_ moment: Int64) -> Bool { moment >= start && moment < end }
  }

  /// Seconds east of UTC at a moment.
  public func offset(at moment: Int64) -> Int64 { segment(at: moment).offset }

  /// What the zone's clocks show at a moment.
  public func civilTime(at moment: Int64) -> CivilTime { CivilTime(seconds: moment + offset(at: moment)) }

  /// The moment of the first change of the clocks after the given one; nil if there is none to come.
  public func nextChange(after moment: Int64) -> Int64? {
    let end = segment(at: moment).end
    return end == .max ? nil : end
  }

  /// The segment that holds a moment, by binary search.
  func segment(at moment: Int64) -> Segment {
    guard let cycleStart, moment >= cycleStart + Calendar.secondsPerCycle else { return storedSegment(at: moment) }
    let shift = floorDivide(moment - cycleStart, Calendar.secondsPerCycle).quotient * Calendar.secondsPerCycle
    var segment = storedSegment(at: moment - shift)
    segment.start += shift
    segment.highWater += shift
    if segment.end != .max { segment.end += shift }
    return segment
  }

  private func storedSegment(at moment: Int64) -> Segment {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= moment { low = middle } else { high = middle }
    }
    return Segment(
      start: starts[low], end: low + 1 < starts.count ? starts[low + 1] : .max, offset: Int64(offsets[low]),
      highWater: highWaters[low])
  }

  /// The latest reading that the zone's clocks have shown up to and including a moment.
  func highWater(at moment: Int64) -> Int64 {
    let segment = segment(at: moment)
    return max(segment.highWater, moment + segment.offset)
  }

  /// The first moment at which the zone's clocks have shown this reading or a later one.
  ///
  /// For a reading that is skipped this is the end of the gap; for one that is shown twice, the first time.
  func firstMoment(reaching reading: Int64) -> Int64 {
    // No offset is larger than 26 hours, so the answer lies between these two moments.
    var segment = segment(at: reading - TimeZoneRules.offsetBound)
    while true {
      let moment = max(segment.start, reading - segment.offset)
      if moment < segment.end { return moment }
      segment = self.segment(at: segment.end)
    }
  }

  /// More than the largest offset there can be, in seconds.
  static let offsetBound: Int64 = 2 * Calendar.secondsPerDay
}

extension TimeZoneRules {
  /// The moments at which the zone's clocks show a reading, ascending: none for one that is skipped, two for one that
  /// is shown twice.
  public func moments(showing time: CivilTime) -> [Int64] {
    let reading = time.seconds
    var moments: [Int64] = []
    var position = reading - TimeZoneRules.offsetBound
    while position <= reading + TimeZoneRules.offsetBound {
      let segment = segment(at: position)
      let moment = reading - segment.offset
      if segment.contains(moment) { moments.append(moment) }
      guard segment.end < .max else { break }
      position = segment.end
    }
    return moments
  }
}
