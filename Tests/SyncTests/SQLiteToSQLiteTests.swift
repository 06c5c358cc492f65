import ChunkProtocol
import Testing

@testable import Sync

@Suite struct SQLiteToSQLiteTests {
  @Test func everyRowArrives_chunkByChunk() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try folder.sqlite(
      "source.db",
      """
      CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, height REAL);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      INSERT INTO person SELECT i, 'person ' || i, CAST(i AS BLOB), i / 8.0 FROM n;
      """)
    try folder.sqlite(
      "sink.db", "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, height REAL);")
    let plan = SyncPlan(
      job: "people", queue: "nightly", source: .sqlite(path: folder.path("source.db")),
      query: "SELECT * FROM person WHERE id > :after;", key: ["id"], sink: .sqlite(path: folder.path("sink.db")),
      table: "person", limits: .init(rows: 100), params: ["after": .integer(10)], run: "r1", token: 7)
    let worker = RecordingWorker()
    let outcome = try ChunkPipeline(plan: plan).run(reporting: worker)
    #expect(
      outcome == .done(facts: ["sourceRows": 990, "rowsWritten": 990, "rowsTotal": 990, "chunks": 10]))
    #expect(worker.chunks.map(\.rows) == [100, 100, 100, 100, 100, 100, 100, 100, 100, 90])
    #expect(worker.chunks.first?.cursor == "[110]")
    let all = "SELECT id, name, quote(photo), height FROM person WHERE id > 10 ORDER BY id"
    #expect(try folder.rows("sink.db", all) == folder.rows("source.db", all))
  }

  @Test("the sample counts what each attempt of a run handed over, changed or not, and only what was committed")
  func sampleCountsRows() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    try SampleDatabase.makePersons(at: folder.path("source.db"), count: 1_000)
    try SampleDatabase.makeEmptyPersons(at: folder.path("sink.db"), countsRows: true)
    func attempt(_ run: String, token: Int64, failingAt chunk: Int? = nil) throws {
      let plan = SyncPlan(
        job: "people", queue: "nightly", source: .sqlite(path: folder.path("source.db")),
        query: "SELECT id, given_name, family_name FROM person", key: ["id"],
        sink: .sqlite(path: folder.path("sink.db")),
        table: "person", limits: .init(rows: 100), run: run, token: token)
      let worker = RecordingWorker { report in report.chunk == chunk ? .stop(reason: "test") : .go }
      _ = try ChunkPipeline(plan: plan).run(reporting: worker)
    }
    func given(_ run: String) throws -> [Int64] { try SampleDatabase.rowsGiven(to: folder.path("sink.db"), by: run) }
    try attempt("r1", token: 3, failingAt: 4)
    try attempt("r1", token: 8)
    #expect(try given("r1") == [400, 600])
    try attempt("r2", token: 9)
    #expect(try given("r2") == [1_000])
    #expect(try given("r1") == [400, 600])
    // As if the sink had forgotten how far the run was.
    try folder.sqlite("sink.db", "DELETE FROM baton_fence")
    try attempt("r1", token: 12)
    #expect(try given("r1") == [400, 600, 1_000])
    let comparison = try SampleDatabase.comparePersons(source: folder.path("source.db"), sink: folder.path("sink.db"))
    #expect(comparison == .init(source: 1_000, sink: 1_000, duplicates: 0, differing: 0))
  }
}
