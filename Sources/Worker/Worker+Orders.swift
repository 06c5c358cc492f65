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
      await LogFollower(reader: controlReader, partition: partition).run(from: bounds.end) { news in
        switch news {
        case .trouble(let error): troubles.meet(.orders, "cannot follow the standing orders, trying again: \(error)")
        case .recovered: troubles.end(.orders)
        case .begunAnew: logger.warning("the control topic has begun anew: its orders are read from the start")
        }
      } onRecord: { record in
        self.take(record)
      }
    }
  }

  nonisolated private func take(_ record: LogRecord) {
    do {
      switch try ControlCodec.read(record.raw) {
      case .order(let message): mailbox.post(.order(message))
      case .problem(let problem): mailbox.post(.problemTold(queue: problem.queue, message: problem.message))
      case .withdrawn(let key):
        if let (queue, run) = ControlCodec.cancel(ofKey: key) {
          mailbox.post(.machine(queue: queue, .control(StandingOrder(action: .uncancel(run: run), by: name))))
        }
        if let queue = ControlCodec.queue(ofProblemKey: key) { mailbox.post(.problemTold(queue: queue, message: nil)) }
      // What schedulers keep here is for schedulers.
      case .schedule, .scheduler: break
      }
    } catch {
      logger.warning(
        "a record of the control topic is no order and is passed over: \(error)", ["offset": String(record.offset)])
    }
  }

  /// Keeps the control topic true about why a queue of this worker's stands still, whoever wrote there last.
  func tellProblem(_ driver: QueueDriver) {
    let message: String?
    switch driver.machine.state {
    // Of a queue that is not this worker's, its owner tells.
    case .unassigned, .readingHistory, .suspended, .stopped(.fenced): return
    case .stopped(let problem): message = problem.message(queue: driver.queue)
    case .idle, .holding, .turning, .running: message = nil
    }
    guard message != driver.toldProblem else { return }
    driver.toldProblem = message
    let record =
      message.map {
        ControlCodec.encode(ProblemRecord(queue: driver.queue, worker: name, message: $0, time: .now))
      } ?? ControlCodec.withdrawnProblem(queue: driver.queue)
    let (logger, queue) = (logger, driver.queue)
    producer.submit([OutgoingRecord(topic: configuration.controlTopic, record)]) { results in
      if case .failure(let error)? = results.first {
        logger.warning(
          "whether the queue stands still could not be told on the control topic: \(error)", ["queue": queue])
      }
    }
  }

  func log(_ message: ControlMessage) {
    let order = message.order
    let what =
      switch order.action {
      case .pause(let until): until.map { "pause until \($0)" } ?? "pause"
      case .resume: "resume"
      case .pauseJob(let job, let until): until.map { "pause job \(job) until \($0)" } ?? "pause job \(job)"
      case .resumeJob(let job): "resume job \(job)"
      case .cancel(let run): "cancel \(run)"
      case .uncancel(let run): "do not cancel \(run)"
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
      case .skipped(.paused(let by, let reason)):
        logger.info("request skipped: its job is paused", ["by": by, "reason": reason ?? ""])
      case .skipped(.expired(let at)): logger.info("request skipped: expired", ["expired": at.description])
      }
    }
  }
}

extension String {
  /// Without the tail of the runner's log, which is in the worker's log already.
  fileprivate var firstLine: Substring { prefix { $0 != "\n" } }
}
