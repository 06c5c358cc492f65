import Configuration
import Dispatch
import KafkaLog
import Messages
import Scheduling
import Telemetry
import Worker

extension Scheduler {
  func execute(_ command: SchedulerMachine.Command) {
    switch command {
    case .setTimer(let moment): timer?.set(moment)
    case .lookAtClock: startLook()
    case .propose(let proposal): propose(proposal)
    case .remember(let job, let known):
      let record = ScheduleRecord(
        job: job, signature: known.signature, since: Timestamp(milliseconds: known.since * 1000))
      write(
        ControlCodec.encode(record, time: .init(milliseconds: WallClock.milliseconds())), job, "the schedule of \(job)")
    case .forget(let job): write(ControlCodec.withdrawnSchedule(job: job), job, "that \(job) has no schedule")
    case .report(let report): tell(report)
    }
  }

  private func propose(_ proposal: SchedulerMachine.Proposal) {
    let sent = ClockReading.now()
    let request = Request(
      id: proposal.id.description, job: proposal.id.job, origin: .schedule, requestedBy: name,
      time: Timestamp(milliseconds: sent.wall), expires: proposal.expiry.map(Timestamp.init(milliseconds:)))
    let record = OutgoingRecord(
      topic: configuration.requestsTopic(proposal.queue), RequestCodec.encode(request, source: "/scheduler/\(name)"))
    let (mailbox, logger, producer) = (mailbox, logger, producer)
    let late = sent.wall - proposal.due
    producer.submit([record]) { results in
      switch results.first {
      case .success(let delivery)?:
        logger.info(
          "proposed", ["run": request.id, "offset": String(delivery.offset), "late": "\(late)ms"])
        mailbox.yield(.input(.logged(proposal.id)))
        if let look = self.look(sent: sent, delivery) { mailbox.yield(.looked(look)) }
      case .failure(let error)?:
        logger.warning("a proposal was not taken, trying again: \(error)", ["run": request.id])
        // First, so that the new one is there when it is proposed again.
        if error.isFatal { mailbox.yield(.producerBroke(producer)) }
        mailbox.yield(.input(.failed(proposal.id)))
      case nil: break
      }
    }
  }

  /// - Parameter job: whose schedule it is about, which the machine then tries to store again; nil for none.
  func write(_ record: RawRecord, _ job: String?, _ what: String) {
    let (mailbox, logger, producer) = (mailbox, logger, producer)
    producer.submit([OutgoingRecord(topic: configuration.controlTopic, record)]) { results in
      guard case .failure(let error)? = results.first else { return }
      logger.warning("could not store \(what): \(error)")
      if error.isFatal { mailbox.yield(.producerBroke(producer)) }
      if let job { mailbox.yield(.input(.notStored(job: job))) }
    }
  }

  private func tell(_ report: SchedulerMachine.Report) {
    switch report {
    case .omitted(let job, let reason, let count, let fires):
      let span =
        "\(FireIdentifier(job: job, fire: fires.lowerBound)) to \(FireIdentifier(job: job, fire: fires.upperBound))"
      logger.info("missed fires are left: \(reason.words)", ["job": job, "count": String(count), "fires": span])
    case .clockOff(let ahead): logger.warning("this machine's clock is \(Scheduler.words(ahead)): set it right")
    case .clockWrong(let ahead):
      logger.error(
        "this machine's clock is \(Scheduler.words(ahead)): nothing is proposed from here until it is right "
          + "(scheduler.clock-limit)")
    case .clockRight: logger.info("this machine's clock agrees with the broker's")
    case .knownAhead(let job, let since):
      logger.warning(
        "the log says that \(job) has its schedule since \(Timestamp(milliseconds: since * 1000)), which is yet to come: a "
          + "clock was wrong, and it counts from now on", ["job": job])
    }
  }

  private static func words(_ ahead: Int64) -> String {
    "\(abs(ahead)) ms \(ahead > 0 ? "ahead of" : "behind") the broker's"
  }
}

extension CatchUpPlan.Reason {
  /// Why, in words.
  fileprivate var words: String {
    switch self {
    case .superseded: "a later one stands for them"
    case .expired: "they may no longer start (not-after)"
    case .notWanted: "the job does not catch up"
    case .overLimit: "there are too many"
    }
  }
}
