import Testing

@testable import Terminal

@Suite struct FormattingTests {
  @Test(
    arguments: [
      (0, "0 ms"), (340, "340 ms"), (999, "999 ms"), (1000, "1 s"), (4230, "4.2 s"), (9999, "9.9 s"), (10_000, "10 s"),
      (59_999, "59 s"), (60_000, "1 min"), (65_000, "1 min 5 s"), (3_599_999, "59 min 59 s"), (3_600_000, "1 h"),
      (4_320_000, "1 h 12 min"), (86_399_999, "23 h 59 min"), (86_400_000, "1 d"), (183_600_000, "2 d 3 h"),
      (-340, "-340 ms"), (.max, "106751991167 d 7 h"), (.min, "-106751991167 d 7 h"),
    ] as [(Int64, String)])
  func durations(milliseconds: Int64, expected: String) {
    #expect(formatDuration(milliseconds: milliseconds) == expected)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1 MiB"), (1_048_576, "1 MiB"),
      (268_435_456, "256 MiB"), (102_400, "100 KiB"), (102_350, "100 KiB"), (10_700, "10.4 KiB"), (102_860, "100 KiB"),
      (1_048_064, "1 MiB"), (1_048_063, "1023 KiB"),
      (1_099_511_627_776, "1 TiB"), (.max, "8 EiB"), (.min, "-8 EiB"), (-1536, "-1.5 KiB"),
    ] as [(Int64, String)])
  func bytes(count: Int64, expected: String) {
    #expect(formatBytes(count) == expected)
  }

  @Test(
    arguments: [
      (0, "0"), (999, "999"), (1000, "1,000"), (1_000_000, "1,000,000"), (-1234, "-1,234"), (-999, "-999"),
      (.max, "9,223,372,036,854,775,807"), (.min, "-9,223,372,036,854,775,808"),
    ] as [(Int64, String)])
  func counts(count: Int64, expected: String) {
    #expect(formatCount(count) == expected)
  }

  @Test(
    arguments: [
      (0, 0, "just now"), (0, 999, "just now"), (999, 0, "just now"), (0, 5000, "5 s ago"), (5000, 0, "in 5 s"),
      (0, 180_000, "3 min ago"), (0, 3_600_000, "1 h ago"), (7_200_000, 0, "in 2 h"), (0, 172_800_000, "2 d ago"),
    ] as [(Int64, Int64, String)])
  func relativeTimes(moment: Int64, now: Int64, expected: String) {
    #expect(formatRelative(milliseconds: moment, now: now) == expected)
  }

  @Test func relativeTimesSurviveTheExtremes() {
    #expect(formatRelative(milliseconds: .min, now: .max).hasSuffix(" ago"))
    #expect(formatRelative(milliseconds: .max, now: .min).hasPrefix("in "))
  }
}
