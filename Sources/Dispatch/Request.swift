/// A sync request: one record on a queue's requests topic, once it has been read.
public struct Request: Sendable, Hashable {
  /// Unique for its sender; the run takes it over. A second request with the same id is a duplicate.
  public var id: String
  public var job: String
  public var params: [String: JSONValue]
  public var origin: Origin
  /// Who asked, as far as the sender knows: a person, a host, a system.
  public var requestedBy: String?
  /// When it was asked for, by the sender's clock.
  public var time: Timestamp?
  /// A second request with the same key inside the deduplication window is a duplicate, whatever its id.
  public var deduplicationKey: String?
  /// Not started at or after this moment.
  public var expires: Timestamp?
  /// Not started before this moment; the queue waits for it, since its order is the log's.
  public var notBefore: Timestamp?
  /// Whether the jobs that its job names under `then` are asked for when it has succeeded.
  public var asksForFollowers = true

  public init(
    id: String, job: String, params: [String: JSONValue] = [:], origin: Origin = .cli, requestedBy: String? = nil,
    time: Timestamp? = nil, deduplicationKey: String? = nil, expires: Timestamp? = nil, notBefore: Timestamp? = nil
  ) {
    self.id = id
    self.job = job
    self.params = params
    self.origin = origin
    self.requestedBy = requestedBy
    self.time = time
    self.deduplicationKey = deduplicationKey
    self.expires = expires
    self.notBefore = notBefore
  }

  /// Where a request came from.
  public enum Origin: String, Sendable, Hashable, CaseIterable {
    case schedule, cli, api, chain
  }
}

/// A record of the requests topic with its place, read or unreadable.
public struct QueuedRequest: Sendable, Hashable {
  public var offset: Int64
  /// The log-append time.
  public var appended: Timestamp
  public var raw: RawRecord
  public var content: Content

  public init(offset: Int64, appended: Timestamp, raw: RawRecord = RawRecord(), content: Content) {
    self.offset = offset
    self.appended = appended
    self.raw = raw
    self.content = content
  }

  /// What the record's bytes mean.
  public enum Content: Sendable, Hashable {
    case request(Request)
    /// It is no request; the reason names the header or field, and what it should be. The id is there if at least that was readable.
    case unreadable(reason: String, id: String?)
  }

  /// The id under which its events are published: the request's own, or its place for a record that has none.
  public var run: String {
    switch content {
    case .request(let request): request.id
    case .unreadable(_, let id): id ?? "offset-\(offset)"
    }
  }

  /// The request, if it could be read.
  public var request: Request? {
    if case .request(let request) = content { request } else { nil }
  }
}
