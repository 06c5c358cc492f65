import Testing

@testable import Scheduling

/// The fires of an expression around a change of the clocks, written in UTC.
struct ClockChangeCase: Sendable, CustomTestStringConvertible {
  var zone: String
  var expression: String
  var after: String
  var fires: [String]

  var testDescription: String { "\(expression) in \(zone) after \(after)" }

  init(_ zone: String, _ expression: String, after: String, _ fires: [String]) {
    self.zone = zone
    self.expression = expression
    self.after = after
    self.fires = fires
  }

  /// 29 March: 01:00 becomes 02:00. 25 October: 02:00 becomes 01:00.
  static let london: [ClockChangeCase] = [
    .init(
      "Europe/London", "30 1 * * *", after: "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
    .init(
      "Europe/London", "0 1 * * *", after: "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]),
    .init(
      "Europe/London", "59 59 1 * * *", after: "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:59:59Z"]),
    .init(
      "Europe/London", "0 2 * * *", after: "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]),
    // Three times that are skipped and the one at their end are one fire.
    .init(
      "Europe/London", "0,20,40 1-2 * * *", after: "2026-03-29T00:00:00Z",
      ["2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z", "2026-03-29T01:40:00Z", "2026-03-30T00:00:00Z"]),
    .init(
      "Europe/London", "*/15 1 29 3 *", after: "2026-01-01T00:00:00Z", ["2026-03-29T01:00:00Z", "2027-03-29T00:00:00Z"]),
    // Every second hour: the skipped one is made up for.
    .init(
      "Europe/London", "30 1-23/2 * * *", after: "2026-03-28T23:00:00Z",
      ["2026-03-28T23:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:30:00Z"]),
    // Every hour: an hour apart, the skipped times are not made up for.
    .init(
      "Europe/London", "30 * * * *", after: "2026-03-28T23:00:00Z",
      ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"]),
    .init(
      "Europe/London", "30 0-23 * * *", after: "2026-10-24T23:00:00Z",
      ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]),
    .init(
      "Europe/London", "30 1 * * *", after: "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
    .init(
      "Europe/London", "0 2 * * *", after: "2026-10-24T12:00:00Z", ["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
    // The minutes of an hour: sixty, not 120.
    .init(
      "Europe/London", "58,59 1 * * *", after: "2026-10-25T00:00:00Z",
      ["2026-10-25T00:58:00Z", "2026-10-25T00:59:00Z", "2026-10-26T01:58:00Z"]),
    // A last Sunday of October is also a day of the month.
    .init(
      "Europe/London", "30 1 * 10 SUNL", after: "2026-10-01T00:00:00Z",
      ["2026-10-25T00:30:00Z", "2027-10-31T00:30:00Z"]),
  ]

  /// New York: 8 March 02:00 becomes 03:00; 1 November 02:00 becomes 01:00.
  static let america: [ClockChangeCase] = [
    .init(
      "America/New_York", "30 2 * * *", after: "2026-03-07T12:00:00Z", ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]),
    .init(
      "America/New_York", "30 1 * * *", after: "2026-10-31T12:00:00Z", ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
    .init(
      "America/New_York", "0 */2 * * *", after: "2026-03-08T04:00:00Z",
      ["2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"]),
    // Far beyond the file's table, by the footer's rule; and after the first 400 years of it.
    .init(
      "America/New_York", "30 2 * * SUN", after: "2100-03-13T12:00:00Z",
      ["2100-03-14T07:00:00Z", "2100-03-21T06:30:00Z"]),
    .init(
      "America/New_York", "30 1 7 11 *", after: "2600-01-01T00:00:00Z",
      ["2600-11-07T06:30:00Z", "2601-11-07T06:30:00Z"]),
    // St. John's changed at a minute past midnight: 2 April 2006 00:01 becomes 01:01, 29 October 00:01 becomes 23:01.
    .init(
      "America/St_Johns", "30 0 * * *", after: "2006-04-01T12:00:00Z", ["2006-04-02T03:31:00Z", "2006-04-03T03:00:00Z"]),
    .init(
      "America/St_Johns", "0 0 * * *", after: "2006-10-28T12:00:00Z", ["2006-10-29T02:30:00Z", "2006-10-30T03:30:00Z"]),
    .init(
      "America/St_Johns", "30 23 * * *", after: "2006-10-28T12:00:00Z",
      ["2006-10-29T02:00:00Z", "2006-10-30T03:00:00Z"]),
    .init("America/St_Johns", "0 6 * * *", after: "2026-11-24T00:00:00Z", ["2026-11-24T09:30:00Z"]),
    // Midnight itself is skipped on 6 September, and shown twice on 1 November.
    .init(
      "America/Santiago", "0 0 * * *", after: "2026-09-05T12:00:00Z", ["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"]),
    .init(
      "America/Santiago", "@daily", after: "2026-09-05T12:00:00Z", ["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"]),
    // Every hour of one day in the year, which begins or ends with the change.
    .init(
      "America/Santiago", "30 * 4 4 *", after: "2026-04-05T02:00:00Z",
      ["2026-04-05T02:30:00Z", "2026-04-05T03:30:00Z", "2027-04-04T04:30:00Z"]),
    .init(
      "America/St_Johns", "0 * 29 10 *", after: "2006-10-29T00:00:00Z",
      ["2006-10-29T02:30:00Z", "2006-10-29T03:30:00Z", "2006-10-29T04:30:00Z"]),
    .init(
      "America/Havana", "0 0 1 * *", after: "2026-10-15T00:00:00Z", ["2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"]),
  ]

  /// Lord Howe: 5 April 02:00 becomes 01:30; 4 October 02:00 becomes 02:30.
  static let pacific: [ClockChangeCase] = [
    .init(
      "Australia/Lord_Howe", "15 2 * * *", after: "2026-10-03T00:00:00Z",
      ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]),
    .init(
      "Australia/Lord_Howe", "45 2 * * *", after: "2026-10-03T00:00:00Z",
      ["2026-10-03T15:45:00Z", "2026-10-04T15:45:00Z"]),
    .init(
      "Australia/Lord_Howe", "45 1 * * *", after: "2026-04-04T00:00:00Z",
      ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"]),
    .init(
      "Australia/Lord_Howe", "15 1 * * *", after: "2026-04-04T00:00:00Z",
      ["2026-04-04T14:15:00Z", "2026-04-05T14:45:00Z"]),
    .init(
      "Australia/Lord_Howe", "*/30 * * * *", after: "2026-04-04T14:00:00Z",
      ["2026-04-04T14:30:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z", "2026-04-04T16:00:00Z"]),
    // A minute of the hour cannot be kept together with an hour's distance when the clocks move by half an hour.
    .init(
      "Australia/Lord_Howe", "0 * * * *", after: "2026-10-03T14:00:00Z",
      ["2026-10-03T14:30:00Z", "2026-10-03T16:00:00Z", "2026-10-03T17:00:00Z"]),
    .init(
      "Australia/Lord_Howe", "45 * * * *", after: "2026-04-04T14:00:00Z",
      ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-04T16:15:00Z"]),
    // Apia had no 30 December 2011, a Friday: the clocks went from the 29th 24:00 to the 31st 00:00.
    .init(
      "Pacific/Apia", "0 5 * * *", after: "2011-12-29T00:00:00Z",
      ["2011-12-29T15:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T15:00:00Z", "2011-12-31T15:00:00Z"]),
    .init(
      "Pacific/Apia", "0 9 * * FRI", after: "2011-12-24T00:00:00Z", ["2011-12-30T10:00:00Z", "2012-01-05T19:00:00Z"]),
    .init(
      "Pacific/Apia", "0,30 12-14 30 12 *", after: "2011-12-01T00:00:00Z",
      ["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"]),
    .init(
      "Pacific/Apia", "0 0 L * *", after: "2011-12-15T00:00:00Z", ["2011-12-30T10:00:00Z", "2012-01-30T10:00:00Z"]),
    .init(
      "Pacific/Apia", "0 * * * *", after: "2011-12-30T08:30:00Z",
      ["2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z"]),
  ]

  /// Casablanca goes back for Ramadan, 15 February 03:00 to 02:00, and forth again on 22 March. Kathmandu skipped a
  /// quarter of an hour at the beginning of 1986.
  static let others: [ClockChangeCase] = [
    .init(
      "Africa/Casablanca", "30 2 * * *", after: "2026-02-14T12:00:00Z",
      ["2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z"]),
    .init(
      "Africa/Casablanca", "30 2 * * *", after: "2026-03-21T12:00:00Z",
      ["2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z"]),
    .init("Africa/Casablanca", "0 2 1 1 *", after: "2150-06-01T00:00:00Z", ["2151-01-01T01:00:00Z"]),
    .init(
      "Asia/Kathmandu", "5 0 * * *", after: "1985-12-31T12:00:00Z", ["1985-12-31T18:30:00Z", "1986-01-01T18:20:00Z"]),
    .init(
      "Asia/Kathmandu", "10 * * * *", after: "1985-12-31T17:00:00Z", ["1985-12-31T17:40:00Z", "1985-12-31T19:25:00Z"]),
    .init(
      "Asia/Kathmandu", "0 6 * * *", after: "2026-11-24T00:00:00Z", ["2026-11-24T00:15:00Z", "2026-11-25T00:15:00Z"]),
    .init("UTC", "30 1 * * *", after: "2026-03-29T00:00:00Z", ["2026-03-29T01:30:00Z", "2026-03-30T01:30:00Z"]),
    .init("UTC", "0 0 29 2 *", after: "2095-01-01T00:00:00Z", ["2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"]),
    .init("UTC", "0 0 29 2 */7", after: "2080-01-01T00:00:00Z", ["2088-02-29T00:00:00Z", "2128-02-29T00:00:00Z"]),
  ]
}

@Suite struct ClockChangeTests {
  @Test(arguments: ClockChangeCase.london + ClockChangeCase.america + ClockChangeCase.pacific + ClockChangeCase.others)
  func firesAroundAChange(row: ClockChangeCase) throws {
    let times = try fireTimes(row.expression, row.zone)
    let start = try moment(row.after)
    let expected = try row.fires.map { try moment($0) }
    #expect(times.fires(after: start, through: .max, limit: expected.count).map(text) == row.fires)
    // Backward, from just after the last.
    var position = try #require(expected.last) + 1
    for fire in expected.reversed() {
      let found = try #require(times.previous(before: position))
      #expect(text(found) == text(fire))
      position = found
    }
    #expect(try #require(times.previous(before: position)) <= start)
  }

  @Test(arguments: [
    (
      "Europe/London", "30 1 * * *", "2026-03-29T01:00:00Z", ClockChange.skipped(due: CivilTime("2026-03-29T01:30:00")!)
    ),
    ("Europe/London", "0 1,2 * * *", "2026-03-29T01:00:00Z", .skipped(due: CivilTime("2026-03-29T01:00:00")!)),
    ("Europe/London", "0 2 * * *", "2026-03-29T01:00:00Z", nil),
    ("Europe/London", "30 1 * * *", "2026-10-25T00:30:00Z", .firstOfTwo),
    ("Europe/London", "59 0 * * *", "2026-10-24T23:59:00Z", nil),
    ("Europe/London", "0 2 * * *", "2026-10-25T02:00:00Z", nil),
    ("Europe/London", "30 * * * *", "2026-10-25T00:30:00Z", nil),
    ("Pacific/Apia", "0 5 * * *", "2011-12-30T10:00:00Z", .skipped(due: CivilTime("2011-12-30T05:00:00")!)),
    ("UTC", "30 1 * * *", "2026-03-29T01:30:00Z", nil),
  ])
  func whatAChangeDoesToAFire(zone: String, expression: String, fire: String, change: ClockChange?) throws {
    let times = try fireTimes(expression, zone)
    let fire = try moment(fire)
    try #require(times.next(after: fire - 1) == fire)
    #expect(times.clockChange(at: fire) == change)
  }

  @Test func intervalsKnowNoClocks() throws {
    let times = FireTimes(.every(try Interval("90m")), zone: try zone("Europe/London"))
    let fires = times.fires(after: try moment("2026-10-24T21:00:00Z"), through: try moment("2026-10-25T05:00:00Z"))
    #expect(zip(fires, fires.dropFirst()).allSatisfy { $1 - $0 == 5400 })
    #expect(fires.first.map(text) == "2026-10-24T22:30:00Z")
    #expect(times.previous(before: 0) == -5400)
    #expect(times.next(after: -1) == 0)
    #expect(times.next(after: 0) == 5400)
  }

  @Test func theCalendarHasTwoEnds() throws {
    let times = try fireTimes("0 0 1 1 *")
    #expect(times.next(after: .min).map(text) == "0001-01-01T00:00:00Z")
    #expect(times.previous(before: .max).map(text) == "9999-01-01T00:00:00Z")
    #expect(times.next(after: try moment("9999-01-01T00:00:00Z")) == nil)
    #expect(times.previous(before: try moment("0001-01-01T00:00:00Z")) == nil)
    #expect(times.next(after: .max) == nil)
    #expect(times.previous(before: .min) == nil)
    for name in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
      for expression in ["* * * * *", "0 12 * * *"] {
        let times = try fireTimes(expression, name)
        #expect(try #require(times.next(after: .min)) >= (try moment("0001-01-01T00:00:00Z")))
        #expect(try #require(times.previous(before: .max)) <= (try moment("9999-12-31T23:59:59Z")))
      }
    }
  }
}
