import Dispatch
import KafkaLog
import Messages
import Terminal
import Worker

/// The dead-letters topic, of which no more is read and kept than is wanted.
struct DeadLetters: Sendable {
  /// A letter and its number, which is its offset.
  typealias Numbered = (offset: Int64, letter: StoredDeadLetter)

  private let reader: LogReader
  private let partition: TopicPartition

  init(_ context: Context, _ reader: LogReader) {
    self.reader = reader
    partition = TopicPartition(topic: context.configuration.deadLettersTopic)
  }

  /// The last letters since a moment, in log order.
  /// - Parameter since: nil for all that the log has.
  func latest(_ limit: Int, since: Timestamp?) async throws -> [Numbered] {
    let bounds = try await reader.bounds(of: partition)
    var letters: [Numbered] = []
    try await read(from: try await start(since, bounds), to: bounds.end) { letter in
      letters.append(letter)
      // Not one by one: each time all others would move up.
      if letters.count >= 2 * limit { letters.removeFirst(letters.count - limit) }
    }
    return letters.suffix(limit)
  }

  /// The letter of this number or, of a run that has several, the last.
  /// - Throws: `CommandError` if there is none.
  func find(_ word: String) async throws -> Numbered {
    let bounds = try await reader.bounds(of: partition)
    if let offset = Int64(word), offset >= bounds.start, offset < bounds.end {
      var found: Numbered?
      try await read(from: offset, to: offset + 1) { found = $0 }
      if let found { return found }
    }
    // From the end backwards: what is asked for is mostly of this night.
    let now = Timestamp.now
    var end = bounds.end
    for moment in RunSearch.spans.map({ now + -$0 }) + [nil] {
      let start = min(end, try await start(moment, bounds))
      var found: Numbered?
      try await read(from: start, to: end) { if $0.letter.run == word { found = $0 } }
      if let found { return found }
      end = start
    }
    throw CommandError("there is no dead letter '\(word)'", remedy: "`baton dead list --since all` lists them.")
  }

  private func start(_ since: Timestamp?, _ bounds: LogBounds) async throws -> Int64 {
    guard let since else { return bounds.start }
    return min(max(try await reader.offset(of: partition, atOrAfter: since.milliseconds), bounds.start), bounds.end)
  }

  private func read(from: Int64, to: Int64, _ body: (Numbered) -> Void) async throws {
    let records = reader.records(of: partition, from: from, to: to)
    while let batch = try await records.next() {
      for record in batch {
        if let letter = try? DeadLetterCodec.decode(record.raw) { body((record.offset, letter)) }
      }
    }
  }
}
