import Foundation
import Testing

@testable import Scheduling

/// No fire is lost and none is doubled: all fires are compared with a walk through the minutes, one by one.
@Suite(.enabled(if: ZoneDump.isInstalled, "zdump (package libc-bin) is not installed"))
struct WalkTests {
  private static let years = 1990...2040
  private static let isFull = ProcessInfo.processInfo.environment["BATON_TEST_FULL"] == "1"

  @Test(arguments: thirtyZones)
  func sampledSpansOf50Years(zoneName: String) throws {
    let dump = try #require(try ZoneDump.zones([zoneName], until: Self.years.upperBound)[zoneName])
    var random = SeededGenerator(seed: 50)
    let first = CivilTime(year: Self.years.lowerBound, month: 1, day: 4).seconds
    let last = CivilTime(year: Self.years.upperBound - 1, month: 12, day: 20).seconds
    var starts = (0..<2).map { _ in Int64.random(in: first...last, using: &random) / 60 * 60 }
    // Days around changes: the first and last ones, and some between.
    let changes = dump.changes.filter { $0.at > first + 4 * 86_400 && $0.at < last }
    let chosen = changes.prefix(1) + changes.suffix(2) + changes.shuffled(using: &random).prefix(3)
    starts += chosen.map { $0.at - 36 * 3600 }
    for start in starts { try compare(zoneName, dump, from: start, to: start + 3 * 86_400) }
  }

  @Test(.enabled(if: isFull, "set BATON_TEST_FULL=1 to walk through all minutes"), arguments: thirtyZones)
  func allMinutesOf50Years(zoneName: String) throws {
    let dump = try #require(try ZoneDump.zones([zoneName], until: Self.years.upperBound)[zoneName])
    for year in Self.years.lowerBound..<Self.years.upperBound {
      let start = CivilTime(year: year, month: 1, day: 4).seconds
      try compare(zoneName, dump, from: start, to: CivilTime(year: year + 1, month: 1, day: 4).seconds)
    }
  }

  /// Days that no other zone has, or that were long ago.
  @Test(arguments: [
    ("Pacific/Apia", "2011-12-30T10:00:00Z"), ("Pacific/Kwajalein", "1993-08-21T12:00:00Z"),
    ("Pacific/Kiritimati", "1994-12-31T10:00:00Z"), ("Asia/Kathmandu", "1985-12-31T18:30:00Z"),
    ("America/St_Johns", "1988-04-03T03:31:00Z"), ("Australia/Lord_Howe", "1985-10-26T15:30:00Z"),
    ("Africa/Casablanca", "2086-04-14T02:00:00Z"), ("Antarctica/Casey", "2020-10-03T16:01:00Z"),
  ])
  func oddChanges(zoneName: String, change: String) throws {
    let dump = try #require(try ZoneDump.zones([zoneName], until: 2090)[zoneName])
    let change = try moment(change)
    try #require(dump.changes.contains { $0.at == change })
    try compare(zoneName, dump, from: change - 3 * 86_400, to: change + 3 * 86_400)
  }

  private func compare(_ zoneName: String, _ dump: ZoneDump, from start: Int64, to end: Int64) throws {
    let walked = dump.walk(WalkedJob.all, from: start, to: end)
    for (job, expected) in zip(WalkedJob.all, walked) {
      let times = try fireTimes(job.expression, zoneName)
      let forward = times.fires(after: start - 1, through: end - 1)
      #expect(
        forward == expected,
        "\(job.expression) in \(zoneName) from \(text(start)): \(firstDifference(forward, expected))")
      var backward: [Int64] = []
      var moment = end
      while let fire = times.previous(before: moment), fire >= start {
        backward.append(fire)
        moment = fire
      }
      #expect(backward.reversed() == expected, "\(job.expression) in \(zoneName), backward from \(text(end))")
    }
  }

  private func firstDifference(_ found: [Int64], _ expected: [Int64]) -> String {
    let lost = expected.first { !found.contains($0) }.map { "lost \(text($0))" }
    return lost ?? found.first { !expected.contains($0) }.map { "added \(text($0))" } ?? "none"
  }
}
