extension SchedulerMachine {
  /// What is to be proposed of one job now: what has come due, what was missed, and what failed.
  func propose(_ state: inout State, now: Int64) -> [Command] {
    let schedule = state.entry.schedule
    let horizonStart = now - settings.horizonMilliseconds
    let from = max(state.checkedThrough, horizonStart)
    let onTime = max(from, now - settings.graceMilliseconds)
    let live = schedule.fires(dueAfter: onTime, through: now)
    var proposals: [Proposal] = []
    var missed = from < onTime ? schedule.fires(dueAfter: from, through: onTime) : []
    if retryAt == nil {
      // What failed on time and has become late is as good as missed.
      // What a clock that was wrong has asked for long before its time is due again then.
      let latest = now + settings.soundClocksApartMilliseconds
      for failed in state.failed.values.sorted(by: { $0.due < $1.due }) where failed.due <= latest {
        if failed.due > now - settings.graceMilliseconds {
          proposals.append(failed)
        } else if failed.id.fire * 1000 > horizonStart {
          missed.append(failed.id.fire)
        }
      }
      missed = Set(missed).sorted()
      state.failed = [:]
    }
    let (caughtUp, commands) = catchUp(missed, of: state, now: now)
    proposals +=
      caughtUp + live.map { proposal(of: $0, state.entry, expiry: schedule.expiryMilliseconds(of: $0)) }
    state.checkedThrough = max(state.checkedThrough, now)
    state.nextDue = schedule.nextFire(dueAfter: state.checkedThrough).map(schedule.dueMilliseconds(of:))
    prune(&state, now: now)
    return commands
      + proposals.compactMap { proposal in
        let fire = proposal.id.fire
        guard !state.logged.contains(fire), state.underWay[fire] == nil, proposal.expiry.map({ $0 > now }) ?? true
        else { return nil }
        state.underWay[fire] = proposal
        return .propose(proposal)
      }
  }

  private func catchUp(_ missed: [Int64], of state: State, now: Int64) -> ([Proposal], [Command]) {
    guard let last = missed.last else { return ([], []) }
    let schedule = state.entry.schedule
    var fires = missed
    // With `latest`, any later fire that is due stands for them, one on time too.
    if schedule.catchUp == .latest, let newest = schedule.lastFire(dueThrough: now), newest > last {
      fires.append(newest)
    }
    let plan = schedule.catchUpPlan(fires: fires, nowMilliseconds: now) { fire in
      fire > last || state.logged.contains(fire) || state.underWay[fire] != nil
    }
    return (
      plan.proposals.map { proposal(of: $0.fire, state.entry, expiry: $0.expiryMilliseconds) },
      plan.omissions.map { .report(.omitted(job: schedule.job, $0.reason, count: $0.count, fires: $0.fires)) }
    )
  }

  private func proposal(of fire: Int64, _ entry: Entry, expiry: Int64?) -> Proposal {
    Proposal(
      id: FireIdentifier(job: entry.schedule.job, fire: fire), queue: entry.queue, expiry: expiry,
      due: entry.schedule.dueMilliseconds(of: fire))
  }

  /// What is long past the horizon will not be asked about again.
  private func prune(_ state: inout State, now: Int64) {
    guard state.prunedAt < now - 3_600_000 else { return }
    state.prunedAt = now
    let oldest = floorDivide(now - settings.horizonMilliseconds, 1000).quotient - 86_400
    state.logged = state.logged.filter { $0 >= oldest }
  }
}
