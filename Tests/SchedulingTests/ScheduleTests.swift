import Testing

@testable import Scheduling

@Suite struct ScheduleTests {
  @Test func anIdIsReadBack() throws {
    let identifier = FireIdentifier(job: "person-search", fire: try moment("2026-11-24T01:29:00Z"))
    #expect("\(identifier)" == "person-search@2026-11-24T01:29:00Z")
    #expect(FireIdentifier("\(identifier)") == identifier)
    #expect(FireIdentifier("a@b@2026-11-24T01:29:00Z") == FireIdentifier(job: "a@b", fire: identifier.fire))
  }

  @Test(arguments: [
    "", "job", "@2026-11-24T01:29:00Z", "job@2026-11-24T01:29:00", "job@2026-11-24T01:29Z", "job@2026-02-30T01:29:00Z",
    "job@2026-11-24 01:29:00Z", "job@2026-11-24T24:00:00Z", "job@2026-13-01T00:00:00Z", "job@+026-11-24T01:29:00Z",
    "job@0000-11-24T01:29:00Z", "job@2026-11-24T01:29:60Z",
  ])
  func otherIdsAreNotAScheduler(text: String) {
    #expect(FireIdentifier(text) == nil)
  }

  private func signature(_ expression: String, _ zoneName: String = "UTC") throws -> String {
    Schedule(job: "a", timing: .cron(try CronExpression(expression)), zone: try zone(zoneName)).signature
  }

  @Test(
    "a signature is the same however the expression is written",
    arguments: [
      ("29 1 * * 1 UTC", ["29 1 * * mon", " 29  1 * * MON", "0 29 1 ? * 1", "29 1 */1 1-12 MON-MON"]),
      ("0 0 * * * UTC", ["@daily", "0 0 0 * * *", "0 0 1-31 * ?", "0 0 * * 0-6", "0 0 1-31 * MON", "0 0 13 * 1-7"]),
      ("0,15,30,45 * * * * UTC", ["*/15 * * * *", "0-45/15 */1 * * *", "0 45,30,15,0 0-23 * * *"]),
      ("*/1 * * * * *", ["* * * * * *", "0-59 0-59 0-23 1-31 1-12 0-7"]),
      ("0 2 * * 0 UTC", ["0 2 * * SUN", "0 2 * * 7", "0 2 * * 0,7"]),
      ("0 2 * 1-2,11-12 0-1,5-6 UTC", ["0 2 * NOV-FEB FRI-MON", "0 2 ? 11,12,1,2 5,6,7,1"]),
      ("0 0 13 * 5 UTC", ["0 0 13 * FRI", "0 0 13 * 5-5"]),
      ("0 0 13,15W,L,L-3,LW * 1#2,2#5,5L UTC", ["0 0 L-3,LW,13,L,15W * FRIL,TUE#5,MON#2"]),
      ("0 0 1,11,21,31 * &5 UTC", ["0 0 */10 * FRI", "0 0 */10 * 5"]),
    ] as [(String, [String])])
  func signatures(text: String, ways: [String]) throws {
    for way in ways {
      let expected = text.hasSuffix("UTC") ? text : try signature(text)
      #expect(try signature(way) == expected, "\(way)")
      // What is stored must tell timings apart, too: equal texts are equal expressions.
      #expect(try CronExpression(way) == CronExpression(ways[0]), "\(way)")
    }
  }

  @Test("other fires have other signatures")
  func otherSignatures() throws {
    let all = [
      "0 0 * * *", "0 0 1 * *", "0 0 * 1 *", "0 0 * * 1", "0 1 * * *", "1 0 * * *", "1 0 0 * * *", "0 0 */10 * FRI",
      "0 0 1,11,21,31 * FRI", "0 0 L * *", "0 0 L-1 * *", "0 0 LW * *", "0 0 1W * *", "0 0 * * 1L", "0 0 * * 1#1",
      "* 0 0 * * *", "* 0 * * *",
    ]
    #expect(Set(try all.map { try signature($0) }).count == all.count)
  }

  @Test func aSignatureHasTheZone() throws {
    #expect(try signature("0 0 * * *", "Europe/London") != signature("0 0 * * *"))
    let interval = Schedule(job: "a", timing: .every(try Interval("15m")), zone: try zone("Europe/London"))
    #expect(interval.signature == "every 900s")
  }

  /// These numbers must never change: schedulers of two versions would propose at two times.
  @Test(
    arguments: [
      ("nightly", 300_000, 26_520), ("nightly2", 300_000, 61_164), ("", 300_000, 287_302), ("nightly", 1, 0),
      ("nightly", 0, 0), ("nightly", -5, 0),
    ] as [(String, Int64, Int64)])
  func spreadOfAJob(job: String, window: Int64, offset: Int64) {
    #expect(Spread.offset(job: job, windowMilliseconds: window) == offset)
  }

  @Test func spreadIsEven() {
    var counts = [Int](repeating: 0, count: 10)
    for number in 0..<10_000 {
      let offset = Spread.offset(job: "job-\(number)", windowMilliseconds: 1000)
      counts[Int(offset / 100)] += 1
    }
    #expect(counts.allSatisfy { (850...1150).contains($0) }, "\(counts)")
    #expect((0..<100).allSatisfy { Spread.offset(job: "job-\($0)", windowMilliseconds: .max) >= 0 })
  }

  @Test(
    arguments: [
      ("30s", 30), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("366d", 31_622_400), ("0015m", 900),
    ] as [(String, Int64)])
  func intervals(text: String, seconds: Int64) throws {
    #expect(try Interval(text).seconds == seconds)
  }

  @Test(arguments: [
    ("", "is not an interval"), ("m", "is not an interval"), ("15", "is not an interval"),
    ("1h30m", "is not an interval"),
    ("-5m", "is not an interval"), ("500ms", "is not an interval"), ("15 m", "is not an interval"), ("0s", "of zero"),
    ("367d", "too long"), ("99999999999999999999s", "too long"), ("1w", "is not an interval"),
    ("1.5h", "is not an interval"),
  ])
  func refusedIntervals(text: String, words: String) throws {
    let error = try #require(throws: IntervalError.self) { try Interval(text) }
    #expect(error.description.contains(words))
  }

  @Test func anIntervalIsWrittenShort() throws {
    for (text, short) in [("900s", "15m"), ("120m", "2h"), ("48h", "2d"), ("61s", "61s")] {
      #expect("\(try Interval(text))" == short)
    }
  }

  @Test func timesOfDay() {
    #expect(TimeOfDay("06:00")?.seconds == 21_600)
    #expect(TimeOfDay("6:05").map { "\($0)" } == "06:05")
    #expect(TimeOfDay("23:59")?.seconds == 86_340)
    for text in ["", "24:00", "06:60", "6", "06:0", "006:00", "06:00:00", "-6:00", "aa:bb", "06:00 "] {
      #expect(TimeOfDay(text) == nil, "\(text)")
    }
  }

  @Test func theCalendarGoesThereAndBack() {
    var (year, month, day, weekday) = (1900, 1, 1, 1)
    for days in Calendar.days(year: 1900, month: 1, day: 1)..<Calendar.days(year: 2310, month: 1, day: 1) {
      let isSame =
        Calendar.date(fromDays: days) == (year, month, day)
        && Calendar.days(year: year, month: month, day: day) == days && Calendar.weekday(ofDays: days) == weekday
      if !isSame { Issue.record("\(year)-\(month)-\(day)") }
      weekday = (weekday + 1) % 7
      day += 1
      if day > WalkedMinute.length(month: month, year: year) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    #expect(year == 2310)
  }
}
