import Configuration
import Dispatch
import KafkaLog
import Messages
import Telemetry

/// From a request to its run, by Baton and by the bare client in turns, so that what else the machine does hits both.
struct Dispatching: Sendable {
  /// From `enqueue`'s acknowledgement to the runner's first instruction, beside the bare client's passages.
  struct Latency {
    var runner: Quantiles
    /// From the send of a record to its receipt.
    var produceToConsume: Quantiles
    /// From its send to its acknowledgement.
    var produce: Quantiles
    /// From its acknowledgement to its receipt: negative, where the receipt is first.
    var acknowledgedToConsume: Quantiles
    /// From its send to the answer to its commit.
    var produceToCommit: Quantiles
    /// From the receipt to the answer to the commit.
    var commit: Quantiles
    /// From the order for a process, without Baton, to its first instruction.
    var process: Quantiles
    /// What a start consists of, step after step by the bare client: receipt after the acknowledgement, an event stored, a
    /// commit, a process.
    var everyStep: Quantiles
    /// When each run's first instruction was, in nanoseconds of the monotonic clock.
    var starts: [Int64]
  }

  /// One round over a full queue: runs or records per second.
  struct Round {
    var bare: Double
    var bareProcess: Double
    var bareEveryStep: Double
    var baton: Double
    var commits: Double
    var processes: Double
  }

  private let bench: Bench
  private let bare: BareClient
  private let pipe: LinePipe
  private let latency: Configuration
  private let busy: Configuration
  private let producer: Producer
  private let reader: LogReader

  init(_ bench: Bench) async throws {
    self.bench = bench
    pipe = try LinePipe(path: bench.folder + "/starts")
    latency = try await bench.prepare(queue: "latency", job: "run: [\"\(bench.probe)\", \"\(pipe.path)\"]")
    busy = try await bench.prepare(queue: "busy", job: "run: [/bin/true]")
    bare = try await BareClient(bench)
    producer = try Producer(settings: bench.settings, logger: .discarding)
    try await producer.prepare(topics: [latency.requestsTopic("latency"), busy.requestsTopic("busy")])
    reader = try LogReader(settings: bench.settings, waitsForNews: true, logger: .discarding)
  }

  func close() async {
    await bare.close()
    await producer.close()
    await reader.close()
  }

  private func request(_ id: String) -> RawRecord {
    RequestCodec.encode(Request(id: id, job: "work"), source: "/benchmark")
  }

  /// - Parameters:
  ///   - count: pairs that are measured; some more come first and are not.
  ///   - trace: a file for the worker's steps.
  func measureLatency(_ count: Int, trace: String? = nil) async throws -> Latency {
    let worker = try await WorkerProcess.start("LATENCY", latency, bench, trace: trace, isWatched: false)
    var (runner, starts) = ([Int64](), [Int64]())
    var passages: [BareClient.Passage] = []
    var processes: [Int64] = []
    let events = TopicPartition(topic: latency.eventsTopic("latency"))
    var next = try await reader.bounds(of: events).end
    let warmUp = 10
    for number in 0..<(count + warmUp) {
      let raw = request("latency-\(trace == nil ? "" : "traced-")\(number)")
      let passage = try await bare.pass(raw)
      let ordered = MonotonicClock.nanoseconds()
      try await bare.start([bench.probe, pipe.path])
      guard let began = Int64(try await pipe.next()) else { throw BenchmarkError("the probe said no time") }
      _ = try await producer.send(OutgoingRecord(latency.requestsTopic("latency"), raw))
      let enqueued = MonotonicClock.nanoseconds()
      guard let started = Int64(try await pipe.next()) else { throw BenchmarkError("the probe said no time") }
      next = try await ends(1, of: events, from: next).next
      starts.append(started)
      guard number >= warmUp else { continue }
      runner.append(started - enqueued)
      passages.append(passage)
      processes.append(began - ordered)
    }
    worker.terminate()
    await worker.end()
    func quantiles(_ time: (BareClient.Passage) -> Int64) -> Quantiles { Quantiles(passages.map(time)) }
    return Latency(
      runner: Quantiles(runner), produceToConsume: quantiles { $0.received - $0.sent },
      produce: quantiles { $0.acknowledged - $0.sent },
      acknowledgedToConsume: quantiles { $0.received - $0.acknowledged },
      produceToCommit: quantiles { $0.committed - $0.sent }, commit: quantiles { $0.committed - $0.received },
      process: Quantiles(processes),
      everyStep: Quantiles(
        zip(passages, processes).map { passage, process in
          max(0, passage.received - passage.acknowledged) + passage.acknowledged - passage.sent + passage.committed
            - passage.received + process
        }), starts: starts)
  }

  /// A queue with so many requests that wait, each a run that does nothing, in several rounds.
  func measureThroughput(_ count: Int, rounds: Int, trace: String? = nil) async throws -> [Round] {
    let worker = try await WorkerProcess.start("BUSY", busy, bench, trace: trace, isWatched: false)
    let events = TopicPartition(topic: busy.eventsTopic("busy"))
    var next = try await reader.bounds(of: events).end
    var results: [Round] = []
    for round in 0..<rounds {
      let commits = try await bare.commits(count)
      let processes = try await bare.processes(count)
      let bareTook = try await bare.run(count, request("bare"), .commit)
      let name = "busy-\(trace == nil ? "" : "traced-")\(round)-"
      let requests = (0..<count).map { OutgoingRecord(busy.requestsTopic("busy"), request(name + String($0))) }
      producer.submit(requests) { _ in }
      let (took, after) = try await ends(count, of: events, from: next)
      next = after
      let withProcess = try await bare.run(count, request("bare"), .commitAndProcess)
      let everyStep = try await bare.run(count, request("bare"), .everyStep)
      func rate(_ nanoseconds: Int64, _ count: Int) -> Double { Double(count) * 1e9 / Double(nanoseconds) }
      results.append(
        Round(
          bare: rate(bareTook, count), bareProcess: rate(withProcess, count), bareEveryStep: rate(everyStep, count),
          baton: rate(took, count - 1),
          commits: rate(commits, count), processes: rate(processes, count)))
    }
    worker.terminate()
    await worker.end()
    return results
  }

  /// Waits for so many ends.
  /// - Returns: the nanoseconds from the first end to the last, by the log's own time, and the offset after it.
  private func ends(_ count: Int, of events: TopicPartition, from: Int64) async throws -> (took: Int64, next: Int64) {
    var left = count
    var first: Int64?
    let records = reader.follow(events, from: from)
    while let batch = try await records.next() {
      for record in batch {
        guard case .ended(let ended) = try EventCodec.decode(record.raw).body else { continue }
        guard case .succeeded = ended.end else { throw BenchmarkError("a run did not succeed: \(ended.end)") }
        first = first ?? record.timestampMilliseconds
        left -= 1
        if left == 0, let first {
          return ((record.timestampMilliseconds - first) * 1_000_000, record.offset + 1)
        }
      }
    }
    throw BenchmarkError("the events ended before the runs")
  }
}

extension LogRecord {
  var raw: RawRecord {
    RawRecord(key: key, value: value, headers: headers.map { RawRecord.Header(name: $0.name, value: $0.value) })
  }
}
