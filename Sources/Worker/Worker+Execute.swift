import Configuration
import Dispatch
import KafkaLog
import Messages
import RunnerProcess
import Telemetry

extension Worker {
  /// Executes one command; what comes of it goes into the mailbox.
  func execute(_ command: QueueMachine.Command, _ driver: QueueDriver) {
    let queue = driver.queue
    let (mailbox, trace, troubles) = (mailbox, trace, troubles)
    switch command {
    case .readHistory(let ticket): readHistory(ticket, driver)
    case .readEvents(let ticket, let from, let to): readEvents(ticket, from: from, to: to, driver)
    case .startFetch(let offset): consumer?.submit { [partition = driver.partition] in $0.start(partition, at: offset) }
    case .pauseFetch: consumer?.submit { [partition = driver.partition] in $0.pause(partition) }
    case .resumeFetch: consumer?.submit { [partition = driver.partition] in $0.resume(partition) }
    case .publish(let ticket, let publications): publish(ticket, publications, driver)
    case .commit(let ticket, let offset, let metadata):
      let (partition, text) = (driver.partition, CheckpointCodec.encode(metadata))
      trace?(.checkpointSent)
      consumer?.submit { consumer in
        consumer.commit(partition, offset: offset, metadata: text) { result in
          switch result {
          case .success:
            trace?(.checkpointTaken)
            troubles.end(.checkpoints(queue: queue))
            mailbox.post(.machine(queue: queue, .committed(ticket: ticket)))
          case .failure(let error): self.refused(error, ticket: ticket, queue: queue)
          }
        }
      }
    case .startRunner(let order): start(order, driver)
    case .acknowledgeChunk(let token, let chunk): driver.runners[token]?.acknowledge(chunk: chunk)
    case .stopRunner(let token): driver.runners[token]?.kill(reason: "it was told to stop")
    case .setTimer(let timer, let moment): driver.deadlines.set(timer, at: moment)
    case .cancelTimer(let timer): driver.deadlines.cancel(timer)
    case .release: release(driver)
    case .warn(let warning): logger.warning(warning.message, ["queue": queue])
    case .withdrawCancel(let run): withdraw(run, queue: queue)
    case .report(let problem): logger.error(problem.message(queue: queue), ["queue": queue])
    }
  }

  // MARK: Reading

  private func readHistory(_ ticket: Int64, _ driver: QueueDriver) {
    guard let consumer else { return }
    let (queue, partition) = (driver.queue, driver.partition)
    Task {
      do {
        let committed = try await consumer.committed(partition)
        let read = try await history.read(queue: queue, committed: committed)
        trace?(.historyRead)
        troubles.end(.history(queue: queue))
        logger.debug(
          "history read",
          [
            "queue": queue, "committed": committed.map { String($0.offset) } ?? "none",
            "events": String(read.eventsEnd),
          ])
        mailbox.post(.machine(queue: queue, .historyRead(ticket: ticket, read)))
      } catch {
        troubles.meet(.history(queue: queue), "cannot read the queue's history, trying again: \(error)")
        mailbox.post(.machine(queue: queue, .historyFailed(ticket: ticket)))
      }
    }
  }

  private func readEvents(_ ticket: Int64, from: Int64, to: Int64, _ driver: QueueDriver) {
    let queue = driver.queue
    Task {
      var pause = Pause(milliseconds: 50, upTo: 1_000)
      while true {
        do {
          let events = try await history.events(queue: queue, from: from, to: to)
          troubles.end(.events(queue: queue))
          return mailbox.post(.machine(queue: queue, .eventsRead(ticket: ticket, events)))
        } catch let error as KafkaError where error.isClosed {
          return  // The worker ends.
        } catch {
          // As with the history: whatever it is, the turn waits for this answer.
          troubles.meet(.events(queue: queue), "cannot read the events, trying again: \(error)")
          try await pause.pass()
        }
      }
    }
  }

  // MARK: Writing

  private func publish(_ ticket: Int64, _ publications: [Publication], _ driver: QueueDriver) {
    let queue = driver.queue
    let now = Timestamp.now
    var batch = PublicationBatch()
    for publication in publications {
      switch publication {
      case .event(let event):
        let record = EventCodec.encode(event, queue: queue, time: now)
        batch.others.append(OutgoingRecord(topic: configuration.eventsTopic(queue), record))
        batch.isLetter.append(false)
      case .deadLetter(let letter):
        func outgoing(_ bytesMax: Int) -> OutgoingRecord {
          let requests = configuration.requestsTopic(queue)
          let record = DeadLetterCodec.encode(letter, topic: requests, worker: name, time: now, bytesMax: bytesMax)
          return OutgoingRecord(topic: configuration.deadLettersTopic, record)
        }
        batch.letters.append(outgoing(RawRecord.bytesMax))
        batch.bareLetters.append(outgoing(0))
        batch.isLetter.append(true)
      case .request(let request, let queue):
        let record = RequestCodec.encode(request, source: "/worker/\(name)")
        batch.others.append(OutgoingRecord(topic: configuration.requestsTopic(queue), record))
        batch.isLetter.append(false)
      }
    }
    let (mailbox, producer, trace, troubles) = (mailbox, producer, trace, troubles)
    trace?(.eventsPublished)
    let told: @Sendable ([Result<Delivery, KafkaError>]) -> Void = { results in
      var offsets: [Int64] = []
      for result in results {
        switch result {
        case .success(let delivery): offsets.append(delivery.offset)
        case .failure(let error):
          troubles.meet(.publications(queue: queue), "an event was not taken: \(error)")
          if error.isFatal { mailbox.post(.producerBroke(producer)) }
          let isRefused = !error.isRetriable && !error.isFatal && !error.outcomeUnknown
          return mailbox.post(
            .machine(
              queue: queue, .publishFailed(ticket: ticket, isRefused ? .refused("\(error)") : .unknown)))
        }
      }
      trace?(.eventsStored)
      troubles.end(.publications(queue: queue))
      mailbox.post(.machine(queue: queue, .published(ticket: ticket, offsets: offsets)))
    }
    batch.submit(to: producer, logger: logger.with(["queue": queue]), told)
    // Told while the cluster has them in hand, so that nobody waits for the telling.
    for case .event(let event) in publications { log(event, driver, now: now) }
  }

  /// The run has ended: the compacted topic need not keep the order to cancel it.
  private func withdraw(_ run: String, queue: String) {
    let record = OutgoingRecord(topic: configuration.controlTopic, ControlCodec.withdrawnCancel(run: run, queue: queue))
    let logger = logger
    producer.submit([record]) { results in
      if case .failure(let error)? = results.first {
        logger.warning("the order to cancel \(run) stays on the control topic: \(error)")
      }
    }
  }

  nonisolated private func refused(_ error: KafkaError, ticket: Int64, queue: String) {
    let refusal: CommitRefusal =
      // Whether the worker is out for good is found out when the group's client tells of it.
      if error.isGenerationLost || error.isFenced {
        .generationLost
      } else if error.isMetadataTooLarge {
        .metadataTooLarge
      } else {
        .unavailable
      }
    troubles.meet(.checkpoints(queue: queue), "a checkpoint was not taken: \(error)")
    mailbox.post(.machine(queue: queue, .commitRefused(ticket: ticket, refusal)))
  }

  // MARK: Running

  private func start(_ order: RunnerOrder, _ driver: QueueDriver) {
    let queue = driver.queue
    guard let definition = configuration.jobs[order.job] else { return }
    driver.startedAt = .now
    trace?(.runnerOrdered)
    let (mailbox, trace) = (mailbox, trace)
    let runner = AttemptRunner(
      token: order.token, memoryLimit: definition.memoryBytes,
      logger: logger.with(component: "run").with(["job": order.job, "run": order.run]),
      report: { input in
        if case .runnerEnded = input { trace?(.runnerEnded) }
        mailbox.post(.machine(queue: queue, input))
      },
      used: { mailbox.post(.runnerGone(queue: queue, token: order.token, $0)) })
    driver.runners[order.token] = runner
    runner.start(launch.command(order, of: definition), launch.start(order, of: definition), on: host) {
      trace?(.runnerStarted)
    }
  }

  private func release(_ driver: QueueDriver) {
    trace?(.queueReleased)
    if driver.isAssigned { logger.info("queue let go", ["queue": driver.queue]) }
    driver.isAssigned = false
    // On the way out it is `leave` that answers for all of them.
    consumer?.submit { [partition = driver.partition] in $0.release([partition]) }
  }
}
