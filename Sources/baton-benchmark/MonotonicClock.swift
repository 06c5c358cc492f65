import Glibc

/// The machine's monotonic clock, the same for all of its processes.
enum MonotonicClock {
  /// Nanoseconds since the machine started.
  static func nanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}
