import Dispatch
import Messages
import Scheduler
import Scheduling
import Telemetry
import Testing
import Worker

@Suite("What is due is run once", .timeLimit(.minutes(2)))
struct ScheduleTests {
  /// Runs schedulers beside the test, and ends them whatever happens.
  private func scheduling(_ rig: Rig, _ names: String..., body: () async throws -> Void) async throws {
    let schedulers = try names.map {
      try Scheduler(configuration: rig.configuration, name: $0, logger: .discarding)
    }
    let tasks = schedulers.map { scheduler in Task { try await scheduler.run() } }
    do {
      try await body()
    } catch {
      for scheduler in schedulers { scheduler.shutDown() }
      for task in tasks { _ = await task.result }
      throw error
    }
    for scheduler in schedulers { scheduler.shutDown() }
    for task in tasks { try await task.value }
  }

  private func known(_ rig: Rig, _ job: String, since: Timestamp) async throws {
    let definition = try #require(rig.configuration.jobs[job])
    let entry = SchedulerMachine.Entry(try #require(definition.schedule), queue: definition.job.queue)
    let record = ScheduleRecord(job: job, signature: entry.signature, since: since)
    try await rig.send(ControlCodec.encode(record, time: .now), to: rig.configuration.controlTopic)
  }

  /// The ids of the requests that schedulers have made, in log order.
  private func proposed(_ rig: Rig) async throws -> [(id: String, by: String?)] {
    try await rig.records(rig.configuration.requestsTopic("q")).compactMap { record in
      guard case .request(let request) = RequestCodec.decode(record.raw), request.origin == .schedule else {
        return nil
      }
      return (request.id, request.requestedBy)
    }
  }

  @Test("two schedulers propose the same fires, and each is run once", arguments: Cluster.all)
  func twoSchedulers(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: #"tick: {queue: q, run: ["/bin/true"], every: 1s, catch-up: all}"#) { rig in
      _ = try rig.start("GREEN")
      try await scheduling(rig, "ONE", "TWO") {
        var succeeded: Set<String> = []
        while succeeded.count < 3 {
          let seen = try await rig.events().first("one more fire") { [succeeded] seen in
            if case .ended(let ended) = seen.event.body, case .succeeded = ended.end {
              !succeeded.contains(seen.event.run)
            } else {
              false
            }
          }
          succeeded.insert(seen.event.run)
        }
      }
      let all = try await proposed(rig)
      let last = try #require(all.last)
      for (offset, request) in all.enumerated() { _ = try await rig.ended(request.id, request: Int64(offset)) }
      let report = try await rig.expectCleanAudit()
      #expect(report.ends[.succeeded] == Set(all.map(\.id)).count)
      #expect(report.ends[.skipped] ?? 0 == all.count - Set(all.map(\.id)).count)
      // From the first to the last, none is left out.
      let fires = Set(all.compactMap { FireIdentifier($0.id)?.fire })
      let span = try #require(FireIdentifier(last.id)).fire - (fires.min() ?? 0) + 1
      #expect(Int64(fires.count) == span)
    }
  }

  @Test(
    "what was missed is proposed at the start by the job's policy, and not what is in the log", arguments: Cluster.all)
  func missed(_ cluster: Cluster) async throws {
    // The last fire was half an hour ago, and so is neither on time still nor followed by another soon.
    let halfHour: Int64 = 1800
    let now = Timestamp.now.milliseconds / 1000
    let last = (now - halfHour) / 60 * 60
    let minute = last / 60 % 60
    let jobs = ["all: all", "latest: latest", "none: none", "new: all"].map { job in
      let (name, policy) = (job.prefix { $0 != ":" }, job.split(separator: " ")[1])
      return #"\#(name): {queue: q, run: ["/bin/true"], schedule: "\#(minute) * * * *", catch-up: \#(policy)}"#
    }.joined(separator: "\n")
    try await Rig.run(cluster, jobs: jobs) { rig in
      let since = Timestamp(milliseconds: (last - 3 * 3600) * 1000)
      for job in ["all", "latest", "none"] { try await known(rig, job, since: since) }
      func id(_ job: String, _ ago: Int64) -> String {
        FireIdentifier(job: job, fire: last - ago * 3600).description
      }
      // Of the last three fires of `all`, one is there already.
      let there = Request(id: id("all", 1), job: "all", origin: .schedule, requestedBy: "OTHER")
      try await rig.send(RequestCodec.encode(there, source: "/test"), to: rig.configuration.requestsTopic("q"))
      _ = try rig.start("GREEN")
      try await scheduling(rig, "ONE") {
        for run in [id("all", 2), id("all", 1), id("all", 0), id("latest", 0)] {
          let ended = try await rig.ended(run)
          #expect(ended.end.kind == "succeeded")
        }
      }
      let runs = try await proposed(rig).filter { $0.by == "ONE" }
      #expect(runs.map(\.id).sorted() == [id("all", 0), id("all", 2), id("latest", 0)].sorted())
    }
  }

  @Test("a paused job's requests are skipped, its fires wait for the end of the pause", arguments: Cluster.all)
  func paused(_ cluster: Cluster) async throws {
    try await Rig.run(cluster, jobs: "hourly: {queue: q, run: [\"/bin/true\"], every: 1h}\n" + DecisionTests.quick) {
      rig in
      try await known(rig, "hourly", since: .now + -2 * 3_600_000)
      try await rig.order(.pauseJob("hourly", until: nil), reason: "index rebuild")
      try await rig.enqueue("hourly", id: "by-hand")
      try await rig.enqueue("quick", id: "other")
      _ = try rig.start("GREEN")
      #expect(try await rig.ended("by-hand").end == .skipped(.paused(by: "test", reason: "index rebuild")))
      #expect(try await rig.ended("other").end.kind == "succeeded")
      let fire = FireIdentifier(job: "hourly", fire: Timestamp.now.milliseconds / 3_600_000 * 3600).description
      try await scheduling(rig, "ONE") {
        try await rig.enqueue("quick", id: "meanwhile")
        _ = try await rig.ended("meanwhile")
        #expect(try await proposed(rig).isEmpty)
        try await rig.order(.resumeJob("hourly"))
        #expect(try await rig.ended(fire).end.kind == "succeeded")
      }
    }
  }

  @Test("jobs that follow run in their own queue, with the params that they declare", arguments: Cluster.all)
  func chain(_ cluster: Cluster) async throws {
    let jobs = """
      load: {queue: q, run: ["/bin/true"], params: {day: {type: date, default: "2026-11-24"}, host: string}, then: [index, mail]}
      index: {queue: r, run: ["/bin/sh", "-c", "test \\"$1\\" = 2026-11-25", sh, "${params.day}"], params: {day: {type: date, required: true}}}
      mail: {queue: q, run: ["/bin/true"]}
      """
    try await Rig.run(cluster, queues: ["q", "r"], jobs: jobs) { rig in
      _ = try rig.start("GREEN")
      try await rig.enqueue("load", id: "load-1", params: ["day": .string("2026-11-25"), "host": .string("db")])
      #expect(try await rig.ended("load-1").end.kind == "succeeded")
      #expect(try await rig.ended("load-1/index", queue: "r").end.kind == "succeeded")
      #expect(try await rig.ended("load-1/mail").end.kind == "succeeded")
      let record = try #require(try await rig.records(rig.configuration.requestsTopic("r")).first)
      guard case .request(let request) = RequestCodec.decode(record.raw) else { throw Unexpected(record) }
      #expect(request.origin == .chain && request.requestedBy == "run load-1")
      #expect(request.params == ["day": .string("2026-11-25")])
      try await rig.expectCleanAudit()
    }
  }
}
