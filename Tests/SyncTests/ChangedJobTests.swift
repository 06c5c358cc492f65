import ChunkProtocol
import Testing

@testable import Sync

/// A job that is changed between two attempts of one run: a cursor belongs to the query, key, table and mode that it came from.
@Suite struct ChangedJobTests {
  enum Change: String, CaseIterable, Sendable {
    case query, key, table, mode, source, params

    func apply(to plan: inout SyncPlan) {
      switch self {
      case .query: plan.query = "SELECT * FROM person WHERE id >= 0"
      case .key: plan.key = ["name"]
      case .table: plan.table = "other"
      case .mode: plan.mode = plan.mode == .replace ? .append : .replace
      case .source: plan.sourceName = "elsewhere"
      case .params: plan.params = ["least": .integer(-1)]
      }
    }
  }

  private func stores(_ kind: StoreKind) throws -> (source: Store, sink: Store) {
    let source = try Store(.sqlite)
    try source.fill(10..<45)
    let sink = try Store(kind)
    if kind != .jsonLines {
      for table in ["person", "other"] {
        try sink.execute("CREATE TABLE \(table) (id BIGINT PRIMARY KEY, name TEXT UNIQUE)")
      }
    }
    return (source, sink)
  }

  private func plan(
    from source: Store, to sink: Store, mode: SyncMode, token: Int64, cursor: String? = nil
  ) -> SyncPlan {
    var plan = SyncPlan.people(from: source, to: sink, mode: mode, token: token, cursor: cursor)
    plan.query = "SELECT * FROM person WHERE id >= :least"
    plan.params = ["least": .integer(0)]
    plan.sourceName = "here"
    return plan
  }

  private func isPossible(_ kind: StoreKind, _ mode: SyncMode, _ change: Change) -> Bool {
    // Another file has a record of its own, which does not know the run.
    kind != .jsonLines || (mode != .upsert && change != .table)
  }

  @Test(arguments: StoreKind.all, Change.allCases)
  func upsertAndReplace_startAgain(_ kind: StoreKind, _ change: Change) throws {
    for mode in [SyncMode.upsert, .replace] where isPossible(kind, mode, change) {
      if mode == .replace, change == .mode { continue }
      let (source, sink) = try stores(kind)
      defer {
        source.remove()
        sink.remove()
      }
      let first = RecordingWorker { _ in .stop(reason: "") }
      _ = try ChunkPipeline(plan: plan(from: source, to: sink, mode: mode, token: 1)).run(reporting: first)
      var changed = plan(from: source, to: sink, mode: mode, token: 2, cursor: first.chunks[0].cursor)
      change.apply(to: &changed)
      var sentences: [String] = []
      let outcome = try ChunkPipeline(plan: changed) { sentences.append($0) }.run(reporting: RecordingWorker())
      #expect(
        outcome == .done(facts: ["sourceRows": 35, "rowsWritten": 35, "rowsTotal": 35, "chunks": 4]), "\(mode.rawValue)"
      )
      #expect(
        sentences == [
          "the job was changed since this run began (its source, query, params, key, table or mode): starting at the beginning"
        ])
      let table = change == .table ? "other" : "person"
      if kind == .jsonLines {
        #expect(try sink.people() == named(10..<45))
      } else {
        #expect(try sink.rows("SELECT count(*) FROM \(table)") == [["35"]])
      }
    }
  }

  @Test(arguments: StoreKind.all, Change.allCases)
  func append_isRefused(_ kind: StoreKind, _ change: Change) throws {
    let modes: [SyncMode] = change == .mode ? [.replace] : [.append]
    for mode in modes where isPossible(kind, mode, change) {
      let (source, sink) = try stores(kind)
      defer {
        source.remove()
        sink.remove()
      }
      let first = RecordingWorker { _ in .stop(reason: "") }
      _ = try ChunkPipeline(plan: plan(from: source, to: sink, mode: mode, token: 1)).run(reporting: first)
      var changed = plan(from: source, to: sink, mode: mode, token: 2, cursor: first.chunks[0].cursor)
      change.apply(to: &changed)
      let failure = #expect(throws: RunnerFailure.self) {
        try ChunkPipeline(plan: changed).run(reporting: RecordingWorker())
      }
      #expect(
        failure?.message.contains("the job was changed since this run began") == true, "\(failure?.message ?? "")")
      #expect(failure?.isRetriable == false)
      // As it was, it goes on; the refusal has raised no fence.
      let outcome = try ChunkPipeline(plan: plan(from: source, to: sink, mode: mode, token: 2)).run(
        reporting: RecordingWorker())
      #expect(outcome == .done(facts: ["sourceRows": 25, "rowsWritten": 25, "rowsTotal": 35, "chunks": 3]))
    }
  }

  /// Params that the query does not use, the chunk's size and the connection's password do not move the cursor.
  @Test(arguments: StoreKind.all)
  func whatACursorDoesNotDependOn_mayChange(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    let mode = SyncMode.append
    _ = try ChunkPipeline(plan: plan(from: source, to: sink, mode: mode, token: 1)).run(
      reporting: RecordingWorker { _ in .stop(reason: "") })
    var changed = plan(from: source, to: sink, mode: mode, token: 2)
    changed.params["other"] = .string("x")
    changed.limits.rows = 5
    try source.folder.rename("store.db", to: "moved.db")
    changed.source = .sqlite(path: source.folder.path("moved.db"))
    let outcome = try ChunkPipeline(plan: changed).run(reporting: RecordingWorker())
    #expect(outcome == .done(facts: ["sourceRows": 25, "rowsWritten": 25, "rowsTotal": 35, "chunks": 5]))
  }

  /// A fence that was made before it noted what its cursor belongs to.
  @Test(arguments: StoreKind.databases)
  func aFenceOfTheOldLayout_isExtended_andItsRunGoesOn(_ kind: StoreKind) throws {
    let (source, sink) = try stores(kind)
    defer {
      source.remove()
      sink.remove()
    }
    try sink.execute(
      """
      CREATE TABLE baton_fence (queue TEXT NOT NULL PRIMARY KEY, token BIGINT NOT NULL, run TEXT NOT NULL, cursor TEXT,
        rows BIGINT NOT NULL, complete BOOLEAN NOT NULL DEFAULT false, updated \(kind == .postgres ? "timestamptz" : "TEXT")
        NOT NULL);
      INSERT INTO baton_fence VALUES ('nightly', 1, 'r1', '[19]', 10, false, '2024-01-01 00:00:00Z')
      """)
    let outcome = try ChunkPipeline(plan: plan(from: source, to: sink, mode: .append, token: 2)).run(
      reporting: RecordingWorker())
    #expect(outcome == .done(facts: ["sourceRows": 25, "rowsWritten": 25, "rowsTotal": 35, "chunks": 3]))
    #expect(try sink.rows("SELECT plan IS NULL FROM baton_fence") == [[kind == .postgres ? "f" : "0"]])
  }
}
