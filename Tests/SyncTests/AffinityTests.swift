import ChunkProtocol
import Testing

@testable import Sync

/// SQLite compares a key under its column's type affinity, and a key that comes from several columns has several.
@Suite struct AffinityTests {
  private static let schema = """
    CREATE TABLE ints (k INTEGER PRIMARY KEY, n); CREATE TABLE texts (k TEXT PRIMARY KEY, n);
    CREATE TABLE loose (k TEXT COLLATE NOCASE PRIMARY KEY, n);
    CREATE VIEW both AS SELECT * FROM ints UNION ALL SELECT * FROM texts;
    WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 30)
      INSERT INTO ints SELECT i, 'int' FROM c;
    INSERT INTO texts SELECT k, 'text' FROM ints; INSERT INTO texts VALUES ('a', 'text'), ('B', 'text'), ('!', 'text');
    INSERT INTO loose VALUES ('x', 'loose'), ('Y', 'loose'), ('A', 'loose'), ('b', 'loose');
    """

  private func makeSource() throws -> Store {
    let source = try Store(.sqlite)
    try source.execute(AffinityTests.schema)
    return source
  }

  static let mixed = [
    "SELECT * FROM ints UNION ALL SELECT * FROM texts",
    "SELECT * FROM texts UNION ALL SELECT * FROM ints",
    "SELECT * FROM texts UNION SELECT * FROM ints",
    "SELECT * FROM both",
    "SELECT k, n FROM both WHERE n <> 'x'",
    "WITH RECURSIVE c(k, n, i) AS (SELECT k, n, 0 FROM ints WHERE k = 7 UNION ALL "
      + "SELECT texts.k, texts.n, 1 FROM c JOIN texts WHERE i = 0) SELECT k, n FROM c",
    "SELECT * FROM texts WHERE k NOT IN ('a', 'b') UNION ALL SELECT * FROM loose",
    "SELECT * FROM loose UNION ALL SELECT * FROM texts WHERE k NOT IN ('a', 'b')",
  ]

  @Test(arguments: mixed)
  func keysOfMixedTypes_areEachReadOnce(_ query: String) throws {
    let source = try makeSource()
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try sink.execute("CREATE TABLE item (k, n)")
    func plan(_ token: Int64) -> SyncPlan {
      SyncPlan(
        job: "j", queue: "q", source: source.source, query: query, key: ["k"], sink: sink.sink, table: "item",
        mode: .append, limits: .init(rows: 4), run: "r\(token)", token: token)
    }
    let expected = try source.rows("SELECT typeof(k), k, n FROM (\(query)) ORDER BY +k COLLATE BINARY, n")
    _ = try ChunkPipeline(plan: plan(1)).run(reporting: RecordingWorker())
    #expect(try sink.rows("SELECT typeof(k), k, n FROM item ORDER BY +k COLLATE BINARY, n") == expected)
    // By attempts that know nothing but the cursor.
    try sink.execute("DELETE FROM item")
    for attempt in 2...100 {
      var next = plan(Int64(attempt))
      next.run = "attempts"
      let outcome = try ChunkPipeline(plan: next).run(reporting: RecordingWorker { _ in .stop(reason: "") })
      if case .done = outcome { break }
    }
    #expect(try sink.rows("SELECT typeof(k), k, n FROM item ORDER BY +k COLLATE BINARY, n") == expected)
  }

  /// An index on the key is used as long as the key is one column's.
  @Test(arguments: [
    ("SELECT * FROM ints", true), ("SELECT k, n FROM texts WHERE n IS NOT NULL", true), ("SELECT * FROM loose", true),
    ("SELECT ints.k, texts.n FROM ints JOIN texts ON texts.k = ints.k", true),
    ("SELECT k, (SELECT n FROM texts WHERE texts.k = ints.k) AS n FROM ints WHERE k IN (SELECT k FROM ints)", true),
    ("SELECT k, count(*) AS n FROM texts GROUP BY k", true),
    ("SELECT * FROM both", false), ("SELECT key AS k, value AS n FROM json_each('[1, 2]')", false),
    ("SELECT k, n FROM ints UNION ALL SELECT k, n FROM ints", false), ("SELECT 1 AS k, 2 AS n", true),
  ]) func theIndexIsUsed_whereTheKeyIsOneColumns(_ query: String, _ isCertain: Bool) throws {
    let source = try makeSource()
    defer { source.remove() }
    let connection = try SQLiteConnection(path: source.folder.path("store.db"), access: .reading)
    defer { connection.close() }
    #expect(try SQLiteSource.isAffinityCertain(of: "(\(query)) AS baton_source", on: connection) == isCertain)
  }
}
