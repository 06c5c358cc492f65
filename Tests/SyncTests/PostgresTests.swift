import ChunkProtocol
import Testing

@testable import Sync

/// What only PostgreSQL does.
@Suite(.enabled(if: !PostgresServer.isSkipped)) struct PostgresTests {
  private func run(_ plan: SyncPlan, _ worker: RecordingWorker = RecordingWorker()) throws -> ChunkPipeline.Outcome {
    try ChunkPipeline(plan: plan).run(reporting: worker)
  }

  private func stores() throws -> (source: Store, sink: Store) {
    let source = try Store(.sqlite)
    try source.fill(0..<35)
    let sink = try Store(.postgres)
    try sink.makePersonTable()
    return (source, sink)
  }

  @Test(arguments: ["source", "sink"])
  func aLostConnection_isRetriable_andTheNextAttemptGoesOn(_ side: String) throws {
    let (source, sink) = (try Store(.postgres), try Store(.postgres))
    try source.fill(0..<95)
    try sink.makePersonTable()
    let victim = side == "source" ? source : sink
    let worker = RecordingWorker { _ in
      _ = try victim.rows(
        """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE application_name LIKE 'baton%' AND datname = current_database()
        """)
      return .go
    }
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, token: 1), worker) }
    #expect(failure?.isRetriable == true, "\(failure?.message ?? "")")
    let outcome = try run(.people(from: source, to: sink, token: 2))
    guard case .done(let facts) = outcome else { return #expect(Bool(false)) }
    #expect(facts["rowsTotal"] == 95)
    #expect(try sink.people() == named(0..<95))
  }

  @Test func aServerThatCannotBeReached_isRetriable_andThePasswordIsNotTold() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    let secret = "s3cr%40et"
    for (url, isRetriable) in [
      ("postgresql://sync:\(secret)@127.0.0.1:1/db?connect_timeout=2", true),
      ("postgresql://sync:\(secret)@%2Fnowhere/db", true),
      ("postgresql://sync:\(secret)@127.0.0.1:x:y/db", false),
      ("postgresql://sync:\(secret)@[::1/db", false),
      ("host=/nowhere password='\(secret)' port=abc", false),
      ("password='\(secret)' nonsense=1", false),
    ] {
      var plan = SyncPlan.people(from: source, to: sink)
      plan.sink = .postgres(url: url)
      let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
      #expect(failure?.isRetriable == isRetriable, "\(failure?.message ?? "")")
      #expect(failure?.message.contains("s3cr") == false, "\(failure?.message ?? "")")
    }
  }

  @Test func aDatabaseThatIsNotThere_isNotTriedAgain() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    var plan = SyncPlan.people(from: source, to: sink)
    plan.sink = .postgres(url: try PostgresServer.url().replacingOccurrences("/postgres?", "/nowhere?"))
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.isRetriable == false)
    #expect(failure?.message.contains("\"nowhere\" does not exist") == true)
  }

  /// A runner that was stopped inside its chunk's transaction holds the fence; the next attempt ends its session.
  @Test func aStoppedRunnerThatHoldsTheFence_isShutOut() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    let old = SyncPlan.people(from: source, to: sink, token: 1)
    _ = try run(old, RecordingWorker { _ in .stop(reason: "") })
    guard case .postgres(let url) = sink.sink else { return }
    let zombie = try PostgresConnection(url: url, applicationName: PostgresFence.applicationName(old))
    defer { zombie.close() }
    try zombie.execute(
      "BEGIN; UPDATE baton_fence SET cursor = '[34]', rows = 35; INSERT INTO person VALUES (34, 'zombie')")
    let outcome = try run(.people(from: source, to: sink, token: 2))
    #expect(outcome == .done(facts: ["sourceRows": 25, "rowsWritten": 25, "rowsTotal": 35, "chunks": 3]))
    let failure = #expect(throws: SyncFault.self) { try zombie.execute("COMMIT") }
    #expect(failure?.isRetriable == true)
    #expect(try sink.people() == named(0..<35))
  }

  @Test func upsert_writesOnlyWhatDiffers() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    _ = try run(.people(from: source, to: sink, mode: .upsert, run: "r1", token: 1))
    let before = try sink.rows("SELECT id, xmin FROM person ORDER BY id")
    try source.execute("UPDATE person SET name = 'N7' WHERE id = 7")
    _ = try run(.people(from: source, to: sink, mode: .upsert, run: "r2", token: 2))
    let after = try sink.rows("SELECT id, xmin FROM person ORDER BY id")
    #expect(zip(before, after).filter { $0 != $1 }.map { $0.0[0] } == ["7"])
  }

  @Test func upsert_seesAChangeThatACollationDoesNot() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try sink.execute(
      """
      CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      ALTER TABLE person ALTER name TYPE text COLLATE loose; INSERT INTO person VALUES (3, 'N3')
      """)
    _ = try run(.people(from: source, to: sink, mode: .upsert))
    #expect(try sink.rows("SELECT name FROM person WHERE id = 3") == [["n3"]])
  }

  @Test func linesThatRepeatAKey_endAsTheLastOfThem() throws {
    let source = try Store(.jsonLines)
    let sink = try Store(.postgres)
    defer { source.remove() }
    try sink.makePersonTable()
    try source.folder.write(
      "person", "{\"id\":1,\"name\":\"a\"}\n{\"name\":\"b\",\"id\":2}\n\n{\"id\":1,\"name\":\"c\"}")
    _ = try run(.people(from: source, to: sink, mode: .upsert))
    #expect(try sink.people() == ["1=c", "2=b"])
  }

  @Test func namesAreTakenAsTheyAre() throws {
    let source = try Store(.postgres)
    let sink = try Store(.postgres)
    for store in [source, sink] {
      try store.execute(
        """
        CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."Per""son" ("Id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          "a b" text, "select" text DEFAULT 'd')
        """)
    }
    try source.execute("INSERT INTO \"My Schema\".\"Per\"\"son\" (\"a b\") VALUES ('x'), ('y')")
    for (token, mode) in SyncMode.allCases.enumerated() {
      try sink.execute("TRUNCATE \"My Schema\".\"Per\"\"son\"")
      let plan = SyncPlan(
        job: "j", queue: "q", source: source.source, query: "SELECT \"Id\", \"a b\" FROM \"My Schema\".\"Per\"\"son\"",
        key: ["Id"], sink: sink.sink, table: "My Schema.Per\"son", mode: mode, limits: .init(rows: 1), run: "r\(token)",
        token: Int64(token))
      _ = try run(plan)
      #expect(try sink.rows("SELECT * FROM \"My Schema\".\"Per\"\"son\"") == [["1", "x", "d"], ["2", "y", "d"]])
    }
    #expect(try sink.rows("SELECT count(*) FROM \"My Schema\".baton_fence") == [["1"]])
  }

  @Test func aParameterWithANulCharacter_isNamed() throws {
    let source = try Store(.postgres)
    let sink = try Store(.postgres)
    for store in [source, sink] { try store.fill(0..<3) }
    var plan = SyncPlan.people(from: source, to: sink, mode: .upsert)
    plan.query = "SELECT * FROM person WHERE name = :name"
    plan.params = ["name": .string("n1\0x")]
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.message.contains("the parameter :name has a NUL character") == true, "\(failure?.message ?? "")")
  }

  /// What a refused row holds is not for the events.
  @Test func valuesOfARefusedRow_areNotTold() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try source.execute("UPDATE person SET name = 'secret' WHERE id IN (14, 15)")
    let tables = ["name text UNIQUE", "name text CHECK (name <> 'secret')", "name text REFERENCES known"]
    for (token, table) in tables.enumerated() {
      try sink.execute(
        "CREATE TABLE IF NOT EXISTS known AS SELECT 'n' || i AS name FROM generate_series(0, 40) i; DROP TABLE person; "
          + "ALTER TABLE known DROP CONSTRAINT IF EXISTS k, ADD CONSTRAINT k PRIMARY KEY (name); "
          + "CREATE TABLE person (id bigint PRIMARY KEY, \(table))")
      let failure = #expect(throws: RunnerFailure.self) {
        try run(.people(from: source, to: sink, mode: .append, run: "r\(token)", token: Int64(token)))
      }
      #expect(failure?.message.contains("SQLSTATE 23") == true)
      #expect(failure?.message.contains("secret") == false, "\(failure?.message ?? "")")
    }
  }

  @Test func rowsThatASinkTakesAsOne_areNamed() throws {
    let source = try Store(.sqlite)
    let sink = try Store(.postgres)
    defer { source.remove() }
    try source.execute("CREATE TABLE item (k, n INTEGER); INSERT INTO item VALUES (1, 1), ('1', 2)")
    try sink.execute("CREATE TABLE item (k text PRIMARY KEY, n int)")
    let plan = SyncPlan(
      job: "j", queue: "q", source: source.source, query: "SELECT * FROM item", key: ["k"], sink: sink.sink,
      table: "item", run: "r", token: 1)
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.message.contains("two rows of the chunk have keys that the sink takes as one") == true)
  }
}

extension String {
  func replacingOccurrences(_ old: String, _ new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
