import Configuration
import Dispatch
import KafkaLog
import Scheduling
import Worker

/// What a run has to do with others: who proposed it, what it follows, and what followed it.
struct RunRelatives: Sendable {
  /// A request that a scheduler made for a fire.
  struct Proposal: Sendable {
    var scheduler: String
    var offset: Int64
    var appended: Timestamp
  }

  /// A run that follows, or is to follow, under its job's `then`.
  struct Follower: Sendable {
    var job: String
    var run: String
    var queue: String
    /// Nil while there is no request for it.
    var status: RunRecord.Status?
  }

  /// The nominal fire, of a scheduled run.
  var fire: String?
  /// In log order; the first is the one that counts.
  var proposals: [Proposal] = []
  /// The run that it follows.
  var follows: String?
  var followers: [Follower] = []
  /// It was asked for without its followers.
  var isAlone = false
  private var isOver = false

  static func load(_ run: RunRecord, _ snapshot: QueueSnapshot, _ context: Context, _ reader: LogReader) async throws
    -> RunRelatives
  {
    var found = RunRelatives()
    found.isOver = run.end != nil
    guard let request = run.queued?.request else { return found }
    switch request.origin {
    case .schedule:
      found.fire = FireIdentifier(request.id).map { "\(CivilTime(seconds: $0.fire))Z" }
      found.proposals = snapshot.ledger.ordered.compactMap { record in
        guard record.run == run.run, let queued = record.queued, let request = queued.request,
          request.origin == .schedule
        else { return nil }
        return Proposal(
          scheduler: request.requestedBy ?? "an unknown scheduler", offset: queued.offset, appended: queued.appended)
      }
    case .chain:
      // "run ID", as the worker writes it.
      found.follows = request.requestedBy.flatMap { $0.hasPrefix("run ") ? String($0.dropFirst(4)) : nil }
    case .cli, .api: break
    }
    found.isAlone = !request.asksForFollowers
    guard request.asksForFollowers else { return found }
    for name in context.configuration.jobs[request.job]?.job.then ?? [] {
      guard let queue = context.configuration.jobs[name]?.job.queue else { continue }
      found.followers.append(Follower(job: name, run: Request.followerID(of: name, after: request.id), queue: queue))
    }
    for queue in Set(found.followers.map(\.queue)) {
      let ids = Set(found.followers.filter { $0.queue == queue }.map(\.run))
      // It cannot have been asked for before the run that it follows.
      let since = run.queued.map { $0.appended + -RunSearch.marginMilliseconds }
      // Where a topic is missing, nothing was asked for.
      guard
        case .success(let others) = try await context.reading(
          queue,
          {
            try await QueueSnapshot.load(queue, since: since, runs: ids, context, reader)
          })
      else { continue }
      for index in found.followers.indices where found.followers[index].queue == queue {
        found.followers[index].status = others.ledger.first(run: found.followers[index].run)?.status
      }
    }
    return found
  }

  /// `schedule, for 2026-11-24T01:29:00Z, proposed by GREEN and BLUE, GREEN's was first`; nil for the run of a person.
  var origin: String? {
    if let follows { return "chain, follows run \(follows)" }
    guard let first = proposals.first else { return nil }
    var names: [String] = []
    for proposal in proposals where !names.contains(proposal.scheduler) { names.append(proposal.scheduler) }
    var words = "schedule" + (fire.map { ", for \($0)" } ?? "") + ", proposed by "
    if names.count == 1 {
      words += names[0]
      if proposals.count > 1 { words += " \(proposals.count) times" }
    } else {
      words += names.dropLast().joined(separator: ", ") + " and \(names[names.count - 1])"
      words += ", \(first.scheduler)'s was first"
    }
    return words
  }

  /// A line for each run that follows.
  var followerWords: [String] {
    if isAlone { return ["nothing: it was asked for without the jobs that follow"] }
    return followers.compactMap { follower in
      guard let status = follower.status else {
        return isOver ? nil : "\(follower.job), once it has succeeded (queue \(follower.queue))"
      }
      return "\(follower.run) (\(status.rawValue), queue \(follower.queue))"
    }
  }

  var facts: [String: JSONValue] {
    var facts: [String: JSONValue] = [:]
    if let fire { facts["fire"] = .string(fire) }
    if !proposals.isEmpty {
      facts["proposals"] = .array(
        proposals.map {
          .object([
            "by": .string($0.scheduler), "offset": .integer($0.offset), "time": .string($0.appended.description),
          ])
        })
    }
    if let follows { facts["follows"] = .string(follows) }
    if isAlone { facts["withoutFollowers"] = .boolean(true) }
    if !followers.isEmpty {
      facts["followers"] = .array(
        followers.map {
          .object([
            "job": .string($0.job), "run": .string($0.run), "queue": .string($0.queue),
            "status": $0.status.map { .string($0.rawValue) } ?? .null,
          ])
        })
    }
    return facts
  }
}
