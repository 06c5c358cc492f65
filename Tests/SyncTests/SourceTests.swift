import ChunkProtocol
import Testing

@testable import Sync

/// What every source must do.
@Suite struct SourceTests {
  private func run(_ plan: SyncPlan, _ worker: RecordingWorker = RecordingWorker()) throws -> RecordingWorker {
    _ = try ChunkPipeline(plan: plan).run(reporting: worker)
    return worker
  }

  @Test(arguments: StoreKind.all, [0, 1, 9, 10, 11, 20, 25])
  func everyRowIsReadOnce(_ kind: StoreKind, count: Int) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(0..<count)
    try sink.makePersonTable()
    let worker = try run(.people(from: source, to: sink))
    #expect(try sink.people() == named(0..<count))
    #expect(worker.chunks.map(\.rows).reduce(0, +) == count)
    #expect(worker.chunks.count == (count + 9) / 10)
    #expect(worker.chunks.allSatisfy { $0.bytes > 0 })
  }

  @Test(arguments: StoreKind.all)
  func everyChunkIsAPlaceToGoOn(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(0..<35)
    try sink.makePersonTable()
    var cursor: String?
    for attempt in 1...4 {
      let plan = SyncPlan.people(from: source, to: sink, token: Int64(attempt), cursor: cursor)
      let worker = RecordingWorker { _ in .stop(reason: "test") }
      #expect(try ChunkPipeline(plan: plan).run(reporting: worker) == .stopped(reason: "test"))
      #expect(worker.chunks.count == 1)
      cursor = worker.chunks.last?.cursor
    }
    #expect(try sink.people() == named(0..<35))
  }

  @Test(arguments: StoreKind.all)
  func chunksEndAtTheByteLimit(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(100..<130)
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.limits.bytes = 40  // A row has 8 + 4 bytes.
    let worker = try run(plan)
    #expect(worker.chunks.map(\.rows) == [Int](repeating: 3, count: 10))
    #expect(worker.chunks.allSatisfy { $0.bytes <= 40 })
    #expect(try sink.people() == named(100..<130))
  }

  @Test(arguments: StoreKind.all)
  func aRowLargerThanTheByteLimit_isNamed(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(100..<130)
    if kind == .jsonLines {
      let text = try source.folder.text("person")
      try source.folder.write(
        "person",
        text.split(separator: "\n").map {
          $0.contains("\"id\":115,") ? "{\"id\":115,\"name\":\"\(String(repeating: "x", count: 100))\"}" : String($0)
        }
        .joined(separator: "\n"))
    } else {
      try source.execute("UPDATE person SET name = '\(String(repeating: "x", count: 100))' WHERE id = 115")
    }
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.limits.bytes = 60
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(
      failure?.message
        == "job \"people\", chunk 4, key (id = 115), column \"name\": one row has 108 bytes, more than the "
        + "chunk's limit of 60. Raise the job's chunk bytes.")
    #expect(failure?.isRetriable == false)
    #expect(try sink.people() == named(100..<115))
  }

  @Test(arguments: StoreKind.all)
  func aNullKey_isNamed(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    if kind == .jsonLines {
      try source.folder.write(
        "person", (1...12).map { "{\"id\":\($0),\"name\":\($0 == 12 ? "null" : "\"x\"")}\n" }.joined())
    } else {
      try source.execute("CREATE TABLE person (id BIGINT, name TEXT)")
      try source.execute(
        "INSERT INTO person VALUES " + (1...12).map { "(\($0), \($0 == 12 ? "NULL" : "'x'"))" }.joined(separator: ", "))
    }
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.key = ["id", "name"]
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.message.contains("key (id = 12, name = NULL), column \"name\": the key is NULL") == true)
    #expect(failure?.isRetriable == false)
  }

  /// The rows 10 and 11 are the same; a chunk ends before, between or after them.
  @Test(arguments: StoreKind.databases, [2, 9, 10, 11, 30])
  func aKeyThatIsNotUnique_isNamed(_ kind: StoreKind, chunk: Int) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.execute("CREATE TABLE person (id BIGINT, name TEXT)")
    try source.execute(
      "INSERT INTO person VALUES " + (1...20).map { "(\($0 > 10 ? $0 - 1 : $0), 'x')" }.joined(separator: ", "))
    try sink.makePersonTable()
    for bytes in [10 * chunk, 8 << 20] {
      var plan = SyncPlan.people(from: source, to: sink, run: "r\(bytes)", token: Int64(bytes))
      plan.mode = .upsert
      plan.limits = .init(rows: chunk, bytes: bytes)
      let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
      #expect(failure?.message.contains("key (id = 10): the key is not unique") == true)
      #expect(failure?.isRetriable == false)
    }
  }

  @Test(arguments: StoreKind.all)
  func aKeyThatTheSourceLacks_isNamed(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(0..<3)
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.key = ["number"]
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(
      failure?.message
        == "job \"people\", column \"number\": the key's column is missing in the source, which has id, name. "
        + "Add it to the query.")
  }

  @Test(arguments: StoreKind.databases)
  func parametersAreBound(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill(0..<40)
    try sink.makePersonTable()
    var plan = SyncPlan.people(from: source, to: sink)
    plan.query = "SELECT * FROM person WHERE id >= :low AND id < :high AND name <> :name -- ':low'; "
    plan.params = ["low": 5, "high": 30, "name": .string("n7' OR ''='")]
    _ = try run(plan)
    #expect(try sink.people() == named(5..<30))
    plan.params["high"] = nil
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.message.contains(":high") == true)
  }

  @Test(arguments: StoreKind.databases)
  func aQueryThatTheDatabaseRefuses_isNotTriedAgain(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try sink.makePersonTable()
    for query in ["SELECT * FROM nowhere", "SELECT 1; SELECT 2", "", "SELECT 'open"] {
      var plan = SyncPlan.people(from: source, to: sink)
      plan.query = query
      let failure = #expect(throws: RunnerFailure.self, "\(query)") { try run(plan) }
      #expect(failure?.isRetriable == false)
    }
    var plan = SyncPlan.people(from: source, to: sink)
    plan.query = "SELECT 1 AS id, 2 AS name, 3 AS name"
    #expect(throws: RunnerFailure.self) { try run(plan) }
  }

  @Test(arguments: StoreKind.databases)
  func rowsThatGoAndComeBetweenChunks_loseNothingElse(_ kind: StoreKind) throws {
    let source = try Store(kind)
    let sink = try Store(.sqlite)
    defer {
      source.remove()
      sink.remove()
    }
    try source.fill((0..<100).filter { $0 % 2 == 0 })
    try sink.makePersonTable()
    // The chunk's last row goes, and one comes behind the cursor and one far ahead of it.
    let worker = RecordingWorker { chunk in
      if chunk.chunk == 1 {
        try source.execute(
          "DELETE FROM person WHERE id = 18; INSERT INTO person VALUES (3, 'late'), (91, 'n91')")
      }
      return .go
    }
    _ = try run(.people(from: source, to: sink), worker)
    #expect(try sink.people() == named((0..<100).filter { $0 % 2 == 0 || $0 == 91 }))
  }
}
