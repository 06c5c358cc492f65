import Configuration
import Dispatch
import Foundation
import KafkaLog
import Messages
import Scheduler
import Scheduling
import Telemetry
import Testing
import Worker

@Suite("A scheduler through trouble, and to its end", .timeLimit(.minutes(2)))
struct SchedulerProcessTests {
  /// A scheduler of the test's with its log lines.
  private struct Running {
    let lines: Feed<String>
    let scheduler: Scheduler
    let task: Task<Void, any Error>

    init(_ configuration: Configuration, name: String = "ONE") throws {
      let lines = Feed<String>()
      let scheduler = try Scheduler(
        configuration: configuration, name: name,
        logger: Logger("scheduler", level: .info, output: LogOutput { lines.add($0) }))
      self.lines = lines
      self.scheduler = scheduler
      task = Task {
        defer { lines.end() }
        try await scheduler.run()
      }
    }

    /// Runs the body beside it, and ends it whatever happens.
    func end(after body: () async throws -> Void) async throws {
      do {
        try await body()
      } catch {
        scheduler.shutDown()
        _ = await task.result
        throw error
      }
      scheduler.shutDown()
      try await task.value
    }

    /// The next line with the words that is none of these.
    func line(_ words: String, after known: [String] = []) async throws -> String {
      let known = Set(known)
      return try await lines.first("a line with '\(words)'") { $0.contains(words) && !known.contains($0) }
    }
  }

  private func fires(_ rig: Rig, _ queue: String) async throws -> [FireIdentifier] {
    try await rig.records(rig.configuration.requestsTopic(queue)).compactMap { record in
      guard case .request(let request) = RequestCodec.decode(record.raw) else { return nil }
      return FireIdentifier(request.id)
    }
  }

  @Test("one that ends takes its record from the log, unless another has its name by then", arguments: [true, false])
  func withdraws(_ withdraws: Bool) async throws {
    try await Rig.run(.embedded, jobs: #"hourly: {queue: q, run: ["/bin/true"], every: 1h}"#) { rig in
      let running = try Running(rig.configuration)
      try await running.end {
        _ = try await running.line("scheduler is up")
        running.scheduler.shutDown(withdraws: withdraws)
        _ = try await running.line("has ended")
      }
      var isThere: [Bool] = []
      for record in try await rig.records(rig.configuration.controlTopic) {
        switch try ControlCodec.read(record.raw) {
        case .scheduler: isThere.append(true)
        case .withdrawn(let key): if ControlCodec.scheduler(ofKey: key) == "ONE" { isThere.append(false) }
        case .schedule, .problem, .order: break
        }
      }
      #expect(isThere == (withdraws ? [true, false] : [true]), "\(isThere)")
    }
  }

  @Test("one that is told to end while it starts in an outage ends, as it was told")
  func endsWhileItStarts() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "baton-scheduler-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "baton.yaml").path
    // Nobody listens there: without an end, the first record fails after a minute, and the start with it.
    try """
    kafka: {bootstrap: "127.0.0.1:1"}
    queues: {q: {}}
    jobs: {tick: {queue: q, run: ["/bin/true"], every: 1s}}
    """.write(toFile: file, atomically: false, encoding: .utf8)
    let running = try Running(try Configuration.load(file: file, environment: [:]))
    running.scheduler.shutDown()
    try await running.task.value
    #expect(running.lines.all.contains { $0.contains("has ended") })
  }

  @Test("a producer that can never be used again is replaced, and no fire is left out")
  func brokenProducer() async throws {
    let jobs = #"tick: {queue: q, run: ["/bin/true"], every: 1s, catch-up: all}"#
    try await Rig.run(.embedded, jobs: jobs) { rig in
      let running = try Running(rig.configuration)
      try await running.end {
        _ = try await running.line("proposed")
        // Out of order sequence number, of the first in line: the library gives up for good.
        await rig.failNextRequests(0, with: [45])
        _ = try await running.line("is replaced")
        var seen = running.lines.all
        for _ in 0..<2 { seen.append(try await running.line("proposed", after: seen)) }
      }
      let all = try await fires(rig, "q").map(\.fire)
      let span = try #require(all.max()) - (try #require(all.min())) + 1
      #expect(Int64(Set(all).count) == span, "\(all)")
    }
  }

  @Test("a pause that was ordered for a job's former queue does not keep it from its fires")
  func movedWhilePaused() async throws {
    let jobs = """
      moved: {queue: r, run: ["/bin/true"], every: 1s}
      paused: {queue: r, run: ["/bin/true"], every: 1s}
      """
    try await Rig.run(.embedded, queues: ["q", "r"], jobs: jobs) { rig in
      try await rig.order(.pauseJob("moved", until: nil), queue: "q")
      try await rig.order(.pauseJob("paused", until: nil), queue: "r")
      let running = try Running(rig.configuration)
      try await running.end {
        _ = try await running.line("proposed")
        try await rig.order(.pauseJob("moved", until: nil), queue: "q")
        for _ in 0..<2 { _ = try await running.line("proposed", after: running.lines.all) }
      }
      let all = try await fires(rig, "r")
      #expect(all.count >= 3 && all.allSatisfy { $0.job == "moved" })
    }
  }

  @Test(
    "timings are stored again when the control topic is made anew, since when they were known",
    .enabled(if: Cluster.realBootstrap != nil, "BATON_TEST_KAFKA is not set"))
  func controlTopicMadeAnew() async throws {
    let jobs = #"hourly: {queue: q, run: ["/bin/true"], every: 1h, catch-up: none}"#
    try await Rig.run(.real(bootstrap: Cluster.realBootstrap ?? ""), jobs: jobs) { rig in
      let control = rig.configuration.controlTopic
      let schedule = try #require(rig.configuration.jobs["hourly"]?.schedule)
      let signature = SchedulerMachine.Entry(schedule, queue: "q").signature
      let known = ScheduleRecord(
        job: "hourly", signature: signature, since: Timestamp(milliseconds: 1_767_225_600_000))
      // More than once, so that the new topic ends before the place up to which this one was read.
      for _ in 0..<10 { try await rig.send(ControlCodec.encode(known, time: .now), to: control) }
      let running = try Running(rig.configuration)
      try await running.end {
        _ = try await running.line("scheduler is up")
        let declared = try #require(
          TopicDeclaration.declarations(for: rig.configuration).first { $0.name == control })
        try await rig.admin.delete(topic: control)
        _ = try await running.line("cannot follow \(control)")
        // The cluster may still be at it.
        while true {
          do {
            try await rig.admin.create(topic: control, partitions: 1, configs: declared.configs)
            break
          } catch let error as KafkaError where error.isTopicAlreadyThere {
            try Task.checkCancellation()
          }
        }
        _ = try await running.line("has begun anew")
        var found: ScheduleRecord?
        while found == nil {
          try Task.checkCancellation()
          for record in try await rig.records(control) {
            if case .schedule(let schedule)? = try? ControlCodec.read(record.raw) { found = schedule }
          }
        }
        #expect(found == known)
      }
    }
  }
}
