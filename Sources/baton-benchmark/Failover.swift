import Configuration
import Dispatch
import Glibc
import KafkaLog
import Messages

/// What may happen to a run.
enum Fault: String, CaseIterable {
  case runnerKilled = "runner killed"
  case workerRestarted = "worker killed, started again"
  case workerEnded = "worker told to end"
  case workerLost = "worker killed for good"

  /// Seconds, beside the session's timeout where that is waited for.
  var aim: Double { self == .workerRestarted ? 0.5 : 0.3 }
  var waitsForSession: Bool { self == .workerLost }
}

/// The time from a fault to the next chunk that is acknowledged, with a second worker standing by.
actor Failover {
  private struct Chunk {
    var at: Int64
    var runner: Int32
    var worker: Int32

    init(_ line: String) throws {
      let fields = line.split(separator: " ").compactMap { Int64($0) }
      guard fields.count == 5 else { throw BenchmarkError("a runner said '\(line)'") }
      (at, runner, worker) = (fields[0], Int32(fields[1]), Int32(fields[2]))
    }
  }

  /// Nothing is done to a run before it has gone on so long without a pause.
  private static let settledNanoseconds: Int64 = 1_000_000_000
  /// And so long after a member has joined: a member of the client library asks to join at most once a second, so a
  /// join takes the others up to a second, and they are ready for the next change a second later.
  private static let joinedNanoseconds: Int64 = 2_500_000_000
  private static let pauseNanoseconds: Int64 = 200_000_000

  private let bench: Bench
  private let configuration: Configuration
  private let pipe: LinePipe
  private var workers: [WorkerProcess] = []
  private var joinedAt = MonotonicClock.nanoseconds()

  init(_ bench: Bench) async throws {
    self.bench = bench
    pipe = try LinePipe(path: bench.folder + "/chunks")
    configuration = try await bench.prepare(
      queue: "failover", job: "run: [\"\(bench.executable)\", runner, \"\(pipe.path)\"]")
  }

  /// - Returns: for each fault the times, in nanoseconds.
  func measure(repetitions: Int, lost: Int) async throws -> [(fault: Fault, times: Quantiles)] {
    for name in ["GREEN", "BLUE"] { workers.append(try await start(name)) }
    let producer = try Producer(settings: bench.settings, logger: .discarding)
    let request = Request(id: "failover", job: "work")
    _ = try await producer.send(
      OutgoingRecord(configuration.requestsTopic("failover"), RequestCodec.encode(request, source: "/benchmark")))
    await producer.close()
    var results: [(fault: Fault, times: Quantiles)] = []
    for fault in Fault.allCases {
      var times: [Int64] = []
      for _ in 0..<(fault == .workerLost ? lost : repetitions) { times.append(try await inflict(fault)) }
      results.append((fault, Quantiles(times)))
    }
    for worker in workers { worker.kill() }
    for worker in workers { await worker.end() }
    return results
  }

  private func start(_ name: String) async throws -> WorkerProcess {
    let worker = try await WorkerProcess.start(
      name, configuration, bench, trace: "\(bench.folder)/\(name).trace")
    try await worker.up()
    joinedAt = MonotonicClock.nanoseconds()
    return worker
  }

  private func inflict(_ fault: Fault) async throws -> Int64 {
    let last = try await settle()
    guard let place = workers.firstIndex(where: { $0.pid == last.worker }) else {
      throw BenchmarkError("a runner's parent is none of the workers")
    }
    let worker = workers[place]
    let began = MonotonicClock.nanoseconds()
    switch fault {
    case .runnerKilled: kill(last.runner, SIGKILL)
    case .workerRestarted:
      worker.kill()
      await worker.end()
      workers[place] = try await WorkerProcess.start(
        worker.name, configuration, bench, trace: "\(bench.folder)/\(worker.name).trace")
    case .workerEnded: worker.terminate()
    case .workerLost: worker.kill()
    }
    var next = try Chunk(try await pipe.next())
    // What the old runner had done before is not the next chunk, though it be read after.
    while next.at < began || next.runner == last.runner { next = try Chunk(try await pipe.next()) }
    if fault == .workerEnded || fault == .workerLost {
      await worker.end()
      workers[place] = try await start(worker.name)
    }
    return next.at - began
  }

  /// Reads chunks until the run has gone on undisturbed for long enough.
  private func settle() async throws -> Chunk {
    var last = try Chunk(try await pipe.next())
    var since = max(last.at, MonotonicClock.nanoseconds())
    while last.at - since < Failover.settledNanoseconds || last.at - joinedAt < Failover.joinedNanoseconds {
      let next = try Chunk(try await pipe.next())
      if next.at - last.at > Failover.pauseNanoseconds { since = next.at }
      last = next
    }
    return last
  }
}

extension OutgoingRecord {
  /// A record for the only partition of a topic.
  init(_ topic: String, _ raw: RawRecord) {
    self.init(
      topic: topic, key: raw.key, value: raw.value,
      headers: raw.headers.map { RecordHeader(name: $0.name, value: $0.value) })
  }
}
