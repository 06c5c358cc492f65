import Scheduling

/// One scheduler: its process, its clock, and what it has been told.
final class SimulatedScheduler {
  let index: Int
  /// Counts its processes.
  var life = 0
  var isUp = false
  /// How far its clock is ahead.
  var ahead: Int64
  /// Its clock against one that cannot be set, as the process saw it last.
  var seenAhead: Int64 = 0
  var version = 0
  var machine = SchedulerMachine([])

  var timer: Int64?
  var timerSetting = 0
  var requestsPosition = 0
  var controlPosition = 0
  var isFollowing = false
  var areRequestsScheduled = false
  var isControlScheduled = false

  // What the checks know of it, from outside.

  /// The fires that it was told are in the log.
  var told: Set<FireIdentifier> = []
  var toldFailed: Set<FireIdentifier> = []
  var toldPauses: [String: Int64?] = [:]
  /// How often each fire was lost on its way, so that bad luck has an end.
  var lostRecords: [FireIdentifier: Int] = [:]
  /// It was told that its clock is sound, and has not noticed since that it was set.
  var isSure = false
  var hasReadTheLog = false
  /// Since when each timing is known, as the control topic tells.
  var view: [String: KnownTiming] = [:]
  /// Once it has begun: nothing is due up to the first moment of a job, everything after the second.
  var bounds: [String: (from: Int64, surelyFrom: Int64)]?
  var soundSince: Int64?

  init(index: Int, ahead: Int64) {
    self.index = index
    self.ahead = ahead
  }

  func begin(_ machine: SchedulerMachine, version: Int) {
    self.machine = machine
    self.version = version
    life += 1
    isUp = true
    seenAhead = ahead
    timer = nil
    timerSetting += 1
    (isFollowing, areRequestsScheduled, isControlScheduled) = (false, false, false)
    (told, toldFailed, toldPauses, lostRecords, view, bounds) = ([], [], [:], [:], [:], nil)
    (isSure, hasReadTheLog, soundSince) = (false, false, nil)
  }
}

/// A timing that is known, as the control topic tells it from record to record.
struct KnownTiming {
  var known: SchedulerMachine.Known
  /// Nothing up to here is due: the first of those who stored it has begun then.
  var from: Int64
  /// Everything after this is due: by then it was stored.
  var surelyFrom: Int64
  /// Stored by a clock that was years ahead: nobody may go by it.
  var isOfAWrongClock = false

  static func fold(_ view: inout [String: KnownTiming], _ job: String, _ entry: KnownTiming?) {
    guard var entry else {
      view[job] = nil
      return
    }
    if let before = view[job], !before.isOfAWrongClock, before.known.signature == entry.known.signature {
      entry.from = min(entry.from, before.from)
      entry.surelyFrom = max(entry.surelyFrom, before.surelyFrom)
    }
    view[job] = entry
  }
}

/// A record of the control topic.
enum SimulatedControl {
  case known(job: String, KnownTiming?)
  case order(job: String, SchedulerScenario.JobOrder)
}

/// What a scheduler sends.
enum SchedulerRecordSent {
  case proposal(SchedulerMachine.Proposal)
  case timing(job: String, SchedulerMachine.Known?, begun: Int64)
  case look
}

/// Something that happens at a moment. `life` is the process it belongs to.
enum SchedulerAction {
  case start(Int)
  case crash(Int, downFor: Int64)
  case readControl(Int, life: Int)
  case readRequests(Int, life: Int)
  case begin(Int, life: Int, fires: [FireIdentifier])
  case timer(Int, life: Int, setting: Int)
  case look(Int, life: Int)
  case tell(Int, life: Int, SchedulerMachine.Input)
  /// How far its clock was seen to be ahead, and how far it was.
  case looked(Int, life: Int, seen: Int64, ahead: Int64)
  /// A record reaches the broker, or is given up.
  case arrive(Int, life: Int, SchedulerRecordSent, sent: Int64, waited: Bool, ahead: Int64)
  case followRequests(Int, life: Int)
  case followControl(Int, life: Int)
  case setClock(Int, ahead: Int64)
  case order(Int)
  case consumerDown(Int64)
  case consumerUp
  case consumerHold(Int)
  case heal
  case end
}
