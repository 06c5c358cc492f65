import CRdkafka

/// The questions of one client that the cluster has yet to answer. The number that goes through C with each is all
/// that C knows of it.
struct PendingAnswers {
  typealias Answer = (Result<ClientEvent, KafkaError>) -> Void

  private var lastNumber: UInt = 0
  private var waiting: [UInt: Answer] = [:]

  /// Notes who waits. The answer is called once, on the client's thread.
  mutating func add(_ answer: @escaping Answer) -> UInt {
    lastNumber += 1
    waiting[lastNumber] = answer
    return lastNumber
  }

  /// Takes out who waits for the number.
  mutating func take(_ number: UInt) -> Answer? { waiting.removeValue(forKey: number) }

  /// Takes out all, in the order they asked.
  mutating func takeAll() -> [Answer] {
    let all = waiting.sorted { $0.key < $1.key }.map(\.value)
    waiting = [:]
    return all
  }
}

func opaque(_ number: UInt) -> UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: number) }
