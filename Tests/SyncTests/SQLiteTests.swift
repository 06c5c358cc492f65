import ChunkProtocol
import Testing

@testable import Sync

/// What only SQLite does.
@Suite struct SQLiteTests {
  private func run(_ plan: SyncPlan, _ worker: RecordingWorker = RecordingWorker()) throws -> ChunkPipeline.Outcome {
    try ChunkPipeline(plan: plan).run(reporting: worker)
  }

  @Test(arguments: ["person", "\"person\"", "[person]", "`person`", "'person'", "Person"])
  func replace_keepsWhatBelongsToTheTable(_ name: String) throws {
    let source = try Store(.sqlite)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try source.fill(0..<35)
    try sink.execute(
      """
      CREATE TABLE \(name) (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x' CHECK (name <> ''),
        boss INTEGER REFERENCES person (id));
      CREATE UNIQUE INDEX by_name ON person (name) WHERE id > 0; CREATE TABLE log (n);
      CREATE TRIGGER note AFTER DELETE ON person BEGIN INSERT INTO log VALUES (old.id); END;
      CREATE VIEW names AS SELECT name FROM person; CREATE TABLE pet (owner INTEGER REFERENCES person (id));
      INSERT INTO person (id, name) VALUES (1000, 'old');
      """)
    let schema = """
      SELECT type, name, replace(sql, '"', '') FROM sqlite_schema
      WHERE name NOT IN ('baton_fence', 'person', 'Person') AND name NOT LIKE 'sqlite_%' ORDER BY name
      """
    let before = try sink.rows(schema)
    for attempt in 1...2 {
      var plan = SyncPlan.people(from: source, to: sink, mode: .replace, run: "r\(attempt)", token: Int64(attempt))
      if name == "Person" { plan.table = "Person" }
      _ = try run(plan)
      #expect(try sink.rows(schema) == before)
      #expect(try sink.rows("SELECT count(*), count(DISTINCT id) FROM person") == [["35", "35"]])
      #expect(try sink.rows("SELECT count(*) FROM names") == [["35"]])
      #expect(try sink.rows("SELECT count(*) FROM log") == [["0"]])
    }
    try sink.execute("INSERT INTO person (name) VALUES ('next')")
    #expect(try sink.rows("SELECT max(id) FROM person") == [["35"]])
    #expect(throws: SyncFault.self) { try sink.execute("INSERT INTO person (name) VALUES ('')") }
  }

  /// SQLite takes `$name` for a parameter, which would be NULL: no rows, and an empty table in mode replace.
  @Test(arguments: ["id > $since", "id > $1", "name <> 'n$' || $a::b", "id > @since", "id > ?", "id > ?3"])
  func aPlaceholderOfSQLitesOwn_isRefused(_ condition: String) throws {
    let source = try Store(.sqlite)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    for store in [source, sink] { try store.fill(0..<5) }
    var plan = SyncPlan.people(from: source, to: sink, mode: .replace)
    plan.query = "SELECT * FROM person WHERE \(condition)"
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(
      failure?.message.contains("the query has a placeholder of the database's own. Write parameters as :name.")
        == true,
      "\(failure?.message ?? "")")
    #expect(try sink.people() == named(0..<5))
  }

  @Test func aDollarWithinANameOrAString_isNone() throws {
    let source = try Store(.sqlite)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try source.execute("CREATE TABLE a$1 (id INTEGER PRIMARY KEY, na$me TEXT); INSERT INTO a$1 VALUES (1, '$x')")
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.query = "SELECT id, a$1.na$me AS name, '$y' AS \"$z\" FROM a$1 WHERE na$me = :value"
    plan.params = ["value": .string("$x")]
    try sink.execute("ALTER TABLE person ADD COLUMN [$z]")
    _ = try run(plan)
    #expect(try sink.rows("SELECT * FROM person") == [["1", "$x", "$y"]])
  }

  /// Letters that are made of several characters of Unicode are still as many characters to SQL.
  @Test func replace_ofATableWithACombinedName() throws {
    let source = try Store(.sqlite)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try source.fill(0..<5)
    let name = "e\u{301}e\u{301}e\u{301}"
    try sink.execute("CREATE TABLE \"\(name)\"(id INTEGER PRIMARY KEY, name TEXT)")
    var plan = SyncPlan.people(from: source, to: sink, mode: .replace)
    plan.table = name
    _ = try run(plan)
    #expect(try sink.rows("SELECT count(*) FROM \"\(name)\"") == [["5"]])
  }

  @Test func textThatIsNotUnicode_isNotWrittenAsJSON() throws {
    let source = try Store(.sqlite)
    let sink = try Store(.jsonLines)
    defer { for store in [source, sink] { store.remove() } }
    try source.fill(0..<5)
    try source.execute("UPDATE person SET name = CAST(x'c3' AS TEXT) WHERE id = 3")
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink)) }
    #expect(
      failure?.message.contains("key (id = 3), column \"name\": the text is not UTF-8") == true,
      "\(failure?.message ?? "")")
    #expect(failure?.isRetriable == false)
    #expect(try sink.people() == [])
  }

  @Test func sourceAndSinkMayBeOneFile() throws {
    let store = try Store(.sqlite)
    defer { store.remove() }
    try store.fill(0..<55)
    try store.execute("CREATE TABLE copy (id INTEGER PRIMARY KEY, name TEXT)")
    for (token, mode) in [SyncMode.upsert, .replace].enumerated() {
      var plan = SyncPlan.people(from: store, to: store, mode: mode, run: "r\(token)", token: Int64(token))
      plan.table = "copy"
      _ = try run(plan)
      #expect(try store.rows("SELECT * FROM copy ORDER BY id") == store.rows("SELECT * FROM person ORDER BY id"))
    }
  }

  @Test func foreignKeysAreHeld() throws {
    let source = try Store(.sqlite)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try source.fill(0..<5)
    try sink.execute(
      "CREATE TABLE known (id INTEGER PRIMARY KEY); INSERT INTO known VALUES (0), (1), (2); "
        + "CREATE TABLE person (id INTEGER PRIMARY KEY REFERENCES known (id), name TEXT)")
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, mode: .upsert)) }
    #expect(failure?.message.contains("key (id = 3)") == true, "\(failure?.message ?? "")")
    #expect(try sink.people() == [])
  }

  @Test func aFileThatIsMissingOrNoDatabase_isNotMade() throws {
    let source = try Store(.sqlite)
    let folder = try TemporaryFolder()
    defer {
      source.remove()
      folder.remove()
    }
    try source.fill(0..<5)
    try folder.write("text", String(repeating: "this is no database ", count: 100))
    for path in [folder.path("missing.db"), folder.path("text"), folder.path("")] {
      var plan = SyncPlan.people(from: source, to: source)
      plan.sink = .sqlite(path: path)
      let asSink = #expect(throws: RunnerFailure.self) { try run(plan) }
      #expect(asSink?.isRetriable == false)
      #expect(asSink?.message.contains(path) == true)
      plan = SyncPlan.people(from: source, to: source)
      plan.source = .sqlite(path: path)
      let asSource = #expect(throws: RunnerFailure.self) { try run(plan) }
      #expect(asSource?.isRetriable == false)
    }
    #expect(throws: (any Error).self) { try folder.text("missing.db") }
  }
}
