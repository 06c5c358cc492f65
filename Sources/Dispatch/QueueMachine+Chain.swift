// Jobs that follow on a run's success.
//
// Their requests are published beside the run's end and delivered before its offset is committed. An owner that finds
// the end of a request that is not yet passed cannot know whether they were: it publishes them again, under the same ids.

extension QueueMachine {
  /// The requests that a success asks for.
  /// - Parameter params: the run's, complete; a job that follows gets those that it declares itself.
  func followers(_ queued: QueuedRequest, _ params: [String: JSONValue], now: Timestamp) -> [Publication] {
    guard let request = queued.request, request.asksForFollowers, let job = jobs[request.job] else { return [] }
    return job.then.compactMap { name in
      guard let next = jobs[name] else { return nil }
      let declared = Set(next.parameters.map(\.name))
      let follower = Request(
        id: Request.followerID(of: name, after: request.id), job: name,
        params: params.filter { declared.contains($0.key) },
        origin: .chain, requestedBy: "run \(request.id)", time: now)
      return .request(follower, queue: next.queue)
    }
  }

  /// What an earlier owner that published the end may not have come to publish.
  ///
  /// Only while the follower's queue knows it for a duplicate, if it has run: where the group's offsets are forgotten,
  /// every end in the log is come upon again, and what followed on an older one would run a second time.
  /// - Returns: the requests, and a word about those that it is too late for, where they may be missing.
  func owedFollowers(_ queued: QueuedRequest, now: Timestamp) -> ([Publication], Command?) {
    guard protections.repeatsFollowers, let end = digest.ends[queued.offset], end.isSuccess,
      let request = queued.request, let job = jobs[request.job],
      case .success(let params) = job.resolve(request.params)
    else { return ([], nil) }
    var (owed, late): ([Publication], [String]) = ([], [])
    for publication in followers(queued, params, now: now) {
      guard case .request(let follower, let queue) = publication else { continue }
      if now - end.appended < settings.deduplicationElsewhere[queue] ?? settings.deduplicationMilliseconds {
        owed.append(publication)
      } else {
        late.append(follower.job)
      }
    }
    // The one that an owner had in hand; those further on are come upon because the group's offsets are forgotten.
    guard queued.offset == foundAt, !late.isEmpty else { return (owed, nil) }
    return (owed, .warn(.followersUnknown(run: request.id, ended: end.appended, jobs: late)))
  }

  /// The same for a request that is gone from the log, and its params with it.
  func lostFollowers(_ history: QueueHistory, at offset: Int64) -> [Command] {
    guard history.committed != nil, offset < history.requestsStart, let end = digest.ends[offset], end.isSuccess,
      let job = end.job.flatMap({ jobs[$0] }), !job.then.isEmpty
    else { return [] }
    return [.warn(.followersUnknown(run: end.run, ended: end.appended, jobs: job.then))]
  }
}

extension Request {
  /// The id of the request for a job that follows on a run: `RUN/JOB`, the same however often it is made.
  public static func followerID(of job: String, after run: String) -> String {
    let id = "\(run)/\(job)"
    guard id.utf8.count > idBytesMax else { return id }
    // FNV-1a from two bases stands for what does not fit.
    let digests = [0xCBF2_9CE4_8422_2325, 0x8422_2325_CBF2_9CE4].map { (base: UInt64) in
      let hash = run.utf8.reduce(base) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
      let text = String(hash, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return "\(digests.joined())/\(job)"
  }

  /// The longest id, in UTF-8 bytes: it must fit a commit's metadata beside the cursor.
  public static let idBytesMax = 200
}
