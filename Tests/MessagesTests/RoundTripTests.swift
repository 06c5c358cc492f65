import Dispatch
@testable import Messages
import Testing

@Suite("What is written is read back the same")
struct RoundTripTests {
  @Test("requests", arguments: Samples.requests)
  func request(_ request: Request) {
    let record = RequestCodec.encode(request, source: "/test")
    #expect(RequestCodec.decode(record) == .request(request))
    #expect(record.key == Array(request.job.utf8))
  }

  @Test("events", arguments: Samples.events)
  func event(_ event: Event) throws {
    let record = EventCodec.encode(event, queue: "nightly", time: Samples.moment)
    #expect(try EventCodec.decode(record) == event)
    #expect(record.key == Array(event.run.utf8))
    // The same event has the same id whenever it is published.
    let again = EventCodec.encode(event, queue: "nightly", time: Samples.moment + 9)
    #expect(text("ce_id", record) == text("ce_id", again))
    #expect(text("ce_source", record) == "/baton/nightly/\(event.worker)")
    #expect(text("ce_time", record) == "2025-11-24T16:00:00.123Z" && text("ce_specversion", record) == "1.0")
  }

  @Test("two different steps of a run have two ids")
  func identities() {
    var seen: [String: Event.Body] = [:]
    for event in Samples.events where event.job != nil {
      let record = EventCodec.encode(event, queue: "nightly", time: Samples.moment)
      let id = (text("ce_type", record) ?? "") + " " + (text("ce_id", record) ?? "")
      let key = "\(id)"
      if let other = seen[key] {
        // Ends of one token are the same step, whatever they say.
        #expect(event.body.step == other.step, "\(key)")
      }
      seen[key] = event.body
    }
  }

  @Test("a text that no broker would take is cut, and still an event")
  func longText() throws {
    let long = "e" + String(repeating: "\u{301}", count: 50_000)
    for body: Event.Body in [
      .attemptFailed(Event.AttemptFailed(attempt: 1, token: 3, message: long, retryAt: Samples.moment)),
      .ended(Event.Ended(end: .failed(RunEnd.Failure(kind: .notRetriable, message: long)))),
      .ended(Event.Ended(end: .cancelled(by: "x", reason: long))), .lossAccepted(from: 0, to: 1, by: long),
    ] {
      let event = Event(run: "r", job: "j", request: 0, worker: "w", body: body)
      let record = EventCodec.encode(event, queue: "q", time: Samples.moment)
      // A single character may have any number of bytes.
      #expect((record.value?.count ?? 0) < 5_000)
      _ = try EventCodec.decode(record)
    }
  }

  @Test("standing orders", arguments: Samples.orders)
  func order(_ message: ControlMessage) throws {
    #expect(try ControlCodec.read(ControlCodec.encode(message, time: Samples.moment)) == .order(message))
    #expect(try ControlCodec.decode(ControlCodec.encode(message, time: Samples.moment)) == message)
  }

  @Test("a later order replaces the earlier one of its kind, and no other")
  func orderKeys() {
    func key(_ queue: String, _ action: StandingOrder.Action) -> [UInt8]? {
      let message = ControlMessage(queue: queue, order: StandingOrder(action: action, by: "x"))
      return ControlCodec.encode(message, time: Samples.moment).key
    }
    #expect(key("a", .pause(until: nil)) == key("a", .resume))
    #expect(key("a", .pause(until: nil)) != key("b", .pause(until: nil)))
    #expect(key("a", .cancel(run: "1")) != key("a", .cancel(run: "2")))
    #expect(key("a", .cancel(run: "1")) == key("a", .uncancel(run: "1")))
    #expect(key("a", .acceptLoss(below: 1, events: 4)) == key("a", .acceptLoss(below: 2, events: 5)))
    #expect(key("a", .resume) != key("a", .acceptLoss(below: 2, events: 5)))
    let withdrawn = ControlCodec.withdrawnCancel(run: "1", queue: "a")
    #expect(withdrawn.key == key("a", .cancel(run: "1")) && withdrawn.value == nil)
  }

  @Test("problems and schedulers come back, and their tombstones name them")
  func controlRecords() throws {
    let problem = ProblemRecord(queue: "q", worker: "BLUE", message: Samples.hardText, time: Samples.moment)
    let record = ControlCodec.encode(problem)
    #expect(try ControlCodec.read(record) == .problem(problem))
    let withdrawn = ControlCodec.withdrawnProblem(queue: "q")
    #expect(withdrawn.key == record.key && withdrawn.value == nil)
    guard case .withdrawn(let key) = try ControlCodec.read(withdrawn) else {
      Issue.record("it is no tombstone")
      return
    }
    #expect(ControlCodec.queue(ofProblemKey: key) == "q" && ControlCodec.scheduler(ofKey: key) == nil)
    let scheduler = ControlCodec.encode(SchedulerRecord(name: "GREEN", time: Samples.moment))
    #expect(ControlCodec.withdrawnScheduler(name: "GREEN").key == scheduler.key)
    #expect(ControlCodec.scheduler(ofKey: "scheduler/GREEN") == "GREEN")
  }

  @Test("checkpoints", arguments: Samples.checkpoints)
  func checkpoint(_ metadata: CommitMetadata) throws {
    #expect(try CheckpointCodec.decode(CheckpointCodec.encode(metadata)) == metadata)
  }

  @Test("the longest checkpoint fits what a broker takes by default")
  func checkpointSize() {
    let settings = QueueMachine.Settings()
    // The worst of both: an id of as many bytes as may be, and a cursor whose JSON text is at its limit.
    let id = String(repeating: "\"", count: Request.idBytesMax)
    let cursor = String(repeating: "x", count: settings.cursorBytesMax - 2)
    #expect(JSONValue.string(cursor).jsonText.utf8.count == settings.cursorBytesMax)
    let checkpoint = Checkpoint(
      run: id, attempt: .max, token: .max, phase: .failed(retryAt: Timestamp(milliseconds: .max)),
      cursor: .inline(cursor), rows: .max, chunks: .max, attemptChunks: .max, failures: .max, crashes: .max)
    let text = CheckpointCodec.encode(CommitMetadata(eventsFrom: .max, checkpoint: checkpoint))
    #expect(text.utf8.count <= 4_096, "\(text.utf8.count) bytes")
    // Without the cursor, as docs/messages.md has it.
    var short = checkpoint
    short.cursor = .stored(event: .max)
    #expect(CheckpointCodec.encode(CommitMetadata(eventsFrom: .max, checkpoint: short)).utf8.count <= 800)
  }

  @Test("metadata of others is no checkpoint, and that of a newer version is refused with the remedy")
  func foreignMetadata() throws {
    #expect(try CheckpointCodec.decode("") == nil)
    for (text, words) in [
      ("x", "JSON"), ("{}", "'v'"), (#"{"v":2,"events":1}"#, "upgrade"), (#"{"v":1}"#, "'events'"),
      (#"{"v":1,"events":1,"run":"r"}"#, "'phase'"), (#"{"v":1,"events":1,"run":"r","phase":"odd"}"#, "odd"),
      (#"{"v":1,"events":"1"}"#, "whole number"),
    ] {
      let error = #expect(throws: MessageError.self) { try CheckpointCodec.decode(text) }
      #expect(error?.reason.contains(words) == true, "\(text): \(error?.reason ?? "")")
    }
  }

  @Test("dead letters keep every byte, the sender's own baton_ headers too", arguments: Samples.letters)
  func deadLetter(_ letter: DeadLetter) throws {
    let record = DeadLetterCodec.encode(letter, topic: "baton.q.requests", worker: "GREEN", time: Samples.moment)
    let stored = try DeadLetterCodec.decode(record)
    #expect(stored.original == letter.queued.raw)
    #expect(stored.topic == "baton.q.requests" && stored.offset == letter.queued.offset)
    #expect(stored.appended == letter.queued.appended)
    #expect(stored.kind == letter.failure.kind.rawValue && stored.attempts == letter.attempts)
    #expect(stored.run == letter.queued.run && stored.worker == "GREEN" && stored.time == Samples.moment)
    #expect(letter.failure.message.utf8.starts(with: stored.reason.utf8))
    let length = letter.failure.message.utf8.count
    #expect(stored.reason.utf8.count <= 4_000 && stored.reason.utf8.count > min(length, 4_000) - 4)
    // No header of ours is there twice, and none of the sender's is taken for one.
    let ours = record.headers.map(\.name).filter { $0.hasPrefix("baton_") && !$0.hasPrefix("baton_sender_") }
    #expect(Set(ours).count == ours.count && stored.reason != "of an earlier death")
  }

  @Test("a letter is never larger than its topic takes, whatever the record was")
  func giantLetters() throws {
    let mebibyte = 1 << 20
    func bytes(_ count: Int) -> [UInt8] { [UInt8](repeating: 120, count: count) }
    let many = (0..<400_000).map { _ in RawRecord.Header(name: "", value: nil) }
    for (raw, leftOut) in [
      (RawRecord(key: bytes(1), value: bytes(30 * mebibyte)), RawRecord.LeftOut(value: 30 * mebibyte)),
      (RawRecord(key: bytes(30 * mebibyte), value: bytes(9)), .init(key: 30 * mebibyte)),
      (
        RawRecord(
          key: bytes(2 * mebibyte), value: bytes(2 * mebibyte), headers: [.init(name: "h", value: bytes(mebibyte))]),
        .init(key: 2 * mebibyte, value: 2 * mebibyte, headers: mebibyte + 11)
      ),
      (RawRecord(value: bytes(9), headers: many), .init(headers: 4_000_000)),
      (RawRecord(value: bytes(3 * mebibyte)), .init()),
      (RawRecord(value: bytes(3 * mebibyte + 1)), .init(value: 3 * mebibyte + 1)),
    ] {
      let letter = DeadLetter(
        queued: QueuedRequest(offset: 5, appended: Samples.moment, raw: raw, content: .unreadable(reason: "", id: nil)),
        failure: .init(kind: .unreadable, message: String(repeating: "x", count: 100_000)), attempts: 0)
      let record = DeadLetterCodec.encode(letter, topic: "t", worker: "w", time: Samples.moment)
      // The topic's own limit, as declared, with room for the log's framing.
      #expect(record.byteCount < 3 * mebibyte + 16_384)
      let stored = try DeadLetterCodec.decode(record)
      #expect(stored.original.leftOut == leftOut)
      #expect(stored.original.key == (leftOut.key == nil ? raw.key : nil))
      #expect(stored.original.value == (leftOut.value == nil ? raw.value : nil))
      #expect(stored.original.headers == (leftOut.headers == nil ? raw.headers : []))
      #expect(text("baton_dropped", record) == (leftOut.isNothing ? nil : leftOut.words))
      // For a topic that takes less than it should: nothing but what we say of it.
      let bare = DeadLetterCodec.encode(letter, topic: "t", worker: "w", time: Samples.moment, bytesMax: 0)
      #expect(bare.byteCount < 16_384)
      #expect(try DeadLetterCodec.decode(bare).original.leftOut.value == raw.value?.count)
    }
  }

  @Test("a dropped header that tells no sizes is refused")
  func droppedWords() {
    for words in ["", "value", "value=", "value=-1", "value=x", "odd=1", "value=1,", "value=99999999999999999999"] {
      var record = DeadLetterCodec.encode(Samples.letters[2], topic: "t", worker: "w", time: Samples.moment)
      record.headers.removeAll { $0.name == "baton_dropped" }
      record.headers.append(.init(name: "baton_dropped", value: Array(words.utf8)))
      let error = #expect(throws: MessageError.self, "\(words)") { try DeadLetterCodec.decode(record) }
      #expect(error?.reason.contains("'baton_dropped'") == true)
    }
  }

  private func text(_ name: String, _ record: RawRecord) -> String? {
    record.headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension Event.Body {
  /// What makes two events the same step of a run.
  fileprivate var step: String {
    switch self {
    case .attemptStarted(let start): "started \(start.attempt)"
    case .progressed(let progress): "progressed \(progress.attempt) \(progress.chunks)"
    case .handedOver(let progress): "handed over \(progress.attempt)"
    case .cursorStored(let attempt, let token, _): "cursor \(attempt) \(token)"
    case .attemptFailed(let failed): "failed \(failed.attempt)"
    case .ended(let ended): "ended \(ended.token)"
    case .lossAccepted(_, let to, _): "lost \(to)"
    }
  }
}
