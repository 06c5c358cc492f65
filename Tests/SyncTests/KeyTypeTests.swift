import ChunkProtocol
import Testing

@testable import Sync

/// Paging over keys of every type: whatever the values, each row is read once, in order, also when every chunk is read by
/// an attempt of its own that knows nothing but the cursor.
@Suite struct KeyTypeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var kind: StoreKind
    var type: String
    var values: [String]
    var testDescription: String { "\(kind.rawValue) \(type)" }
  }

  static let texts = [
    "''", "'a'", "'A'", "'b'", "'Ä'", "'ß'", "'it''s'", "'a\\b'", "'\u{1F600}'", "'a b'", "' a'", "'\"'", "'\t'",
  ]

  static let cases: [Case] = [
    Case(
      kind: .sqlite, type: "INTEGER",
      values: ["-9223372036854775808", "-1", "0", "1", "9007199254740993", "9223372036854775807"]),
    Case(
      kind: .sqlite, type: "REAL",
      values: ["-1e308", "-0.1", "0.1", "0.30000000000000004", "5e-324", "1e999", "-1e999", "3.0"]),
    Case(kind: .sqlite, type: "TEXT", values: texts + ["CAST(x'6100' AS TEXT)", "CAST(x'ff' AS TEXT)"]),
    Case(kind: .sqlite, type: "TEXT COLLATE NOCASE", values: ["'b'", "'A'", "'C'", "'aa'"]),
    Case(kind: .sqlite, type: "BLOB", values: ["x''", "x'00'", "x'0001'", "x'ff'", "x'7f'"]),
    Case(kind: .sqlite, type: "", values: ["1", "2.5", "'1'", "x'31'", "'2'", "-3", "x''", "''"]),
    Case(
      kind: .sqlite, type: "NUMERIC", values: ["'12'", "'x'", "3", "1e30", "'0x10'", "x'00'"]),
    Case(kind: .postgres, type: "smallint", values: ["-32768", "0", "32767"]),
    Case(kind: .postgres, type: "integer", values: ["-2147483648", "0", "2147483647"]),
    Case(
      kind: .postgres, type: "bigint", values: ["-9223372036854775808", "9007199254740993", "9223372036854775807"]),
    Case(
      kind: .postgres, type: "numeric",
      values: [
        "'NaN'", "1.10", "123456789012345678901234567890.123456789", "-0.000000001", "'Infinity'", "'-Infinity'",
      ]),
    Case(
      kind: .postgres, type: "double precision",
      values: ["'NaN'", "'Infinity'", "'-Infinity'", "0.1", "0.30000000000000004", "5e-324", "1e15", "-1"]),
    Case(kind: .postgres, type: "real", values: ["'NaN'", "0.1", "1e-45", "3.4e38", "16777217"]),
    Case(kind: .postgres, type: "boolean", values: ["true", "false"]),
    Case(kind: .postgres, type: "text", values: texts),
    Case(kind: .postgres, type: "text COLLATE \"C\"", values: texts),
    Case(kind: .postgres, type: "text COLLATE \"en-x-icu\"", values: texts),
    Case(kind: .postgres, type: "varchar(20)", values: texts),
    Case(kind: .postgres, type: "char(4)", values: ["'a'", "'ab'", "'abcd'", "'b'"]),
    Case(kind: .postgres, type: "\"char\"", values: ["'a'", "'b'"]),
    Case(kind: .postgres, type: "bytea", values: ["''", "'\\x00'", "'\\x0001'", "'\\xff'", "'\\x5c'"]),
    Case(kind: .postgres, type: "date", values: ["'2024-02-29'", "'infinity'", "'-infinity'", "'0044-03-15 BC'"]),
    Case(kind: .postgres, type: "time", values: ["'00:00'", "'23:59:59.999999'", "'24:00'"]),
    Case(
      kind: .postgres, type: "timestamp",
      values: ["'2024-02-29 12:00:00.000001'", "'2024-02-29 12:00:00.000002'", "'infinity'", "'0044-03-15 BC'"]),
    Case(
      kind: .postgres, type: "timestamptz",
      values: ["'2024-10-27 02:30+02'", "'2024-10-27 02:30+01'", "'infinity'", "'1900-01-01 00:00:00.000001'"]),
    Case(
      kind: .postgres, type: "uuid",
      values: ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    Case(kind: .postgres, type: "interval", values: ["'1 day'", "'25 hours'", "'-1 month'", "'1 microsecond'"]),
    Case(kind: .postgres, type: "inet", values: ["'10.0.0.1'", "'10.0.0.0/8'", "'::1'"]),
    Case(kind: .postgres, type: "integer[]", values: ["'{}'", "'{1,2}'", "'{1,NULL}'"]),
    Case(kind: .postgres, type: "jsonb", values: ["'1'", "'\"a\"'", "'{\"a\": [1, 2]}'"]),
    Case(kind: .postgres, type: "mood", values: ["'sad'", "'glad'", "'ok'"]),
    Case(kind: .postgres, type: "positive", values: ["1", "2", "3"]),
  ].filter { StoreKind.databases.contains($0.kind) }

  @Test(arguments: cases)
  func everyValueIsPagedOver(_ test: Case) throws {
    let source = try Store(test.kind)
    // SQLite has no NaN, and JSON no text that is not UTF-8.
    let sink = try Store(test.kind == .postgres ? .jsonLines : .sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    func clear() throws {
      if sink.kind == .sqlite { try sink.execute("DELETE FROM item") }
      for name in ["item", "item.baton"] where sink.kind == .jsonLines { try File.remove(sink.folder.path(name)) }
    }
    func found() throws -> [[String?]] {
      guard sink.kind == .jsonLines else { return try sink.rows("SELECT n FROM item ORDER BY rowid") }
      return try sink.lines("item").map { line in [(line["n"] as? Int).map(String.init)] }
    }
    if test.kind == .postgres {
      try source.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
    }
    try source.execute("CREATE TABLE item (k \(test.type), n INTEGER)")
    try source.execute(
      "INSERT INTO item VALUES " + test.values.enumerated().map { "(\($1), \($0))" }.joined(separator: ", "))
    if sink.kind == .sqlite { try sink.execute("CREATE TABLE item (k, n INTEGER)") }
    var plan = SyncPlan(
      job: "items", queue: "q", source: source.source, query: "SELECT * FROM item", key: ["k"], sink: sink.sink,
      table: "item", mode: .append, limits: .init(rows: 1), run: "r1", token: 1)
    let order = try source.rows("SELECT n FROM item ORDER BY k")
    for size in [1, 2] {
      try clear()
      plan.limits.rows = size
      plan.run = "whole \(size)"
      plan.token += 1
      _ = try ChunkPipeline(plan: plan).run(reporting: RecordingWorker())
      #expect(try found() == order)
    }
    try clear()
    plan.run = "piece by piece"
    for _ in 0...order.count {
      plan.token += 1
      _ = try ChunkPipeline(plan: plan).run(reporting: RecordingWorker { _ in .stop(reason: "") })
    }
    #expect(try found() == order)
  }

  @Test(arguments: StoreKind.databases)
  func compositeKeys(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(kind)
    defer {
      source.remove()
      sink.remove()
    }
    for store in [source, sink] {
      try store.execute("CREATE TABLE item (n INTEGER, b TEXT, a INTEGER, PRIMARY KEY (a, b))")
    }
    let keys = (0..<5).flatMap { a in ["", "x", "X", "y", "z z"].map { (a, $0) } }
    try source.execute(
      "INSERT INTO item VALUES " + keys.enumerated().map { "(\($0), '\($1.1)', \($1.0))" }.joined(separator: ", "))
    for rows in 1...6 {
      let plan = SyncPlan(
        job: "items", queue: "q", source: source.source, query: "SELECT * FROM item;", key: ["a", "b"], sink: sink.sink,
        table: "item", mode: .upsert, limits: .init(rows: rows), run: "r\(rows)", token: Int64(rows))
      let worker = RecordingWorker()
      _ = try ChunkPipeline(plan: plan).run(reporting: worker)
      #expect(worker.chunks.map(\.rows).reduce(0, +) == 25)
      let all = "SELECT * FROM item ORDER BY n"
      #expect(try sink.rows(all) == source.rows(all))
      try sink.execute("DELETE FROM item")
    }
  }

  /// `a` and `A` are one to the collation by which the source is ordered: between two chunks one would be lost.
  @Test(arguments: StoreKind.databases, [1, 2, 3])
  func keysThatAreEqualToTheirCollation_areNotLostInSilence(_ kind: StoreKind, rows: Int) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    if kind == .postgres {
      try source.execute(
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    }
    try source.execute("CREATE TABLE item (k TEXT COLLATE \(kind == .postgres ? "loose" : "NOCASE"))")
    try source.execute("INSERT INTO item VALUES ('a'), ('b'), ('B'), ('c')")
    try sink.execute("CREATE TABLE item (k)")
    let plan = SyncPlan(
      job: "items", queue: "q", source: source.source, query: "SELECT * FROM item", key: ["k"], sink: sink.sink,
      table: "item", mode: .append, limits: .init(rows: rows), run: "r1", token: 1)
    do {
      _ = try ChunkPipeline(plan: plan).run(reporting: RecordingWorker())
      #expect(try sink.rows("SELECT count(*) FROM item") == [["4"]])
    } catch let failure as RunnerFailure {
      #expect(failure.message.contains("the key is not unique"))
    }
  }
}
