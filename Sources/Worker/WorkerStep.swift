/// What a worker does for a run, step by step: for those who measure where time goes.
///
/// A trace is told of each as it happens, on whatever thread it happens; without a trace a step costs one comparison.
public enum WorkerStep: String, Sendable, Hashable, CaseIterable {
  /// The worker begins, before it has asked the cluster anything.
  case workerBegins
  /// The topics are as they must be and the standing orders are known: it asks to join the group.
  case groupJoining
  /// The group has given it a queue.
  case queueAssigned
  /// The committed offset and the events are known.
  case historyRead
  /// A request is on the consumer's thread.
  case requestReceived
  /// The machine has decided: events go to the producer.
  case eventsPublished
  /// The cluster has stored them.
  case eventsStored
  /// A checkpoint goes to the coordinator.
  case checkpointSent
  /// The coordinator has taken it.
  case checkpointTaken
  /// A runner is to be started.
  case runnerOrdered
  /// Its process runs.
  case runnerStarted
  /// Its process and what it had started are gone, and its streams are read.
  case runnerEnded
  /// The worker is told to end, or the group asks for the queue back.
  case releaseAsked
  /// The queue is given back.
  case queueReleased
}
