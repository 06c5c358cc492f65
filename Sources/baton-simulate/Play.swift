import Glibc
import Simulation

/// Plays what was asked for.
/// - Returns: the exit status.
func play(_ options: Options) async -> Int32 {
  if options.areSchedulers {
    if let seed = options.seed { return replaySchedulers(seed, options) }
    return await playManySchedulers(options)
  }
  if let seed = options.seed { return replay(seed, options) }
  return await playMany(options)
}

func complain(_ text: String) { tellApart(text + "\n") }

/// Writes to standard error.
func tellApart(_ text: String) {
  let bytes = Array(text.utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
}

private func replay(_ seed: UInt64, _ options: Options) -> Int32 {
  let result = Simulation(seed: seed, removed: options.removed).run(isTracing: true)
  for line in result.trace { print(line) }
  guard let violation = result.violation else {
    print("seed \(seed): every promise held, in \(result.steps) steps and \(result.milliseconds / 1000) s")
    return 0
  }
  tell(violation, seed: seed)
  return 1
}

func tell(_ violation: Violation, seed: UInt64) {
  complain(
    "seed \(seed), step \(violation.step), after \(violation.milliseconds) ms: promise \(violation.invariant.rawValue) "
      + "(\(violation.invariant.name)) is broken: \(violation.message)")
}

private func playMany(_ options: Options) async -> Int32 {
  let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  let removed = options.removed
  let end = options.from + options.seeds
  let isTerminal = isatty(STDERR_FILENO) == 1
  let clock = ContinuousClock()
  let begin = clock.now
  let total = await withTaskGroup(of: Batch.self) { group in
    var next = options.from
    var total = Batch()
    func add() {
      guard next < end, total.failure == nil else { return }
      let seeds = next..<min(next + 250, end)
      next = seeds.upperBound
      group.addTask { Batch.run(seeds, removed: removed) }
    }
    for _ in 0..<cores { add() }
    while let batch = await group.next() {
      total.merge(batch)
      if isTerminal { tellApart("\r\(total.seeds) of \(options.seeds) seeds") }
      add()
    }
    if isTerminal { tellApart("\r\u{1b}[K") }
    return total
  }
  let seconds = (clock.now - begin) / .seconds(1)
  let summary = Summary(batch: total, seconds: seconds, cores: cores, removed: removed)
  print(options.isJSON ? summary.json : summary.text)
  guard let (seed, violation) = total.failure else { return 0 }
  complain("")
  for line in Simulation(seed: seed, removed: removed).run(isTracing: true).trace.suffix(40) { complain(line) }
  complain("")
  tell(violation, seed: seed)
  complain(
    "replay: baton-simulate --seed \(seed)" + (removed.map { " --without \($0.rawValue)" } ?? ""))
  return 1
}
