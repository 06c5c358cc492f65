import KafkaLog
import Telemetry

/// What a machine publishes at once, as records.
struct PublicationBatch: Sendable {
  typealias Results = [Result<Delivery, KafkaError>]

  var letters: [OutgoingRecord] = []
  /// Events, and requests for jobs that follow.
  var others: [OutgoingRecord] = []
  /// The letters again, without the request's own bytes: for a topic that takes less than it should.
  var bareLetters: [OutgoingRecord] = []
  /// For each publication, in order, whether it is a letter.
  var isLetter: [Bool] = []

  /// Topics know no order among them: an end that is stored before its dead letter would, were the worker to die
  /// between, leave a failure that lies nowhere. So the letters go first.
  /// - Parameter told: called once, with the results in the order of the publications; with those of the letters alone if
  ///   one of them was not stored.
  func submit(to producer: Producer, logger: Logger, _ told: @escaping @Sendable (Results) -> Void) {
    guard !letters.isEmpty else { return producer.submit(others, completion: told) }
    submitLetters(to: producer, logger: logger) { stored in
      guard stored.allSatisfy({ (try? $0.get()) != nil }) else { return told(stored) }
      producer.submit(others) { results in
        var (stored, results) = (stored[...], results[...])
        told(isLetter.compactMap { $0 ? stored.popFirst() : results.popFirst() })
      }
    }
  }

  /// A letter that the topic refuses for its size goes without its bytes, which stay on the requests topic: a queue must
  /// not stand still for a record that is of no use to it.
  private func submitLetters(
    to producer: Producer, logger: Logger, _ told: @escaping @Sendable (Results) -> Void
  ) {
    producer.submit(letters) { results in
      let tooLarge = results.indices.filter { index in
        if case .failure(let error) = results[index] { error.isRecordTooLarge } else { false }
      }
      guard !tooLarge.isEmpty else { return told(results) }
      logger.warning(
        "\(tooLarge.count) dead letters are larger than their topic takes: the requests' bytes stay on the requests topic; "
          + "`baton topics plan` tells what the topic should take")
      producer.submit(tooLarge.map { bareLetters[$0] }) { again in
        var all = results
        for (index, result) in zip(tooLarge, again) { all[index] = result }
        told(all)
      }
    }
  }
}
