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
  let removed = options.removed
  let (batch, seconds, cores) = await playOnAllCores(options, seedsAtATime: 250) { Batch.run($0, removed: removed) }
  let summary = Summary(batch: batch, seconds: seconds, cores: cores, removed: removed)
  print(options.isJSON ? summary.json : summary.text)
  guard let (seed, violation) = batch.failure else { return 0 }
  tellFailure(
    seed, violation, trace: Simulation(seed: seed, removed: removed).run(isTracing: true).trace,
    arguments: removed.map { ["--without \($0.rawValue)"] } ?? [])
  return 1
}
