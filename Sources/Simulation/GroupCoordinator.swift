import Dispatch

/// The group coordinator of one queue: static members, generations, the committed offset.
struct GroupCoordinator {
  struct Member {
    var worker: Int
    var life: Int
    var epoch: Int
  }

  /// By the number of the name.
  var members: [Member?]
  var generation = 0
  var owner: Int?
  /// The owner was asked to let go, and the queue waits for that.
  var isRevoking = false
  /// Raised with every change of ownership, so that what is due for an old one means nothing.
  var serial = 0
  var committed: QueueHistory.Committed?
  var lastEpoch = 0
  var checksGeneration = true

  init(names: Int) { members = Array(repeating: nil, count: names) }

  var present: [Int] { members.indices.filter { members[$0] != nil } }

  func isMember(_ name: Int, epoch: Int) -> Bool { members[name]?.epoch == epoch }

  /// Whether a commit is taken; nil if it is.
  func refusal(name: Int, epoch: Int, generation: Int) -> CommitRefusal? {
    guard checksGeneration else { return nil }
    guard let member = members[name] else { return .generationLost }
    if member.epoch != epoch { return epoch < 0 ? .generationLost : .fenced("a second worker of this name") }
    return generation == self.generation ? nil : .generationLost
  }
}
