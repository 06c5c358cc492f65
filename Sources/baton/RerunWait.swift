import Configuration
import Dispatch
import KafkaLog
import Terminal
import Worker

/// Waits for a run, and for what follows on it.
struct RerunWait: Sendable {
  /// Where a queue's topics ended before anything was asked for.
  struct Start: Sendable {
    var requests: Int64
    var events: Int64
  }

  let context: Context
  let reader: LogReader

  func starts(_ plan: RerunPlan) async throws -> [String: Start] {
    var starts: [String: Start] = [:]
    for queue in Set(plan.steps.map(\.queue)) {
      starts[queue] = Start(
        requests: try await reader.bounds(of: requests(queue)).end,
        events: try await reader.bounds(of: TopicPartition(topic: context.configuration.eventsTopic(queue))).end)
    }
    return starts
  }

  /// Waits for a request, then for each that follows on its success; returns the first exit status that is not 0.
  func run(
    _ id: String, of name: String, offset: Int64, _ starts: [String: Start], withDependents: Bool,
    _ arguments: ParsedArguments
  ) async throws -> Int32 {
    let job = try context.job(name).job
    let follower = RunFollower(context: context, queue: job.queue, reader: reader)
    let outcome = try await follower.outcome(
      of: id, request: offset, eventsFrom: starts[job.queue]?.events ?? 0, arguments)
    if withDependents, !arguments.flag("json") { arguments.output.write(printable(outcome.run) + "  ") }
    follower.report(outcome, arguments)
    var code = outcome.exitCode
    guard withDependents, outcome.hasSucceeded else { return code }
    for next in job.then {
      let queue = try context.job(next).job.queue
      // Of a run that stood for the request, the followers are that run's.
      let id = Request.followerID(of: next, after: outcome.run)
      let parent = Parent(run: outcome.run, queue: job.queue, offset: offset)
      let place = try await place(of: id, next, queue, from: starts[queue]?.requests ?? 0, parent)
      let result = try await run(id, of: next, offset: place, starts, withDependents: true, arguments)
      if code == ExitCode.success { code = result }
    }
    return code
  }

  /// The request on whose success others follow.
  private struct Parent {
    var run: String
    var queue: String
    var offset: Int64
  }

  /// The offset of a request that is there, or will be.
  ///
  /// It is on the log before the group's offset passes the request that it follows on. So whoever finds the offset
  /// passed, and does not find the request after that, need not wait for it.
  /// - Throws: `CommandError` if nobody will ask for it.
  private func place(
    of id: String, _ job: String, _ queue: String, from: Int64, _ parent: Parent
  ) async throws -> Int64 {
    try await context.withAdmin { admin in
      var next = from
      // Nothing tells of a commit: it has to be asked for.
      var pause = Pause(milliseconds: 50, upTo: 1_000)
      while true {
        do {
          let hasPassed = try await committed(parent.queue, admin) ?? 0 > parent.offset
          let bounds = try await reader.bounds(of: requests(queue))
          let records = reader.records(of: requests(queue), from: max(next, bounds.start), to: bounds.end)
          while let batch = try await records.next() {
            for record in batch where record.queuedRequest.run == id { return record.offset }
          }
          next = bounds.end
          if hasPassed { throw unasked(job, parent) }
        } catch let error as KafkaError where error.isTimeout || error.isUnreachable {
          // An outage is waited for, as while a run is followed.
        }
        try await pause.pass()
      }
    }
  }

  private func unasked(_ job: String, _ parent: Parent) -> CommandError {
    CommandError(
      "run \(parent.run) has succeeded, and no run of \(job) follows on it: the workers' configuration does not ask for it",
      remedy:
        "Let the workers have the same configuration as this command, \(context.configuration.file), and start them "
        + "again; `baton rerun \(job)` runs what is missing.")
  }

  private func committed(_ queue: String, _ admin: TopicAdmin) async throws -> Int64? {
    let partition = requests(queue)
    return try await admin.groupOffsets(group: context.configuration.kafka.group, partitions: [partition])[partition]?
      .offset
  }

  private func requests(_ queue: String) -> TopicPartition {
    TopicPartition(topic: context.configuration.requestsTopic(queue))
  }
}
