import Glibc

/// What two clocks of this machine show at one moment: one that may be set, and one that cannot be.
struct ClockReading: Sendable, Hashable {
  /// Milliseconds since 1970.
  var wall: Int64
  /// Milliseconds since some moment, those of a machine asleep left out: CLOCK_MONOTONIC, which a timer can wait for.
  var elapsed: Int64

  static func now() -> ClockReading {
    ClockReading(wall: milliseconds(CLOCK_REALTIME), elapsed: milliseconds(CLOCK_MONOTONIC))
  }

  /// Whether the wall clock was set between two readings, or the machine slept, which comes to the same: its clock then
  /// is what another keeps.
  func wasSet(since earlier: ClockReading, byMoreThan bound: Int64) -> Bool {
    abs((wall - earlier.wall) - (elapsed - earlier.elapsed)) > bound
  }

  /// How far the wall clock is ahead of a log that took a record at a moment between this reading and a later one. No
  /// difference that the interval explains is one.
  /// - Parameter appended: milliseconds since 1970, by the log.
  func ahead(of appended: Int64, until received: ClockReading) -> Int64 {
    appended < wall ? wall - appended : min(0, received.wall - appended)
  }

  private static func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// How far the wall clock was ahead of the broker's, and when that was seen.
struct ClockLook: Sendable, Hashable {
  var aheadMilliseconds: Int64
  var reading: ClockReading
}
