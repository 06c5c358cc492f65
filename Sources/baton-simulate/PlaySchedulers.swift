import Glibc
import Simulation

/// Plays one seed of schedulers and tells what happens.
/// - Returns: the exit status.
func replaySchedulers(_ seed: UInt64, _ options: Options) -> Int32 {
  let result = SchedulerSimulation(seed: seed, removed: options.removedOfSchedulers).run(isTracing: true)
  for line in result.trace { print(line) }
  guard let violation = result.violation else {
    print("seed \(seed): the promise held, in \(result.steps) steps and \(result.milliseconds / 86_400_000) days")
    return 0
  }
  tell(violation, seed: seed)
  return 1
}

/// Plays many on all cores, up to the first batch with a broken promise.
/// - Returns: the exit status.
func playManySchedulers(_ options: Options) async -> Int32 {
  let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  let removed = options.removedOfSchedulers
  let end = options.from + options.seeds
  let isTerminal = isatty(STDERR_FILENO) == 1
  let clock = ContinuousClock()
  let begin = clock.now
  let total = await withTaskGroup(of: SchedulerBatch.self) { group in
    var next = options.from
    var total = SchedulerBatch()
    func add() {
      guard next < end, total.failure == nil else { return }
      let seeds = next..<min(next + 100, end)
      next = seeds.upperBound
      group.addTask { SchedulerBatch.run(seeds, removed: removed) }
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
  let summary = SchedulerSummary(
    batch: total, seconds: (clock.now - begin) / .seconds(1), cores: cores, removed: removed)
  print(options.isJSON ? summary.json : summary.text)
  guard let (seed, violation) = total.failure else { return 0 }
  complain("")
  let trace = SchedulerSimulation(seed: seed, removed: removed).run(isTracing: true).trace
  for line in trace.suffix(40) { complain(line) }
  complain("")
  tell(violation, seed: seed)
  complain(
    "replay: baton-simulate --schedulers --seed \(seed)" + (removed.map { " --without \($0.rawValue)" } ?? ""))
  return 1
}
