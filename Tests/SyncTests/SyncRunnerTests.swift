import ChunkProtocol
import Testing

@testable import Sync

@Suite struct SyncRunnerTests {
  private func stores() throws -> (source: Store, sink: Store) {
    let source = try Store(.sqlite)
    try source.fill(0..<35)
    let sink = try Store(.sqlite)
    try sink.makePersonTable()
    return (source, sink)
  }

  @Test func done_tellsTheFacts() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    let worker = RecordingWorker()
    #expect(SyncRunner.run(plan: .people(from: source, to: sink), session: worker) == 0)
    #expect(
      worker.end == .done(RunnerDone(facts: ["sourceRows": 35, "rowsWritten": 35, "rowsTotal": 35, "chunks": 4])))
  }

  /// Chunk 2 is finished, chunk 3 may have been read, and is not written.
  @Test func stop_endsAfterTheChunkInHand() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    let worker = RecordingWorker { $0.chunk == 2 ? .stop(reason: "deploy") : .go }
    var sentences: [String] = []
    #expect(SyncRunner.run(plan: .people(from: source, to: sink), session: worker) { sentences.append($0) } == 75)
    #expect(worker.end == nil)
    #expect(sentences == ["stopped: deploy"])
    #expect(try sink.people() == named(0..<20))
  }

  @Test func failed_tellsWhy() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    try source.execute("DROP TABLE person")
    let worker = RecordingWorker()
    #expect(SyncRunner.run(plan: .people(from: source, to: sink), session: worker) == 1)
    guard case .failed(let failure)? = worker.end else { return #expect(Bool(false)) }
    #expect(failure.message.contains("no such table: person"))
  }

  @Test func aWorkerThatIsGone_endsTheRunner() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    var sentences: [String] = []
    let worker = RecordingWorker { _ in throw WorkerGone() }
    #expect(SyncRunner.run(plan: .people(from: source, to: sink), session: worker) { sentences.append($0) } == 1)
    #expect(sentences == ["the worker cannot be reached: WorkerGone()"])
    #expect(try sink.people() == named(0..<10))
  }

  /// One chunk is read while one is written, and there is no third.
  @Test func atMostTwoChunksAreInFlight() throws {
    let handOver = HandOver(columnCount: 1)
    defer { handOver.close() }
    let first = handOver.takeEmpty()
    let second = handOver.takeEmpty()
    #expect(first != nil && second != nil && first !== second)
    handOver.stop()
    #expect(handOver.takeEmpty() == nil)
  }
}
