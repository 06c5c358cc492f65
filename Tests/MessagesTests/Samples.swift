import Dispatch
import Messages

/// At least one of each message that there is, with every field set once and left out once.
enum Samples {
  static let moment = Timestamp(milliseconds: 1_764_000_000_123)
  static let hardText = "ä \"quoted\" \\ \u{1F600} \u{0}\u{7f}\u{2028} </script>\r\n\t"

  static let requests: [Request] = [
    Request(id: "r", job: "person-search"),
    Request(
      id: "person-sync@2026-11-24T01:29:00Z", job: "person-sync",
      params: [
        "text": .string(hardText), "whole": .integer(.max), "least": .integer(.min), "real": .number(1.5e-7),
        "yes": .boolean(true), "none": .null, "empty": .string(""),
      ],
      origin: .schedule, requestedBy: hardText, time: moment, deduplicationKey: "ticket 4711", expires: moment + 1,
      notBefore: moment + -1),
    Request(id: String(repeating: "é", count: 100), job: "a", origin: .chain),
    Request(id: "r2", job: "a", origin: .api, deduplicationKey: String(repeating: "k", count: 1_000)),
    {
      var request = Request(id: "r3", job: "a")
      request.asksForFollowers = false
      return request
    }(),
  ]

  static let bodies: [Event.Body] =
    [
      .attemptStarted(Event.AttemptStarted(attempt: 1, cause: .first)),
      .attemptStarted(
        Event.AttemptStarted(
          attempt: 7, cause: .interruption, failures: 2, crashes: 1, rows: 1_234_567_890_123, waitingThrough: 99,
          twin: hardText)),
      .progressed(Event.Progress(attempt: 1, token: 42, rows: 5_000, chunks: 1, cursor: hardText)),
      .progressed(Event.Progress(attempt: 1, token: 42, rows: 5_000, chunks: 1)),
      .cursorStored(attempt: 3, token: 8, cursor: String(repeating: "cursor ", count: 20_000)),
      .attemptFailed(Event.AttemptFailed(attempt: 1, token: 3, message: hardText, retryAt: moment)),
      .handedOver(Event.Progress(attempt: 2, token: 9, rows: 0, chunks: 0, cursor: "")),
      .ended(Event.Ended(end: .succeeded(facts: [:]))),
      .ended(
        Event.Ended(
          end: .succeeded(facts: ["sourceRows": .integer(3), "deep": .object(["a": .array([.null, .number(0.5)])])]),
          attempt: 1, token: 5, rows: 3, chunks: 1)),
      .ended(Event.Ended(end: .cancelled(by: "someone@host", reason: nil))),
      .ended(Event.Ended(end: .cancelled(by: "someone@host", reason: hardText), attempt: 1, token: 3)),
      .ended(Event.Ended(end: .skipped(.duplicate(of: "r1", at: 0)))),
      .ended(Event.Ended(end: .skipped(.covered(by: "r1", at: 17)))),
      .ended(Event.Ended(end: .skipped(.expired(at: moment)))),
      .lossAccepted(from: 3, to: 9, by: "someone@host"),
    ]
    + RunEnd.Failure.Kind.allCases.map {
      .ended(Event.Ended(end: .failed(RunEnd.Failure(kind: $0, message: hardText)), attempt: 5, token: 77))
    }
    + Event.AttemptStarted.Cause.allCases.map { .attemptStarted(Event.AttemptStarted(attempt: 2, cause: $0)) }

  static let events: [Event] =
    bodies.map { Event(run: "r1", job: "person-search", request: 12, worker: "GREEN", body: $0) } + [
      Event(run: "offset-3", job: nil, request: 3, worker: "", body: bodies[7])
    ]

  /// What lies on the control topic beside orders, with its schema.
  static let controlRecords: [(schema: String, record: RawRecord)] = [
    (
      "schedule",
      ControlCodec.encode(
        ScheduleRecord(job: "mail", signature: "0 29 1 * * * Europe/London in q", since: moment), time: moment)
    ),
    ("scheduler", ControlCodec.encode(SchedulerRecord(name: "GREEN", time: moment))),
    (
      "problem",
      ControlCodec.encode(ProblemRecord(queue: "q", worker: "GREEN", message: hardText, time: moment))
    ),
  ]

  static let orders: [ControlMessage] = [
    ControlMessage(queue: "nightly", order: StandingOrder(action: .pause(until: nil), by: "a@b")),
    ControlMessage(queue: "nightly", order: StandingOrder(action: .pause(until: moment), by: "a@b", reason: hardText)),
    ControlMessage(queue: "nightly", order: StandingOrder(action: .resume, by: "a@b")),
    ControlMessage(queue: "q", order: StandingOrder(action: .pauseJob("mail", until: moment), by: "a@b", reason: "x")),
    ControlMessage(queue: "q", order: StandingOrder(action: .pauseJob("mail", until: nil), by: "a@b")),
    ControlMessage(queue: "q", order: StandingOrder(action: .resumeJob("mail"), by: "a@b")),
    ControlMessage(queue: "q", order: StandingOrder(action: .cancel(run: "person/x y"), by: "a@b", reason: "")),
    ControlMessage(queue: "q", order: StandingOrder(action: .uncancel(run: "person/x y"), by: "a@b")),
    ControlMessage(queue: "q", order: StandingOrder(action: .acceptLoss(below: 120, events: 431), by: "a@b")),
  ]

  static let checkpoints: [CommitMetadata] = [
    CommitMetadata(eventsFrom: 0),
    CommitMetadata(eventsFrom: 10, checkpoint: checkpoint(.running, .beginning)),
    CommitMetadata(eventsFrom: 10, checkpoint: checkpoint(.handedOver, .inline(hardText))),
    CommitMetadata(eventsFrom: 10, checkpoint: checkpoint(.running, .inline(""))),
    CommitMetadata(
      eventsFrom: JSONValue.exactIntegerMax, checkpoint: checkpoint(.failed(retryAt: moment), .stored(event: 33))),
  ]

  private static func checkpoint(_ phase: Checkpoint.Phase, _ cursor: Checkpoint.Cursor) -> Checkpoint {
    Checkpoint(
      run: hardText, attempt: 3, token: 99, phase: phase, cursor: cursor, rows: 5, chunks: 4, attemptChunks: 1,
      failures: 2, crashes: 1)
  }

  static let letters: [DeadLetter] = [
    DeadLetter(
      queued: QueuedRequest(
        offset: 3, appended: moment, raw: RawRecord(key: nil, value: nil, headers: []),
        content: .unreadable(reason: "x", id: nil)),
      failure: RunEnd.Failure(kind: .unreadable, message: hardText), attempts: 0),
    DeadLetter(
      queued: QueuedRequest(
        offset: 4, appended: moment,
        raw: RawRecord(
          key: [0, 255], value: [0xff, 0x00, 0x0a],
          headers: [
            .init(name: "trace", value: nil), .init(name: "trace", value: []), .init(name: "ce_id", value: [0xc3]),
            .init(name: "baton_reason", value: Array("of an earlier death".utf8)),
            .init(name: "baton_sender_x", value: nil), .init(name: "baton_own", value: Array("the sender's".utf8)),
          ]), content: .unreadable(reason: "x", id: "r9")),
      failure: RunEnd.Failure(kind: .crashesUsedUp, message: String(repeating: "m", count: 9_000)), attempts: 12),
    DeadLetter(
      queued: QueuedRequest(
        offset: 5, appended: moment,
        raw: RawRecord(
          key: [1], value: nil, headers: [.init(name: "trace", value: [2])], leftOut: .init(value: 31_457_280)),
        content: .unreadable(reason: "x", id: nil)),
      failure: RunEnd.Failure(kind: .unreadable, message: String(repeating: "👩‍👩‍👧‍👦", count: 3_000)), attempts: 0),
  ]
}
