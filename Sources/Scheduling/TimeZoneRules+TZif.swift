extension TimeZoneRules {
  /// Reads a zone as the tz database's compiler writes it (TZif, RFC 9636, versions 1 to 4).
  /// - Throws: `TimeZoneError` of kind `malformed`.
  public init(name: String, tzif bytes: [UInt8]) throws(TimeZoneError) {
    do {
      var reader = TZifReader(bytes: bytes)
      let zone = try reader.read()
      self = try TimeZoneRules.assemble(name: name, zone: zone)
    } catch let problem {
      throw TimeZoneError(
        kind: .malformed, name: name, reason: "the file of time zone '\(name)' cannot be used: \(problem.reason)",
        remedy: problem.remedy)
    }
  }

  private static func assemble(name: String, zone: TZifReader.Zone) throws(TZifProblem) -> TimeZoneRules {
    let rules = zone.footer.isEmpty ? nil : try POSIXTimeZone(zone.footer)
    guard let rules else {
      return TimeZoneRules(name: name, changes: zone.changes, firstOffset: zone.firstOffset, cycleStart: nil)
    }
    let last = zone.changes.last
    guard let daylight = rules.daylight else {
      // With no changes at all, the footer speaks for all time.
      let firstOffset = last == nil ? rules.standardOffset : zone.firstOffset
      return TimeZoneRules(name: name, changes: zone.changes, firstOffset: firstOffset, cycleStart: nil)
    }
    let firstYear = last.map { CivilTime(seconds: max($0.at, 0)).year } ?? 1900
    let later = rules.changes(daylight, years: (firstYear - 1)...(firstYear + 404)).filter { change in
      last.map { change.at > $0.at } ?? true
    }
    return TimeZoneRules(
      name: name, changes: zone.changes + later,
      firstOffset: last == nil ? rules.standardOffset : zone.firstOffset,
      cycleStart: CivilTime(year: firstYear + 2, month: 1, day: 1).seconds)
  }
}

/// What is wrong with a TZif file or its footer.
struct TZifProblem: Error {
  var reason: String
  var remedy = "install the tz database again (`apt-get install --reinstall tzdata`)"
}

/// Reads the header, the changes and the footer of a TZif file.
struct TZifReader {
  struct Zone {
    var firstOffset: Int32
    var changes: [(at: Int64, offset: Int32)]
    /// The POSIX TZ string for the time after the last change; may be empty.
    var footer: [UInt8]
  }

  private struct Header {
    var version: UInt8
    var isUTCCount: Int
    var isStandardCount: Int
    var leapCount: Int
    var changeCount: Int
    var typeCount: Int
    var characterCount: Int

    /// The bytes that follow the header.
    func dataLength(timeLength: Int) -> Int {
      changeCount * (timeLength + 1) + typeCount * 6 + characterCount + leapCount * (timeLength + 4) + isStandardCount
        + isUTCCount
    }
  }

  private let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func read() throws(TZifProblem) -> Zone {
    let header = try readHeader()
    guard header.version != 0 else { return try readZone(header, timeLength: 4) }
    // The first block has 32 bits for a moment; the one that counts follows it, with a header of its own.
    try skip(header.dataLength(timeLength: 4))
    var zone = try readZone(try readHeader(), timeLength: 8)
    guard try readNumber(1) == 10 else { throw TZifProblem(reason: "its footer does not begin on a line of its own") }
    guard let end = bytes[position...].firstIndex(of: 10) else { throw TZifProblem(reason: "its footer has no end") }
    zone.footer = Array(bytes[position..<end])
    return zone
  }

  private mutating func readHeader() throws(TZifProblem) -> Header {
    guard bytes.count - position >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
      throw TZifProblem(reason: position == 0 ? "it is not a TZif file" : "it is cut short")
    }
    let version = bytes[position + 4]
    position += 20
    let counts = [
      try readNumber(4), try readNumber(4), try readNumber(4), try readNumber(4), try readNumber(4), try readNumber(4),
    ].map { Int($0) }
    guard counts.allSatisfy({ (0...100_000).contains($0) }) else { throw TZifProblem(reason: "its header is damaged") }
    return Header(
      version: version, isUTCCount: counts[0], isStandardCount: counts[1], leapCount: counts[2],
      changeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
  }

  private mutating func readZone(_ header: Header, timeLength: Int) throws(TZifProblem) -> Zone {
    guard header.typeCount > 0 else { throw TZifProblem(reason: "it has no local time type") }
    guard header.leapCount == 0 else {
      throw TZifProblem(
        reason: "it counts leap seconds, and a moment here has none",
        remedy: "use the zone of the same name outside the folder `right`")
    }
    let end = position + header.dataLength(timeLength: timeLength)
    var moments: [Int64] = []
    for _ in 0..<header.changeCount { moments.append(try readNumber(timeLength)) }
    guard zip(moments, moments.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw TZifProblem(reason: "its changes are not in order")
    }
    var types: [Int] = []
    for _ in 0..<header.changeCount { types.append(Int(UInt8(truncatingIfNeeded: try readNumber(1)))) }
    var offsets: [Int32] = []
    for _ in 0..<header.typeCount {
      offsets.append(Int32(try readNumber(4)))
      try skip(2)
    }
    guard offsets.allSatisfy({ abs(Int64($0)) <= 26 * 3600 }), types.allSatisfy({ $0 < offsets.count }) else {
      throw TZifProblem(reason: "its offsets are damaged")
    }
    try skip(end - position)
    // Moments before the year 1 are the compiler's way to say "since ever".
    let changes = zip(moments, types).map { (at: max($0, -62_135_596_800), offset: offsets[$1]) }
    return Zone(firstOffset: offsets[0], changes: changes, footer: [])
  }

  /// A signed number, its highest byte first.
  private mutating func readNumber(_ length: Int) throws(TZifProblem) -> Int64 {
    guard bytes.count - position >= length else { throw TZifProblem(reason: "it is cut short") }
    var value: UInt64 = 0
    for byte in bytes[position..<position + length] { value = value << 8 | UInt64(byte) }
    position += length
    let unused = 64 - 8 * length
    return Int64(bitPattern: value << UInt64(unused)) >> Int64(unused)
  }

  private mutating func skip(_ length: Int) throws(TZifProblem) {
    guard bytes.count - position >= length else { throw TZifProblem(reason: "it is cut short") }
    position += length
  }
}
