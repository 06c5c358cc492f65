import Dispatch
import Glibc
import KafkaLog
import RunnerProcess
import Synchronization

/// A consumer and a producer on the same binding with nothing between them: what the cluster and the library take by
/// themselves. All its steps follow each other on the consumer's thread.
final class BareClient: Sendable {
  /// What is done for each record before the next one is taken.
  enum Work: Sendable {
    /// Commit it.
    case commit
    /// Commit it, start a process that does nothing, wait for its end.
    case commitAndProcess
    /// What the promise asks for, without a dispatcher: publish two events in a batch, commit, start a process, wait
    /// for its end.
    case everyStep
  }

  private struct State {
    var records: [LogRecord] = []
    var isBusy = false
    var work = Work.commit
    var left = 0
    var began: Int64 = 0
    var done: CheckedContinuation<Int64, any Error>?
    var received: CheckedContinuation<Int64, Never>?
    var assigned: CheckedContinuation<Void, Never>?
    var isAssigned = false
  }

  private let partition: TopicPartition
  private let events: TopicPartition
  private let producer: Producer
  private let host: ProcessHost
  private let consumer = Mutex<GroupConsumer?>(nil)
  private let state = Mutex(State())

  init(_ bench: Bench) async throws {
    partition = try await bench.makeTopic("\(bench.prefix)-bare")
    events = try await bench.makeTopic("\(bench.prefix)-bare-events")
    host = bench.host
    producer = try Producer(settings: bench.settings, logger: .discarding)
    try await producer.prepare(topics: [partition.topic, events.topic])
    let member = try GroupConsumer(
      settings: bench.settings, group: "\(bench.prefix)-bare", topics: [partition.topic], logger: .discarding
    ) { [weak self] in self?.handle($0) }
    consumer.withLock { $0 = member }
    await withCheckedContinuation { continuation in
      let isNow = state.withLock { state in
        if state.isAssigned { return true }
        state.assigned = continuation
        return false
      }
      if isNow { continuation.resume() }
    }
  }

  func close() async {
    await producer.close()
    if let member = consumer.withLock({ $0 }) { await member.leave() }
  }

  private var member: GroupConsumer? { consumer.withLock { $0 } }

  /// One record through the log.
  struct Passage {
    var sent: Int64
    var acknowledged: Int64
    var received: Int64
    /// The consumer's commit of it is answered.
    var committed: Int64
  }

  /// Sends a request, waits for its acknowledgement and for its receipt, and then commits it.
  func pass(_ raw: RawRecord) async throws -> Passage {
    async let received = withCheckedContinuation { continuation in
      state.withLock { $0.received = continuation }
    }
    let sent = MonotonicClock.nanoseconds()
    let delivery = try await producer.send(OutgoingRecord(partition.topic, raw))
    let acknowledged = MonotonicClock.nanoseconds()
    let arrived = await received
    let begins = MonotonicClock.nanoseconds()
    try await member?.commit(partition, offset: delivery.offset + 1)
    let took = MonotonicClock.nanoseconds() - begins
    return Passage(sent: sent, acknowledged: acknowledged, received: arrived, committed: arrived + took)
  }

  /// Commits one after the other.
  /// - Returns: the nanoseconds that they took together.
  func commits(_ count: Int) async throws -> Int64 {
    let began = MonotonicClock.nanoseconds()
    for offset in 0..<count { try await member?.commit(partition, offset: Int64(offset)) }
    return MonotonicClock.nanoseconds() - began
  }

  /// Starts processes that do nothing, one after the end of the other.
  /// - Returns: the nanoseconds that they took together.
  func processes(_ count: Int) async throws -> Int64 {
    let began = MonotonicClock.nanoseconds()
    for _ in 0..<count { try await start(["/bin/true"]) }
    return MonotonicClock.nanoseconds() - began
  }

  /// Starts a process and waits for its end.
  func start(_ words: [String]) async throws {
    let (ended, continuation) = AsyncStream<Void>.makeStream()
    _ = try await host.start(RunnerCommand(arguments: words)) { if case .ended = $0 { continuation.finish() } }
    for await _ in ended {}
  }

  /// Fills the queue, then does the work for one record after the other.
  /// - Returns: the nanoseconds from the first record to the end of the last one's work.
  func run(_ count: Int, _ raw: RawRecord, _ work: Work) async throws -> Int64 {
    state.withLock { state in
      (state.work, state.left, state.began, state.isBusy) = (work, count, 0, false)
    }
    let records = [OutgoingRecord](repeating: OutgoingRecord(partition.topic, raw), count: count)
    return try await withCheckedThrowingContinuation { continuation in
      state.withLock { $0.done = continuation }
      producer.submit(records) { results in
        for case .failure(let error) in results { self.fail(error) }
      }
    }
  }

  private func fail(_ error: any Error) {
    let done = state.withLock { state in
      defer { state.done = nil }
      return state.done
    }
    done?.resume(throwing: error)
  }

  // MARK: On the consumer's thread

  private func handle(_ event: GroupEvent) {
    switch event {
    case .assigned:
      let waiting = state.withLock { state in
        state.isAssigned = true
        defer { state.assigned = nil }
        return state.assigned
      }
      member?.submit { [partition] in $0.start(partition, at: 0) }
      waiting?.resume()
    case .record(let record, _): take(record)
    case .error(let error) where error.isFatal: fail(error)
    case .revoked(let partitions): member?.submit { $0.release(partitions) }
    case .lost, .fenced, .error: break
    }
  }

  private func take(_ record: LogRecord) {
    let now = MonotonicClock.nanoseconds()
    let waiting: CheckedContinuation<Int64, Never>? = state.withLock { state in
      if state.left > 0 {
        if state.began == 0 { state.began = now }
        state.records.append(record)
        return nil
      }
      defer { state.received = nil }
      return state.received
    }
    if let waiting { waiting.resume(returning: now) } else { goOn() }
  }

  /// Begins with the next record, unless one is in hand.
  private func goOn() {
    let next: (LogRecord, Work)? = state.withLock { state in
      guard !state.isBusy, !state.records.isEmpty else { return nil }
      state.isBusy = true
      return (state.records.removeFirst(), state.work)
    }
    guard let (record, work) = next else { return }
    switch work {
    case .commit: commit(record) { self.finished() }
    case .commitAndProcess: commit(record) { self.startProcess() }
    case .everyStep:
      let event = OutgoingRecord(topic: events.topic, key: record.key, value: record.value, headers: record.headers)
      producer.submit([event, event]) { _ in
        self.commit(record) { self.startProcess() }
      }
    }
  }

  private func commit(_ record: LogRecord, then: @escaping @Sendable () -> Void) {
    member?.submit { [partition] consumer in
      consumer.commit(partition, offset: record.offset + 1, metadata: "") { result in
        if case .failure(let error) = result { return self.fail(error) }
        then()
      }
    }
  }

  private func startProcess() {
    host.submit(RunnerCommand(arguments: ["/bin/true"])) {
      if case .ended = $0 { self.finished() }
    } onStart: {
      if case .failure(let error) = $0 { self.fail(error) }
    }
  }

  private func finished() {
    let done: (CheckedContinuation<Int64, any Error>, Int64)? = state.withLock { state in
      state.isBusy = false
      state.left -= 1
      guard state.left == 0, let done = state.done else { return nil }
      state.done = nil
      return (done, MonotonicClock.nanoseconds() - state.began)
    }
    if let (done, took) = done { done.resume(returning: took) } else { goOn() }
  }
}
