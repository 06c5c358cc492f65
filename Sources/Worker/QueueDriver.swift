import Dispatch
import KafkaLog

/// One queue in this worker: its machine, and what executes the machine's commands.
final class QueueDriver {
  let queue: String
  let partition: TopicPartition
  var machine: QueueMachine
  let deadlines: Deadlines
  let metrics: QueueMetrics
  /// The attempts whose processes are not gone yet, by token. More than one only while a given-up one is being killed.
  var runners: [Int64: AttemptRunner] = [:]
  /// Whether the group has given it to this worker and it is not let go yet.
  var isAssigned = false
  /// What the control topic says of why it stands still, or is about to.
  var toldProblem: String?
  /// The run that is in hand, for the log.
  var startedAt: Timestamp?

  init(queue: String, partition: TopicPartition, machine: QueueMachine, deadlines: Deadlines, metrics: QueueMetrics) {
    self.queue = queue
    self.partition = partition
    self.machine = machine
    self.deadlines = deadlines
    self.metrics = metrics
  }
}
