import ChunkProtocol
import Glibc
import Testing

@testable import Sync

/// What only JSON Lines files do.
@Suite struct JSONLinesTests {
  private func run(_ plan: SyncPlan, _ worker: RecordingWorker = RecordingWorker()) throws -> ChunkPipeline.Outcome {
    try ChunkPipeline(plan: plan).run(reporting: worker)
  }

  private func stores(rows: Int = 35) throws -> (source: Store, sink: Store) {
    let source = try Store(.sqlite)
    try source.fill(0..<rows)
    return (source, try Store(.jsonLines))
  }

  @Test func aTornTail_isCutOff() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(.people(from: source, to: sink, token: 1), RecordingWorker { _ in .stop(reason: "") })
    try sink.folder.write("person", try sink.folder.text("person") + "{\"id\":10,\"name\":\"n10\"}\n{\"id\":11,\"na")
    _ = try run(.people(from: source, to: sink, token: 2))
    #expect(try sink.people() == named(0..<35))
  }

  /// The same run, another run: what a dead run left beyond its record does not count.
  @Test func betweenCompleteRuns_othersMayAppend() throws {
    let (source, sink) = try stores(rows: 3)
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(.people(from: source, to: sink, run: "r1", token: 1))
    try sink.folder.write("person", try sink.folder.text("person") + "{\"id\":100,\"name\":\"n100\"}\n")
    _ = try run(.people(from: source, to: sink, run: "r2", token: 2))
    #expect(try sink.people() == ["0=n0", "0=n0", "1=n1", "1=n1", "2=n2", "2=n2", "100=n100"])
    try sink.folder.write("person", try sink.folder.text("person") + "{\"id\":100")
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, run: "r3", token: 3)) }
    #expect(failure?.message.contains("does not end with a line break") == true)
  }

  /// What a record of mode replace counts is the file beside; it says nothing of the file itself.
  @Test func anAppendAfterAnUnfinishedReplace_keepsTheFile() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    try sink.fill(100..<150)
    _ = try run(
      .people(from: source, to: sink, mode: .replace, run: "r1", token: 1), RecordingWorker { _ in .stop(reason: "") })
    _ = try run(.people(from: source, to: sink, run: "r2", token: 2))
    #expect(try sink.people() == named(0..<35) + named(100..<150))
  }

  /// The torn tail of a dead run is not forgotten while another run fills a file beside.
  @Test func aTornTail_isCutOff_afterAnUnfinishedReplace() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(
      .people(from: source, to: sink, run: "r1", token: 1),
      RecordingWorker { chunk in chunk.chunk == 2 ? .stop(reason: "") : .go })
    try sink.folder.write("person", try sink.folder.text("person") + "{\"id\":20,\"name\":\"n20\"}\n{\"id\":21,\"na")
    for token in [2, 3] as [Int64] {
      _ = try run(
        .people(from: source, to: sink, mode: .replace, run: "r\(token)", token: token),
        RecordingWorker { _ in .stop(reason: "") })
    }
    _ = try run(.people(from: source, to: sink, run: "r4", token: 4))
    #expect(try sink.people() == (named(0..<20) + named(0..<35)).sorted { number($0) < number($1) })
  }

  /// The crash falls between the file's renaming and the record's, and another run comes.
  @Test func anAppendAfterASwapThatWasNotRecorded_keepsTheNewFile() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(.people(from: source, to: sink, run: "r0", token: 1), RecordingWorker { _ in .stop(reason: "") })
    let plan = SyncPlan.people(from: source, to: sink, mode: .replace, run: "r1", token: 2)
    _ = try run(plan, RecordingWorker { chunk in chunk.chunk == 4 ? .stop(reason: "") : .go })
    try File.rename(sink.folder.path("person" + plan.stagingSuffix), to: sink.folder.path("person"))
    try source.execute("DELETE FROM person WHERE id < 34")
    _ = try run(.people(from: source, to: sink, run: "r2", token: 3))
    #expect(try sink.people() == named(0..<35) + ["34=n34"])
  }

  private func number(_ person: String) -> Int { Int(person.prefix { $0 != "=" }) ?? -1 }

  @Test func linesThatAreGone_areNotWrittenOver() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(.people(from: source, to: sink, token: 1), RecordingWorker { _ in .stop(reason: "") })
    try sink.folder.write("person", "{}\n")
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink, token: 2)) }
    #expect(failure?.message.contains("lines are missing") == true)
    #expect(failure?.isRetriable == false)
  }

  /// The crash falls between the file's renaming and the record's.
  @Test func aSwapThatWasNotRecorded_isSeen() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    let worker = RecordingWorker { chunk in chunk.chunk == 4 ? .stop(reason: "") : .go }
    let plan = SyncPlan.people(from: source, to: sink, mode: .replace, token: 1)
    _ = try run(plan, worker)
    try File.rename(sink.folder.path("person" + plan.stagingSuffix), to: sink.folder.path("person"))
    #expect(
      try run(.people(from: source, to: sink, mode: .replace, token: 2))
        == .done(facts: ["sourceRows": 0, "rowsWritten": 0, "rowsTotal": 35, "chunks": 0]))
    #expect(try sink.people() == named(0..<35))
  }

  /// A runner that is stopped in the middle of a chunk holds the lock for as long as it lives.
  @Test func aLockThatIsHeld_isNotWaitedForWithoutLimit() throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let (held, wanted) = try (
      File(folder.path("lock"), flags: O_RDWR | O_CREAT), File(folder.path("lock"), flags: O_RDWR)
    )
    defer { for file in [held, wanted] { file.close() } }
    try held.lock()
    let failure = #expect(throws: SyncFault.self) { try wanted.lock(waitingAtMost: 0) }
    #expect(failure?.isRetriable == true)
    #expect(failure?.message.contains("is held by another process") == true)
    held.unlock()
    try wanted.lock(waitingAtMost: 0)
  }

  @Test func aFileOfAnotherQueue_isRefused() throws {
    let (source, sink) = try stores()
    defer { for store in [source, sink] { store.remove() } }
    _ = try run(.people(from: source, to: sink, token: 1))
    var plan = SyncPlan.people(from: source, to: sink, token: 2)
    plan.queue = "reports"
    let failure = #expect(throws: RunnerFailure.self) { try run(plan) }
    #expect(failure?.message.contains("belongs to queue \"nightly\"") == true)
  }

  @Test(arguments: [
    ("{\"id\":1,\"name\":\"a\"}\n{\"id\":2", "line 2, byte 8"),
    ("[1]\n", "line 1, byte 1"),
    ("{\"id\":1}\n\n{\"id\":2} x\n", "line 3, byte 10"),
    ("{\"id\":01}", "line 1, byte 9"),
  ]) func aLineThatIsNoObject_isNamed_beforeAnythingIsWritten(_ text: String, _ place: String) throws {
    let source = try Store(.jsonLines)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try sink.makePersonTable()
    try source.folder.write("person", text)
    let failure = #expect(throws: RunnerFailure.self) { try run(.people(from: source, to: sink)) }
    #expect(failure?.message.contains(place) == true, "\(failure?.message ?? "")")
    #expect(try sink.people() == [])
  }

  @Test func columnsAreTheMembersOfAllLines_inAnyOrder() throws {
    let source = try Store(.jsonLines)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try sink.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name, extra, big TEXT)")
    try source.folder.write(
      "person",
      """
      {"id":1}\r
      {"name":"x","id":2,"extra":{"a" : [1]},"name":"y"}

      {"extra":1.50,"id":3,"big":123456789012345678901234567890}
      """)
    _ = try run(.people(from: source, to: sink, mode: .upsert))
    #expect(
      try sink.rows("SELECT * FROM person")
        == [
          ["1", nil, nil, nil], ["2", "y", "{\"a\" : [1]}", nil], ["3", nil, "1.50", "123456789012345678901234567890"],
        ])
  }

  @Test func linesLongerThanTheReadersBuffer() throws {
    let source = try Store(.jsonLines)
    let sink = try Store(.sqlite)
    defer { for store in [source, sink] { store.remove() } }
    try sink.makePersonTable()
    let sizes = [1, 262_100, 262_144, 262_145, 900_000, 3, 524_288]
    try source.folder.write(
      "person",
      sizes.enumerated().map { "{\"id\":\($0),\"name\":\"\(String(repeating: "é", count: $1 / 2))\"}" }.joined(
        separator: "\n"))
    _ = try run(.people(from: source, to: sink))
    #expect(try sink.rows("SELECT length(name) FROM person ORDER BY id") == sizes.map { ["\($0 / 2)"] })
  }
}
