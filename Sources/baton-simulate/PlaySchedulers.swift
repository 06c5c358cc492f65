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
  let removed = options.removedOfSchedulers
  let (batch, seconds, cores) = await playOnAllCores(options, seedsAtATime: 100) {
    SchedulerBatch.run($0, removed: removed)
  }
  let summary = SchedulerSummary(batch: batch, seconds: seconds, cores: cores, removed: removed)
  print(options.isJSON ? summary.json : summary.text)
  guard let (seed, violation) = batch.failure else { return 0 }
  tellFailure(
    seed, violation, trace: SchedulerSimulation(seed: seed, removed: removed).run(isTracing: true).trace,
    arguments: ["--schedulers"] + (removed.map { ["--without \($0.rawValue)"] } ?? []))
  return 1
}
