import Dispatch
import Messages
import Testing

/// Whatever the bytes, a reader answers: with a message, or with a reason of bounded length.
@Suite("Mutated records")
struct MutationTests {
  private static let rounds = 4_000

  @Test("of requests: a request, or a reason", arguments: [1, 2, 3] as [UInt64])
  func requests(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var unreadable = 0
    for round in 0..<Self.rounds {
      let sample = Samples.requests[round % Samples.requests.count]
      let record = mutate(RequestCodec.encode(sample, source: "/test"), &random)
      switch RequestCodec.decode(record) {
      case .request(let request):
        // What was read can be written, and is then the same.
        #expect(
          RequestCodec.decode(RequestCodec.encode(request, source: "/test")) == .request(request),
          "seed \(seed), round \(round)")
      case .unreadable(let reason, let id):
        unreadable += 1
        #expect(
          !reason.isEmpty && reason.utf8.count < 1_000, "seed \(seed), round \(round): \(reason.utf8.count) bytes")
        if let id { #expect(throws: Never.self) { try RequestCodec.checkID(id) } }
      }
    }
    #expect(unreadable > Self.rounds / 10, "the mutations must break something")
  }

  @Test("of events, orders, dead letters and checkpoints: a message, or a reason", arguments: [4, 5] as [UInt64])
  func others(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var broken = 0
    func expectReason(_ error: MessageError) {
      broken += 1
      #expect(!error.reason.isEmpty && error.reason.utf8.count < 1_000, "\(error.reason.prefix(200))")
    }
    for round in 0..<Self.rounds {
      let event = EventCodec.encode(
        Samples.events[round % Samples.events.count], queue: "q", time: Samples.moment)
      let order = ControlCodec.encode(Samples.orders[round % Samples.orders.count], time: Samples.moment)
      let letter = DeadLetterCodec.encode(
        Samples.letters[round % Samples.letters.count], topic: "t", worker: "w", time: Samples.moment)
      let text = CheckpointCodec.encode(Samples.checkpoints[round % Samples.checkpoints.count])
      do {
        // A fifth of the samples is long: it costs time and breaks nothing new.
        if event.value?.count ?? 0 < 10_000 { _ = try EventCodec.decode(mutate(event, &random)) }
      } catch { expectReason(error) }
      do { _ = try ControlCodec.decode(mutate(order, &random)) } catch { expectReason(error) }
      do { _ = try DeadLetterCodec.decode(mutate(letter, &random)) } catch { expectReason(error) }
      do {
        _ = try CheckpointCodec.decode(String(decoding: mutate(Array(text.utf8), &random), as: UTF8.self))
      } catch { expectReason(error) }
    }
    #expect(broken > Self.rounds / 10)
  }

  private func mutate(_ record: RawRecord, _ random: inout SplitMix64) -> RawRecord {
    var record = record
    for _ in 0...Int.random(in: 0...2, using: &random) {
      switch Int.random(in: 0..<8, using: &random) {
      case 0: record.value = nil
      case 1 where !record.headers.isEmpty:
        record.headers.remove(at: Int.random(in: 0..<record.headers.count, using: &random))
      case 2 where !record.headers.isEmpty:
        record.headers.append(record.headers[Int.random(in: 0..<record.headers.count, using: &random)])
      case 3, 4:
        guard !record.headers.isEmpty else { continue }
        let index = Int.random(in: 0..<record.headers.count, using: &random)
        record.headers[index].value = record.headers[index].value.map { mutate($0, &random) }
      default: record.value = record.value.map { mutate($0, &random) }
      }
    }
    return record
  }

  private func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
    var bytes = bytes
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes.removeSubrange(place...)
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
    case 4:
      let syntax = Array("{}[]\",:0123456789.eE+-\\ntruefalsenull".utf8)
      bytes[place] = syntax[Int.random(in: 0..<syntax.count, using: &random)]
    default: bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
    }
    return bytes
  }
}
