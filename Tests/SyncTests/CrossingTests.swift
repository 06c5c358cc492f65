import ChunkProtocol
import Testing

@testable import Sync

/// All common types, from each kind of store to each other one and back: what comes back is what went.
@Suite(.enabled(if: !PostgresServer.isSkipped)) struct CrossingTests {
  private static let columns = [
    ("id", "int PRIMARY KEY"), ("b", "boolean"), ("i2", "smallint"), ("i8", "bigint"), ("n", "numeric"),
    ("f4", "real"), ("f8", "double precision"), ("t", "text"), ("v", "varchar(40)"), ("y", "bytea"), ("d", "date"),
    ("ti", "time"), ("ts", "timestamp"), ("tz", "timestamptz"), ("u", "uuid"), ("j", "jsonb"), ("jt", "json"),
    ("a", "int[]"), ("ta", "text[]"), ("e", "mood"),
  ]

  private static let definition =
    "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE item ("
    + columns.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + ")"

  private static let values = """
    INSERT INTO item VALUES
    (1, true, -32768, -9223372036854775808, 12345678901234567890.123400, 0.1, 0.30000000000000004, 'Zoë \\ "q" ''s'
      || chr(10) || chr(9) || chr(13) || chr(1) || chr(8232), 'x', '\\x00ff5c0a27', '2024-02-29', '23:59:59.999999',
      '2024-02-29 12:34:56.789012', '2024-10-27 02:30:00+02', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      '{"a": [1, 2.50, "x\\ny"], "b": null}', '{"k" :\n 1.0}', '{1,NULL,3}', '{"a b","c,\\"d\\"",NULL,""}', 'glad'),
    (2, false, 32767, 9223372036854775807, 'NaN', 'NaN', 'Infinity', '', '', '', 'infinity', '24:00', '-infinity',
      'infinity', '00000000-0000-0000-0000-000000000000', '"text"', '"t"', '{}', '{}', 'sad'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, true, 0, 9007199254740993, 0.10, 3.4028235e38, -5e-324, '😀', '\\N', '\\x', '0044-03-15 BC', '00:00',
      '0044-03-15 00:00 BC', '1900-01-01 00:00:00.000001+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '1.10', '[]',
      '{{1,2},{3,4}}', '{\\\\}', 'sad'),
    (5, true, 1, 1, -0.000, 1, 100000000000000000000, 'NULL', 'null', '\\x41', '2024-01-01', '12:00', '2024-01-01',
      '2024-01-01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'true', '0', '{0}', '{x}', 'glad')
    """

  /// Every column as text, with json compacted where only its spaces may differ.
  private static let all =
    "SELECT "
    + columns.map { $0.0 == "jt" ? "jt::jsonb::text" : "\($0.0)::text" }
    .joined(separator: ", ") + " FROM item ORDER BY id"

  private func copy(
    _ source: Store, _ sink: Store, query: String = "SELECT * FROM item", mode: SyncMode, rows: Int = 2
  ) throws {
    let plan = SyncPlan(
      job: "items", queue: "q", source: source.source, query: source.kind == .jsonLines ? "item" : query, key: ["id"],
      sink: sink.sink, table: "item", mode: mode, limits: .init(rows: rows), run: "r1", token: 1)
    _ = try ChunkPipeline(plan: plan).run(reporting: RecordingWorker())
  }

  @Test(arguments: StoreKind.all, [SyncMode.append, .replace])
  func thereAndBack(_ kind: StoreKind, mode: SyncMode) throws {
    let first = try Store(.postgres)
    let middle = try Store(kind)
    let last = try Store(.postgres)
    defer { for store in [first, middle, last] { store.remove() } }
    for store in [first, last] { try store.execute(CrossingTests.definition) }
    try first.execute(CrossingTests.values)
    switch kind {
    case .postgres: try middle.execute(CrossingTests.definition)
    case .sqlite:
      // Text keeps every digit of a numeric; the other columns have no type and keep what they get.
      try middle.execute(
        "CREATE TABLE item ("
          + CrossingTests.columns.map { $0.0 + ($0.0 == "n" ? " TEXT" : "") }.joined(separator: ", ") + ")")
    case .jsonLines: break
    }
    // SQLite has no NaN, so that one row stays out there.
    let query = kind == .sqlite ? "SELECT * FROM item WHERE id <> 2" : "SELECT * FROM item"
    try copy(first, middle, query: query, mode: mode)
    try copy(middle, last, mode: mode)
    let expected = try first.rows(CrossingTests.all).filter { kind != .sqlite || $0[0] != "2" }
    let found = try last.rows(CrossingTests.all)
    #expect(found.count == expected.count)
    for (row, old) in zip(found, expected) {
      for (index, column) in CrossingTests.columns.enumerated() {
        #expect(row[index] == old[index], "row \(row[0] ?? "") column \(column.0)")
      }
    }
  }

  @Test func whatFilesAndSQLiteShow() throws {
    let source = try Store(.postgres)
    let file = try Store(.jsonLines)
    let database = try Store(.sqlite)
    defer { for store in [source, file, database] { store.remove() } }
    try source.execute(CrossingTests.definition)
    try source.execute(CrossingTests.values)
    try copy(source, file, mode: .append)
    let lines = try file.folder.text("item").split(separator: "\n")
    #expect(
      lines[0]
        == #"""
        {"id":1,"b":true,"i2":-32768,"i8":-9223372036854775808,"n":12345678901234567890.123400,"f4":0.1,"f8":0.30000000000000004,"t":"Zoë \\ \"q\" 's\n\t\r\#u{1}\#u{2028}","v":"x","y":"AP9cCic=","d":"2024-02-29","ti":"23:59:59.999999","ts":"2024-02-29T12:34:56.789012","tz":"2024-10-27T00:30:00+00:00","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","j":{"a": [1, 2.50, "x\ny"], "b": null},"jt":{"k" :  1.0},"a":"{1,NULL,3}","ta":"{\"a b\",\"c,\\\"d\\\"\",NULL,\"\"}","e":"glad"}
        """#.replacing("\u{1}", with: "\\u0001"))
    #expect(lines[1].contains(#""n":"NaN","f4":"nan","f8":"inf""#))
    try database.execute(
      "CREATE TABLE item (" + CrossingTests.columns.map { $0.0 }.joined(separator: ", ") + ", UNIQUE (id))")
    let failure = #expect(throws: RunnerFailure.self) { try copy(source, database, mode: .append) }
    #expect(
      failure?.message.contains("key (id = 2), column \"f4\": the value is NaN, which SQLite would store as NULL")
        == true)
    try copy(source, database, query: "SELECT * FROM item WHERE id <> 2", mode: .upsert)
    #expect(
      try database.rows(
        "SELECT b, typeof(b), typeof(i8), typeof(f8), typeof(n), hex(y), datetime(tz) FROM item LIMIT 1")
        == [["1", "integer", "integer", "real", "text", "00FF5C0A27", "2024-10-27 00:30:00"]])
  }

  @Test func valuesThatPostgreSQLHasNoFormFor_areNamed() throws {
    let source = try Store(.sqlite)
    defer { source.remove() }
    try source.execute("CREATE TABLE item (id INTEGER, v)")
    for (value, type) in [
      ("x'00'", "text"), ("'abc'", "integer"), ("1.5", "integer"), ("CAST(x'610062' AS TEXT)", "text"),
      ("CAST(x'ff' AS TEXT)", "text"), ("70000", "smallint"), ("'{'", "jsonb"), ("'12345'", "varchar(4)"),
      ("2", "boolean"),
    ] {
      let sink = try Store(.postgres)
      defer { sink.remove() }
      try sink.execute("CREATE TABLE item (id int PRIMARY KEY, v \(type))")
      try source.execute("DELETE FROM item; INSERT INTO item VALUES (1, NULL), (2, \(value)), (3, NULL)")
      for (token, mode) in SyncMode.allCases.enumerated() {
        let plan = SyncPlan(
          job: "items", queue: "q", source: source.source, query: "SELECT * FROM item", key: ["id"], sink: sink.sink,
          table: "item", mode: mode, run: "r\(token)", token: Int64(token))
        let failure = #expect(throws: RunnerFailure.self) {
          try ChunkPipeline(plan: plan).run(reporting: RecordingWorker())
        }
        // A byte that is no UTF-8 is found before the line is split into columns.
        let place = value.hasPrefix("CAST") ? "key (id = 2)" : "key (id = 2), column \"v\""
        #expect(
          failure?.message.hasPrefix("job \"items\", chunk 1, \(place): ") == true,
          "\(value) in \(type), \(mode): \(failure?.message ?? "")")
        #expect(failure?.isRetriable == false)
      }
    }
    // What does fit: whole doubles, truth values as numbers.
    let sink = try Store(.postgres)
    defer { sink.remove() }
    try sink.execute("CREATE TABLE item (id int PRIMARY KEY, v bigint)")
    try source.execute("DELETE FROM item; INSERT INTO item VALUES (1, 3.0), (2, '4')")
    try copy(source, sink, mode: .append)
    #expect(try sink.rows("SELECT v FROM item ORDER BY id") == [["3"], ["4"]])
  }
}
