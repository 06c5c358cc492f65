/// What may be set for a queue.
public struct QueueOptions: Sendable, Hashable {
  /// How long a request's id and deduplication key are remembered; at most the 30 days that requests are kept.
  public var deduplicationMilliseconds: Int64
  /// For people.
  public var description: String?

  /// Options, with the defaults of the file.
  public init(deduplicationMilliseconds: Int64 = 36 * 3_600_000, description: String? = nil) {
    self.deduplicationMilliseconds = deduplicationMilliseconds
    self.description = description
  }
}
