import ChunkProtocol
import Testing

@testable import Sync

/// Mode replace in PostgreSQL: what belongs to the table stays, nothing is given away, and what would be lost is refused.
@Suite(.enabled(if: !PostgresServer.isSkipped)) struct PostgresReplaceTests {
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

  @Test func replace_keepsWhatBelongsToTheTable() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try sink.execute(
      """
      DROP TABLE person; CREATE ROLE reader; CREATE TABLE person (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x',
        upper text GENERATED ALWAYS AS (upper(name)) STORED, CHECK (name <> ''));
      CREATE UNIQUE INDEX by_name ON person (name) WHERE id > 0; CREATE INDEX by_upper ON person (upper);
      CREATE INDEX by_upper_again ON person (upper); COMMENT ON TABLE person IS 'all persons';
      COMMENT ON COLUMN person.name IS 'the name'; GRANT SELECT ON person TO reader; ALTER TABLE person SET (fillfactor = 70);
      SELECT setval('person_id_seq', 500)
      """)
    let facts = """
      SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename = 'person'
      UNION ALL SELECT 'column', column_name, concat_ws(' ', data_type, column_default, is_nullable, generation_expression,
        col_description('person'::regclass, ordinal_position)) FROM information_schema.columns WHERE table_name = 'person'
      UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'person'::regclass
      UNION ALL SELECT 'table', obj_description('person'::regclass), concat_ws(' ', relacl, reloptions) FROM pg_class
        WHERE oid = 'person'::regclass
      UNION ALL SELECT 'sequence', pg_get_serial_sequence('person', 'id'), last_value::text FROM person_id_seq
      ORDER BY 1, 2, 3
      """
    let before = try sink.rows(facts)
    for attempt in 1...2 {
      _ = try run(.people(from: source, to: sink, mode: .replace, run: "r\(attempt)", token: Int64(attempt)))
      #expect(try sink.rows(facts) == before)
      #expect(try sink.people() == named(0..<35))
    }
    try sink.execute("DROP OWNED BY reader; DROP ROLE reader")
  }

  /// Default privileges grant on the new table what was revoked on the old one.
  @Test(arguments: ["", "REVOKE SELECT ON person FROM PUBLIC, hidden_ROLE; GRANT INSERT ON person TO hidden_ROLE;"])
  func replace_givesNoPrivilegeThatTheTableLacks(_ revoke: String) throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    let role = "hidden_" + Hex.fingerprint(source.folder.path(""))
    try sink.execute("CREATE ROLE \(role)")
    defer { try? sink.execute("DROP OWNED BY \(role); DROP ROLE \(role)") }
    try sink.execute(
      """
      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO \(role) WITH GRANT OPTION;
      \(revoke.replacingOccurrences("hidden_ROLE", role))
      """)
    let privileges =
      "SELECT DISTINCT has_table_privilege('\(role)', c.oid, p), p FROM pg_class c, "
      + "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'SELECT WITH GRANT OPTION']) p "
      + "WHERE c.relname LIKE 'person%' AND c.relkind = 'r' ORDER BY p"
    let before = try sink.rows(privileges)
    #expect(before.filter { $0[0] == "t" }.map { $0[1] } == (revoke.isEmpty ? [] : ["INSERT"]))
    _ = try run(
      .people(from: source, to: sink, mode: .replace),
      RecordingWorker { _ in
        let visible = try sink.rows(
          "SELECT has_table_privilege('\(role)', oid, 'SELECT') FROM pg_class "
            + "WHERE relname LIKE 'person\\_\\_baton%' AND relkind = 'r'")
        #expect(visible == [["f"]])
        return .go
      })
    #expect(try sink.rows(privileges) == before)
  }

  /// A privilege that the owner has taken from itself stays taken.
  @Test func replace_keepsWhatTheOwnerRevokedFromItself() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try sink.execute("REVOKE TRUNCATE ON person FROM baton")
    let privileges = "SELECT relacl FROM pg_class WHERE relname = 'person'"
    let before = try sink.rows(privileges)
    _ = try run(.people(from: source, to: sink, mode: .replace))
    #expect(try sink.rows(privileges) == before)
  }

  /// A sequence can belong to a table of its own owner only.
  @Test func replace_ofAnotherRolesTable_keepsItsOwnerAndItsSequence() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    let digits = Hex.fingerprint(source.folder.path(""))
    let (boss, clerk) = ("boss_\(digits)", "clerk_\(digits)")
    try sink.execute("CREATE ROLE \(boss); CREATE ROLE \(clerk) LOGIN IN ROLE \(boss)")
    defer { try? sink.execute("DROP OWNED BY \(boss), \(clerk); DROP ROLE \(boss), \(clerk)") }
    try sink.execute(
      """
      GRANT CREATE ON SCHEMA public TO \(boss); DROP TABLE person;
      CREATE TABLE person (id serial PRIMARY KEY, name text); ALTER TABLE person OWNER TO \(boss)
      """)
    guard case .postgres(let url) = sink.sink else { return }
    for attempt in 1...2 {
      var plan = SyncPlan.people(from: source, to: sink, mode: .replace, run: "r\(attempt)", token: Int64(attempt))
      plan.sink = .postgres(url: url.replacingOccurrences("//baton@", "//\(clerk)@"))
      _ = try run(plan)
      #expect(
        try sink.rows(
          "SELECT relowner::regrole, pg_get_serial_sequence('person', 'id') FROM pg_class WHERE relname = 'person'")
          == [[boss, "public.person_id_seq"]])
    }
    #expect(try sink.people() == named(0..<35))
  }

  @Test func replace_keepsHowTheTableIsStoredAndReplicated() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try sink.execute(
      """
      DROP TABLE person; CREATE UNLOGGED TABLE person (id bigint PRIMARY KEY, name text NOT NULL);
      CREATE UNIQUE INDEX by_name ON person (name); ALTER TABLE person REPLICA IDENTITY USING INDEX by_name;
      ALTER TABLE person ALTER name SET STATISTICS 500; ALTER TABLE person ALTER name SET (n_distinct = -1);
      ALTER TABLE person CLUSTER ON by_name
      """)
    let facts = """
      SELECT c.relpersistence, c.relreplident, a.attstattarget,
        ARRAY(SELECT option FROM unnest(a.attoptions) option WHERE option LIKE 'n_distinct%'), x.indisreplident, x.indisclustered
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'name'
        JOIN pg_index x ON x.indrelid = c.oid AND x.indexrelid = 'by_name'::regclass WHERE c.relname = 'person'
      """
    let before = try sink.rows(facts)
    _ = try run(.people(from: source, to: sink, mode: .replace))
    #expect(try sink.rows(facts) == before)
    try sink.execute("ALTER TABLE person REPLICA IDENTITY FULL")
    _ = try run(.people(from: source, to: sink, mode: .replace, run: "r2", token: 2))
    #expect(try sink.rows("SELECT relreplident FROM pg_class WHERE relname = 'person'") == [["f"]])
  }

  /// What is refused up front may come while the table is filled.
  @Test func replace_refusesWhatCameMeanwhile() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    let failure = #expect(throws: RunnerFailure.self) {
      try run(
        .people(from: source, to: sink, mode: .replace),
        RecordingWorker { chunk in
          if chunk.chunk == 2 {
            try sink.execute(
              """
              CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
              CREATE TRIGGER note BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION nothing()
              """)
          }
          return .go
        })
    }
    #expect(failure?.message.contains("would lose: the trigger note") == true, "\(failure?.message ?? "")")
    #expect(try sink.people() == [])
  }

  @Test func replace_refusesWhatItWouldLose() throws {
    let (source, sink) = try stores()
    defer { source.remove() }
    try sink.execute(
      """
      CREATE VIEW names AS SELECT name FROM person; CREATE TABLE pet (owner bigint REFERENCES person);
      CREATE PUBLICATION p FOR TABLE person
      """)
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, mode: .replace)) }
    #expect(
      failure?.message.contains(
        "would lose: the foreign key pet_owner_fkey of pet, the publication p, the view names. Use mode upsert")
        == true,
      "\(failure?.message ?? "")")
  }
}
