import Scheduling

/// Time zones from their rules alone, so that a seed tells the same story on a machine with another tz database or none.
enum SimulatedZones {
  static let london = zone("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0")
  static let newYork = zone("America/New_York", "EST5EDT,M3.2.0,M11.1.0")
  static let lordHowe = zone("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0")

  /// A TZif file without a table: its footer is the rule for all time.
  private static func zone(_ name: String, _ rule: String) -> TimeZoneRules {
    func header(types: UInt8) -> [UInt8] {
      Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15 + 16) + [0, 0, 0, types, 0, 0, 0, 4]
    }
    // One type of local time, UTC, whose abbreviation takes four bytes.
    let block: [UInt8] = [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
    let file = header(types: 1) + block + header(types: 1) + block + Array("\n\(rule)\n".utf8)
    do {
      return try TimeZoneRules(name: name, tzif: file)
    } catch {
      preconditionFailure("a rule of the simulation's own cannot be read: \(error)")
    }
  }
}
