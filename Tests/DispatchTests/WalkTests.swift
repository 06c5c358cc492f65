import Dispatch
import Testing

/// Long walks of inputs in any order, answers that are late, doubled or of another ticket among them.
@Suite("Random walks")
struct WalkTests {
  private static let seeds = 1...150 as ClosedRange<UInt64>
  private static let steps = 400

  /// What a walk must hold to, whatever it is given.
  private struct Watch {
    var seed: UInt64
    var step = 0
    /// The token and phase in the last commit that was taken, and whether a chunk's commit was.
    var taken: Checkpoint?
    var live: Int64?
    var committedOffset: Int64 = -1
    var starts = 0
    var ends = 0

    mutating func see(_ input: QueueMachine.Input, _ commands: [QueueMachine.Command]) {
      var isAnswer = false
      if case .committed = input { isAnswer = true }
      for command in commands {
        switch command {
        case .startRunner(let order):
          starts += 1
          #expect(isAnswer && taken?.token == order.token && taken?.phase == .running, "seed \(seed), step \(step)")
          #expect(live == nil, "seed \(seed), step \(step): two runners")
          live = order.token
        case .acknowledgeChunk(let token, _):
          #expect(isAnswer && live == token && taken?.token == token, "seed \(seed), step \(step)")
        case .stopRunner(let token): if live == token { live = nil }
        case .commit(_, let offset, let metadata):
          if let checkpoint = metadata.checkpoint { #expect(checkpoint.token >= 0, "seed \(seed), step \(step)") }
          #expect(offset >= committedOffset, "seed \(seed), step \(step): the offset goes back")
        case .publish(_, let publications):
          for publication in publications {
            if case .event(let event) = publication, case .ended = event.body { ends += 1 }
          }
        default: break
        }
      }
      if case .runnerEnded(let token, _) = input, token == live { live = nil }
    }
  }

  private func walk(_ seed: UInt64) -> (commands: [[QueueMachine.Command]], watch: Watch) {
    var random = SplitMix64(seed: seed)
    var driver = Driver(seed: seed) { settings in
      settings.waitingRequestsMax = 4
      settings.turnRequestsMax = 3
    }
    var watch = Watch(seed: seed)
    var all: [[QueueMachine.Command]] = []
    func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    func ticket(_ right: Int64?) -> Int64 { pick(8) == 0 ? Int64(pick(40)) : right ?? Int64(pick(40)) }
    var produced: Int64 = 0
    for step in 0..<Self.steps {
      watch.step = step
      driver.now = driver.now + Int64(pick(2_000))
      let input: QueueMachine.Input
      switch pick(40) {
      case 0..<3: input = .assigned
      case 3..<6: input = .historyRead(ticket: ticket(driver.history), driver.lookBack(requests: 0..<produced))
      case 6: input = .historyFailed(ticket: ticket(driver.history))
      case 7..<14:
        let offset = pick(6) == 0 ? Int64(pick(Int(produced) + 1)) : driver.machine.nextToFetch
        produced = max(produced, offset + 1)
        input = .request(
          Driver.queued(
            offset, id: pick(9) == 0 ? "r\(offset / 2)" : nil, job: ["sync", "once", "timed", "nowhere"][pick(4)]),
          requestsEnd: produced)
      case 14 where pick(4) == 0: input = .offsetOutOfRange
      case 15..<22:
        // In the log, whether it is heard of or not.
        if let ticket = driver.publishing?.ticket, pick(8) > 0 {
          let (commands, given) = driver.publishedInput(ticket)
          watch.see(given, commands)
          all.append(commands)
          continue
        }
        input = .publishFailed(ticket: ticket(driver.publishing?.ticket), .unknown)
      case 22: input = .eventsRead(ticket: ticket(driver.reading?.ticket), [])
      case 23..<30:
        let right = ticket(driver.committing?.ticket)
        if right == driver.committing?.ticket, let committed = driver.committing?.committed {
          driver.committed = committed
          watch.taken = committed.metadata?.checkpoint
          watch.committedOffset = committed.offset
        }
        input = .committed(ticket: right)
      case 30:
        input = .commitRefused(
          ticket: ticket(driver.committing?.ticket),
          [CommitRefusal.generationLost, .unavailable, .metadataTooLarge][pick(3)])
      case 31..<34:
        input = .chunkReported(
          token: driver.token,
          ChunkProgress(chunk: step, cursor: String(repeating: "c", count: pick(6) == 0 ? 3_000 : 3), rows: 1))
      case 34, 35:
        input = .runnerEnded(
          token: driver.token,
          [RunnerOutcome.succeeded(facts: [:]), .failed(message: "x", isRetriable: true), .stopped][pick(3)])
      case 36 where pick(3) == 0: input = .revoked(deadline: driver.now + 5_000)
      case 37 where pick(3) == 0: input = .lost
      case 38:
        let run = "r\(pick(Int(produced) + 1))"
        let action = [StandingOrder.Action.pause(until: nil), .resume, .resume, .cancel(run: run)][pick(4)]
        input = .control(StandingOrder(action: action, by: "ann"))
      default: input = .timer(QueueMachine.TimerID.allCases[pick(QueueMachine.TimerID.allCases.count)])
      }
      // A commit that is not answered by then is refused: a coordinator answers in order, and knows the generation.
      if ["readingHistory", "returning"].contains(driver.machine.state.word) { driver.committing = nil }
      let commands = driver.give(input)
      watch.see(input, commands)
      all.append(commands)
    }
    return (all, watch)
  }

  @Test("a runner starts under a committed checkpoint, a chunk is acknowledged after one, and offsets never go back")
  func promises() {
    var starts = 0
    var ends = 0
    for seed in Self.seeds {
      let watch = walk(seed).watch
      starts += watch.starts
      ends += watch.ends
    }
    // The walks must come far enough to mean something.
    #expect(starts > 300 && ends > 300, "\(starts) starts, \(ends) ends")
  }

  @Test("equal inputs give equal commands")
  func deterministic() {
    for seed in Self.seeds where seed % 10 == 0 { #expect(walk(seed).commands == walk(seed).commands) }
  }
}

extension Driver {
  /// Publishes and says what was given for it.
  fileprivate mutating func publishedInput(_ ticket: Int64) -> ([QueueMachine.Command], QueueMachine.Input) {
    (published(), .published(ticket: ticket, offsets: []))
  }
}

extension QueueMachine {
  /// The offset after the last one that waits, or the next to be decided on.
  fileprivate var nextToFetch: Int64 {
    switch state {
    case .turning(let turn): (waiting.last?.offset ?? max(turn.next - 1, turn.start?.queued.offset ?? -1)) + 1
    case .running: (waiting.last?.offset ?? next) + 1
    default: (waiting.last?.offset ?? next - 1) + 1
    }
  }
}
