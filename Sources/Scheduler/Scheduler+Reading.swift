import Configuration
import Dispatch
import KafkaLog
import Messages
import Scheduling
import Telemetry
import Worker

extension Scheduler {
  /// Reads the control topic and what was asked for inside the horizon, and goes on following both.
  func readTheLog() async throws {
    var known: [String: SchedulerMachine.Known] = [:]
    var inputs: [SchedulerMachine.Input] = []
    let control = TopicPartition(topic: configuration.controlTopic)
    let bounds = try await reader.bounds(of: control)
    for try await batch in reader.records(of: control, from: bounds.start, to: bounds.end) {
      for record in batch { note(record, &known, &inputs) }
    }
    followers.append(
      follow(control, from: bounds.end, take: takeOrder) { [mailbox] in mailbox.yield(.input(.storeLost)) })
    var fires: [FireIdentifier] = []
    // A record's time is the broker's, and the horizon is counted by this clock: an hour more than enough.
    let from = WallClock.milliseconds() - configuration.scheduler.horizonMilliseconds - 3_600_000
    for queue in Set(queues.values).sorted() {
      let requests = TopicPartition(topic: configuration.requestsTopic(queue))
      let end = try await reader.bounds(of: requests).end
      let start = try await reader.offset(of: requests, atOrAfter: from)
      for try await batch in reader.records(of: requests, from: start, to: end) {
        fires += batch.compactMap(Scheduler.fire)
      }
      followers.append(follow(requests, from: end, take: takeRequest))
    }
    for input in inputs { tell(input) }
    tell(.logRead(fires: fires, known: known))
  }

  private func note(
    _ record: LogRecord, _ known: inout [String: SchedulerMachine.Known], _ inputs: inout [SchedulerMachine.Input]
  ) {
    switch try? ControlCodec.read(record.raw) {
    case .schedule(let schedule): known[schedule.job] = Scheduler.known(schedule)
    case .withdrawn(let key): if let job = ControlCodec.job(ofScheduleKey: key) { known[job] = nil }
    case .order(let message): if let input = input(message) { inputs.append(input) }
    // What is none of these, a worker tells of.
    case .scheduler, .problem, nil: break
    }
  }

  private func follow(
    _ partition: TopicPartition, from: Int64, take: @escaping @Sendable (LogRecord) -> Void,
    whenBegunAnew: @escaping @Sendable () -> Void = {}
  ) -> Task<Void, Never> {
    Task { [reader, logger] in
      await LogFollower(reader: reader, partition: partition).run(from: from) { news in
        switch news {
        case .trouble(let error): logger.warning("cannot follow \(partition), trying again: \(error)")
        case .recovered: logger.info("\(partition) is followed again")
        case .begunAnew:
          logger.warning("\(partition) has begun anew: it is read from the start")
          whenBegunAnew()
        }
      } onRecord: { record in
        take(record)
      }
    }
  }

  nonisolated private func takeRequest(_ record: LogRecord) {
    if let fire = Scheduler.fire(record) { mailbox.yield(.input(.logged(fire))) }
  }

  nonisolated private func takeOrder(_ record: LogRecord) {
    switch try? ControlCodec.read(record.raw) {
    case .order(let message): if let input = input(message) { mailbox.yield(.input(input)) }
    case .schedule(let schedule): mailbox.yield(.input(.known(job: schedule.job, Scheduler.known(schedule))))
    case .withdrawn(let key):
      if let job = ControlCodec.job(ofScheduleKey: key) { mailbox.yield(.input(.known(job: job, nil))) }
    case .scheduler, .problem, nil: break
    }
  }

  private static func known(_ record: ScheduleRecord) -> SchedulerMachine.Known {
    SchedulerMachine.Known(signature: record.signature, since: record.since.milliseconds / 1000)
  }

  /// The fire that a request was made for; nil for any other record.
  private static func fire(_ record: LogRecord) -> FireIdentifier? {
    guard case .request(let request) = RequestCodec.decode(record.raw), request.origin == .schedule else { return nil }
    return FireIdentifier(request.id)
  }

  /// What an order tells the machine. One for a job's former queue says nothing of the job: nobody could take it back.
  nonisolated private func input(_ message: ControlMessage) -> SchedulerMachine.Input? {
    switch message.order.action {
    case .pauseJob(let job, let until) where queues[job] == message.queue:
      .paused(job: job, until: until?.milliseconds)
    case .resumeJob(let job) where queues[job] == message.queue: .resumed(job: job)
    case .pauseJob, .resumeJob, .pause, .resume, .cancel, .uncancel, .acceptLoss: nil
    }
  }
}
