import Dispatch

/// One input, and what each stage answers; where nothing is stated, the input must change nothing.
struct InputRow: Sendable {
  var name: String
  var input: @Sendable (Driver) -> QueueMachine.Input
  var answers: [Stage: String]

  init(_ name: String, _ answers: [Stage: String], _ input: @escaping @Sendable (Driver) -> QueueMachine.Input) {
    self.name = name
    self.input = input
    self.answers = answers
  }

  private static let deadline = Driver.start + 10_000
  private static let read = "no retry; no hold; readHistory"
  private static let gone = "no retry; no hold; no handover; no suspension -> unassigned"
  private static let released = "no timers; release -> unassigned"
  private static let fencedOut = "no timers; report fenced: twin -> stopped"
  private static let killed = "no timers; stop 100; report fenced: twin -> stopped"

  private static func order(_ action: StandingOrder.Action) -> QueueMachine.Input {
    .control(StandingOrder(action: action, by: "ann"))
  }

  static let all: [InputRow] = [
    InputRow(
      "assigned", [.unassigned: "\(read) -> readingHistory", .suspended: "\(read) -> returning"]
    ) { _ in .assigned },
    InputRow(
      "historyRead", [.readingHistory: "fetch 0 -> idle", .returning: "stop 100; no suspension; fetch 0 -> idle"]
    ) { .historyRead(ticket: $0.history ?? 0, Driver.lands(.init(offset: 0), eventsEnd: 101)) },
    InputRow("historyRead(stale)", [:]) { _ in .historyRead(ticket: 0, Driver.lands(.init(offset: 0))) },
    InputRow(
      "historyFailed", [.readingHistory: "retry +50 -> readingHistory", .returning: "retry +50 -> returning"]
    ) { .historyFailed(ticket: $0.history ?? 0) },
    InputRow(
      "request",
      [
        .idle: "publish start(r1 #1 first) -> turning", .holding: "-> holding", .publishing: "-> turning",
        .checking: "-> turning", .committing: "-> turning", .running: "-> running", .checkpointing: "-> running",
      ]
    ) { _ in .request(Driver.queued(1), requestsEnd: 2) },
    InputRow(
      "offsetOutOfRange", [.idle: "\(read) -> readingHistory", .holding: "\(read) -> readingHistory"]
    ) { _ in .offsetOutOfRange },
    InputRow("published", [.publishing: "commit 0 running@100 -> turning"]) {
      .published(ticket: $0.publishing?.ticket ?? 0, offsets: [100])
    },
    InputRow("publishFailed(unknown)", [.publishing: "retry +50 -> turning"]) {
      .publishFailed(ticket: $0.publishing?.ticket ?? 0, .unknown)
    },
    InputRow("publishFailed(refused)", [.publishing: "no retry; report refused: large -> stopped"]) {
      .publishFailed(ticket: $0.publishing?.ticket ?? 0, .refused("large"))
    },
    InputRow("eventsRead", [.checking: "commit 0 running@103 -> turning"]) {
      .eventsRead(ticket: $0.reading?.ticket ?? 0, [])
    },
    InputRow(
      "committed",
      [.committing: "no suspension; run r0@100 -> running", .checkpointing: "acknowledge 1 -> running"]
    ) { .committed(ticket: $0.committing?.ticket ?? 0) },
    InputRow(
      "commitRefused(generationLost)",
      [
        .committing: "retry +50; suspension +30000 -> turning",
        .checkpointing: "retry +50; suspension +30000 -> running",
      ]
    ) { .commitRefused(ticket: $0.committing?.ticket ?? 0, .generationLost) },
    InputRow(
      "commitRefused(unavailable)",
      [.committing: "retry +50 -> turning", .checkpointing: "retry +50 -> running"]
    ) { .commitRefused(ticket: $0.committing?.ticket ?? 0, .unavailable) },
    InputRow(
      "commitRefused(metadataTooLarge)",
      [
        .committing: "no retry; report checkpoint of r0 refused -> stopped",
        .checkpointing: "publish cursor(r0) -> running",
      ]
    ) { .commitRefused(ticket: $0.committing?.ticket ?? 0, .metadataTooLarge) },
    InputRow("commitRefused(fenced)", [.committing: fencedOut, .checkpointing: killed]) {
      .commitRefused(ticket: $0.committing?.ticket ?? 0, .fenced("twin"))
    },
    InputRow(
      "chunkReported",
      [.running: "commit 0 running@100 -> running", .suspended: "-> suspended", .returning: "-> returning"]
    ) { _ in .chunkReported(token: 100, ChunkProgress(chunk: 1, cursor: "c1", rows: 10)) },
    InputRow("chunkReported(other token)", [:]) { _ in
      .chunkReported(token: 99, ChunkProgress(chunk: 1, cursor: "c1", rows: 10))
    },
    InputRow(
      "runnerEnded",
      [
        .running: "no timeout; no suspension; publish succeeded(r0) -> turning", .checkpointing: "-> running",
        .suspended: "-> suspended", .returning: "-> returning",
      ]
    ) { _ in .runnerEnded(token: 100, .succeeded(facts: [:])) },
    InputRow("runnerEnded(other token)", [:]) { _ in .runnerEnded(token: 99, .stopped) },
    InputRow(
      "revoked",
      [
        .unassigned: "release -> unassigned", .readingHistory: released, .idle: released, .holding: released,
        .stopped: released,
        .returning: "no timers; stop 100; no timeout; no suspension; release -> unassigned",
        .suspended: "stop 100; no timeout; no suspension; no timers; release -> unassigned",
        .publishing: "handover +10000 -> turning", .checking: "handover +10000 -> turning",
        .committing: "handover +10000 -> turning", .running: "handover +10000 -> running",
        .checkpointing: "handover +10000 -> running",
      ]
    ) { _ in .revoked(deadline: deadline) },
    InputRow(
      "lost",
      [
        .readingHistory: gone, .idle: gone, .holding: gone, .stopped: gone, .publishing: gone, .checking: gone,
        .committing: gone, .returning: "no retry; no hold; no handover -> suspended",
        .running: "no retry; no hold; no handover; suspension +30000 -> suspended",
        .checkpointing: "no retry; no hold; no handover; suspension +30000 -> suspended",
      ]
    ) { _ in .lost },
    InputRow(
      "fenced",
      [
        .unassigned: fencedOut, .readingHistory: fencedOut, .idle: fencedOut, .holding: fencedOut,
        .publishing: fencedOut, .checking: fencedOut, .committing: fencedOut, .stopped: fencedOut,
        .returning: killed, .running: killed, .checkpointing: killed, .suspended: killed,
      ]
    ) { _ in .fenced("twin") },
    InputRow("control(pause)", [.holding: "no hold -> holding"]) { _ in order(.pause(until: nil)) },
    InputRow(
      "control(resume)",
      [.holding: "no hold; publish start(r0 #1 first) -> turning", .stopped: "\(read) -> readingHistory"]
    ) { _ in order(.resume) },
    InputRow(
      "control(cancel)",
      [
        .holding: "no hold; publish cancelled(r0) -> turning", .running: "stop 100 -> running",
        .checkpointing: "stop 100 -> running", .stopped: "\(read) -> readingHistory",
      ]
    ) { _ in order(.cancel(run: "r0")) },
    InputRow("control(cancel another)", [.holding: "no hold -> holding", .stopped: "\(read) -> readingHistory"]) { _ in
      order(.cancel(run: "r7"))
    },
    InputRow("control(uncancel)", [.holding: "no hold -> holding"]) { _ in order(.uncancel(run: "r0")) },
    InputRow("control(acceptLoss)", [.holding: "no hold -> holding", .stopped: "\(read) -> readingHistory"]) { _ in
      order(.acceptLoss(below: 5, events: 0))
    },
    InputRow("timer(retry)", [.readingHistory: "\(read) -> readingHistory", .returning: "\(read) -> returning"]) { _ in
      .timer(.retry)
    },
    InputRow("timer(hold)", [:]) { _ in .timer(.hold) },
    InputRow("timer(timeout)", [.running: "stop 100 -> running"]) { _ in .timer(.timeout) },
    InputRow(
      "timer(suspension)",
      [
        .suspended: "stop 100; no timeout; no suspension -> unassigned",
        .returning: "stop 100; no timeout; no suspension -> readingHistory",
      ]
    ) { _ in .timer(.suspension) },
    InputRow("timer(handover)", [:]) { _ in .timer(.handover) },
  ]
}
