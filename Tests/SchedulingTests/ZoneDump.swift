import Foundation
import Testing

/// The changes of a zone's clocks as the C library's zdump tells them: another reader of the same files.
struct ZoneDump {
  /// The offset before the first change, in seconds east of UTC.
  var firstOffset: Int64
  /// Ascending; the offset that begins at each moment. Changes of the name alone are left out.
  var changes: [(at: Int64, offset: Int64)]

  static let program = "/usr/bin/zdump"
  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  /// - Parameter year: the changes from 1850 to its beginning.
  static func zones(_ names: [String], until year: Int) throws -> [String: ZoneDump] {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = ["-v", "-c", "1850,\(year)"] + names
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // A zone that never changes has no lines.
    var dumps = ["UTC": ZoneDump(firstOffset: 0, changes: [])]
    for line in text.split(separator: "\n") {
      // `Europe/London  Sun Mar 31 01:00:00 2024 UT = Sun Mar 31 02:00:00 2024 BST isdst=1 gmtoff=3600`
      let words = line.split(separator: " ")
      guard words.count == 16, words[6] == "UT",
        let offset = words[15].split(separator: "=").last.flatMap({ Int64($0) })
      else { continue }
      let moment = try #require(seconds(words[1...5].map(String.init)))
      let name = String(words[0])
      guard var dump = dumps[name] else {
        // The first line is the second before the first change.
        dumps[name] = ZoneDump(firstOffset: offset, changes: [])
        continue
      }
      if (dump.changes.last?.offset ?? dump.firstOffset) != offset { dump.changes.append((moment, offset)) }
      dumps[name] = dump
    }
    return dumps
  }

  /// `Sun Mar 31 01:00:00 2024`, without this module's own calendar.
  private static func seconds(_ words: [String]) -> Int64? {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = words[3].split(separator: ":").compactMap { Int($0) }
    guard let month = months.firstIndex(of: words[1]), let day = Int(words[2]), let year = Int(words[4]),
      clock.count == 3
    else { return nil }
    var days = 0
    for earlier in min(year, 1970)..<max(year, 1970) { days += WalkedMinute.isLeap(earlier) ? 366 : 365 }
    if year < 1970 { days = -days }
    for earlier in 0..<month { days += WalkedMinute.length(month: earlier + 1, year: year) }
    return Int64((days + day - 1) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2])
  }
}
