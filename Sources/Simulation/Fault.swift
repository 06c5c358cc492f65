import Dispatch

/// What goes wrong. Those that name no worker hit one by chance, mostly the one that runs something.
enum Fault: Hashable {
  /// The process dies at once.
  case crash
  /// It dies at its next command of this kind, before or after it was sent off.
  case crashAtCommand(CommandKind, isAfter: Bool)
  /// Stopped as by SIGSTOP, then woken; its runners with it, or not.
  case pause(milliseconds: Int64, withRunners: Bool)
  /// It reaches neither broker nor coordinator; its runners still reach the sink.
  case isolation(milliseconds: Int64)
  /// Told to end: it hands over and is started again later.
  case termination
  /// A second process of the same name joins.
  case double
  case rebalance
  case brokerOutage(milliseconds: Int64)
  /// The coordinator moves: no commits, no joins for a while.
  case coordinatorMove(milliseconds: Int64)
  /// Everyone is down, and the group's offsets are forgotten.
  case offsetsForgotten
  /// Requests are deleted from the front, ended or not.
  case retention
  /// The events that a stored cursor is in are deleted.
  case cursorDeleted
  /// The broker takes no publications for a while.
  case publicationsRefused(milliseconds: Int64)
  /// The broker takes next to no metadata for a while.
  case metadataRefused(milliseconds: Int64)

  static func draw(_ random: inout SplitMix64) -> Fault {
    switch random.below(100) {
    case 0..<10: .crash
    case 10..<34:
      .crashAtCommand(CommandKind.allCases[random.below(CommandKind.allCases.count)], isAfter: random.chance(50))
    case 34..<48: .pause(milliseconds: random.milliseconds(500...25_000), withRunners: random.chance(40))
    case 48..<56: .isolation(milliseconds: random.milliseconds(500...25_000))
    case 56..<66: .termination
    case 66..<69: .double
    case 69..<83: .rebalance
    case 83..<87: .brokerOutage(milliseconds: random.milliseconds(200...180_000))
    case 87..<91: .coordinatorMove(milliseconds: random.milliseconds(200...20_000))
    case 91..<94: .offsetsForgotten
    case 94..<97: .retention
    case 97..<98: .cursorDeleted
    case 98..<99: .metadataRefused(milliseconds: random.milliseconds(500...10_000))
    default: .publicationsRefused(milliseconds: random.milliseconds(500...10_000))
    }
  }

  /// The kind, for counting.
  var name: String {
    switch self {
    case .crash: "crash"
    case .crashAtCommand(let kind, let isAfter): "crash \(isAfter ? "after" : "before") \(kind.rawValue)"
    case .pause(_, let withRunners): withRunners ? "pause with runners" : "pause"
    case .isolation: "isolation"
    case .termination: "termination"
    case .double: "second of the same name"
    case .rebalance: "rebalance"
    case .brokerOutage: "broker outage"
    case .coordinatorMove: "coordinator move"
    case .offsetsForgotten: "offsets forgotten"
    case .retention: "retention"
    case .cursorDeleted: "cursor deleted"
    case .publicationsRefused: "publications refused"
    case .metadataRefused: "metadata refused"
    }
  }
}

/// The machine's commands, without their contents.
enum CommandKind: String, CaseIterable {
  case readHistory, readEvents, startFetch, pauseFetch, resumeFetch, publish, commit, startRunner, acknowledgeChunk
  case stopRunner, setTimer, cancelTimer, release, report, warn, withdrawCancel

  init(_ command: QueueMachine.Command) {
    self =
      switch command {
      case .readHistory: .readHistory
      case .readEvents: .readEvents
      case .startFetch: .startFetch
      case .pauseFetch: .pauseFetch
      case .resumeFetch: .resumeFetch
      case .publish: .publish
      case .commit: .commit
      case .startRunner: .startRunner
      case .acknowledgeChunk: .acknowledgeChunk
      case .stopRunner: .stopRunner
      case .setTimer: .setTimer
      case .cancelTimer: .cancelTimer
      case .release: .release
      case .report: .report
      case .warn: .warn
      case .withdrawCancel: .withdrawCancel
      }
  }
}
