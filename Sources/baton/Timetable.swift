import Configuration
import Dispatch
import Scheduling

/// The fires of a span of time, with how long their runs usually take and where they would wait for each other.
struct Timetable: Sendable {
  /// A run of the plan that its queue is not free for when it comes.
  struct Wait: Sendable {
    var milliseconds: Int64
    /// The job whose run is on.
    var behind: String
  }

  /// A fire, and what is expected of it.
  struct Entry: Sendable {
    var fire: ComingFire
    /// Why it does not run, or not at its time.
    var notes: [String] = []
    var wait: Wait?
  }

  /// The fires of one job.
  struct Line: Sendable {
    var definition: JobDefinition
    var usual: Int64?
    var entries: [Entry]
    /// There are more than were looked at.
    var isCut: Bool
    /// So many that they are told in one line.
    var isFolded: Bool { entries.count > Timetable.entriesMax }
    var waits: [Wait] { entries.compactMap(\.wait) }
  }

  /// Waits of runs that follow on others are counted here too.
  private(set) var waits: [String: [Wait]] = [:]
  private(set) var lines: [Line] = []

  private static let entriesMax = 6
  /// Of one job.
  static let firesMax = 100_000

  /// - Parameters:
  ///   - start: seconds since 1970; fires after it and up to `end` are in it.
  ///   - control: what is paused and skipped; nil if that is not known.
  init(
    _ configuration: Configuration, queues: [String], after start: Int64, through end: Int64,
    _ durations: UsualDurations, _ control: ControlSnapshot?
  ) {
    for definition in configuration.jobOrder.compactMap({ configuration.jobs[$0] }) {
      guard let schedule = definition.schedule, !schedule.isDisabled else { continue }
      let fires = schedule.fireTimes.fires(after: start, through: end, limit: Self.firesMax + 1)
      let entries = fires.prefix(Self.firesMax).map { fire in
        let coming = ComingFire(schedule: schedule, queue: definition.job.queue, fire: fire)
        return Entry(fire: coming, notes: control.map { coming.notes($0) } ?? [])
      }
      guard !entries.isEmpty else { continue }
      lines.append(
        Line(
          definition: definition, usual: durations.usual(definition.job.name), entries: entries,
          isCut: fires.count > Self.firesMax))
    }
    // All queues: what follows on a run of one may come to another.
    findWaits(configuration, durations, control)
    lines.removeAll { !queues.contains($0.definition.job.queue) }
    waits = waits.filter { queues.contains($0.key) }
  }

  /// A request on its way to its queue.
  private struct Arrival {
    var time: Int64
    var job: String
    /// Which entry it is; nil for one that follows on another run.
    var place: (line: Int, entry: Int)?
  }

  /// Lets the runs take place as they usually do, one at a time in each queue.
  private mutating func findWaits(
    _ configuration: Configuration, _ durations: UsualDurations, _ control: ControlSnapshot?
  ) {
    var scheduled: [Arrival] = []
    for (number, line) in lines.enumerated() {
      for (index, entry) in line.entries.enumerated() where entry.fire.runs(control) {
        scheduled.append(
          Arrival(time: entry.fire.due.milliseconds, job: line.definition.job.name, place: (number, index)))
      }
    }
    scheduled.sort { $0.time < $1.time }
    var following: [Arrival] = []
    var free: [String: (at: Int64, job: String)] = [:]
    var next = 0
    while next < scheduled.count || !following.isEmpty {
      let arrival: Arrival
      // Followers are few at a time: those of the runs that are on.
      let first = following.indices.min { following[$0].time < following[$1].time }
      if let first, next == scheduled.count || following[first].time <= scheduled[next].time {
        arrival = following.remove(at: first)
      } else {
        arrival = scheduled[next]
        next += 1
      }
      guard let job = configuration.jobs[arrival.job]?.job else { continue }
      if let busy = free[job.queue], busy.at > arrival.time {
        let wait = Wait(milliseconds: busy.at - arrival.time, behind: busy.job)
        waits[job.queue, default: []].append(wait)
        if let place = arrival.place { lines[place.line].entries[place.entry].wait = wait }
      }
      let end = max(arrival.time, free[job.queue]?.at ?? arrival.time) + (durations.usual(job.name) ?? 0)
      free[job.queue] = (end, job.name)
      following += job.then.map { Arrival(time: end, job: $0) }
    }
  }
}

extension ComingFire {
  /// Whether it would run: it is not skipped, and its job is not paused then.
  func runs(_ control: ControlSnapshot?) -> Bool {
    guard let control else { return true }
    return control.cancel(run: id.description, queue: queue) == nil
      && control.order(.job(schedule.job), now: due) == nil
  }
}
