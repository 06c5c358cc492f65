import Dispatch
import KafkaLog
import Messages
import Telemetry

extension Worker {
  /// Reads the standing orders that there are, and goes on following the control topic.
  /// - Returns: the follower; it ends when it is cancelled.
  func followOrders() async throws -> Task<Void, Never> {
    let partition = TopicPartition(topic: configuration.controlTopic, partition: 0)
    let bounds = try await controlReader.bounds(of: partition)
    let existing = controlReader.records(of: partition, from: bounds.start, to: bounds.end)
    while let batch = try await existing.next() { for record in batch { take(record) } }
    return Task { [controlReader, logger, troubles] in
      var next = bounds.end
      var pause = Pause(upTo: 5_000)
      while !Task.isCancelled {
        do {
          if troubles.isOn(.orders) {
            // The topic may have been made anew meanwhile.
            let bounds = try await controlReader.bounds(of: partition)
            if next > bounds.end || next < bounds.start {
              logger.warning("the control topic has begun anew: its orders are read from the start")
              next = bounds.start
            }
            troubles.end(.orders)
          }
          let records = controlReader.follow(partition, from: next)
          while let batch = try await records.next() {
            pause.reset()
            for record in batch {
              self.take(record)
              next = record.offset + 1
            }
          }
          return
        } catch is CancellationError {
          return
        } catch {
          troubles.meet(.orders, "cannot follow the standing orders, trying again: \(error)")
          do { try await pause.pass() } catch { return }
        }
      }
    }
  }

  nonisolated private func take(_ record: LogRecord) {
    // A tombstone: the order is withdrawn, and whoever withdrew it has said so before.
    guard record.value != nil else { return }
    do {
      mailbox.post(.order(try ControlCodec.decode(record.raw)))
    } catch {
      logger.warning(
        "a record of the control topic is no order and is passed over: \(error)", ["offset": String(record.offset)])
    }
  }

  func log(_ message: ControlMessage) {
    let order = message.order
    let what =
      switch order.action {
      case .pause(let until): until.map { "pause until \($0)" } ?? "pause"
      case .resume: "resume"
      case .cancel(let run): "cancel \(run)"
      case .acceptLoss(let below, _): "accept the loss of requests below offset \(below)"
      }
    let reasoned = order.reason.map { logger.with(["reason": $0]) } ?? logger
    reasoned.info("order: \(what)", ["queue": message.queue, "by": order.by])
  }

  /// One line for each event that an operator would ask for.
  func log(_ event: Event, _ driver: QueueDriver, now: Timestamp) {
    let logger = logger.with(["queue": driver.queue, "run": event.run, "job": event.job ?? ""])
    let took = driver.startedAt.map { String(now - $0) + "ms" } ?? ""
    switch event.body {
    case .attemptStarted(let start):
      logger.info(
        start.attempt == 1 ? "run starts" : "run goes on",
        ["attempt": String(start.attempt), "cause": start.cause.rawValue, "rows": String(start.rows)])
    case .progressed(let progress):
      logger.info("run is under way", ["rows": String(progress.rows), "chunks": String(progress.chunks)])
    case .handedOver(let progress): logger.info("run handed over", ["rows": String(progress.rows)])
    case .cursorStored: break
    case .attemptFailed(let failed):
      logger.warning(
        "attempt failed: \(failed.message.firstLine)",
        ["attempt": String(failed.attempt), "retry": failed.retryAt.description])
    case .lossAccepted(let from, let to, let by):
      logger.warning("requests \(from) to \(to - 1) are lost, as accepted", ["by": by])
    case .ended(let ended):
      switch ended.end {
      case .succeeded: logger.info("run succeeded", ["rows": String(ended.rows), "took": took])
      case .failed(let failure):
        logger.error("run failed: \(failure.message.firstLine)", ["kind": failure.kind.rawValue])
      case .cancelled(let by, let reason): logger.info("run cancelled", ["by": by, "reason": reason ?? ""])
      case .skipped(.duplicate(let of, let at)):
        logger.info("request skipped: a duplicate", ["of": of, "at": String(at)])
      case .skipped(.covered(let by, _)): logger.info("request covered by a run that waited", ["by": by])
      case .skipped(.expired(let at)): logger.info("request skipped: expired", ["expired": at.description])
      }
    }
  }
}

extension String {
  /// Without the tail of the runner's log, which is in the worker's log already.
  fileprivate var firstLine: Substring { prefix { $0 != "\n" } }
}
