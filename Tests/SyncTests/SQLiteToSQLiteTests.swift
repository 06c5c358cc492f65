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
}
