import Dispatch

/// One worker: its process, what its group client believes, its fetch position and its timers.
final class SimulatedWorker {
  let index: Int
  /// The number of its name in the group; a double shares another's.
  let name: Int
  let skew: Int64
  /// Counts its processes.
  var life = 0
  var isUp = false
  /// Out for good: another process has its name.
  var isRetired = false
  var machine: QueueMachine

  var isPaused = false
  var areRunnersPaused = false
  var pausedUntil: Int64 = 0
  var backlog: [Delivery] = []
  var isolatedUntil: Int64 = 0
  /// Raised whenever it falls silent and whenever it speaks again, so that an old session timer means nothing.
  var silence = 0
  var isTerminating = false
  /// Dies at its next command of this kind.
  var trigger: (kind: CommandKind, isAfter: Bool)?

  /// What its group client believes.
  var epoch = -1
  var generation = -1
  var holdsQueue = false

  var fetchEpoch = 0
  var fetchPosition: Int64 = 0
  var isFetching = false
  var isFetchPaused = false
  var isFetchScheduled = false

  var timers = [Int](repeating: 0, count: QueueMachine.TimerID.allCases.count)
  /// The latest arrival in each channel, so that nothing overtakes within one.
  var arrivals = [Int64](repeating: 0, count: Channel.allCases.count)
  var produceArrival: Int64 = 0
  var commitArrival: Int64 = 0

  init(index: Int, name: Int, skew: Int64, machine: QueueMachine) {
    self.index = index
    self.name = name
    self.skew = skew
    self.machine = machine
  }

  /// Forgets all that a process holds in memory.
  func reset(machine: QueueMachine) {
    self.machine = machine
    isPaused = false
    areRunnersPaused = false
    backlog = []
    isTerminating = false
    trigger = nil
    (epoch, generation, holdsQueue) = (-1, -1, false)
    fetchEpoch += 1
    (isFetching, isFetchPaused, isFetchScheduled) = (false, false, false)
    for index in timers.indices { timers[index] += 1 }
  }
}

/// The child process that does one attempt's work.
final class SimulatedRunner {
  let worker: Int
  let life: Int
  let token: Int64
  let request: Int64
  let behaviour: Scenario.Behaviour
  var position: Int
  /// Chunks reported by this attempt.
  var chunk = 0
  var reported = 0
  var isAlive = true
  /// After its worker's death it may go on until then.
  var diesAt: Int64 = .max
  /// The write on its way lands even if the runner dies before.
  var writeOutlivesIt = false

  init(
    worker: Int, life: Int, token: Int64, request: Int64, behaviour: Scenario.Behaviour, position: Int
  ) {
    self.worker = worker
    self.life = life
    self.token = token
    self.request = request
    self.behaviour = behaviour
    self.position = position
  }
}
