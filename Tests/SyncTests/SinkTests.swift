import ChunkProtocol
import Foundation
import Testing

@testable import Sync

/// What every sink must do.
@Suite struct SinkTests {
  private func stores(_ kind: StoreKind, rows: Int = 35) throws -> (source: Store, sink: Store) {
    let source = try Store(.sqlite)
    try source.fill(0..<rows)
    let sink = try Store(kind)
    try sink.makePersonTable()
    return (source, sink)
  }

  @discardableResult
  private func run(
    _ plan: SyncPlan, _ answer: @escaping (ChunkReport) throws -> ChunkAnswer = { _ in .go }
  ) throws -> ChunkPipeline.Outcome {
    try ChunkPipeline(plan: plan).run(reporting: RecordingWorker(answer))
  }

  private static func mode(_ kind: StoreKind) -> SyncMode { kind == .jsonLines ? .append : .upsert }

  @Test(arguments: StoreKind.all)
  func aLowerToken_isRefusedAtTheStart(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try run(.people(from: source, to: sink, mode: SinkTests.mode(kind), run: "new", token: 9))
    let failure = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: SinkTests.mode(kind), run: "old", token: 8))
    }
    #expect(failure?.fencedBy == 9)
    #expect(failure?.isRetriable == false)
    #expect(failure?.message.contains("holds token 9 of run new; our token 8 is too low") == true)
    // A token is one attempt's: another run with the same one is refused as well.
    let twin = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: SinkTests.mode(kind), run: "twin", token: 9))
    }
    #expect(twin?.fencedBy == 9)
    #expect(try sink.people() == named(0..<35))
  }

  /// A new attempt that has only started is enough to shut the old one out.
  @Test(arguments: StoreKind.all, SyncMode.allCases)
  func aZombie_isRefusedAtItsNextChunk(_ kind: StoreKind, mode: SyncMode) throws {
    guard kind != .jsonLines || mode != .upsert else { return }
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    let failure = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: mode, token: 1)) { chunk in
        if chunk.chunk == 2 {
          let newer = try run(.people(from: source, to: sink, mode: mode, token: 2)) { _ in .stop(reason: "") }
          #expect(newer == .stopped(reason: ""))
        }
        return .go
      }
    }
    #expect(failure?.fencedBy == 2)
    #expect(failure?.message.hasPrefix("job \"people\", chunk 3: ") == true)
    // The newer attempt went on after the zombie's two chunks, wrote one, and finishes now.
    #expect(
      try run(.people(from: source, to: sink, mode: mode, token: 3))
        == .done(facts: ["sourceRows": 5, "rowsWritten": 5, "rowsTotal": 35, "chunks": 1]))
    #expect(try sink.people() == named(0..<35))
  }

  @Test(arguments: StoreKind.all, [SyncMode.append, .replace])
  func aCrashBeforeTheCheckpoint_repeatsNothing(_ kind: StoreKind, mode: SyncMode) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    for attempt in 1...3 {
      // The chunk is in the sink, and the worker dies before it hears of it: its checkpoint stays at nothing.
      #expect(throws: WorkerGone.self) {
        try run(.people(from: source, to: sink, mode: mode, token: Int64(attempt))) { _ in throw WorkerGone() }
      }
    }
    var sentences: [String] = []
    let worker = RecordingWorker()
    let outcome = try ChunkPipeline(plan: .people(from: source, to: sink, mode: mode, token: 4)) {
      sentences.append($0)
    }
    .run(reporting: worker)
    #expect(outcome == .done(facts: ["sourceRows": 5, "rowsWritten": 5, "rowsTotal": 35, "chunks": 1]))
    #expect(sentences.contains { $0.hasPrefix("the sink is ahead of the checkpoint: going on after [29]") })
    #expect(try sink.people() == named(0..<35))
  }

  @Test(arguments: StoreKind.all)
  func aNewRun_startsAtTheBeginning(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try run(.people(from: source, to: sink, run: "r1", token: 1))
    try source.execute("DELETE FROM person WHERE id < 30")
    if kind != .jsonLines { try sink.execute("DELETE FROM person") }
    #expect(
      try run(.people(from: source, to: sink, run: "r2", token: 2))
        == .done(facts: ["sourceRows": 5, "rowsWritten": 5, "rowsTotal": 5, "chunks": 1]))
    #expect(try sink.people().count == (kind == .jsonLines ? 40 : 5))
  }

  @Test(arguments: StoreKind.all)
  func aSinkWithoutTheRunsRecord_isNotAppendedTo(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    let failure = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: .append, token: 5, cursor: "[20]"))
    }
    #expect(failure?.message.contains("the sink has no record of run r1") == true)
    // The other modes can start again without harm, and do.
    let mode = kind == .jsonLines ? SyncMode.replace : .upsert
    let second = try Store(kind)
    defer { second.remove() }
    try second.makePersonTable()
    try run(.people(from: source, to: second, mode: mode, token: 6, cursor: "[20]"))
    #expect(try second.people() == named(0..<35))
  }

  @Test(arguments: StoreKind.databases)
  func upsert_changesWhatIsThere_andRepeatsWithoutHarm(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try sink.execute("INSERT INTO person VALUES (3, 'old'), (1000, 'other')")
    try run(.people(from: source, to: sink, mode: .upsert, run: "r1", token: 1))
    try source.execute("UPDATE person SET name = 'N5' WHERE id = 5; UPDATE person SET name = NULL WHERE id = 6")
    try run(.people(from: source, to: sink, mode: .upsert, run: "r2", token: 2))
    var expected = named(0..<35)
    expected[5] = "5=N5"
    expected[6] = "6=-"
    #expect(try sink.people() == expected + ["1000=other"])
  }

  @Test(arguments: StoreKind.all)
  func replace_showsTheOldRowsUntilTheEnd_thenOnlyTheNew(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    if kind == .jsonLines {
      try sink.folder.write("person", "{\"id\":1000,\"name\":\"n1000\"}\n")
    } else {
      try sink.execute("INSERT INTO person VALUES (1000, 'n1000')")
    }
    // A run that dies leaves its half of a table, which the next run drops.
    try run(.people(from: source, to: sink, mode: .replace, run: "dead", token: 1)) { _ in .stop(reason: "") }
    #expect(try staging(sink).count == 1)
    try run(.people(from: source, to: sink, mode: .replace, run: "r2", token: 2)) { _ in
      let visible = try sink.people()
      #expect(visible == ["1000=n1000"])
      return .go
    }
    #expect(try sink.people() == named(0..<35))
    #expect(try staging(sink) == [])
    // The run is complete in the sink: an attempt that comes after all, since the worker died, does nothing.
    #expect(
      try run(.people(from: source, to: sink, mode: .replace, run: "r2", token: 3))
        == .done(facts: ["sourceRows": 0, "rowsWritten": 0, "rowsTotal": 35, "chunks": 0]))
    #expect(try sink.people() == named(0..<35))
  }

  private func staging(_ sink: Store) throws -> [String] {
    switch sink.kind {
    case .sqlite:
      try sink.rows("SELECT name FROM sqlite_schema WHERE name LIKE '%\\_\\_baton\\_%' ESCAPE '\\' AND type = 'table'")
        .compactMap { $0[0] }
    case .postgres:
      try sink.rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%\\_\\_baton\\_%'").compactMap {
        $0[0]
      }
    case .jsonLines:
      try FileManager.default.contentsOfDirectory(atPath: sink.folder.path("")).filter { $0.contains("__baton_") }
    }
  }

  @Test(arguments: StoreKind.databases, SyncMode.allCases)
  func aRowThatTheSinkRefuses_undoesItsChunk(_ kind: StoreKind, mode: SyncMode) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try sink.execute("DROP TABLE person; CREATE TABLE person (id BIGINT PRIMARY KEY, name TEXT CHECK (name <> 'n27'))")
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, mode: mode, token: 1)) }
    #expect(failure?.message.hasPrefix("job \"people\", chunk 3, key (id = 27)") == true, "\(failure?.message ?? "")")
    #expect(failure?.isRetriable == false)
    if mode != .replace { #expect(try sink.people() == named(0..<20)) }
    #expect(try sink.rows("SELECT cursor, rows FROM baton_fence") == [["[19]", "20"]])
    try source.execute("UPDATE person SET name = 'ok' WHERE id = 27")
    #expect(
      try run(.people(from: source, to: sink, mode: mode, token: 2))
        == .done(facts: ["sourceRows": 15, "rowsWritten": 15, "rowsTotal": 35, "chunks": 2]))
    #expect(try sink.people().count == 35)
  }

  @Test(arguments: StoreKind.databases)
  func theSinksShape_isCheckedBeforeAnythingIsWritten(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    func message(_ table: String, mode: SyncMode = .upsert) throws -> String? {
      try sink.execute("DROP TABLE IF EXISTS person; \(table)")
      return #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, mode: mode)) }?.message
    }
    #expect(
      try message("CREATE TABLE person (id BIGINT PRIMARY KEY, nom TEXT)")
        == "job \"people\", column \"name\": the sink's table \"person\" has no such column; it has id, nom. "
        + "Add the column to the table, or leave it out of the query.")
    #expect(
      try message("CREATE TABLE person (id BIGINT, name TEXT)")?.contains(
        "mode upsert needs a unique index on the key (id) of \"person\". Create it: CREATE UNIQUE INDEX") == true)
    #expect(try message("")?.contains("has no table \"person\"") == true)
    #expect(
      try message("CREATE TABLE person (id BIGINT PRIMARY KEY, name TEXT GENERATED ALWAYS AS ('x') STORED)")?
        .contains("column \"name\": the column of \"person\" is generated") == true)
  }

  @Test(arguments: StoreKind.databases, SyncMode.allCases)
  func whatAColumnDoesNotTake_isNamedWithItsRow(_ kind: StoreKind, mode: SyncMode) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try source.execute("UPDATE person SET name = NULL WHERE id = 14")
    try sink.execute("DROP TABLE person; CREATE TABLE person (id BIGINT PRIMARY KEY, name TEXT NOT NULL)")
    let missing = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: mode, run: "r1", token: 1))
    }
    #expect(
      missing?.message.hasPrefix("job \"people\", chunk 2, key (id = 14), column \"name\": ") == true,
      "\(missing?.message ?? "")")
    let strict = kind == .sqlite ? "STRICT" : ""
    try sink.execute("DROP TABLE person; CREATE TABLE person (id INTEGER PRIMARY KEY, name INTEGER) \(strict)")
    let wrong = #expect(throws: RunnerFailure.self) {
      try run(.people(from: source, to: sink, mode: mode, run: "r2", token: 2))
    }
    #expect(
      wrong?.message.hasPrefix("job \"people\", chunk 1, key (id = 0), column \"name\": ") == true,
      "\(wrong?.message ?? "")")
    #expect(wrong?.isRetriable == false)
  }

  /// Two queues that write one table, one of them in mode replace: the swap would take away what the other has written.
  @Test(arguments: StoreKind.databases, SyncMode.allCases)
  func aTableThatAnotherQueueReplaces_isRefused(_ kind: StoreKind, mode: SyncMode) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    var other = SyncPlan.people(from: source, to: sink, mode: mode, run: "other", token: 100)
    other.queue = "hourly"
    let outcome = try run(.people(from: source, to: sink, mode: .replace)) { chunk in
      if chunk.chunk == 2 {
        let failure = #expect(throws: RunnerFailure.self) { try run(other) }
        #expect(
          failure?.message.contains("run r1 of queue \"nightly\" is replacing \"person\"") == true,
          "\(failure?.message ?? "")")
        #expect(failure?.isRetriable == false)
      }
      return .go
    }
    #expect(outcome == .done(facts: ["sourceRows": 35, "rowsWritten": 35, "rowsTotal": 35, "chunks": 4]))
    // When that is over, there is nothing against it.
    if mode != .append { try run(other) }
    #expect(try sink.people() == named(0..<35))
  }

  @Test func jsonLines_refuseUpsert() throws {
    let (source, sink) = try stores(.jsonLines)
    defer {
      source.remove()
      sink.remove()
    }
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, mode: .upsert)) }
    #expect(failure?.message.contains("Use mode append or replace") == true)
  }
}
