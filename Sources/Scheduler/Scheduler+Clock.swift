import Dispatch
import KafkaLog
import Messages
import Worker

extension Scheduler {
  func startLook() {
    let (mailbox, logger) = (mailbox, logger)
    Task {
      // The followers tell of an outage; the next look comes anyway.
      do {
        if let look = try await lookAtTheClock() { mailbox.yield(.looked(look)) }
      } catch {
        logger.debug("the clock could not be compared: \(error)")
      }
    }
  }

  /// Says that this scheduler is there; when the log took that tells how far the clock is ahead.
  /// - Returns: nil if the answer took so long, or the clock was set meanwhile, that it tells nothing.
  func lookAtTheClock() async throws -> ClockLook? {
    let sent = ClockReading.now()
    let record = ControlCodec.encode(SchedulerRecord(name: name, time: Timestamp(milliseconds: sent.wall)))
    let producer = producer
    do {
      return look(sent: sent, try await producer.send(OutgoingRecord(topic: configuration.controlTopic, record)))
    } catch {
      if let error = error as? KafkaError, error.isFatal { mailbox.yield(.producerBroke(producer)) }
      throw error
    }
  }

  nonisolated func look(sent: ClockReading, _ delivery: Delivery) -> ClockLook? {
    let received = ClockReading.now()
    let appended = delivery.timestampMilliseconds
    // The embedded broker, on this machine, gives a moment of 1970.
    guard appended > 86_400_000 else { return ClockLook(aheadMilliseconds: 0, reading: received) }
    // A long wait would explain too much.
    guard !received.wasSet(since: sent, byMoreThan: clockWarningMilliseconds),
      received.elapsed - sent.elapsed <= clockLimitMilliseconds / 4
    else { return nil }
    return ClockLook(aheadMilliseconds: sent.ahead(of: appended, until: received), reading: received)
  }
}
