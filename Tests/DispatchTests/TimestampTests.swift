import Dispatch
import Testing

@Suite("Moments")
struct TimestampTests {
  static let table: [(String, Int64)] = [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1), ("1969-12-31T23:59:59.999Z", -1),
    ("2000-02-29T00:00:00Z", 951_782_400_000), ("2026-11-24T01:29:00Z", 1_795_483_740_000),
    ("2026-11-24T01:29:00+02:00", 1_795_476_540_000), ("2026-11-24T01:29:00-05:30", 1_795_503_540_000),
    ("2026-11-24t01:29:00z", 1_795_483_740_000), ("1970-01-01T00:00:00.5Z", 500), ("1970-01-01T00:00:00.05Z", 50),
    ("1970-01-01T00:00:00.123456789Z", 123), ("1970-01-01T00:00:00.1234567890123456789012345Z", 123),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ("1970-01-01T00:00:00-00:00", 0), ("1970-01-01T23:59:00+23:59", 0),
  ]

  @Test("what is read", arguments: table)
  func read(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test(
    "what is printed",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (1_795_483_740_007, "2026-11-24T01:29:00.007Z"),
      (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func print(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }

  @Test("what is printed is read back the same, over all years of four digits")
  func roundTrip() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<5_000 {
      let moment = Timestamp(
        milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
      #expect(Timestamp(rfc3339: moment.description) == moment, "\(moment.milliseconds)")
    }
  }

  @Test("texts are in the order of their moments")
  func order() {
    var random = SplitMix64(seed: 6)
    for _ in 0..<1_000 {
      let one = Timestamp(milliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random))
      let other = one + Int64.random(in: 1...100_000_000_000, using: &random)
      #expect(one < other && one.description < other.description && other - one > 0)
    }
  }

  @Test("days follow each other, and each month has its days")
  func calendar() {
    var day = Timestamp(rfc3339: "1896-01-01T00:00:00Z")!
    var counts: [String: Int] = [:]
    while day.description < "2105" {
      counts[String(day.description.prefix(7)), default: 0] += 1
      day = day + 86_400_000
    }
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for (month, count) in counts {
      let (year, number) = (Int(month.prefix(4))!, Int(month.suffix(2))!)
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      #expect(count == lengths[number - 1] + (isLeap && number == 2 ? 1 : 0), "\(month)")
    }
    #expect(counts.count == 209 * 12)
  }

  @Test("sums and differences end at the largest and the least")
  func ends() {
    let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
    #expect(last + 1 == last && first + -1 == first && last + .max == last && first + .min == first)
    #expect(last + -1 < last && first + 1 > first && last + .min == Timestamp(milliseconds: -1))
    #expect(last - first == .max && first - last == .min && last - last == 0)
  }

  static let impossible = [
    "", "2026", "2026-11-24", "2026-11-24T01:29Z", "2026-11-24T01:29:00", "2026-11-24 01:29:00Z",
    "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+2:00", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00+02",
    "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00ZZ", "2026/01/01T00:00:00Z", "02026-01-01T00:00:00Z", "2026-1-01T00:00:00Z",
    "-026-01-01T00:00:00Z", "２０２６-01-01T00:00:00Z", "2026\r01\r01T00:00:00Z", "2026-01-01T00\u{1a}00\u{1a}00Z",
    "2026-01-01T00:00:00\u{0e}5Z", "2026-01-01T00:00:00Ú",
  ]

  @Test("what is no moment", arguments: impossible)
  func refused(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

  @Test("dates")
  func dates() {
    for text in ["2024-02-29", "0001-01-01", "9999-12-31"] { #expect(Timestamp.isDate(text), "\(text)") }
    for text in ["2023-02-29", "2024-2-29", "20240229", "", "2024-02-29T", "2024\r02\r29"] {
      #expect(!Timestamp.isDate(text), "\(text)")
    }
  }
}
