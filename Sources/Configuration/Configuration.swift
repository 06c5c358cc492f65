/// All of `baton.yaml`, checked: every name that it uses is declared in it.
public struct Configuration: Sendable, Hashable {
  /// The cluster.
  public var kafka: KafkaOptions
  /// By name.
  public var queues: [String: QueueOptions]
  /// Names in the order of the file.
  public var queueOrder: [String]
  /// By name.
  public var connections: [String: Connection]
  /// By name.
  public var jobs: [String: JobDefinition]
  /// Names in the order of the file.
  public var jobOrder: [String]
  /// The worker process.
  public var worker: WorkerOptions
  /// What proposes the jobs that are due.
  public var scheduler = SchedulerOptions()
  /// The path it was read from, as given.
  public var file: String
  /// The text it was read from, with whatever secrets stand in it; nil for one made without a file.
  public var text: Secret?

  /// A configuration made without a file. The orders are those of the names.
  public init(
    kafka: KafkaOptions, queues: [String: QueueOptions] = [:], connections: [String: Connection] = [:],
    jobs: [String: JobDefinition] = [:], worker: WorkerOptions = WorkerOptions(), file: String = "baton.yaml"
  ) {
    self.kafka = kafka
    self.queues = queues
    self.queueOrder = queues.keys.sorted()
    self.connections = connections
    self.jobs = jobs
    self.jobOrder = jobs.keys.sorted()
    self.worker = worker
    self.file = file
  }

  /// Whether any job is due by itself.
  public var hasSchedules: Bool { jobs.values.contains { $0.schedule != nil } }

  /// The topic that holds a queue's requests.
  public func requestsTopic(_ queue: String) -> String { "\(kafka.prefix).\(queue).requests" }
  /// The topic that says what happened to each run of a queue.
  public func eventsTopic(_ queue: String) -> String { "\(kafka.prefix).\(queue).events" }
  /// The topic of standing orders.
  public var controlTopic: String { "\(kafka.prefix).control" }
  /// The topic of what could not be read or used up its attempts.
  public var deadLettersTopic: String { "\(kafka.prefix).dead-letters" }
}
