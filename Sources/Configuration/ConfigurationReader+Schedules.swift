import Dispatch
import Scheduling

extension ConfigurationReader {
  /// When the job is due by itself.
  func schedule(_ section: Section, _ job: Job, _ declared: Declared) -> Schedule? {
    if let cron = section.entry("schedule"), let every = section.entry("every") {
      report(
        max(cron.mark, every.mark), "\(section.title) has both 'schedule' and 'every'",
        "keep one: 'schedule' for times by the clock, 'every' for equal times apart")
      return nil
    }
    guard let entry = section.entry("schedule") ?? section.entry("every") else {
      for key in ["zone", "spread", "catch-up", "not-after", "disabled"] {
        guard let entry = section.entry(key) else { continue }
        report(
          entry.mark, "'\(key)' in \(section.title) is for jobs with a schedule",
          "add 'schedule: \"29 1 * * *\"' or 'every: 15m', or remove it")
      }
      return nil
    }
    let timing = value(entry.key, of: section) { entry.key == "every" ? interval($0, $1) : cron($0, $1) }
    let zone =
      value("zone", of: section) { self.zone($0, $1) } ?? (try? TimeZoneDirectory.system.rules(named: declared.zone))
    let spread = value("spread", of: section) { duration($0, $1, maximum: 24 * 3_600_000) }
    let catchUp: CatchUpPolicy? = value("catch-up", of: section) { choice($0, $1) }
    let notAfter = value("not-after", of: section) { timeOfDay($0, $1) }
    let isDisabled = value("disabled", of: section) { boolean($0, $1) }
    for parameter in job.parameters where parameter.isRequired && parameter.defaultValue == nil {
      report(
        entry.mark, "\(section.title) has a schedule, and its param '\(parameter.name)' is required",
        "give the param a default: a request of the schedule has no params")
    }
    guard let timing, let zone else { return nil }
    let schedule = Schedule(
      job: job.name, timing: timing, zone: zone, spreadMilliseconds: spread ?? 0, catchUp: catchUp ?? .latest,
      notAfter: notAfter, isDisabled: isDisabled ?? false)
    // From a fixed day on, so that the same file is always right or always wrong.
    if let limit = section.entry("not-after"), let fire = schedule.fireExpiredWhenDue(after: 1_767_225_600) {
      report(
        limit.value.mark,
        "the fire of \(section.title) at \(FireIdentifier(job: job.name, fire: fire)) may no longer start when it is due",
        "choose a later 'not-after' or a shorter 'spread'")
      return nil
    }
    return schedule
  }

  private func cron(_ node: YAMLNode, _ label: String) -> Timing? {
    guard let text = string(node, label) else { return nil }
    do {
      return .cron(try CronExpression(text))
    } catch {
      if let written = reference(in: node) {
        report(
          node.mark, "\(label) is '\(written)', which stands for no cron expression", "make it one: \"29 1 * * *\"")
        return nil
      }
      var mark = node.mark
      // Into the expression, where it stands as written.
      if case .scalar(let scalar) = node.content, scalar.text == text {
        mark.column += error.column - 1 + (scalar.isQuoted ? 1 : 0)
      }
      report(mark, "\(label): \(error.reason)", error.remedy)
      return nil
    }
  }

  private func interval(_ node: YAMLNode, _ label: String) -> Timing? {
    guard let text = string(node, label) else { return nil }
    do {
      return .every(try Interval(text))
    } catch {
      if let written = reference(in: node) {
        report(node.mark, "\(label) is '\(written)', which stands for no interval", "make it one: 30s, 15m, 2h or 1d")
        return nil
      }
      report(node.mark, "\(label): \(error.reason)", error.remedy)
      return nil
    }
  }

  private func zone(_ node: YAMLNode, _ label: String) -> TimeZoneRules? {
    guard let text = string(node, label) else { return nil }
    do {
      return try TimeZoneDirectory.system.rules(named: text)
    } catch {
      if let written = reference(in: node) {
        report(node.mark, "\(label) is '\(written)', which stands for no known time zone", "make it one: Europe/London")
        return nil
      }
      report(node.mark, "\(label): \(error.reason)", error.remedy)
      return nil
    }
  }

  private func timeOfDay(_ node: YAMLNode, _ label: String) -> TimeOfDay? {
    guard let text = string(node, label) else { return nil }
    if let time = TimeOfDay(text) { return time }
    report(
      node.mark, "\(label) must be a time of the day, not '\(reference(in: node) ?? shown(text))'",
      "write it as in \"06:00\"")
    return nil
  }

  func scheduler(_ entry: YAMLEntry) -> SchedulerOptions {
    let keys = ["in-workers", "zone", "horizon", "clock-warning", "clock-limit"]
    let section = section(entry.value, "scheduler", at: entry.mark, keys: keys)
    var options = SchedulerOptions()
    options.runsInWorkers = value("in-workers", of: section) { boolean($0, $1) } ?? options.runsInWorkers
    options.zone = value("zone", of: section) { zone($0, $1) }?.name ?? options.zone
    let week: Int64 = 7 * 86_400_000
    if let value = value("horizon", of: section, { duration($0, $1, minimum: 60_000, maximum: 4 * week) }) {
      options.horizonMilliseconds = value
    }
    if let value = value("clock-warning", of: section, { duration($0, $1, minimum: 100) }) {
      options.clockWarningMilliseconds = value
    }
    let limit = value("clock-limit", of: section) { duration($0, $1, minimum: 100) }
    options.clockLimitMilliseconds = limit ?? max(options.clockLimitMilliseconds, options.clockWarningMilliseconds)
    if let limit, limit < options.clockWarningMilliseconds {
      report(
        section?.entry("clock-limit")?.value.mark ?? entry.mark,
        "'clock-limit' in scheduler is \(Quantity.duration(limit)), less than 'clock-warning'",
        "write at least \(Quantity.duration(options.clockWarningMilliseconds))")
    }
    return options
  }

  /// A fire that is proposed again at the horizon's end must still be known as a duplicate, though the one scheduler's clock
  /// was ahead, the other's is behind, and its record is a minute on its way.
  func checkHorizon(
    _ scheduler: SchedulerOptions, at entry: YAMLEntry?, _ queueEntries: [YAMLEntry], _ queues: [String: QueueOptions],
    _ jobs: [String: JobDefinition]
  ) {
    let least = scheduler.leastDeduplicationMilliseconds
    for queueEntry in queueEntries {
      guard let queue = queues[queueEntry.key], queue.deduplicationMilliseconds < least,
        jobs.values.contains(where: { $0.schedule != nil && $0.job.queue == queueEntry.key })
      else { continue }
      let horizon = Quantity.duration(scheduler.horizonMilliseconds)
      let margin = Quantity.duration(least - scheduler.horizonMilliseconds)
      report(
        queueEntry.mark,
        "queue '\(queueEntry.key)' has jobs with schedules, and forgets ids after "
          + "\(Quantity.duration(queue.deduplicationMilliseconds)): missed fires are looked for \(horizon) back, by clocks that may "
          + "be apart, and one could run twice",
        "raise 'deduplication' of the queue to at least \(Quantity.duration(least)) ('horizon' in scheduler and \(margin)), or "
          + "lower 'horizon' or 'clock-limit'")
    }
  }

  // MARK: Chains

  func followers(_ node: YAMLNode, _ label: String, _ declared: Declared) -> [String]? {
    let nodes: [YAMLNode]?
    if case .scalar = node.content { nodes = [node] } else { nodes = items(node, label, example: "[report]") }
    var names: [String] = []
    for node in nodes ?? [] {
      let name = reference(node, "a job of \(label)", title: label, noun: "job", among: declared.jobs)
      guard let name else { continue }
      if names.contains(name) {
        report(node.mark, "job '\(name)' is twice in \(label)", "remove one of them")
      } else {
        names.append(name)
      }
    }
    return names
  }

  /// Chains must end, and hand on what the next job needs.
  func checkChains(_ entries: [YAMLEntry], _ jobs: [String: JobDefinition]) {
    var reported: Set<Set<String>> = []
    for entry in entries {
      guard let job = jobs[entry.key]?.job, !job.then.isEmpty else { continue }
      let mark = thenMark(entry)
      if let cycle = cycle(from: entry.key, jobs), reported.insert(Set(cycle)).inserted {
        report(
          mark,
          "the jobs \((cycle + [cycle[0]]).map { "'\($0)'" }.joined(separator: " -> ")) follow each other without end",
          "take one of them out of a 'then'")
      }
      for name in job.then { checkParameters(of: name, after: job, at: mark, jobs) }
    }
  }

  private func thenMark(_ entry: YAMLEntry) -> Mark {
    guard case .mapping(let entries) = entry.value.content, let then = entries.first(where: { $0.key == "then" }) else {
      return entry.mark
    }
    return then.value.mark
  }

  /// The way back to the job, itself first; nil if none leads there.
  private func cycle(from start: String, _ jobs: [String: JobDefinition]) -> [String]? {
    var paths = [[start]]
    var seen: Set<String> = []
    while let path = paths.popLast() {
      for next in jobs[path.last ?? ""]?.job.then ?? [] {
        if next == start { return path }
        if seen.insert(next).inserted { paths.append(path + [next]) }
      }
    }
    return nil
  }

  private func checkParameters(of name: String, after job: Job, at mark: Mark, _ jobs: [String: JobDefinition]) {
    guard let next = jobs[name]?.job else { return }
    for parameter in next.parameters {
      let given = job.parameters.first { $0.name == parameter.name }
      if let given, given.type != parameter.type {
        report(
          mark,
          "job '\(name)' follows '\(job.name)', and their params '\(parameter.name)' have different types "
            + "(\(given.type.rawValue), \(parameter.type.rawValue))", "give both the same type, or one another name")
      }
      let isGiven = given.map { $0.isRequired || $0.defaultValue != nil } ?? false
      if parameter.isRequired, parameter.defaultValue == nil, !isGiven {
        report(
          mark,
          "job '\(name)' follows '\(job.name)' and needs the param '\(parameter.name)', which '\(job.name)' may lack",
          "declare it there as required or with a default, or give it a default in '\(name)'")
      }
    }
  }
}
