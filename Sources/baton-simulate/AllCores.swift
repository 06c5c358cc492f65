import Glibc
import Simulation

/// What came of many seeds, of either simulation.
protocol SeedBatch: Sendable {
  init()
  var seeds: Int { get }
  /// Of the lowest seed that broke a promise.
  var failure: (seed: UInt64, violation: Violation)? { get }
  mutating func merge(_ other: Self)
}

extension Batch: SeedBatch {}
extension SchedulerBatch: SeedBatch {}

/// Plays the seeds that were asked for on all cores, up to the first batch with a broken promise, and shows how far it is.
func playOnAllCores<Played: SeedBatch>(
  _ options: Options, seedsAtATime: UInt64, _ play: @escaping @Sendable (Range<UInt64>) -> Played
) async -> (batch: Played, seconds: Double, cores: Int) {
  let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  let end = options.from + options.seeds
  let isTerminal = isatty(STDERR_FILENO) == 1
  let clock = ContinuousClock()
  let begin = clock.now
  let total = await withTaskGroup(of: Played.self) { group in
    var next = options.from
    var total = Played()
    func add() {
      guard next < end, total.failure == nil else { return }
      let seeds = next..<min(next + seedsAtATime, end)
      next = seeds.upperBound
      group.addTask { play(seeds) }
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
  return (total, (clock.now - begin) / .seconds(1), cores)
}

/// The end of a seed's trace, what is broken, and how to see it again.
/// - Parameter arguments: what `baton-simulate` needs beside the seed.
func tellFailure(_ seed: UInt64, _ violation: Violation, trace: [String], arguments: [String]) {
  complain("")
  for line in trace.suffix(40) { complain(line) }
  complain("")
  tell(violation, seed: seed)
  complain("replay: " + (["baton-simulate", "--seed \(seed)"] + arguments).joined(separator: " "))
}

/// A broken promise as a member of the summary's JSON.
func jsonMember(_ failure: (seed: UInt64, violation: Violation)) -> String {
  let (seed, violation) = failure
  return "\"violation\":{\"seed\":\(seed),\"invariant\":\(violation.invariant.rawValue),"
    + "\"name\":\"\(violation.invariant.name)\",\"step\":\(violation.step),"
    + "\"virtualMilliseconds\":\(violation.milliseconds),\"message\":\(quoted(violation.message))}"
}

private func quoted(_ text: String) -> String {
  "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
}
