import Foundation
import Testing

@Suite("The built-in runner, called as a worker calls it")
struct SyncCommandTests {
  @Test("a file of JSON Lines in its connection's folder is read, and written beside it")
  func jsonLines() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    try tool.write(
      "baton.yaml",
      """
      kafka: {bootstrap: "127.0.0.1:1"}
      queues: {q: {}}
      connections: {files: "jsonl:data"}
      jobs:
        copy: {queue: q, sync: {from: files, source-file: in.jsonl, key: [id], to: files, file: out.jsonl, mode: append}}
      """)
    try FileManager.default.createDirectory(
      at: tool.folder.appending(path: "data"), withIntermediateDirectories: true)
    let rows = #"{"id":1,"name":"Ada"}"# + "\n" + #"{"id":2,"name":"Ängström"}"# + "\n"
    try tool.write("data/in.jsonl", rows)
    let start = #"{"type":"start","run":"r","job":"copy","attempt":1,"token":1,"params":{}}"#
    let outcome = try await tool.shell(
      #"printf '%s\n' '\#(start)' '{"type":"ack","chunk":1}' | "$baton" sync copy"#)
    #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
    let said = try outcome.objects()
    #expect(said.map { $0["type"] as? String } == ["chunk", "done"])
    #expect(said.first?["rows"] as? Int == 2)
    #expect(try String(contentsOf: tool.folder.appending(path: "data/out.jsonl"), encoding: .utf8) == rows)
  }

  @Test("a file that is edited while a worker runs means nothing to its attempts")
  func editedFile() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    let file = """
      kafka: {bootstrap: "${BATON_KAFKA:-127.0.0.1:1}", properties: {fetch.wait.max.ms: 20}}
      queues: {q: {}}
      connections: {files: "jsonl:."}
      jobs:
        copy: {queue: q, sync: {from: files, source-file: in.jsonl, key: [id], to: files, file: out.jsonl, mode: append}}
      """
    for name in ["baton.yaml", "kept.yaml"] { try plain.write(name, file) }
    try plain.write("in.jsonl", #"{"id":1}"# + "\n")
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    let worker = try tool.start("worker", "--name", "GREEN")
    _ = try #require(await worker.line("worker is up"))
    try tool.write("baton.yaml", "jobs: {copy: [")
    let outcome = try await tool("enqueue", "copy", "--config", "kept.yaml", "--wait")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try String(contentsOf: tool.folder.appending(path: "out.jsonl"), encoding: .utf8) == #"{"id":1}"# + "\n")
    worker.signal(SIGTERM)
    await worker.end()
    broker.closeInput()
    await broker.end()
  }
}
