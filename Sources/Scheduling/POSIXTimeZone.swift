/// A POSIX TZ string (`GMT0BST,M3.5.0/1,M10.5.0`), with the hours from -167 to 167 that RFC 9636 allows in a TZif footer.
struct POSIXTimeZone {
  /// The day of a year on which the clocks change.
  enum Day: Hashable {
    /// `Mm.w.d`: the given weekday (0 is Sunday) of that week of the month; week 5 is the last.
    case weekday(Int, week: Int, month: Int)
    /// `Jn`, 1 to 365: 29 February is not counted.
    case julian(Int)
    /// `n`, 0 to 365: 29 February is counted.
    case zeroBased(Int)
  }

  struct Change: Hashable {
    var day: Day
    /// Seconds after midnight, by the clocks before the change.
    var time: Int64
  }

  struct Daylight: Hashable {
    /// Seconds east of UTC.
    var offset: Int32
    var begin: Change
    var end: Change
  }

  /// Seconds east of UTC.
  let standardOffset: Int32
  let daylight: Daylight?

  init(_ text: [UInt8]) throws(TZifProblem) {
    var reader = Reader(text: text)
    try reader.readName()
    let standardOffset = Int32(-(try reader.readTime(hours: 24)))
    self.standardOffset = standardOffset
    guard !reader.isAtEnd else {
      daylight = nil
      return
    }
    try reader.readName()
    let offset = reader.isAtEnd || reader.next == "," ? standardOffset + 3600 : Int32(-(try reader.readTime(hours: 24)))
    if reader.isAtEnd { reader = Reader(text: Array(",M3.2.0,M11.1.0".utf8)) }
    let begin = try reader.readChange()
    let end = try reader.readChange()
    guard reader.isAtEnd else { throw reader.problem }
    daylight = Daylight(offset: offset, begin: begin, end: end)
  }

  /// The changes of the given years, ascending, each moment once.
  func changes(_ daylight: Daylight, years: ClosedRange<Int>) -> [(at: Int64, offset: Int32)] {
    var changes: [(at: Int64, offset: Int32)] = []
    for year in years {
      changes.append((daylight.begin.seconds(year: year) - Int64(standardOffset), daylight.offset))
      changes.append((daylight.end.seconds(year: year) - Int64(daylight.offset), standardOffset))
    }
    // Daylight saving all year ends at the moment at which the next year's begins: of two changes at one moment, the
    // later in the list wins.
    let order = changes.indices.sorted { (changes[$0].at, $0) < (changes[$1].at, $1) }
    var result: [(at: Int64, offset: Int32)] = []
    for index in order {
      if result.last?.at == changes[index].at { result.removeLast() }
      result.append(changes[index])
    }
    return result
  }
}

extension POSIXTimeZone.Change {
  /// The reading of the clocks at which they change.
  func seconds(year: Int) -> Int64 { Int64(days(year: year)) * Calendar.secondsPerDay + time }

  private func days(year: Int) -> Int {
    let newYear = Calendar.days(year: year, month: 1, day: 1)
    switch day {
    case .zeroBased(let number): return newYear + number
    case .julian(let number): return newYear + number - 1 + (Calendar.isLeap(year) && number >= 60 ? 1 : 0)
    case .weekday(let weekday, let week, let month):
      let first = Calendar.days(year: year, month: month, day: 1)
      let offset = floorDivide(weekday - Calendar.weekday(ofDays: first), 7).remainder + (week - 1) * 7
      return first + (offset < Calendar.length(ofMonth: month, year: year) ? offset : offset - 7)
    }
  }
}

extension POSIXTimeZone {
  private struct Reader {
    let text: [UInt8]
    var position = 0

    init(text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }
    var next: Unicode.Scalar? { isAtEnd ? nil : Unicode.Scalar(text[position]) }
    var problem: TZifProblem {
      TZifProblem(reason: "its rule '\(String(decoding: text, as: UTF8.self))' cannot be read")
    }

    /// Three letters or more, or anything between angle brackets.
    mutating func readName() throws(TZifProblem) {
      let start = position
      if next == "<" {
        while let scalar = next, scalar != ">" { position += 1 }
        guard next == ">" else { throw problem }
        position += 1
      } else {
        while let scalar = next, scalar.properties.isAlphabetic { position += 1 }
      }
      guard position - start >= 3 else { throw problem }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func readTime(hours limit: Int) throws(TZifProblem) -> Int64 {
      let isNegative = next == "-"
      if next == "-" || next == "+" { position += 1 }
      var seconds = try readNumber(0...limit) * 3600
      for unit in [60, 1] where next == ":" {
        position += 1
        seconds += try readNumber(0...59) * unit
      }
      return Int64(isNegative ? -seconds : seconds)
    }

    /// `,date[/time]`; at two o'clock if no time is given.
    mutating func readChange() throws(TZifProblem) -> Change {
      try expect(",")
      let day = try readDay()
      guard next == "/" else { return Change(day: day, time: 7200) }
      position += 1
      return Change(day: day, time: try readTime(hours: 167))
    }

    private mutating func readDay() throws(TZifProblem) -> Day {
      switch next {
      case "M":
        position += 1
        let month = try readNumber(1...12)
        try expect(".")
        let week = try readNumber(1...5)
        try expect(".")
        return .weekday(try readNumber(0...6), week: week, month: month)
      case "J":
        position += 1
        return .julian(try readNumber(1...365))
      default: return .zeroBased(try readNumber(0...365))
      }
    }

    private mutating func readNumber(_ range: ClosedRange<Int>) throws(TZifProblem) -> Int {
      let start = position
      while position < text.count, isDigit(text[position]) { position += 1 }
      guard let number = Int(String(decoding: text[start..<position], as: UTF8.self)), range.contains(number) else {
        throw problem
      }
      return number
    }

    private mutating func expect(_ scalar: Unicode.Scalar) throws(TZifProblem) {
      guard next == scalar else { throw problem }
      position += 1
    }
  }
}
