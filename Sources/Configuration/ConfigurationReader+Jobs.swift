import Dispatch

extension ConfigurationReader {
  private static let jobKeys = [
    "queue", "description", "sync", "run", "params", "chunk", "memory", "attempts", "crashes", "backoff", "timeout",
    "when-waiting", "expires", "environment", "directory", "schedule", "every", "zone", "spread", "catch-up",
    "not-after", "disabled", "then",
  ]

  func job(_ entry: YAMLEntry, _ declared: Declared) -> JobDefinition? {
    let title = "job '\(entry.key)'"
    guard let section = section(entry.value, title, at: entry.mark, keys: Self.jobKeys) else { return nil }
    let queue = required("queue", of: section, example: "queue: \(declared.queues.first ?? "nightly")") {
      reference($0, $1, title: title, noun: "queue", among: declared.queues)
    }
    let params = section.entry("params").map { parameters($0.value, title) } ?? Parameters()
    let work = work(section, params, declared)
    var job = Job(name: entry.key, queue: queue ?? "", parameters: params.definitions)
    job.attempts = value("attempts", of: section) { integer($0, $1, in: 1...1000) } ?? job.attempts
    job.crashes = value("crashes", of: section) { integer($0, $1, in: 1...1000) } ?? job.crashes
    job.timeoutMilliseconds = value("timeout", of: section) { duration($0, $1) }
    job.whenWaiting = value("when-waiting", of: section) { choice($0, $1) } ?? job.whenWaiting
    job.backoff = section.entry("backoff").map { backoff($0, title) } ?? job.backoff
    let description = value("description", of: section) { string($0, $1) }
    let expires = value("expires", of: section) { duration($0, $1) }
    let memory = value("memory", of: section) { size($0, $1, minimum: 1 << 20) }
    let chunk = chunk(section, memory: memory)
    let schedule = schedule(section, job, declared)
    job.then = value("then", of: section) { followers($0, $1, declared) } ?? []
    guard queue != nil, let work else { return nil }
    return JobDefinition(
      job: job, description: description, work: work, chunk: chunk, memoryBytes: memory,
      expiresMilliseconds: expires, schedule: schedule)
  }

  private func work(_ section: Section, _ params: Parameters, _ declared: Declared) -> Work? {
    switch (section.entry("sync"), section.entry("run")) {
    case (nil, nil):
      report(
        section.mark, "\(section.title) has no work",
        "add 'sync: {...}' to copy rows, or 'run: [PROGRAM, ARGUMENT...]' to start a program")
      return nil
    case (let sync?, let run?):
      report(
        max(sync.mark, run.mark), "\(section.title) has both 'sync' and 'run'",
        "keep one, and make a second job of the other")
      return nil
    case (let sync?, nil):
      for key in ["environment", "directory"] {
        guard let entry = section.entry(key) else { continue }
        report(entry.mark, "'\(key)' in \(section.title) is for jobs with 'run'", "remove it")
      }
      return self.sync(sync, section.title, declared).map { .sync($0) }
    case (nil, _):
      return command(section, params).map { .command($0) }
    }
  }

  private func backoff(_ entry: YAMLEntry, _ job: String) -> Job.Backoff {
    var backoff = Job.Backoff()
    let keys = ["initial", "max", "factor"]
    let section = section(entry.value, "backoff of \(job)", at: entry.mark, keys: keys)
    let initial = value("initial", of: section) { duration($0, $1) }
    let maximum = value("max", of: section) { duration($0, $1) }
    backoff.factor = value("factor", of: section) { number($0, $1, minimum: 1) } ?? backoff.factor
    backoff.initialMilliseconds = initial ?? backoff.initialMilliseconds
    // Without a 'max' of its own, a longer 'initial' raises the default one.
    backoff.maxMilliseconds = maximum ?? max(backoff.maxMilliseconds, backoff.initialMilliseconds)
    if let maximum, maximum < backoff.initialMilliseconds {
      report(
        section?.entry("max")?.value.mark ?? entry.mark,
        "'max' in backoff of \(job) is \(Quantity.duration(maximum)), less than 'initial'",
        "write at least \(Quantity.duration(backoff.initialMilliseconds))")
    }
    return backoff
  }

  private func chunk(_ job: Section, memory: Int?) -> ChunkLimits {
    var limits = ChunkLimits()
    let entry = job.entry("chunk")
    let section = entry.flatMap {
      self.section($0.value, "chunk of \(job.title)", at: $0.mark, keys: ["rows", "bytes"])
    }
    limits.rows = value("rows", of: section) { integer($0, $1, in: 1...10_000_000) } ?? limits.rows
    let bytes = value("bytes", of: section) { size($0, $1, minimum: 1024, maximum: 1 << 30) }
    limits.bytes = bytes ?? limits.bytes
    // Two chunks are in flight: one is read while the other is written.
    if let memory, limits.bytes > memory / 2 {
      let place = bytes == nil ? job.entry("memory") : section?.entry("bytes")
      report(
        place?.value.mark ?? job.mark,
        "two chunks of \(Quantity.size(Int64(limits.bytes))) do not fit the memory of \(job.title), "
          + Quantity.size(Int64(memory)),
        "raise 'memory', or lower 'bytes' in 'chunk' to at most \(Quantity.size(Int64(memory / 2)))")
    }
    return limits
  }
}
