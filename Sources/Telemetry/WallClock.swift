import Glibc

/// The system's wall clock.
public enum WallClock {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// RFC 3339 in UTC with milliseconds: `2026-11-24T01:29:00.123Z`.
  static func text(milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var rest = milliseconds % 1000
    if rest < 0 {
      rest += 1000
      seconds -= 1
    }
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return String(milliseconds) }
    func pad(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return pad(Int(parts.tm_year) + 1900, 4) + "-" + pad(Int(parts.tm_mon) + 1, 2) + "-" + pad(Int(parts.tm_mday), 2)
      + "T" + pad(Int(parts.tm_hour), 2) + ":" + pad(Int(parts.tm_min), 2) + ":" + pad(Int(parts.tm_sec), 2)
      + "." + pad(Int(rest), 3) + "Z"
  }
}
