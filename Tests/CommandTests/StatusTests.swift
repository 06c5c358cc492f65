import Foundation
import Testing

@Suite("baton status", .timeLimit(.minutes(2)))
struct StatusTests {
  @Test("paused jobs and schedulers are shown, until they are resumed and have ended")
  func status() async throws {
    let plain = try Tool()
    defer { plain.remove() }
    try plain.write("baton.yaml", ScheduleTests.file)
    let broker = try plain.start("embedded-broker")
    let tool = plain.with(["BATON_KAFKA": try #require(await broker.line("127.0.0.1:"))])
    #expect(try await tool("status").output.contains("no scheduler is alive"))
    #expect(try await tool("pause", "person", "--reason", "index rebuild").status == 0)
    let scheduler = try tool.start("scheduler", "--name", "CRON")
    _ = try #require(await scheduler.line("scheduler is up"))
    let status = try await tool("status")
    #expect(status.output.contains("job person is paused by operator@") && status.output.contains("schedulers: CRON"))
    let facts = try await tool("status", "--json").objects()
    let nightly = try #require(facts.first { $0["queue"] as? String == "nightly" })
    let paused = nightly["pausedJobs"] as? [String: [String: Any]]
    #expect(paused?["person"]?["reason"] as? String == "index rebuild", "\(facts)")
    let schedulers = facts.last?["schedulers"] as? [[String: Any]]
    #expect(schedulers?.first?["name"] as? String == "CRON" && schedulers?.first?["alive"] as? Bool == true, "\(facts)")
    // The library's own broker does not know who is in a group; that must not keep the rest from being shown.
    #expect(facts.last?["workers"] is NSNull && status.output.contains("workers: not known"))
    scheduler.signal(SIGTERM)
    await scheduler.end()
    #expect(try await tool("resume", "person").status == 0)
    let after = try await tool("status")
    #expect(after.output.contains("no scheduler is alive") && !after.output.contains("paused"), "\(after.output)")
    broker.closeInput()
    await broker.end()
  }

  @Test("a worker that cannot start leaves no scheduler that seems alive")
  func failedStart() async throws {
    try await Tool.withBroker(ScheduleTests.file) { tool in
      // The topics of the others are there, and so is the control topic.
      try tool.write(
        "more.yaml", ScheduleTests.file.replacingOccurrences(of: "nightly: {}", with: "nightly: {}, new: {}"))
      let worker = try await tool("worker", "--name", "CYAN", "--config", "more.yaml")
      #expect(worker.status == 1 && worker.errors.contains("topic 'baton.new.requests'"), "\(worker)")
      let status = try await tool("status")
      #expect(status.output.contains("no scheduler is alive") && !status.output.contains("CYAN"), "\(status)")
      #expect(!worker.errors.contains("scheduler is up"), "\(worker)")
    }
  }
}
