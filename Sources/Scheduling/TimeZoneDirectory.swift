import Glibc

/// The tz database in the file system: one TZif file a zone, as Debian's package tzdata installs it.
///
/// This file is the only one of the module that does input and output.
public struct TimeZoneDirectory: Sendable {
  /// Where the zones are looked for.
  public let path: String

  /// - Parameter path: a folder that holds `Europe/London` and its like.
  public init(path: String) { self.path = path }

  /// The folder that the environment variable TZDIR names, or else `/usr/share/zoneinfo`.
  public static var system: TimeZoneDirectory {
    let named = getenv("TZDIR").map { String(cString: $0) } ?? ""
    return TimeZoneDirectory(path: named.isEmpty ? "/usr/share/zoneinfo" : named)
  }

  /// The rules of a zone. `UTC` needs no file.
  /// - Throws: `TimeZoneError`; one for an unknown name has the nearest known name in its remedy.
  public func rules(named name: String) throws(TimeZoneError) -> TimeZoneRules {
    if name == "UTC" { return .utc }
    guard TimeZoneDirectory.isPlausible(name) else {
      throw TimeZoneError(
        kind: .invalidName, name: name, reason: "'\(name)' cannot be the name of a time zone",
        remedy: "write a name of the tz database, such as Europe/London or UTC")
    }
    let file = path + "/" + name
    switch TimeZoneDirectory.read(file) {
    case .success(let bytes): return try TimeZoneRules(name: name, tzif: bytes)
    case .failure(let failure) where failure.code == ENOENT || failure.code == ENOTDIR || failure.code == EISDIR:
      throw unknown(name)
    case .failure(let failure):
      throw TimeZoneError(
        kind: .unreadable, name: name, reason: "\(file) cannot be read: \(String(cString: strerror(failure.code)))",
        remedy: "let the user who runs baton read it")
    }
  }

  /// The names of all zones, sorted; links are among them, the copies in `posix` and `right` are not.
  public func names() -> [String] {
    var names: [String] = []
    var folders = [""]
    while let folder = folders.popLast() {
      for entry in TimeZoneDirectory.entries(of: path + "/" + folder) {
        let name = folder + entry.name
        guard TimeZoneDirectory.isPlausible(name), name != "posix", name != "right" else { continue }
        if entry.isFolder {
          // No name has more than three parts; a link to a folder above must not lead round in circles.
          guard name.utf8.count(where: { $0 == UInt8(ascii: "/") }) < 2 else { continue }
          folders.append(name + "/")
        } else if entry.name.utf8.first.map({ $0 < UInt8(ascii: "a") }) == true {
          // Zones begin with a capital; leap-seconds.list, zone.tab and the like do not.
          names.append(name)
        }
      }
    }
    return names.sorted()
  }

  private func unknown(_ name: String) -> TimeZoneError {
    let names = names()
    guard !names.isEmpty else {
      return TimeZoneError(
        kind: .noDatabase, name: name, reason: "time zone '\(name)' is unknown, for there is no tz database at \(path)",
        remedy: "install it (`apt-get install tzdata`), or let TZDIR name its folder")
    }
    let near = nearestZone(to: name, among: names)
    return TimeZoneError(
      kind: .unknownName, name: name, reason: "time zone '\(name)' is unknown",
      remedy: near.map { "did you mean \($0)?" } ?? "`timedatectl list-timezones` shows all \(names.count) names")
  }

  /// Whether the name has the form of the database's names; keeps paths out of other folders.
  static func isPlausible(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 100 else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.allSatisfy { byte in
          isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "_+-".utf8.contains(byte)
        }
    }
  }

  private struct Failure: Error { var code: Int32 }

  /// No zone's file is this long; a name such as `huge` in a foreign TZDIR must not fill the memory.
  private static let maximumLength = 1 << 20

  private static func read(_ file: String) -> Result<[UInt8], Failure> {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return .failure(Failure(code: errno)) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8192)
    while bytes.count <= maximumLength {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        return .failure(Failure(code: errno))
      }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return .success(bytes)
  }

  private static func entries(of folder: String) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var entries: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      var status = stat()
      guard stat(folder + "/" + name, &status) == 0 else { continue }
      entries.append((name, status.st_mode & S_IFMT == S_IFDIR))
    }
    return entries
  }
}
