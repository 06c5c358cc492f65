import Testing

@testable import Scheduling

/// What holds for all expressions, zones and moments, tried on random ones.
@Suite struct FireTimesPropertyTests {
  @Test(arguments: thirtyZones)
  func nextAndPreviousAgree(zoneName: String) throws {
    var random = SeededGenerator(seed: UInt64(zoneName.utf8.reduce(0) { $0 * 31 % 1_000_003 + Int($1) }))
    let zone = try zone(zoneName)
    let (first, last) = (try moment("1970-01-01T00:00:00Z"), try moment("2130-01-01T00:00:00Z"))
    for _ in 0..<60 {
      let expression = try randomExpression(using: &random)
      let times = FireTimes(.cron(expression), zone: zone)
      var start = Int64.random(in: first...last, using: &random)
      if Bool.random(using: &random), let change = zone.nextChange(after: start) {
        start = change + Int64.random(in: -7200...7200, using: &random)
      }
      var position = start
      for _ in 0..<6 {
        guard let next = times.next(after: position) else { break }
        let name = "\(expression.text) in \(zoneName) after \(text(position))"
        try #require(next > position, "\(name)")
        // Nothing lies between, from whichever side one looks.
        #expect(times.previous(before: next + 1) == next, "\(name)")
        #expect(times.next(after: next - 1) == next, "\(name)")
        let between = Int64.random(in: position..<next, using: &random)
        #expect(times.next(after: between) == next, "\(name), from \(text(between))")
        let previous = times.previous(before: next)
        #expect(times.previous(before: max(between, position + 1)) == previous, "\(name), back from \(text(between))")
        #expect(previous.map { $0 <= position } ?? true, "\(name)")
        if let previous { #expect(times.next(after: previous) == next, "\(name)") }
        position = next
      }
    }
  }

  @Test func firesOfADayAreAsManyAsTheFieldsSay() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<80 {
      let expression = try CronExpression(
        (0..<3).map { _ in randomField(0...23, using: &random) }.joined(separator: " ") + " * * *")
      let fires = FireTimes(.cron(expression), zone: .utc).fires(after: -1, through: 86_399)
      #expect(fires.count == expression.firesPerDay, "\(expression.text)")
      for fire in fires {
        let time = CivilTime(seconds: fire)
        #expect(expression.seconds & 1 << UInt64(time.second) != 0)
        #expect(expression.minutes & 1 << UInt64(time.minute) != 0)
        #expect(expression.hours & 1 << UInt32(time.hour) != 0)
      }
    }
  }

  private func randomExpression(using random: inout SeededGenerator) throws -> CronExpression {
    let days = ["*", "*", "?", "L", "LW", "L-2", "15W", "1W", "1,15", "*/2", "13", "25-5"]
    let weekdays = ["*", "*", "?", "MON-FRI", "FRI-MON", "SUN#2", "5L", "MON#5", "*/3", "6,7"]
    let months = ["*", "*", "*", "3,10", "NOV-FEB", "*/4", "2"]
    for _ in 0..<100 {
      var fields = Bool.random(using: &random) ? [randomField(0...59, using: &random)] : []
      fields.append(randomField(0...59, using: &random))
      fields.append(Bool.random(using: &random) ? "*" : randomField(0...23, using: &random))
      fields += [days.randomElement(using: &random) ?? "*", months.randomElement(using: &random) ?? "*"]
      fields.append(weekdays.randomElement(using: &random) ?? "*")
      // A few of them never fire.
      if let expression = try? CronExpression(fields.joined(separator: " ")) { return expression }
    }
    throw CancellationError()
  }

  private func randomField(_ range: ClosedRange<Int>, using random: inout SeededGenerator) -> String {
    let numbers = (0..<4).map { _ in Int.random(in: range, using: &random) }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return "*"
    case 1: return "*/\(max(1, numbers[0]))"
    case 2: return "\(numbers[0])-\(numbers[1])"
    case 3: return "\(numbers[0]),\(numbers[1]),\(numbers[2])"
    case 4: return "\(numbers[0])-\(numbers[1])/\(max(1, numbers[2] / 4))"
    default: return "\(numbers[0])"
    }
  }
}
