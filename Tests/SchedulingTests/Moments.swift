import Testing

@testable import Scheduling

/// The moment of `2026-11-24T01:29:00Z`.
func moment(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Int64 {
  let time = try #require(CivilTime(String(text.dropLast())), "\(text)", sourceLocation: sourceLocation)
  try #require(text.last == "Z", "\(text)", sourceLocation: sourceLocation)
  return time.seconds
}

func text(_ moment: Int64) -> String { "\(CivilTime(seconds: moment))Z" }

func zone(_ name: String) throws -> TimeZoneRules { try TimeZoneDirectory.system.rules(named: name) }

func fireTimes(_ expression: String, _ zoneName: String = "UTC") throws -> FireTimes {
  FireTimes(.cron(try CronExpression(expression)), zone: try zone(zoneName))
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Zones of every kind: no changes, half and quarter hours, changes at midnight, days skipped, rules of other religions'
/// calendars, negative daylight saving, and ones that the tables alone know.
let thirtyZones = [
  "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
  "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo", "Asia/Tehran", "America/Santiago", "Africa/Cairo",
  "Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Europe/Dublin", "Antarctica/Troll", "Pacific/Chatham", "America/Nuuk",
  "Asia/Pyongyang", "America/Caracas", "Europe/Istanbul", "Europe/Moscow", "Asia/Kolkata", "America/Havana",
  "America/Asuncion", "Pacific/Kiritimati", "Pacific/Kwajalein", "Antarctica/Casey", "America/Juneau",
]
