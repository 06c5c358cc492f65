import Testing

@testable import Scheduling

@Suite struct TimeZoneRulesTests {
  /// Every change since 1850, and those by the footer's rule until 2200, as another reader of the same file has them.
  @Test(.enabled(if: ZoneDump.isInstalled, "zdump (package libc-bin) is not installed"))
  func changesAgreeWithTheCLibrarys() throws {
    let names = Set(thirtyZones + ["America/Argentina/Buenos_Aires", "Europe/Chisinau", "Pacific/Easter", "EST5EDT"])
    let dumps = try ZoneDump.zones(names.sorted(), until: 2200)
    let end = try moment("2199-12-31T00:00:00Z")
    for (name, dump) in dumps {
      let zone = try zone(name)
      var found: [Int64] = []
      var moment = try moment("1850-01-02T00:00:00Z")
      while let change = zone.nextChange(after: moment), change < end {
        found.append(change)
        moment = change
      }
      let expected = dump.changes.filter { $0.at < end }
      #expect(found == expected.map(\.at), "\(name)")
      for change in expected {
        #expect(zone.offset(at: change.at) == change.offset, "\(name) at \(text(change.at))")
        #expect(zone.offset(at: change.at - 1) != change.offset, "\(name) before \(text(change.at))")
      }
    }
    #expect(dumps.count == 34)
  }

  @Test func rulesRepeatAfter400Years() throws {
    for name in ["Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago"] {
      let zone = try zone(name)
      for text in ["2100-03-20T12:34:56Z", "2150-07-01T00:00:00Z", "2399-12-31T23:59:59Z", "2444-10-31T01:00:00Z"] {
        let early = try moment(text)
        for cycles in [1, 2, 15] as [Int64] {
          let late = early + cycles * Calendar.secondsPerCycle
          #expect(zone.offset(at: late) == zone.offset(at: early))
          let shift = cycles * Calendar.secondsPerCycle
          #expect(zone.nextChange(after: late) == zone.nextChange(after: early).map { $0 + shift })
          #expect(zone.highWater(at: late) == zone.highWater(at: early) + shift)
        }
      }
    }
  }

  /// A footer alone, in a file without changes: the moments of 2026 at which the clocks change.
  @Test(arguments: [
    ("GMT0BST,M3.5.0/1,M10.5.0", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    ("EST5EDT", ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
    ("EST5EDT4,M3.2.0/2:00:00,M11.1.0/2", ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", ["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"]),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    ("EET-2EEST,M3.4.4/50,M10.4.4/50", ["2026-03-28T00:00:00Z", "2026-10-23T23:00:00Z"]),
    ("AAA3BBB,J60/0,J365/24", ["2026-01-01T02:00:00Z", "2026-03-01T03:00:00Z"]),
    ("AAA3BBB,59/0,300", ["2026-03-01T03:00:00Z", "2026-10-28T04:00:00Z"]),
    ("AAA0BBB,M2.5.0/-167,M8.1.6/167", ["2026-02-15T01:00:00Z", "2026-08-07T22:00:00Z"]),
    ("EST5EDT,0/0,J365/25", []), ("UTC0", []), ("<-03>3", []),
  ])
  func changesByRule(rule: String, changes: [String]) throws {
    let zone = try TimeZoneRules(name: "Test", tzif: tzif(footer: rule))
    var found: [String] = []
    var position = try moment("2026-01-01T00:00:00Z") - 1
    while let change = zone.nextChange(after: position), text(change).hasPrefix("2026") {
      found.append(text(change))
      position = change
    }
    #expect(found == changes)
  }

  /// Julian days leave out 29 February; the others count it.
  @Test func leapDaysInRules() throws {
    let julian = try TimeZoneRules(name: "Test", tzif: tzif(footer: "AAA0BBB,J60/0,J200/0"))
    #expect(julian.nextChange(after: try moment("2028-01-01T00:00:00Z")).map(text) == "2028-03-01T00:00:00Z")
    let counted = try TimeZoneRules(name: "Test", tzif: tzif(footer: "AAA0BBB,59/0,200/0"))
    #expect(counted.nextChange(after: try moment("2028-01-01T00:00:00Z")).map(text) == "2028-02-29T00:00:00Z")
  }

  @Test func daylightSavingAllYear() throws {
    let zone = try TimeZoneRules(name: "Test", tzif: tzif(footer: "EST5EDT,0/0,J365/25"))
    for text in ["2026-01-01T04:59:59Z", "2026-01-01T05:00:00Z", "2026-07-01T00:00:00Z", "2444-12-31T00:00:00Z"] {
      #expect(zone.offset(at: try moment(text)) == -4 * 3600)
    }
  }

  @Test func theTableIsReadInAllVersions() throws {
    let changes: [(Int64, Int32)] = [(1000, 3600), (2000, -1800)]
    for version in [UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "4"), 0] {
      let zone = try TimeZoneRules(name: "Test", tzif: tzif(version: version, changes: changes, footer: "<-0030>0:30"))
      #expect(zone.offset(at: 999) == 0)
      #expect(zone.offset(at: 1000) == 3600)
      #expect(zone.offset(at: 1999) == 3600)
      #expect(zone.offset(at: .max) == -1800)
      #expect(zone.offset(at: .min) == 0)
      #expect(zone.nextChange(after: 2000) == nil)
      #expect(zone.highWater(at: 2000) == 2000 + 3600 - 1)
      #expect(zone.firstMoment(reaching: 4000) == 1000)
      #expect(zone.firstMoment(reaching: 5599) == 1999)
      #expect(zone.firstMoment(reaching: 5600) == 7400)
    }
  }

  @Test(arguments: [
    "", "GM0", "GMT", "GMT0BST,", "GMT0BST,M3.5.0", "GMT0BST,M13.5.0,M10.5.0", "GMT0BST,M3.6.0,M10.5.0", "<GMT0",
    "GMT0BST,M3.5.7,M10.5.0", "GMT25", "GMT0BST,J0,J9", "GMT0BST,366,9", "GMT0BST,M3.5.0/168,M10.5.0", "GMT0 ",
  ])
  func damagedRules(rule: String) throws {
    let bytes = tzif(footer: rule)
    if rule.isEmpty {
      #expect(try TimeZoneRules(name: "Test", tzif: bytes).offset(at: 0) == 0)
    } else {
      let error = try #require(throws: TimeZoneError.self) { try TimeZoneRules(name: "Test", tzif: bytes) }
      #expect(error.kind == .malformed)
      #expect(error.reason.contains(rule))
    }
  }

  @Test func damagedFiles() throws {
    let sound = tzif(changes: [(1000, 3600), (2000, 0)], footer: "GMT0BST,M3.5.0/1,M10.5.0")
    // However much is cut off, it is an error and not a trap.
    for length in 0..<sound.count {
      #expect(throws: TimeZoneError.self) { try TimeZoneRules(name: "Test", tzif: Array(sound[..<length])) }
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      var bytes = sound
      for _ in 0..<3 {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let zone = try? TimeZoneRules(name: "Test", tzif: bytes) else { continue }
      let times = FireTimes(.cron(try CronExpression("30 2 * * *")), zone: zone)
      #expect(try #require(times.next(after: 1500)) > 1500)
    }
    let unordered = tzif(changes: [(2000, 3600), (1000, 0)], footer: "GMT0")
    #expect(throws: TimeZoneError.self) { try TimeZoneRules(name: "Test", tzif: unordered) }
    let tooFarEast = tzif(changes: [(1000, 27 * 3600)], footer: "GMT0")
    #expect(throws: TimeZoneError.self) { try TimeZoneRules(name: "Test", tzif: tooFarEast) }
  }

  /// A TZif file whose first offset is 0.
  private func tzif(
    version: UInt8 = UInt8(ascii: "2"), changes: [(at: Int64, offset: Int32)] = [], footer: String
  ) -> [UInt8] {
    func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
      (0..<Number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: number >> Number(8 * $0)) }
    }
    func block(timeLength: Int) -> [UInt8] {
      var block = Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
      for count in [0, 0, 0, changes.count, changes.count + 1, 4] { block += bytes(Int32(count)) }
      for change in changes { block += timeLength == 8 ? bytes(change.at) : bytes(Int32(change.at)) }
      for index in changes.indices { block.append(UInt8(index + 1)) }
      for offset in [0] + changes.map(\.offset) { block += bytes(offset) + [0, 0] }
      return block + Array("GMT\0".utf8)
    }
    if version == 0 { return block(timeLength: 4) }
    return block(timeLength: 4) + block(timeLength: 8) + Array("\n\(footer)\n".utf8)
  }
}

@Suite("The moments that show a reading")
struct ReadingMomentTests {
  @Test(
    "none in a gap, one on most days, two in a repeated hour",
    arguments: [
      ("Europe/London", "2026-03-29T01:30:00", []), ("Europe/London", "2026-06-01T01:30:00", ["2026-06-01T00:30:00"]),
      ("Europe/London", "2026-10-25T01:30:00", ["2026-10-25T00:30:00", "2026-10-25T01:30:00"]),
      ("Australia/Lord_Howe", "2026-04-05T01:45:00", ["2026-04-04T14:45:00", "2026-04-04T15:15:00"]),
      ("Pacific/Apia", "2011-12-30T12:00:00", []), ("UTC", "2026-06-01T01:30:00", ["2026-06-01T01:30:00"]),
    ])
  func moments(_ zone: String, _ reading: String, _ expected: [String]) throws {
    let rules = try TimeZoneDirectory.system.rules(named: zone)
    let moments = rules.moments(showing: try #require(CivilTime(reading)))
    #expect(moments.map { "\(CivilTime(seconds: $0))" } == expected)
  }
}
