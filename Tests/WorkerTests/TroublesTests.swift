import KafkaLog
import Synchronization
import Telemetry
import Testing

@testable import Worker

@Suite("What does not work at the moment")
struct TroublesTests {
  private final class Watch: Sendable {
    private let start = ContinuousClock.now
    private let seconds = Mutex(0)
    var now: @Sendable () -> ContinuousClock.Instant { { self.start + .seconds(self.seconds.withLock { $0 }) } }
    func pass(_ count: Int) { seconds.withLock { $0 += count } }
  }

  private let lines = Feed<String>()
  private let watch = Watch()
  private let troubles: Troubles

  init() {
    let lines = lines
    troubles = Troubles(
      logger: Logger("worker", level: .info, output: LogOutput { lines.add($0) }), now: watch.now)
  }

  @Test("a trouble is said when it begins and when it is over, not each time it is met")
  func once() {
    let first = troubles.meet(.checkpoints(queue: "a"), "refused 1")
    let second = troubles.meet(.checkpoints(queue: "a"), "refused 2")
    #expect(first && !second)
    troubles.meet(.checkpoints(queue: "b"), "refused 3")
    watch.pass(3)
    troubles.end(.checkpoints(queue: "a"))
    troubles.end(.checkpoints(queue: "a"))
    troubles.end(.orders)
    troubles.meet(.checkpoints(queue: "a"), "refused 4")
    #expect(lines.all.count == 4, "\(lines.all)")
    #expect(lines.all[0].contains("refused 1") && lines.all[0].contains("WARN"))
    #expect(lines.all[1].contains("refused 3") && lines.all[1].contains("queue=b"))
    #expect(lines.all[2].contains("taken again, after 3000 ms") && lines.all[2].contains("queue=a"))
    #expect(lines.all[3].contains("refused 4"))
  }

  @Test("what is forgotten ends without a word")
  func forgotten() {
    troubles.meet(.history(queue: "a"), "unread")
    troubles.forget(.history(queue: "a"))
    troubles.end(.history(queue: "a"))
    #expect(lines.all.count == 1)
    let again = troubles.meet(.history(queue: "a"), "unread")
    #expect(again)
  }

  @Test("a broker that is away is said once, whichever client and connection met it")
  func brokers() {
    func meet(_ message: String) { troubles.meetBroker(KafkaError(code: -195, message: message, doing: "be there")) }
    meet("127.0.0.1:9093/2: Connect to ipv4#127.0.0.1:9093 failed: Connection refused")
    meet("GroupCoordinator: 127.0.0.1:9093: Connect to ipv4#127.0.0.1:9093 failed: Connection refused")
    meet("127.0.0.1:9093/bootstrap: Connect to ipv4#127.0.0.1:9093 failed: Connection refused")
    #expect(lines.all.count == 1, "\(lines.all)")
    meet("sasl_ssl://127.0.0.1:9094/3: Disconnected")
    #expect(lines.all.count == 2)
    // It goes on without a pause for ever: still one line.
    for _ in 1...10 {
      watch.pass(31)
      meet("127.0.0.1:9093/2: Connect to ipv4#127.0.0.1:9093 failed: Connection refused")
    }
    #expect(lines.all.count == 2)
    watch.pass(61)
    meet("127.0.0.1:9093/2: Disconnected")
    #expect(lines.all.count == 3)
  }

  @Test(
    "a broker's address is found in what the library says",
    arguments: [
      ("127.0.0.1:9093/2: Connect failed: x", "127.0.0.1:9093"), ("GroupCoordinator: b2:9092: Disconnected", "b2:9092"),
      ("sasl_ssl://b2:9092/bootstrap: Disconnected", "b2:9092"), ("[::1]:9092/1: Disconnected", "[::1]:9092"),
      ("Disconnected", "Disconnected"), ("", ""),
    ])
  func addresses(_ message: String, _ address: String) {
    #expect(Troubles.address(message) == address)
  }
}
