import Dispatch
import Scheduling

extension SchedulerScenario {
  private struct Kind {
    var expression: String
    var zone: TimeZoneRules
    /// Fires a day, roughly.
    var rate: Int
  }

  private static let kinds: [Kind] = {
    let (london, newYork, lordHowe) = (SimulatedZones.london, SimulatedZones.newYork, SimulatedZones.lordHowe)
    return [
      // In the hour that is skipped, in the one that is repeated, and in both.
      Kind(expression: "29 1 * * *", zone: london, rate: 1), Kind(expression: "30 2 * * *", zone: newYork, rate: 1),
      Kind(expression: "30 1 * * *", zone: newYork, rate: 1), Kind(expression: "15 2 * * *", zone: lordHowe, rate: 1),
      Kind(expression: "0,20,40 1-2 * * *", zone: london, rate: 6),
      Kind(expression: "45 1 * * *", zone: lordHowe, rate: 1),
      Kind(expression: "*/5 1 * * *", zone: london, rate: 12),
      Kind(expression: "*/7 1-2 * * *", zone: newYork, rate: 18),
      Kind(expression: "*/20 29 1 * * *", zone: london, rate: 3),
      Kind(expression: "10,40 0 */6 * * *", zone: newYork, rate: 8),
      Kind(expression: "@hourly", zone: london, rate: 24), Kind(expression: "30 * * * *", zone: lordHowe, rate: 24),
      Kind(expression: "0 6 * * MON-FRI", zone: newYork, rate: 1), Kind(expression: "every 15m", zone: .utc, rate: 96),
      Kind(expression: "every 1h", zone: .utc, rate: 24), Kind(expression: "every 2h", zone: .utc, rate: 12),
      Kind(expression: "*/15 * * * *", zone: newYork, rate: 96), Kind(expression: "every 4m", zone: .utc, rate: 360),
    ]
  }()

  mutating func planJobs(days: Int64, _ random: inout SplitMix64) {
    var left = budget
    var entries: [SchedulerMachine.Entry] = []
    for _ in 0..<random.within(1...4) {
      if let entry = draw(named: "job-\(names.count)", days: days, &left, &random) { entries.append(entry) }
    }
    versions = [entries]
    deployments = (0..<schedulers).map { _ in [startsAt] }
    guard random.chance(45) else { return }
    var at = startsAt
    for _ in 0..<random.within(1...2) {
      at = random.milliseconds(min(at + 3_600_000, healsAt - 7_200_000)...healsAt - 3_600_000)
      versions.append(changed(versions[versions.count - 1], days: days, &left, &random))
      let patience: Int64 = [5_000, 60_000, 1_800_000][random.below(3)]
      for index in 0..<schedulers { deployments[index].append(at + random.milliseconds(0...patience)) }
      faults["deployment", default: 0] += 1
    }
  }

  private mutating func draw(
    named name: String, days: Int64, _ left: inout Int, _ random: inout SplitMix64
  ) -> SchedulerMachine.Entry? {
    for _ in 0..<8 {
      let kind = SchedulerScenario.kinds[random.below(SchedulerScenario.kinds.count)]
      let cost = kind.rate * Int(days) * schedulers
      guard cost <= left, let timing = timing(kind.expression) else { continue }
      left -= cost
      if !names.contains(name) { names.append(name) }
      let isNightly = kind.rate == 1
      let schedule = Schedule(
        job: name, timing: timing, zone: kind.zone,
        spreadMilliseconds: random.chance(30) ? random.milliseconds(1...120_000) : 0,
        catchUp: CatchUpPolicy.allCases[random.below(3)],
        notAfter: isNightly && random.chance(40) ? TimeOfDay(random.chance(50) ? "09:00" : "06:30") : nil,
        isDisabled: random.chance(4))
      return SchedulerMachine.Entry(schedule, queue: "nightly")
    }
    return nil
  }

  private func timing(_ text: String) -> Timing? {
    if text.hasPrefix("every ") { return (try? Interval(String(text.dropFirst(6)))).map(Timing.every) }
    return (try? CronExpression(text)).map(Timing.cron)
  }

  /// A job's timing or policy is another, one is gone, disabled, enabled, renamed, new, or back again.
  private mutating func changed(
    _ entries: [SchedulerMachine.Entry], days: Int64, _ left: inout Int, _ random: inout SplitMix64
  ) -> [SchedulerMachine.Entry] {
    var entries = entries
    for _ in 0..<random.within(1...2) {
      guard !entries.isEmpty else { break }
      let index = random.below(entries.count)
      switch random.below(7) {
      case 0...1:
        if let entry = draw(named: entries[index].schedule.job, days: days, &left, &random) { entries[index] = entry }
      case 2: entries.remove(at: index)
      case 3: entries[index].schedule.isDisabled.toggle()
      case 4: entries[index].schedule.catchUp = CatchUpPolicy.allCases[random.below(3)]
      case 5:
        entries[index].schedule.job += "-renamed"
        if !names.contains(entries[index].schedule.job) { names.append(entries[index].schedule.job) }
      default:
        if let entry = draw(named: "job-\(names.count)", days: days, &left, &random) { entries.append(entry) }
      }
      let gone = (versions.first ?? []).first { old in !entries.contains { $0.schedule.job == old.schedule.job } }
      if let gone, random.chance(30) { entries.append(gone) }
    }
    var seen: Set<String> = []
    return entries.filter { seen.insert($0.schedule.job).inserted }
  }
}
