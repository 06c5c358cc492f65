import Terminal

/// Runs the parts and prints their tables.
struct Report: Sendable {
  let bench: Bench
  let repetitions: Int
  let lost: Int
  let requests: Int
  let only: String?

  private func wants(_ part: String) -> Bool { only == nil || only == part }

  func run() async throws {
    if wants("failover") { try await failover() }
    if wants("orders") { try await orders() }
    guard wants("latency") || wants("throughput") else { return }
    let dispatching = try await Dispatching(bench)
    if wants("latency") { try await latency(dispatching) }
    if wants("throughput") { try await throughput(dispatching) }
    await dispatching.close()
  }

  private func failover() async throws {
    bench.say("Failover: seconds from the event to the next acknowledged chunk of the run, by another attempt")
    var table = Table([
      Table.Column("event"), Table.Column("p50", .right), Table.Column("max", .right), Table.Column("times", .right),
      Table.Column("aim", .right), Table.Column(""),
    ])
    for (fault, times) in try await Failover(bench).measure(repetitions: repetitions, lost: lost) {
      let session = fault.waitsForSession ? 6.0 : 0
      let isMet = Double(times.median) / 1e9 <= fault.aim + session
      table.add([
        fault.rawValue, seconds(times.median), seconds(times.highest), String(times.count),
        fixed(fault.aim + session, 1), isMet ? "met" : "not met",
      ])
    }
    table.write(to: bench.output)
    bench.say("")
  }

  private func orders() async throws {
    let times = try await Orders(bench).measure(repetitions)
    bench.say("Standing orders: seconds from the order's acknowledgement, with three workers (aim 1)")
    var table = Table([
      Table.Column(""), Table.Column("p50", .right), Table.Column("max", .right), Table.Column("times", .right),
    ])
    func row(_ name: String, _ times: Quantiles) {
      table.add([name, seconds(times.median), seconds(times.highest), String(times.count)])
    }
    for (number, worker) in times.everyWorker.enumerated() {
      row("pause, resume: known to worker \(number + 1)", worker)
    }
    row("pause, resume: known to all", times.lastWorker)
    row("cancel: the run's end in the log", times.cancelled)
    table.write(to: bench.output)
    bench.say("")
  }

  private func latency(_ dispatching: Dispatching) async throws {
    let result = try await dispatching.measureLatency(requests)
    bench.say("Latency: milliseconds, \(result.runner.count) pairs, Baton and the bare client in turns")
    var table = Table([Table.Column(""), Table.Column("p50", .right), Table.Column("p99", .right)])
    func row(_ name: String, _ times: Quantiles) {
      table.add([name, milliseconds(times.median), milliseconds(times.at(0.99))])
    }
    row("bare: sent -> consumed", result.produceToConsume)
    row("bare: sent -> consumed -> committed", result.produceToCommit)
    row("bare: consumed, event stored, committed, process", result.everyStep)
    row("Baton: enqueue acknowledged -> runner's first instruction", result.runner)
    func ratio(_ name: String, _ other: Quantiles) {
      table.add([
        name, fixed(Double(result.runner.median) / Double(other.median), 2),
        fixed(Double(result.runner.at(0.99)) / Double(other.at(0.99)), 2),
      ])
    }
    ratio("Baton / bare consumed (aim 1.5, 2)", result.produceToConsume)
    ratio("Baton / bare consumed and committed", result.produceToCommit)
    ratio("Baton / bare with the same steps", result.everyStep)
    table.write(to: bench.output)
    bench.say("")

    bench.say("Steps of the bare client: milliseconds")
    table = Table([Table.Column(""), Table.Column("p50", .right), Table.Column("p99", .right)])
    row("record sent -> stored by the cluster", result.produce)
    row("acknowledged -> on the consumer's thread", result.acknowledgedToConsume)
    row("commit sent -> taken", result.commit)
    row("process ordered -> its first instruction", result.process)
    table.write(to: bench.output)
    bench.say("")

    let trace = bench.folder + "/latency.trace"
    let traced = try await dispatching.measureLatency(min(200, requests), trace: trace)
    try steps(
      "Steps of a run in an idle queue", try Steps(file: trace).adding("firstInstruction", at: traced.starts),
      [
        ("requestReceived", "request on the consumer's thread"),
        ("eventsPublished", "decided by the machine, AttemptStarted to the producer"),
        ("eventsStored", "AttemptStarted stored by the cluster"),
        ("checkpointSent", "its checkpoint to the coordinator"), ("checkpointTaken", "checkpoint taken"),
        ("runnerOrdered", "runner ordered"),
        ("firstInstruction", "runner's first instruction"),
        ("runnerEnded", "process gone, streams read"), ("eventsPublished", "end to the producer"),
        ("eventsStored", "end stored"), ("checkpointSent", "next offset to the coordinator"),
        ("checkpointTaken", "offset taken"),
      ])
  }

  private func throughput(_ dispatching: Dispatching) async throws {
    let rounds = 4
    let results = try await dispatching.measureThroughput(max(20, requests / rounds), rounds: rounds)
    bench.say("Throughput: per second, \(rounds) rounds of \(max(20, requests / rounds)), in turns")
    var table = Table([Table.Column(""), Table.Column("median", .right), Table.Column("each round")])
    func row(_ name: String, _ digits: Int, _ values: [Double]) {
      table.add([
        name, fixed(values.sorted()[(values.count - 1) / 2], digits),
        values.map { fixed($0, digits) }.joined(separator: " "),
      ])
    }
    row("bare: commits", 0, results.map(\.commits))
    row("bare: processes (/bin/true)", 0, results.map(\.processes))
    row("bare: consume, commit", 0, results.map(\.bare))
    row("bare: consume, commit, process", 0, results.map(\.bareProcess))
    row("bare: consume, publish, commit, process", 0, results.map(\.bareEveryStep))
    row("Baton: runs of /bin/true", 0, results.map(\.baton))
    row("Baton / bare consume, commit (aim 0.5)", 2, results.map { $0.baton / $0.bare })
    row("Baton / bare consume, commit, process", 2, results.map { $0.baton / $0.bareProcess })
    row("Baton / bare with the same steps", 2, results.map { $0.baton / $0.bareEveryStep })
    table.write(to: bench.output)
    bench.say("")

    let trace = bench.folder + "/busy.trace"
    _ = try await dispatching.measureThroughput(200, rounds: 1, trace: trace)
    try steps(
      "Steps of a run in a busy queue", try Steps(file: trace),
      [
        ("runnerOrdered", "runner ordered"), ("runnerEnded", "process gone, streams read"),
        ("eventsPublished", "end and next AttemptStarted to the producer"),
        ("eventsStored", "both stored by the cluster"), ("checkpointSent", "checkpoint to the coordinator"),
        ("checkpointTaken", "checkpoint taken"), ("runnerOrdered", "next runner ordered"),
      ])
  }

  private func steps(_ title: String, _ steps: Steps, _ names: [(step: String, words: String)]) throws {
    let gaps = steps.cycle(names.map(\.step), skip: 10)
    bench.say("\(title): milliseconds since the step before, \(gaps.first?.count ?? 0) runs")
    var table = Table([Table.Column(""), Table.Column("p50", .right), Table.Column("p99", .right)])
    for (name, gap) in zip(names.dropFirst(), gaps) {
      table.add([name.words, milliseconds(gap.median), milliseconds(gap.at(0.99))])
    }
    let total = gaps.map(\.median).reduce(0, +)
    table.add(["sum of the medians", milliseconds(total), ""])
    table.write(to: bench.output)
    bench.say("")
  }
}
