import Dispatch
import Messages
import Testing

/// Forged or corrupted numbers: out of bounds they are refused by name, within bounds nothing that they are fed to traps.
@Suite("Extreme numbers")
struct ExtremeNumberTests {
  private static let most: Int64 = 9_007_199_254_740_991
  private static let numbers: [Int64] = [.min, .min + 1, -1, 0, 1, most - 1, most, most + 1, .max - 1, .max]

  /// The records that come of setting one whole number of the value to an extreme one, and each two of them.
  private func forged(_ value: [UInt8]?) throws -> [(names: [String], number: Int64, value: [UInt8])] {
    let members = try (value ?? []).withUnsafeBufferPointer { bytes in
      var reader = JSONReader(bytes)
      try reader.readObject()
      return reader.members.mapValues(\.value)
    }
    let whole = members.keys.sorted().filter { if case .integer? = members[$0] { $0 != "v" } else { false } }
    var changes = whole.map { [$0] }
    for (index, name) in whole.enumerated() { changes += whole[(index + 1)...].map { [name, $0] } }
    if whole.count > 2 { changes.append(whole) }
    return changes.flatMap { names in
      Self.numbers.map { number in
        var members = members
        for name in names { members[name] = .integer(number) }
        return (names, number, Array(JSONValue.object(members).jsonText.utf8))
      }
    }
  }

  private func isAllowed(_ number: Int64, _ names: [String]) -> Bool {
    let least: Int64 = names == ["waitingThrough"] ? -1 : 0
    // A checkpoint's moment, in milliseconds.
    let most = names.contains("retryAt") ? Timestamp.writable.upperBound.milliseconds : Self.most
    return number <= most && (number >= least || names == ["retryAt"] && number == -1)
  }

  @Test("of events, and what is made of them")
  func events() throws {
    var count = 0
    for event in Samples.events {
      let record = EventCodec.encode(event, queue: "q", time: Samples.moment)
      for (names, number, value) in try forged(record.value) {
        var forged = record
        forged.value = value
        let place = Comment(rawValue: "\(names) = \(number) in \(String(describing: event.body).prefix(60))")
        guard isAllowed(number, names), !isTurnedRound(names, number) else {
          let error = #expect(throws: MessageError.self, place) { try EventCodec.decode(forged) }
          #expect(names.contains { error?.reason.contains("'\($0)'") == true }, "\(error?.reason ?? "")")
          continue
        }
        let read = try EventCodec.decode(forged)
        #expect(try EventCodec.decode(EventCodec.encode(read, queue: "q", time: Samples.moment)) == read, place)
        count += 1
        // Two at a time matter to the codec alone, but for the largest.
        guard names.count != 2 || number == Self.most else { continue }
        consume([read])
        // With a start before it there is something that it adds to.
        var start = Event.AttemptStarted(attempt: Int(Self.most), cause: .crash)
        (start.failures, start.crashes, start.rows) = (Int(Self.most), Int(Self.most), Self.most)
        consume([
          Event(run: read.run, job: "a", request: read.request, worker: "w", body: .attemptStarted(start)), read,
        ])
        count += 1
      }
    }
    #expect(count > 200)
  }

  /// A loss that ends before it begins.
  private func isTurnedRound(_ names: [String], _ number: Int64) -> Bool {
    names.contains("from") != names.contains("to") && (names.contains("to") ? number < 3 : number > 9)
  }

  @Test("of checkpoints, and the owner that finds them")
  func checkpoints() throws {
    var count = 0
    for metadata in Samples.checkpoints {
      for (names, number, value) in try forged(Array(CheckpointCodec.encode(metadata).utf8)) {
        let text = String(decoding: value, as: UTF8.self)
        guard isAllowed(number, names) else {
          let error = #expect(throws: MessageError.self, "\(names) = \(number)") { try CheckpointCodec.decode(text) }
          #expect(names.contains { error?.reason.contains("'\($0)'") == true }, "\(error?.reason ?? "")")
          continue
        }
        let read = try #require(try CheckpointCodec.decode(text))
        #expect(try CheckpointCodec.decode(CheckpointCodec.encode(read)) == read, "\(names) = \(number)")
        for offset in [0, 7, Self.most] { own(.init(offset: offset, metadata: read), EventDigest(floor: offset)) }
        count += 1
      }
    }
    #expect(count > 100)
  }

  @Test("of orders")
  func orders() throws {
    for order in Samples.orders {
      let record = ControlCodec.encode(order, time: Samples.moment)
      for (names, number, value) in try forged(record.value) {
        var forged = record
        forged.value = value
        guard isAllowed(number, names) else {
          #expect(throws: MessageError.self, "\(names) = \(number)") { try ControlCodec.decode(forged) }
          continue
        }
        let read = try ControlCodec.decode(forged)
        own(.init(offset: 7), EventDigest(floor: 7), order: read.order)
      }
    }
  }

  @Test("of dead letters")
  func letters() throws {
    for number in Self.numbers {
      for name in ["baton_offset", "baton_attempts"] {
        var record = DeadLetterCodec.encode(Samples.letters[0], topic: "t", worker: "w", time: Samples.moment)
        let index = try #require(record.headers.firstIndex { $0.name == name })
        record.headers[index].value = Array(String(number).utf8)
        if name == "baton_offset", !(0...Self.most).contains(number) {
          #expect(throws: MessageError.self, "\(name) = \(number)") { try DeadLetterCodec.decode(record) }
        } else {
          let letter = try DeadLetterCodec.decode(record)
          #expect((0...Self.most).contains(Int64(letter.attempts)))
        }
      }
    }
  }

  @Test("what cannot be read back is not written: numbers that have grown too far end at their bounds")
  func written() throws {
    let started = Event.AttemptStarted(
      attempt: .max, cause: .first, failures: .max, crashes: .min, rows: .max, waitingThrough: .min)
    for body: Event.Body in [
      .attemptStarted(started), .progressed(.init(attempt: .max, token: .max, rows: .max, chunks: .max)),
      .cursorStored(attempt: .min, token: -1, cursor: "c"), .lossAccepted(from: .min, to: .max, by: "x"),
      .attemptFailed(.init(attempt: .max, token: .max, message: "m", retryAt: Samples.moment)),
      .ended(.init(end: .skipped(.covered(by: "r", at: .max)), attempt: .max, token: .max, rows: .max, chunks: .max)),
    ] {
      let event = Event(run: "r", job: nil, request: .max, worker: "w", body: body)
      #expect(throws: Never.self) {
        try EventCodec.decode(EventCodec.encode(event, queue: "q", time: Samples.moment))
      }
    }
    let checkpoint = Checkpoint(
      run: "r", attempt: .max, token: .max, phase: .failed(retryAt: Timestamp(milliseconds: .max)),
      cursor: .stored(event: .max), rows: .max, chunks: .max, attemptChunks: .max, failures: .max, crashes: .max)
    #expect(throws: Never.self) {
      try CheckpointCodec.decode(CheckpointCodec.encode(CommitMetadata(eventsFrom: .max, checkpoint: checkpoint)))
    }
  }

  // MARK: Those who use them

  /// Folds the events in every way that there is, and lets an owner begin with what they tell.
  private func consume(_ events: [Event]) {
    for place in [0, Self.most - 1] {
      var digest = EventDigest(floor: 0)
      var ledger = RunLedger()
      for moment in [Timestamp.writable.lowerBound, Samples.moment, Timestamp.writable.upperBound] {
        for (index, event) in events.enumerated() {
          digest.apply(event, at: place + Int64(index), appended: Timestamp(milliseconds: 0))
          ledger.apply(event, at: place + Int64(index), appended: moment)
          ledger.apply(request(event.request, appended: moment))
        }
      }
      _ = ledger.ordered.map { ($0.status, $0.end?.at) }
      for committed in [nil, 0, Self.most] { _ = Audit.run(ledger, requestsStart: 0, committed: committed) }
      for committed in [nil, Self.most] {
        let found = committed.map { QueueHistory.Committed(offset: $0) }
        own(found, digest)
        // A person has given up what is lost: the log begins anew.
        own(found, digest, order: StandingOrder(action: .acceptLoss(below: .max, events: 0), by: "x"))
      }
      digest.raiseFloor(to: Self.most)
      _ = digest.cover(twin: "x", at: Self.most)
    }
  }

  private func request(_ offset: Int64, appended: Timestamp) -> QueuedRequest {
    QueuedRequest(offset: offset, appended: appended, content: .request(Request(id: "r1", job: "a")))
  }

  /// Drives an owner that finds this, with a runner whose every chunk has as many rows as it can say.
  private func own(_ committed: QueueHistory.Committed?, _ digest: EventDigest, order: StandingOrder? = nil) {
    let jobs = ["a": Job(name: "a", queue: "q", attempts: 3)]
    var machine = QueueMachine(queue: "q", worker: "w", jobs: jobs, seed: 1)
    var now = Samples.moment
    var inputs: [QueueMachine.Input] = order.map { [.control($0)] } ?? []
    inputs.append(.assigned)
    var eventsEnd: Int64 = 100
    var chunks = 0
    for _ in 0..<60 {
      guard !inputs.isEmpty else { return }
      for command in machine.handle(inputs.removeFirst(), now: now) {
        switch command {
        case .readHistory(let ticket):
          let offset = committed?.offset ?? 0
          let history = QueueHistory(
            committed: committed, requestsStart: order == nil ? min(offset, 1) : 0,
            requestsEnd: order == nil ? offset + 1 : 0, eventsEnd: eventsEnd, digest: digest, storedCursor: "c")
          inputs.append(.historyRead(ticket: ticket, history))
        case .startFetch(let offset):
          inputs.append(.request(request(offset, appended: now), requestsEnd: offset + 1))
        case .publish(let ticket, let publications):
          let offsets = publications.indices.map { eventsEnd + Int64($0) }
          eventsEnd += Int64(publications.count)
          inputs.append(.published(ticket: ticket, offsets: offsets))
        case .readEvents(let ticket, _, _): inputs.append(.eventsRead(ticket: ticket, []))
        case .commit(let ticket, _, let metadata):
          #expect(throws: Never.self) { try CheckpointCodec.decode(CheckpointCodec.encode(metadata)) }
          inputs.append(.committed(ticket: ticket))
        case .startRunner(let order):
          chunks = 1
          inputs.append(.chunkReported(token: order.token, ChunkProgress(chunk: 1, cursor: "c", rows: Self.most)))
        case .acknowledgeChunk(let token, _):
          chunks += 1
          inputs.append(
            chunks > 2
              ? .runnerEnded(token: token, .failed(message: "m", isRetriable: true))
              : .chunkReported(token: token, ChunkProgress(chunk: chunks, cursor: "d", rows: Self.most)))
        case .setTimer(let timer, let moment) where timer == .hold || timer == .retry:
          now = max(now, moment)
          inputs.append(.timer(timer))
        default: break
        }
      }
    }
  }
}
