/// What the dispatcher must know of a job: where it waits, how often it is tried, what it takes.
///
/// What the job does (a sync, a command) is no concern of the core: see `JobDefinition` in Configuration.
public struct Job: Sendable, Hashable {
  public var name: String
  public var queue: String
  public var parameters: [Parameter]
  /// Attempts that may fail by themselves before the request goes to the dead letters; at least 1.
  public var attempts: Int
  /// Crashes of the worker in a row, without a checkpoint between them, before the request goes to the dead letters.
  public var crashes: Int
  public var backoff: Backoff
  /// The longest that one attempt may take; nil for no limit.
  public var timeoutMilliseconds: Int64?
  public var whenWaiting: WhenWaiting
  /// The names of the jobs that are asked for when a run has succeeded.
  public var then: [String] = []

  public init(
    name: String, queue: String, parameters: [Parameter] = [], attempts: Int = 5, crashes: Int = 3,
    backoff: Backoff = Backoff(), timeoutMilliseconds: Int64? = nil, whenWaiting: WhenWaiting = .queue
  ) {
    self.name = name
    self.queue = queue
    self.parameters = parameters
    self.attempts = attempts
    self.crashes = crashes
    self.backoff = backoff
    self.timeoutMilliseconds = timeoutMilliseconds
    self.whenWaiting = whenWaiting
  }

  /// What a second request of this job with the same params becomes while the first still waits.
  public enum WhenWaiting: String, Sendable, Hashable, CaseIterable {
    /// It waits for its own turn.
    case queue
    /// It is covered by the first and gets its result.
    case coalesce
  }

  /// One parameter that a request of the job may carry.
  public struct Parameter: Sendable, Hashable {
    public var name: String
    public var type: ParameterType
    public var isRequired: Bool
    public var defaultValue: JSONValue?
    /// The only values allowed, if there are any.
    public var allowed: [JSONValue]

    public init(
      name: String, type: ParameterType, isRequired: Bool = false, defaultValue: JSONValue? = nil,
      allowed: [JSONValue] = []
    ) {
      self.name = name
      self.type = type
      self.isRequired = isRequired
      self.defaultValue = defaultValue
      self.allowed = allowed
    }
  }

  /// The types that a parameter may have; each is one JSON type, `date` and `timestamp` being strings.
  public enum ParameterType: String, Sendable, Hashable, CaseIterable {
    case string, integer, number, boolean
    /// `YYYY-MM-DD`.
    case date
    /// RFC 3339.
    case timestamp
  }

  /// Exponential: `initial * factor^(failures - 1)`, at most `max`, of which the last half is random.
  public struct Backoff: Sendable, Hashable {
    public var initialMilliseconds: Int64
    public var maxMilliseconds: Int64
    public var factor: Double

    public init(initialMilliseconds: Int64 = 5_000, maxMilliseconds: Int64 = 300_000, factor: Double = 2) {
      self.initialMilliseconds = initialMilliseconds
      self.maxMilliseconds = maxMilliseconds
      self.factor = factor
    }
  }
}
