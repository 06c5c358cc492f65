import Configuration
import Dispatch
import Scheduling

/// A nominal fire of a job.
struct ComingFire: Sendable {
  let schedule: Schedule
  let queue: String
  /// Seconds since 1970.
  let fire: Int64

  var id: FireIdentifier { FireIdentifier(job: schedule.job, fire: fire) }
  /// When its request is proposed.
  var due: Timestamp { Timestamp(milliseconds: schedule.dueMilliseconds(of: fire)) }
  /// From when on its run must not start.
  var expiry: Timestamp? { schedule.expiryMilliseconds(of: fire).map(Timestamp.init(milliseconds:)) }
  var utc: String { "\(CivilTime(seconds: fire))Z" }
  /// With the offset, for a reading may be shown twice: `2026-11-24T01:29:00+00:00`.
  var local: String { schedule.fireTimes.zone.text(of: fire) }

  /// The fires after a moment of all these schedules, in the order of time; at one time, in the order of the file.
  /// - Parameter moment: seconds since 1970.
  static func merged(_ definitions: [JobDefinition], after moment: Int64, limit: Int) -> [ComingFire] {
    var coming = definitions.compactMap { ComingFire($0, after: moment) }
    var found: [ComingFire] = []
    while found.count < limit,
      let index = coming.indices.min(by: { (coming[$0].fire, $0) < (coming[$1].fire, $1) })
    {
      let first = coming[index]
      found.append(first)
      if let next = first.next() { coming[index] = next } else { coming.remove(at: index) }
    }
    return found
  }

  /// The job's first fire after a moment; nil if it has no schedule, or no more fires.
  private init?(_ definition: JobDefinition, after moment: Int64) {
    guard let schedule = definition.schedule, !schedule.isDisabled,
      let fire = schedule.fireTimes.next(after: moment)
    else { return nil }
    self.init(schedule: schedule, queue: definition.job.queue, fire: fire)
  }

  init(schedule: Schedule, queue: String, fire: Int64) {
    self.schedule = schedule
    self.queue = queue
    self.fire = fire
  }

  private func next() -> ComingFire? {
    schedule.fireTimes.next(after: fire).map { ComingFire(schedule: schedule, queue: queue, fire: $0) }
  }
}

extension TimeZoneRules {
  /// What the zone's clocks show, with their distance from UTC: `2026-11-24T01:29:00+00:00`.
  func text(of moment: Int64) -> String {
    let offset = offset(at: moment)
    let minutes = abs(offset) / 60
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : String(number) }
    // Before there were standard times, offsets had seconds too.
    let seconds = abs(offset) % 60 == 0 ? "" : ":" + two(abs(offset) % 60)
    return "\(civilTime(at: moment))\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))\(seconds)"
  }
}

extension JobDefinition {
  /// The job's schedule.
  /// - Throws: `CommandError` for a job without one, that says how it is asked for.
  func requiredSchedule(_ configuration: Configuration) throws -> Schedule {
    if let schedule { return schedule }
    let before = configuration.jobOrder.filter { configuration.jobs[$0]?.job.then.contains(job.name) == true }
    let remedy =
      before.isEmpty
      ? "Ask for it with `baton enqueue \(job.name)`, or give it a 'schedule' or an 'every' in \(configuration.file)."
      : "It follows on \(before.joined(separator: ", "))."
    throw CommandError("job '\(job.name)' has no schedule", remedy: remedy)
  }
}
