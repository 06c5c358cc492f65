/// Keeps jobs that are due at the same time from starting all at once, the same way on every scheduler.
public enum Spread {
  /// How long after its nominal fires a job is proposed: a number that depends on the job's name and the window alone.
  /// - Parameter windowMilliseconds: how far the jobs are spread; no spread if it is not positive.
  /// - Returns: milliseconds from 0 to less than the window.
  public static func offset(job: String, windowMilliseconds: Int64) -> Int64 {
    guard windowMilliseconds > 0 else { return 0 }
    // FNV-1a, and then SplitMix64's last steps: names that differ in one letter come out far apart.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in job.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
    hash ^= hash >> 31
    return Int64(hash.multipliedFullWidth(by: UInt64(windowMilliseconds)).high)
  }
}
