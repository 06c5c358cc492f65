import Dispatch
import Scheduling

/// Everything that a seed decides before the first step of a world of schedulers. Moments are milliseconds since 1970
/// by the broker's clock, which is the true one.
struct SchedulerScenario {
  static let day: Int64 = 86_400_000

  var settings = SchedulerMachine.Settings()
  var startsAt: Int64
  /// The faults end here, and soon after everything is as it should be.
  var healsAt: Int64
  var endsAt: Int64
  var schedulers: Int
  /// The jobs' names, over all versions.
  var names: [String] = []
  /// What each version of the configuration asks for.
  var versions: [[SchedulerMachine.Entry]] = []
  /// From when on each scheduler starts with a version: a row a scheduler, a column a version.
  var deployments: [[Int64]] = []
  /// How far each scheduler's clock is ahead when it all begins.
  var skews: [Int64]
  var clockSets: [(at: Int64, scheduler: Int, ahead: Int64)] = []
  var crashes: [(at: Int64, scheduler: Int, downFor: Int64)] = []
  /// Stopped as by SIGSTOP, for each scheduler.
  var pauses: [Spans]
  /// When the broker cannot be reached, for each scheduler.
  var silences: [Spans]
  /// When the requests topic is followed late, for each scheduler.
  var lags: [Spans]
  var orders: [(at: Int64, job: Int, order: JobOrder)] = []
  var consumerRestarts: [(at: Int64, downFor: Int64)] = []
  /// Of a hundred answers, so many are lost; of a hundred records, so many never arrive, and that is said.
  var lostAnswers: Int
  var lostRecords: Int
  /// How long a scheduler reads the log when it starts.
  var readingMilliseconds: ClosedRange<Int64>
  /// Between two looks at the clock.
  var lookMilliseconds: Int64
  /// Fires times schedulers, so that a seed takes milliseconds.
  var budget: Int
  /// Timings that the log has when it all begins, of a clock that was years ahead.
  var wrongTimings: [(job: String, SchedulerMachine.Known)] = []
  /// How often each kind of fault occurs.
  var faults: [String: Int] = [:]

  enum JobOrder: Hashable {
    case pause(until: Int64?)
    case resume
  }

  init(random: inout SplitMix64) {
    let change = SchedulerScenario.changes[random.below(SchedulerScenario.changes.count)]
    let days = Int64(random.chance(60) ? 7 : random.within(8...21))
    startsAt =
      change - random.milliseconds(days * SchedulerScenario.day / 10 * 3...days * SchedulerScenario.day / 10 * 8)
    startsAt -= startsAt % 1000
    endsAt = startsAt + days * SchedulerScenario.day
    schedulers = [1, 2, 2, 3, 3, 4, 5][random.below(7)]
    skews = []
    lookMilliseconds = [1_200_000, 3_600_000, 3 * 3_600_000][random.below(3)]
    healsAt = endsAt - lookMilliseconds - random.milliseconds(1...4) * 3_600_000
    budget = random.chance(10) ? 5_000 : 1_000
    pauses = Array(repeating: Spans(), count: schedulers)
    silences = pauses
    lags = pauses
    lostAnswers = [0, 0, 3, 15][random.below(4)]
    lostRecords = [0, 0, 3, 15][random.below(4)]
    readingMilliseconds = random.chance(60) ? 5...300 : 2_000...40_000
    let skewMax: Int64 = [0, 20, 1_500, 20_000, 55_000][random.below(5)]
    for _ in 0..<schedulers {
      // One in ten begins far off.
      skews.append(
        random.chance(10)
          ? random.milliseconds(70_000...4 * 3_600_000) * (random.chance(50) ? 1 : -1)
          : random.milliseconds(-skewMax...skewMax))
    }
    planJobs(days: days, &random)
    planFaults(&random)
    planOrders(&random)
    planWrongTimings(&random)
  }

  /// 2026's changes of the clocks in the three zones: 29 March and 25 October, 8 March and 1 November, 5 April and
  /// 4 October.
  private static let changes: [Int64] = [
    1_774_746_000_000, 1_792_890_000_000, 1_772_953_200_000, 1_793_512_800_000, 1_775_314_800_000, 1_791_041_400_000,
  ]

  // MARK: What goes wrong

  private mutating func moment(_ random: inout SplitMix64) -> Int64 { random.milliseconds(startsAt...healsAt) }

  /// Most outages are around a time at which something is due.
  private mutating func someTime(_ random: inout SplitMix64) -> Int64 {
    let any = moment(&random)
    guard random.chance(60), let version = versions.last, !version.isEmpty else { return any }
    let schedule = version[random.below(version.count)].schedule
    guard let fire = schedule.nextFire(dueAfter: any) else { return any }
    let near = schedule.dueMilliseconds(of: fire) + random.milliseconds(-60_000...60_000)
    return min(max(near, startsAt), healsAt)
  }

  private mutating func length(_ random: inout SplitMix64) -> Int64 {
    switch random.below(10) {
    case 0..<3: random.milliseconds(100...20_000)
    case 3..<6: random.milliseconds(20_000...600_000)
    case 6..<9: random.milliseconds(600_000...8 * 3_600_000)
    // Where there are many fires, each of them is tried again and again.
    default: random.milliseconds(8 * 3_600_000...(budget > 1_000 ? 9 : 40) * 3_600_000)
    }
  }

  private mutating func planFaults(_ random: inout SplitMix64) {
    for _ in 0..<random.within(0...8) {
      let at = someTime(&random)
      let end = min(at + length(&random), healsAt)
      let scheduler = random.below(schedulers)
      switch random.below(100) {
      case 0..<22: crash(scheduler, at, end, "crash")
      case 22..<36:
        for index in 0..<schedulers {
          crash(index, at + random.milliseconds(0...60_000), end + random.milliseconds(0...300_000), "all are down")
        }
      case 36..<50: add(\.pauses, scheduler, at, end, "pause")
      case 50..<62:
        for index in 0..<schedulers { add(\.silences, index, at, end, "broker outage") }
      case 62..<70: add(\.silences, scheduler, at, end, "isolation")
      case 70..<76: add(\.lags, scheduler, at, min(end, at + 3_600_000), "late following")
      case 76..<92: setClock(scheduler, at, end, &random)
      default:
        consumerRestarts.append((at, min(end - at, random.chance(70) ? 30_000 : 3 * 3_600_000)))
        faults["consumer restart", default: 0] += 1
      }
    }
    crashes.sort { $0.at < $1.at }
  }

  private mutating func crash(_ scheduler: Int, _ at: Int64, _ end: Int64, _ name: String) {
    crashes.append((at, scheduler, max(1_000, end - at)))
    faults[name, default: 0] += 1
  }

  private mutating func add(
    _ spans: WritableKeyPath<SchedulerScenario, [Spans]>, _ scheduler: Int, _ from: Int64, _ to: Int64, _ name: String
  ) {
    self[keyPath: spans][scheduler].add(from, to)
    faults[name, default: 0] += 1
  }

  private mutating func setClock(_ scheduler: Int, _ at: Int64, _ end: Int64, _ random: inout SplitMix64) {
    let size =
      switch random.below(4) {
      case 0: random.milliseconds(0...55_000)
      case 1: random.milliseconds(65_000...3_600_000)
      case 2: random.milliseconds(3_600_000...30 * 3_600_000)
      default: random.milliseconds(2_000...120_000)
      }
    clockSets.append((at, scheduler, random.chance(50) ? size : -size))
    if random.chance(70) {
      clockSets.append((end, scheduler, skews[scheduler].magnitude < 60_000 ? skews[scheduler] : 0))
    }
    faults[size > settings.clockLimitMilliseconds ? "clock set beyond the limit" : "clock set", default: 0] += 1
  }

  private mutating func planWrongTimings(_ random: inout SplitMix64) {
    for entry in versions[0] where random.chance(8) {
      let since = startsAt / 1000 + random.milliseconds(30...5_000) * 86_400
      wrongTimings.append((entry.schedule.job, SchedulerMachine.Known(signature: entry.signature, since: since)))
      faults["timing of a wrong clock", default: 0] += 1
    }
  }

  private mutating func planOrders(_ random: inout SplitMix64) {
    // Some seeds ask for nothing at all.
    guard !names.isEmpty else { return }
    while random.chance(35) {
      let at = someTime(&random)
      let job = random.below(names.count)
      let end = min(at + length(&random), healsAt)
      let until = random.chance(40) ? end : nil
      orders.append((at, job, .pause(until: until)))
      if until == nil || random.chance(30) { orders.append((until == nil ? end : (at + end) / 2, job, .resume)) }
      faults["job paused", default: 0] += 1
    }
    orders.sort { ($0.at, $0.job) < ($1.at, $1.job) }
  }
}

/// Spans of time, ascending and apart.
struct Spans {
  private(set) var spans: [(from: Int64, to: Int64)] = []

  mutating func add(_ from: Int64, _ to: Int64) {
    guard from < to else { return }
    var (from, to) = (from, to)
    spans = spans.filter { span in
      guard span.to >= from, span.from <= to else { return true }
      (from, to) = (min(from, span.from), max(to, span.to))
      return false
    }
    let index = spans.firstIndex { $0.from > from } ?? spans.endIndex
    spans.insert((from, to), at: index)
  }

  /// The first moment that is in no span, the given one or a later.
  func end(at moment: Int64) -> Int64 {
    for span in spans where span.from <= moment && moment < span.to { return span.to }
    return moment
  }

  func contains(_ moment: Int64) -> Bool { end(at: moment) != moment }

  func touches(_ from: Int64, _ to: Int64) -> Bool { spans.contains { $0.from <= to && $0.to > from } }

  /// What is left of a span.
  func rest(of from: Int64, _ to: Int64) -> [(from: Int64, to: Int64)] {
    var rest: [(from: Int64, to: Int64)] = []
    var position = from
    for span in spans where span.to > position && span.from < to {
      if span.from > position { rest.append((position, span.from)) }
      position = max(position, span.to)
    }
    if position < to { rest.append((position, to)) }
    return rest
  }
}
