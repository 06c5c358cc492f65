import Dispatch

/// Something that happens at a moment of virtual time. `life` is the process it belongs to: a worker's later process
/// hears nothing of an earlier one's.
enum Action {
  case deliver(worker: Int, life: Int, Delivery)
  /// A batch of a worker reaches the broker.
  case produce(worker: Int, life: Int, ticket: Int64, [Publication], sent: Int64)
  /// A commit reaches the group coordinator.
  case commit(worker: Int, life: Int, CommitRequest)
  case readCommitted(worker: Int, life: Int, ticket: Int64)
  case readTopics(worker: Int, life: Int, ticket: Int64, QueueHistory.Committed?)
  case readEvents(worker: Int, life: Int, ticket: Int64, from: Int64, to: Int64)
  case fetch(worker: Int, life: Int, epoch: Int)
  case runner(Int, RunnerStep)
  case group(GroupStep)
  case fault(Fault)
  case wake(worker: Int, life: Int)
  case isolationEnds(worker: Int, life: Int)
  case restart(worker: Int, life: Int)
  /// The supervisor's patience with a worker that was told to end.
  case terminationEnds(worker: Int, life: Int)
  case enqueue(Int)
  case order(StandingOrder)
  case heal
}

/// What arrives at a worker's process, in order within its channel.
enum Delivery {
  case input(QueueMachine.Input)
  case request(QueuedRequest, requestsEnd: Int64, epoch: Int)
  case outOfRange(epoch: Int)
  case timer(QueueMachine.TimerID, setting: Int)
  case group(GroupMessage)
}

/// What the coordinator tells a member.
enum GroupMessage {
  case generation(Int)
  case assigned(generation: Int, epoch: Int)
  case revoke(epoch: Int)
  /// The partition is gone for the moment, the membership is not.
  case bounced(epoch: Int)
  /// The session has expired: no member any more.
  case kicked(epoch: Int)
  case fenced
}

/// What reaches the coordinator, or is due there.
enum GroupStep {
  case join(worker: Int, life: Int)
  case leave(name: Int, epoch: Int)
  case released(name: Int, epoch: Int)
  case sessionEnds(name: Int, epoch: Int, silence: Int)
  case revocationEnds(name: Int, epoch: Int, serial: Int)
  case bounceBack(name: Int, serial: Int)
  case rebalance
}

/// A commit with what its sender believed of the group.
struct CommitRequest {
  var ticket: Int64
  var offset: Int64
  var metadata: CommitMetadata
  var epoch: Int
  var generation: Int
}

/// A runner's next step.
enum RunnerStep {
  case begin
  case write(from: Int, to: Int)
  case acknowledged(chunk: Int)
  case killed
  case killsWorker
}

/// The channels from the outside to a worker: order holds within each, not between them.
enum Channel: Int, CaseIterable {
  case group, fetch, produce, commit, history, runner, control
}
