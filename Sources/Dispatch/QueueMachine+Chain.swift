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
  /// Only inside the deduplication window: where the group's offsets are forgotten, every end in the log is come upon
  /// again, and what followed on an older one would run a second time.
  func owedFollowers(_ queued: QueuedRequest, now: Timestamp) -> [Publication] {
    guard protections.repeatsFollowers, digest.succeeded.contains(queued.offset), let request = queued.request,
      let job = jobs[request.job], now - queued.appended < settings.deduplicationMilliseconds
    else { return [] }
    guard case .success(let params) = job.resolve(request.params) else { return [] }
    return followers(queued, params, now: now)
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
