import Dispatch

extension World {
  func startRunner(_ order: RunnerOrder, of worker: SimulatedWorker) {
    guard case .running(let running) = worker.machine.state else { return }
    let request = running.attempt.queued.offset
    let position = order.cursor.map(World.position(in:)) ?? 0
    let runner = SimulatedRunner(
      worker: worker.index, life: worker.life, token: order.token, request: request,
      behaviour: ledger[request].behaviour, position: position)
    runners.append(runner)
    heap.push(at: now + random.milliseconds(5...100), .runner(runners.count - 1, .begin))
  }

  func perform(_ step: RunnerStep, of runner: SimulatedRunner, _ index: Int) {
    let worker = workers[runner.worker]
    if case .write = step, !runner.isAlive, runner.writeOutlivesIt {
      runner.writeOutlivesIt = false
    } else if !runner.isAlive || now > runner.diesAt {
      return
    }
    let isOrphan = worker.life != runner.life || !worker.isUp
    if !isOrphan, worker.isPaused, worker.areRunnersPaused {
      heap.push(at: worker.pausedUntil + 1, .runner(index, step))
      return
    }
    switch step {
    case .begin:
      if runner.behaviour.keepsCursor { runner.position = max(runner.position, sink.cursor(run: runner.request)) }
      checkBegin(runner)
      goOn(runner, index)
    case .write(let from, let to): write(runner, index, from: from, to: to)
    case .acknowledged(let chunk):
      guard chunk == runner.reported, chunk > runner.chunk else { return }
      runner.chunk = chunk
      goOn(runner, index)
    case .killed:
      runner.isAlive = false
      report(runner, .runnerEnded(token: runner.token, .stopped))
    case .killsWorker:
      guard !isOrphan else { return }
      crash(worker, "is killed by the run of request \(runner.request)")
    }
  }

  /// The next chunk, or the end.
  private func goOn(_ runner: SimulatedRunner, _ index: Int) {
    let behaviour = runner.behaviour
    if ledger[runner.request].firstRead == nil { ledger[runner.request].firstRead = now }
    if runner.position >= behaviour.rows {
      runner.isAlive = false
      report(runner, .runnerEnded(token: runner.token, .succeeded(facts: [:])))
      return
    }
    let chunk = runner.position / max(behaviour.chunkRows, 1)
    if behaviour.kind != .succeeds, chunk >= behaviour.chunk, ledger[runner.request].strikes < behaviour.times {
      ledger[runner.request].strikes += 1
      misbehave(runner, index)
      return
    }
    let to = min(behaviour.rows, runner.position + behaviour.chunkRows)
    runner.writeOutlivesIt = random.chance(15)
    heap.push(
      at: now + random.milliseconds(behaviour.chunkMilliseconds), .runner(index, .write(from: runner.position, to: to)))
  }

  private func misbehave(_ runner: SimulatedRunner, _ index: Int) {
    switch runner.behaviour.kind {
    case .succeeds: break
    case .failsRetriable, .failsForGood:
      runner.isAlive = false
      let isRetriable = runner.behaviour.kind == .failsRetriable
      ledger[runner.request].failures += 1
      report(
        runner, .runnerEnded(token: runner.token, .failed(message: "the source hung up", isRetriable: isRetriable)))
    case .hangs: ledger[runner.request].failures += 1
    case .killsWorker: heap.push(at: now + random.milliseconds(5...500), .runner(index, .killsWorker))
    }
  }

  private func write(_ runner: SimulatedRunner, _ index: Int, from: Int, to: Int) {
    guard
      let repeated = sink.write(
        run: runner.request, rows: runner.behaviour.rows, from: from, to: to, token: runner.token)
    else {
      tell(nil, "  sink refuses token \(runner.token), it holds \(sink.fence)")
      coverage.note(.sinkRefused)
      guard runner.isAlive else { return }
      runner.isAlive = false
      report(runner, .runnerEnded(token: runner.token, .fencedBySink(message: "the sink holds \(sink.fence)")))
      return
    }
    tell(nil, "  sink takes rows \(from)..<\(to) of request \(runner.request) under token \(runner.token)")
    checkWrite(runner, repeated: repeated)
    guard runner.isAlive else { return }
    runner.position = to
    if runner.behaviour.isCommand {
      goOn(runner, index)
      return
    }
    runner.reported += 1
    let cursor = World.cursor(at: to, bytes: runner.behaviour.cursorBytes)
    let progress = ChunkProgress(chunk: runner.reported, cursor: cursor, rows: Int64(to - from))
    report(runner, .chunkReported(token: runner.token, progress))
  }

  private func report(_ runner: SimulatedRunner, _ input: QueueMachine.Input) {
    let worker = workers[runner.worker]
    if worker.life == runner.life, worker.isUp { send(worker, .runner, after: 1...10, .input(input)) }
  }

  /// A position as text, of at least the length.
  static func cursor(at position: Int, bytes: Int) -> String {
    let digits = String(position)
    return digits + String(repeating: "x", count: max(0, bytes - digits.utf8.count))
  }

  static func position(in cursor: String) -> Int {
    var value = 0
    for byte in cursor.utf8 {
      guard byte >= 48, byte <= 57 else { break }
      value = value * 10 + Int(byte - 48)
    }
    return value
  }
}
