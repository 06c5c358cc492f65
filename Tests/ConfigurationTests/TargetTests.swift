import Testing

@Suite("What jobs write")
struct TargetTests {
  private func found(_ first: String, _ second: String) -> [String] {
    let text = """
      kafka: {bootstrap: "localhost:9092"}
      queues: {nightly: {}, reports: {}}
      connections: {tis: "postgres://sync@db/tis", people: "sqlite:p.db", again: "sqlite:p.db", lines: "jsonl:out"}
      jobs:
        a: {queue: nightly, sync: {from: tis, query: "SELECT 1", key: id, \(first)}}
        b: {queue: reports, sync: {from: tis, query: "SELECT 1", key: id, \(second)}}
        c: {queue: nightly, sync: {from: tis, query: "SELECT 1", key: id, \(first)}}
      """
    return problems(text).map { $0.split(separator: ";")[0].description }
  }

  @Test("a table that a job replaces has one queue")
  func replaced() {
    for (first, second) in [
      ("replace", "upsert"), ("upsert", "replace"), ("append", "replace"), ("replace", "replace"),
    ] {
      let replacing = { (name: String) in "'\(name)' replaces it, with what the other has written" }
      let ours = found("to: people, table: person, mode: \(first)", "to: people, table: person, mode: \(second)")
      #expect(ours.count == 2, "\(ours)")
      #expect(
        ours.first
          == "6:3: job 'b' and job 'a' write the table 'person' of connection 'people' from the queues 'reports' and "
          + "'nightly': " + replacing(second == "replace" ? "b" : "a"))
    }
    #expect(found("to: people, table: person, mode: replace", "to: again, table: Person").count == 2)
  }

  @Test("a file has one queue in any mode")
  func files() {
    let ours = found("to: lines, file: f", "to: lines, file: f")
    #expect(ours.first?.hasSuffix("from the queues 'reports' and 'nightly': a file belongs to one queue") == true)
  }

  @Test("what does not touch is fine")
  func apart() {
    #expect(found("to: people, table: person", "to: people, table: person, mode: append") == [])
    #expect(found("to: people, table: person, mode: replace", "to: people, table: people, mode: replace") == [])
    #expect(found("to: people, table: person, mode: replace", "to: tis, table: person, mode: replace") == [])
    #expect(found("to: tis, table: person, mode: replace", "to: tis, table: Person, mode: replace") == [])
    #expect(found("to: lines, file: f", "to: lines, file: g") == [])
  }

  @Test("chunks have a largest size")
  func chunks() {
    #expect(
      jobProblems("queue: nightly\nrun: [x]\nchunk: {bytes: 1025MiB}").first?.contains(
        "write from 1KiB to 1GiB") == true)
    #expect(jobProblems("queue: nightly\nrun: [x]\nchunk: {bytes: 1GiB}") == [])
  }
}
