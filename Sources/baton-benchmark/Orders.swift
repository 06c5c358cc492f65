import Configuration
import Dispatch
import KafkaLog
import Messages
import Telemetry

/// How soon standing orders are obeyed on every server: three workers, of which one has the queue's run.
actor Orders {
  struct Times {
    /// From an order's acknowledgement to each worker's own word of it.
    var everyWorker: [Quantiles]
    /// To the last of the workers.
    var lastWorker: Quantiles
    /// From the acknowledged order to cancel a run to the run's end in the log.
    var cancelled: Quantiles
  }

  private static let names = ["GREEN", "BLUE", "ORANGE"]
  private static let queue = "orders"

  private let bench: Bench
  private let configuration: Configuration
  private let pipe: LinePipe
  private let producer: Producer
  private let reader: LogReader

  init(_ bench: Bench) async throws {
    self.bench = bench
    pipe = try LinePipe(path: bench.folder + "/ordered-chunks")
    configuration = try await bench.prepare(
      queue: Orders.queue, job: "run: [\"\(bench.executable)\", runner, \"\(pipe.path)\"]")
    producer = try Producer(settings: bench.settings, logger: .discarding)
    try await producer.prepare(topics: [configuration.requestsTopic(Orders.queue), configuration.controlTopic])
    reader = try LogReader(settings: bench.settings, waitsForNews: true, logger: .discarding)
  }

  /// - Parameter repetitions: so many pauses, resumptions and cancelled runs.
  func measure(_ repetitions: Int) async throws -> Times {
    let (lines, continuation) = AsyncStream<(name: String, at: Int64)>.makeStream()
    var workers: [WorkerProcess] = []
    for name in Orders.names {
      let worker = try await WorkerProcess.start(name, configuration, bench) { line in
        if line.contains("order: pause") || line.contains("order: resume") {
          continuation.yield((name, MonotonicClock.nanoseconds()))
        }
      }
      try await worker.up()
      workers.append(worker)
    }
    defer { for worker in workers { worker.kill() } }

    var (each, last) = ([String: [Int64]](), [Int64]())
    var heard = lines.makeAsyncIterator()
    for number in 0..<(2 * repetitions) {
      let sent = try await order(number.isMultiple(of: 2) ? .pause(until: nil) : .resume)
      var late: Int64 = 0
      for _ in Orders.names {
        guard let word = await heard.next(isolation: #isolation) else { throw BenchmarkError("a worker is gone") }
        // The worker may hear of the order before its sender hears that it is stored.
        each[word.name, default: []].append(max(0, word.at - sent))
        late = max(late, word.at - sent)
      }
      last.append(late)
    }

    var cancelled: [Int64] = []
    let events = TopicPartition(topic: configuration.eventsTopic(Orders.queue))
    let records = reader.follow(events, from: try await reader.bounds(of: events).end)
    for number in 0..<repetitions {
      let id = "cancelled-\(number)"
      _ = try await producer.send(
        OutgoingRecord(
          configuration.requestsTopic(Orders.queue),
          RequestCodec.encode(Request(id: id, job: "work"), source: "/benchmark")))
      // Chunks that were still in the pipe are of the run before.
      let begun = MonotonicClock.nanoseconds()
      while try await chunk() < begun {}
      let sent = try await order(.cancel(run: id))
      cancelled.append(max(0, try await end(of: id, in: records) - sent))
    }
    for worker in workers {
      worker.kill()
      await worker.end()
    }
    await producer.close()
    await reader.close()
    return Times(
      everyWorker: Orders.names.map { Quantiles(each[$0] ?? []) }, lastWorker: Quantiles(last),
      cancelled: Quantiles(cancelled))
  }

  /// - Returns: when the next chunk was acknowledged.
  private func chunk() async throws -> Int64 {
    let line = try await pipe.next()
    guard let at = line.split(separator: " ").first.flatMap({ Int64($0) }) else {
      throw BenchmarkError("a runner said '\(line)'")
    }
    return at
  }

  /// - Returns: when it was acknowledged.
  private func order(_ action: StandingOrder.Action) async throws -> Int64 {
    let message = ControlMessage(queue: Orders.queue, order: StandingOrder(action: action, by: "benchmark"))
    _ = try await producer.send(
      OutgoingRecord(
        configuration.controlTopic,
        ControlCodec.encode(message, time: Timestamp(milliseconds: WallClock.milliseconds()))))
    return MonotonicClock.nanoseconds()
  }

  /// - Returns: when the run's end was read from the log.
  private func end(of run: String, in records: LogBatches) async throws -> Int64 {
    while let batch = try await records.next() {
      for record in batch {
        let event = try EventCodec.decode(record.raw)
        guard event.run == run, case .ended(let ended) = event.body else { continue }
        guard case .cancelled = ended.end else { throw BenchmarkError("a run was not cancelled: \(ended.end)") }
        return MonotonicClock.nanoseconds()
      }
    }
    throw BenchmarkError("the events ended before the run")
  }
}
