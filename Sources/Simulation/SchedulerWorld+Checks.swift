import Dispatch
import Scheduling

extension SchedulerWorld {
  /// How long after its time a fire may be asked for, with a sound scheduler there: its clock may be behind by the limit,
  /// and a record may be lost twice.
  static let patience: Int64 = 150_000
  /// How far off a clock may be that looks sound: a quarter of the limit may go unseen, and a step of two seconds.
  static let offMax: Int64 = 78_000

  func schedule(of job: String, version: Int) -> Schedule? {
    scenario.versions[version].first { $0.schedule.job == job && !$0.schedule.isDisabled }?.schedule
  }

  // MARK: At every step

  func checkProposal(_ scheduler: SimulatedScheduler, _ proposal: SchedulerMachine.Proposal) {
    let (id, wall) = (proposal.id, now + scheduler.ahead)
    let who = "scheduler-\(scheduler.index)"
    guard let schedule = schedule(of: id.job, version: scheduler.version),
      schedule.fireTimes.next(after: id.fire - 1) == id.fire
    else { return violate("\(who) proposes \(id), which is not in its configuration") }
    if scheduler.told.contains(id) { violate("\(who) proposes \(id), though it was told that it is in the log") }
    if !scheduler.isSure { violate("\(who) proposes \(id), though its clock is wrong or was set, and it knows") }
    if let pause = scheduler.toldPauses[id.job], pause.map({ wall < $0 }) ?? true {
      violate("\(who) proposes \(id), though it was told that the job is paused")
    }
    let due = schedule.dueMilliseconds(of: id.fire)
    // What has failed is tried again, though its clock was set back a little meanwhile.
    if due > wall, !scheduler.toldFailed.contains(id) { violate("\(who) proposes \(id) before its time") }
    if let from = scheduler.bounds?[id.job]?.from, id.fire * 1000 <= from - SchedulerWorld.offMax {
      violate("\(who) proposes \(id), of a time before the schedule was known")
    }
    if id.fire * 1000 <= wall - scenario.settings.horizonMilliseconds - schedule.offsetMilliseconds - 1_000 {
      violate("\(who) proposes \(id), which is past the horizon")
    }
    if let expiry = schedule.expiryMilliseconds(of: id.fire), expiry <= wall {
      violate("\(who) proposes \(id) after its not-after")
    }
  }

  func checkAppended(_ id: FireIdentifier) {
    if id.fire * 1000 > now + SchedulerWorld.offMax { violate("\(id) is asked for long before its time") }
  }

  func noteRun() {
    let id = asked[Int(begun)]
    tell(nil, "\(id) runs (offset \(begun))")
    count("runs")
    fires[id]?.runs += 1
    if let runs = fires[id]?.runs, runs > 1 { violate("\(id) has \(runs) runs") }
    // By whichever version it was asked for.
    let expiries = scenario.versions.indices.compactMap { version -> Int64? in
      guard let schedule = schedule(of: id.job, version: version),
        schedule.fireTimes.next(after: id.fire - 1) == id.fire
      else { return nil }
      return schedule.expiryMilliseconds(of: id.fire) ?? .max
    }
    if let latest = expiries.max(), latest <= now { violate("\(id) runs after its not-after") }
  }

  func noteEnd(_ end: RunEnd, of request: Int64) {
    let id = asked[Int(request)]
    switch end {
    case .skipped(.duplicate): return
    case .succeeded: break
    case .skipped(.expired): count("expired")
    case .skipped(.paused):
      count("skipped, paused")
      if !isPaused(id.job, at: now) { violate("\(id) is skipped as of a paused job, and nobody paused it") }
    case .skipped(.covered), .failed, .cancelled: violate("\(id) ends with \(end)")
    }
    fires[id]?.ends += 1
  }

  // MARK: Pauses of jobs

  func notePause(_ job: String, _ order: SchedulerScenario.JobOrder) {
    closePause(job, at: now)
    if case .pause(let until) = order { openPauses[job] = (now, until) }
  }

  private func closePause(_ job: String, at moment: Int64) {
    guard let open = openPauses.removeValue(forKey: job) else { return }
    pausedSpans[job, default: Spans()].add(open.from, min(moment, open.until ?? .max))
  }

  private func isPaused(_ job: String, at moment: Int64) -> Bool {
    openPauses[job].map { $0.until.map { moment < $0 } ?? true } ?? false
  }

  // MARK: When each scheduler was there

  func noteSoundness(_ scheduler: SimulatedScheduler) {
    let isSound =
      scheduler.isSure && !wasSet(scheduler, since: scheduler.seenAhead)
      && abs(scheduler.ahead) <= scenario.settings.clockLimitMilliseconds
    guard scheduler.isUp, scheduler.hasReadTheLog, isSound || removed == .watchesTheClock else {
      endSoundTime(scheduler)
      return
    }
    if scheduler.bounds == nil {
      var bounds: [String: (from: Int64, surelyFrom: Int64)] = [:]
      for entry in scenario.versions[scheduler.version] {
        let timing = scheduler.view[entry.schedule.job].flatMap {
          $0.known.signature == entry.signature && !$0.isOfAWrongClock ? $0 : nil
        }
        bounds[entry.schedule.job] = (timing?.from ?? now, timing?.surelyFrom ?? now + SchedulerWorld.offMax)
      }
      scheduler.bounds = bounds
    }
    if scheduler.soundSince == nil { scheduler.soundSince = now }
  }

  func endSoundTime(_ scheduler: SimulatedScheduler) {
    guard let from = scheduler.soundSince, let bounds = scheduler.bounds else { return }
    scheduler.soundSince = nil
    soundTimes.append(
      SoundTime(scheduler: scheduler.index, version: scheduler.version, from: from, to: now, bounds: bounds))
  }

  // MARK: At the end

  func checkAtTheEnd() {
    for scheduler in schedulers { endSoundTime(scheduler) }
    for job in scenario.names { closePause(job, at: now) }
    if committed?.offset != log.requestsEnd {
      violate("the queue's owner is at offset \(committed?.offset ?? -1) of \(log.requestsEnd)")
    }
    for (id, fire) in fires where fire.ends != 1 { violate("\(id) has \(fire.ends) ends that count") }
    let last = scenario.versions.count - 1
    for entry in scenario.versions[last] {
      let stored = view[entry.schedule.job]?.known.signature
      if stored != (entry.schedule.isDisabled ? nil : entry.signature) {
        violate("of \(entry.schedule.job) it is stored that \(stored ?? "it has no schedule")")
      }
    }
    for (job, timing) in view where timing.isOfAWrongClock {
      violate("\(job) is still stored as known since years to come")
    }
    for time in soundTimes {
      guard violation == nil else { return }
      var unable = scenario.silences[time.scheduler]
      for span in scenario.pauses[time.scheduler].spans { unable.add(span.from, span.to) }
      for entry in scenario.versions[time.version] where !entry.schedule.isDisabled {
        var away = unable
        let paused = pausedSpans[entry.schedule.job] ?? Spans()
        for span in paused.spans {
          away.add(span.from - SchedulerWorld.patience, span.to + SchedulerWorld.offMax + 12_000)
        }
        for (from, to) in away.rest(of: time.from, time.to) {
          check(entry.schedule, time, from, to, paused)
        }
      }
    }
  }

  /// What must be asked for by a scheduler that was there and sound.
  private func check(_ schedule: Schedule, _ time: SoundTime, _ from: Int64, _ to: Int64, _ paused: Spans) {
    guard from + SchedulerWorld.patience <= to else { return }
    let settled = from + SchedulerWorld.offMax
    let known = time.bounds[schedule.job]?.surelyFrom ?? .max
    // On time.
    var moment = settled
    while let fire = schedule.nextFire(dueAfter: moment) {
      moment = schedule.dueMilliseconds(of: fire)
      guard moment <= to - SchedulerWorld.patience else { break }
      if fire * 1000 > known { expect(schedule, fire, by: moment + SchedulerWorld.patience, time) }
    }
    // Missed before.
    let horizon = from - scenario.settings.horizonMilliseconds + 300_000
    let deadline = settled + SchedulerWorld.patience
    moment = settled + 1
    while let fire = schedule.fireTimes.previous(
      before: (moment - schedule.offsetMilliseconds - 1 + 999) / 1000), fire * 1000 > max(known, horizon),
      schedule.catchUp != .none
    {
      moment = schedule.dueMilliseconds(of: fire)
      let isExpired = schedule.expiryMilliseconds(of: fire).map { $0 <= deadline } ?? false
      let wasPaused = paused.touches(moment - SchedulerWorld.offMax, moment + SchedulerWorld.offMax)
      let isFollowed = schedule.nextFire(dueAfter: moment).map { schedule.dueMilliseconds(of: $0) <= deadline } ?? false
      if !isExpired, !wasPaused, to >= deadline, schedule.catchUp == .all || !isFollowed {
        expect(schedule, fire, by: deadline, time)
      }
      if schedule.catchUp == .latest { break }
    }
  }

  private func expect(_ schedule: Schedule, _ fire: Int64, by deadline: Int64, _ time: SoundTime) {
    let id = FireIdentifier(job: schedule.job, fire: fire)
    let who = "scheduler-\(time.scheduler) was there, its clock sound, from \(Timestamp(milliseconds: time.from))"
    guard let record = fires[id] else { return violate("\(id) is missing: \(who)") }
    if record.firstAppended > deadline {
      violate("\(id) was asked for at \(Timestamp(milliseconds: record.firstAppended)), too late: \(who)")
    }
  }
}
