import Dispatch
import Messages
import Testing

/// Values that nobody thought of, each field drawn by itself; and what a record that lacks a field is refused with.
@Suite("Drawn messages")
struct CodecRoundTripTests {
  private struct Draw {
    var random: SplitMix64

    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    mutating func number() -> Int64 { pick(3) == 0 ? Int64(bitPattern: random.next()) : Int64(pick(1_000)) }
    /// A count, an offset or a token, within its bounds.
    mutating func place() -> Int64 { number() & JSONValue.exactIntegerMax }
    mutating func count() -> Int { Int(place()) }
    mutating func maybe<Value>(_ value: Value) -> Value? { pick(2) == 0 ? nil : value }

    mutating func moment() -> Timestamp {
      Timestamp(milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
    }

    mutating func text(least: Int = 0) -> String {
      var text = ""
      for _ in 0..<(least + pick(12)) {
        let scalars: [Unicode.Scalar] = ["\0", "\"", "\\", "\n", "/", "é", "😀", "\u{7f}", "\u{2028}", "a"]
        text.unicodeScalars.append(
          pick(3) > 0 ? scalars[pick(scalars.count)] : Unicode.Scalar(UInt32(pick(0x11_0000))) ?? "x")
      }
      return text
    }

    /// Without what an id may not have.
    mutating func id() -> String {
      let plain = String(String.UnicodeScalarView(text().unicodeScalars.filter { $0.value >= 0x20 && $0 != "\u{7f}" }))
      return "r" + String(plain.prefix(40))
    }

    mutating func members(_ depth: Int = 2) -> [String: JSONValue] {
      Dictionary((0..<pick(4)).map { ("k\($0)" + text(), value(depth)) }) { $1 }
    }

    mutating func value(_ depth: Int) -> JSONValue {
      switch pick(depth > 0 ? 7 : 5) {
      case 0: return .null
      case 1: return .boolean(pick(2) == 0)
      case 2: return .integer(number())
      case 3: return .number(Double(pick(1_000_000)) + 0.25)
      case 4: return .string(text())
      case 5: return .array((0..<pick(3)).map { _ in value(depth - 1) })
      default: return .object(members(depth - 1))
      }
    }

    mutating func request() -> Request {
      Request(
        id: id(), job: text(least: 1), params: members(), origin: Request.Origin.allCases[pick(4)],
        requestedBy: maybe(text()), time: maybe(moment()), deduplicationKey: maybe(text(least: 1)),
        expires: maybe(moment()), notBefore: maybe(moment()))
    }

    mutating func progress() -> Event.Progress {
      Event.Progress(attempt: count(), token: place(), rows: place(), chunks: count(), cursor: maybe(text()))
    }

    mutating func end() -> RunEnd {
      let kinds = RunEnd.Failure.Kind.allCases
      switch pick(6) {
      case 0: return .succeeded(facts: members())
      case 1: return .failed(.init(kind: kinds[pick(kinds.count)], message: text()))
      case 2: return .cancelled(by: text(), reason: maybe(text()))
      case 3: return .skipped(.duplicate(of: text(), at: place()))
      case 4: return .skipped(.covered(by: text(), at: place()))
      default: return .skipped(.expired(at: moment()))
      }
    }

    mutating func body() -> Event.Body {
      let causes = Event.AttemptStarted.Cause.allCases
      switch pick(8) {
      case 0:
        return .attemptStarted(
          .init(
            attempt: count(), cause: causes[pick(causes.count)], failures: count(), crashes: count(), rows: place(),
            waitingThrough: place(), twin: maybe(text())))
      case 1: return .progressed(progress())
      case 2: return .handedOver(progress())
      case 3: return .cursorStored(attempt: count(), token: place(), cursor: text())
      case 4: return .attemptFailed(.init(attempt: count(), token: place(), message: text(), retryAt: moment()))
      case 5:
        let from = place() / 2
        return .lossAccepted(from: from, to: from + place() / 2, by: text())
      default: return .ended(.init(end: end(), attempt: count(), token: place(), rows: place(), chunks: count()))
      }
    }

    mutating func checkpoint() -> CommitMetadata {
      let cursors = [Checkpoint.Cursor.beginning, .inline(text()), .stored(event: place())]
      let phases = [Checkpoint.Phase.running, .handedOver, .failed(retryAt: moment())]
      let checkpoint = Checkpoint(
        run: text(), attempt: count(), token: place(), phase: phases[pick(3)], cursor: cursors[pick(3)],
        rows: place(), chunks: count(), attemptChunks: count(), failures: count(), crashes: count())
      return CommitMetadata(eventsFrom: place(), checkpoint: maybe(checkpoint))
    }

    mutating func bytes() -> [UInt8]? { maybe((0..<pick(20)).map { _ in UInt8(pick(256)) }) }

    mutating func letter() -> DeadLetter {
      let raw = RawRecord(
        key: bytes(), value: bytes(),
        headers: (0..<pick(4)).map { _ in
          RawRecord.Header(
            name: ["h", "baton_", "baton_sender_", "baton_offset", "baton_\u{301}"][pick(5)] + text(), value: bytes())
        })
      let kinds = RunEnd.Failure.Kind.allCases
      return DeadLetter(
        queued: QueuedRequest(
          offset: place(), appended: moment(), raw: raw, content: .unreadable(reason: "x", id: maybe(id()))),
        failure: .init(kind: kinds[pick(kinds.count)], message: text()), attempts: count())
    }

    mutating func order() -> ControlMessage {
      let actions = [
        StandingOrder.Action.pause(until: maybe(moment())), .resume, .cancel(run: text()), .uncancel(run: text()),
        .acceptLoss(below: place(), events: place()),
      ]
      return ControlMessage(
        queue: text(), order: StandingOrder(action: actions[pick(4)], by: text(), reason: maybe(text())))
    }
  }

  @Test("each comes back the same", arguments: [1, 2] as [UInt64])
  func roundTrip(_ seed: UInt64) throws {
    var draw = Draw(random: SplitMix64(seed: seed))
    for round in 0..<1_000 {
      let place = Comment(rawValue: "seed \(seed), round \(round)")
      let request = draw.request()
      #expect(RequestCodec.decode(RequestCodec.encode(request, source: "/test")) == .request(request), place)
      let event = Event(
        run: draw.text(least: 1), job: draw.maybe(draw.text()), request: draw.place(), worker: draw.text(),
        body: draw.body())
      #expect(try EventCodec.decode(EventCodec.encode(event, queue: "q", time: draw.moment())) == event, place)
      let order = draw.order()
      #expect(try ControlCodec.decode(ControlCodec.encode(order, time: draw.moment())) == order, place)
      let checkpoint = draw.checkpoint()
      #expect(try CheckpointCodec.decode(CheckpointCodec.encode(checkpoint)) == checkpoint, place)
      let letter = draw.letter()
      let time = draw.moment()
      let stored = try DeadLetterCodec.decode(
        DeadLetterCodec.encode(letter, topic: "baton.q.requests", worker: "GREEN", time: time))
      #expect(stored.original == letter.queued.raw && stored.time == time, place)
      #expect(stored.offset == letter.queued.offset && stored.attempts == letter.attempts, place)
      #expect(stored.run == letter.queued.run && stored.reason == letter.failure.message, place)
    }
  }

  // MARK: What is missing

  private static let optional: Set<String> = [
    "job", "cursor", "twin", "reason", "until", "facts", "cause", "kind",
  ]

  /// The record without one member of its value, for each of them.
  private func without(_ record: RawRecord) throws -> [(name: String, record: RawRecord)] {
    let members = try (record.value ?? []).withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      try reader.readObject()
      return reader.members.mapValues(\.value)
    }
    return members.keys.sorted().map { name in
      var copy = record
      copy.value = Array(JSONValue.object(members.filter { $0.key != name }).jsonText.utf8)
      return (name, copy)
    }
  }

  @Test("an event that lacks a field is refused with the field's name")
  func eventFields() throws {
    for event in Samples.events where event.job != nil {
      let kind = String(describing: event.body).prefix(60)
      for (name, record) in try without(EventCodec.encode(event, queue: "q", time: Samples.moment)) {
        guard !Self.optional.contains(name) || isNeeded(name, event.body) else {
          #expect(throws: Never.self, "\(name) of \(kind)") { try EventCodec.decode(record) }
          continue
        }
        let error = #expect(throws: MessageError.self, "\(name) of \(kind)") { try EventCodec.decode(record) }
        #expect(error?.reason.contains("'\(name)'") == true, "\(error?.reason ?? "")")
      }
    }
  }

  /// What is optional elsewhere.
  private func isNeeded(_ name: String, _ body: Event.Body) -> Bool {
    switch body {
    case .cursorStored: name == "cursor"
    case .ended(let ended): if case .skipped = ended.end { name == "reason" } else { false }
    default: false
    }
  }

  @Test("an order that lacks a field is refused with the field's name")
  func orderFields() throws {
    for order in Samples.orders {
      for (name, record) in try without(ControlCodec.encode(order, time: Samples.moment))
      where !Self.optional.contains(name) {
        let error = #expect(throws: MessageError.self, "\(name) of \(order)") { try ControlCodec.decode(record) }
        #expect(error?.reason.contains("'\(name)'") == true, "\(error?.reason ?? "")")
      }
    }
  }

  @Test("a dead letter that does not say where it came from is refused")
  func letterHeaders() {
    for name in ["topic", "offset", "run", "kind", "reason"] {
      var record = DeadLetterCodec.encode(Samples.letters[0], topic: "t", worker: "w", time: Samples.moment)
      record.headers.removeAll { $0.name == "baton_" + name }
      let error = #expect(throws: MessageError.self, "\(name)") { try DeadLetterCodec.decode(record) }
      #expect(error?.reason.contains("'baton_\(name)'") == true)
    }
  }

  @Test("a record of another type is neither an event nor an order")
  func otherTypes() {
    let request = RequestCodec.encode(Samples.requests[0], source: "/test")
    #expect(throws: MessageError.self) { try EventCodec.decode(request) }
    #expect(throws: MessageError.self) { try ControlCodec.decode(request) }
    let event = EventCodec.encode(Samples.events[0], queue: "q", time: Samples.moment)
    guard case .unreadable(let reason, let id) = RequestCodec.decode(event) else {
      Issue.record("an event was read as a request")
      return
    }
    #expect(reason.contains("'ce_type' must be 'baton.request'") && id == nil)
  }
}
