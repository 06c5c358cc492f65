import Foundation
import Testing

@testable import Scheduling

@Suite struct TimeZoneDirectoryTests {
  private let directory = TimeZoneDirectory(path: "/usr/share/zoneinfo")

  @Test func everyZoneOfTheDatabaseCanBeUsed() throws {
    let names = directory.names()
    #expect(names.count > 400)
    for name in ["Europe/London", "US/Eastern", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "GB-Eire", "UTC"] {
      #expect(names.contains(name))
    }
    #expect(!names.contains { $0.hasPrefix("posix/") || $0.hasPrefix("right/") || $0.contains(".") })
    for name in names { #expect(throws: Never.self, "\(name)") { try directory.rules(named: name) } }
  }

  @Test func aLinkHasTheRulesOfItsTarget() throws {
    let (link, target) = (try directory.rules(named: "GB"), try directory.rules(named: "Europe/London"))
    #expect(link.name == "GB")
    #expect(link.starts == target.starts)
    #expect(link.offsets == target.offsets)
  }

  @Test func utcNeedsNoDatabase() throws {
    #expect(try TimeZoneDirectory(path: "/nonexistent").rules(named: "UTC").offset(at: 0) == 0)
  }

  @Test(arguments: [
    ("Europe/Londno", "Europe/London"), ("London", "Europe/London"), ("europe/london", "Europe/London"),
    ("Amerika/New_York", "America/New_York"), ("new york", "America/New_York"), ("New-York", "America/New_York"),
    ("Kathmandu", "Asia/Kathmandu"), ("Asia/Sydney", "Australia/Sydney"), ("Lisboa", "Europe/Lisbon"),
    ("utc", "UTC"), ("Europe/", ""), ("America", ""), ("Nowhere/At_All", ""),
  ])
  func unknownNames(name: String, near: String) throws {
    let error = try #require(throws: TimeZoneError.self) { try directory.rules(named: name) }
    #expect(error.reason.contains("'\(name)'"))
    if error.kind == .unknownName, !near.isEmpty {
      #expect(error.remedy == "did you mean \(near)?")
    } else if name.contains(" ") {
      #expect(error.kind == .invalidName)
    }
  }

  @Test(arguments: [
    "", "/etc/passwd", "../../etc/passwd", "Europe/../London", "Europe//London", "./UTC", ".", "..", "Europe/London/",
    "Europe\\London", "Europe/Lon\0don", "tzdata.zi", "Europe/Lond\u{f6}n", "Europe London",
  ])
  func pathsAreNotNames(name: String) throws {
    let error = try #require(throws: TimeZoneError.self) { try directory.rules(named: name) }
    #expect(error.kind == .invalidName)
  }

  @Test func filesThatAreNoZones() throws {
    #expect(try #require(throws: TimeZoneError.self) { try directory.rules(named: "Europe") }.kind == .unknownName)
    #expect(try #require(throws: TimeZoneError.self) { try directory.rules(named: "leapseconds") }.kind == .malformed)
    let leaps = try #require(throws: TimeZoneError.self) { try directory.rules(named: "right/Europe/London") }
    #expect(leaps.kind == .malformed)
    #expect(leaps.remedy.contains("outside the folder `right`"))
    let etc = TimeZoneDirectory(path: "/etc")
    #expect(try #require(throws: TimeZoneError.self) { try etc.rules(named: "passwd") }.kind == .malformed)
  }

  @Test func aMissingDatabaseIsNamed() throws {
    let missing = TimeZoneDirectory(path: "/nonexistent/zoneinfo")
    let error = try #require(throws: TimeZoneError.self) { try missing.rules(named: "Europe/London") }
    #expect(error.kind == .noDatabase)
    #expect(error.description.contains("/nonexistent/zoneinfo"))
    #expect(error.remedy.contains("apt-get install tzdata"))
  }

  @Test func foldersThatLeadInCirclesAreLeft() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "scheduling-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    try FileManager.default.createSymbolicLink(at: folder.appending(path: "Loop"), withDestinationURL: folder)
    try Data("x".utf8).write(to: folder.appending(path: "Zone"))
    let names = TimeZoneDirectory(path: folder.path()).names()
    #expect(names.contains("Zone"))
    #expect(names.count < 10)
  }
}
