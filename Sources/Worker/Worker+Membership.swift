import Dispatch
import KafkaLog
import Telemetry

// The worker's place in its group, and what becomes of it when the group takes another member for it.

extension Worker {
  /// Becomes a member of the group, a new one each time.
  func join() throws {
    member += 1
    let (mailbox, trace, member) = (mailbox, trace, member)
    consumer = try GroupConsumer(
      settings: KafkaSettings(configuration, clientID: "baton-\(name)"), group: configuration.kafka.group,
      instanceID: name, topics: configuration.queueOrder.map(configuration.requestsTopic),
      recordBytesMax: RawRecord.bytesMax,
      sessionTimeoutMilliseconds: Int(configuration.worker.sessionTimeoutMilliseconds),
      logger: logger.with(component: "kafka"), onStatistics: statistics,
      onEvent: { event in
        if case .record = event { trace?(.requestReceived) }
        mailbox.post(.group(event, member: member))
      })
  }

  /// Nothing can be done under this member any more, and all queues are lost, which was told before this. Whether the
  /// worker is out depends on who has its name.
  func suspectFence(_ error: KafkaError) {
    guard nameWatch == nil, fencedBy == nil, let consumer, !isShuttingDown else { return }
    logger.warning("the group takes another member for this worker: \(error)", ["name": name])
    let watch = NameWatch(
      name: name, group: configuration.kafka.group,
      sessionMilliseconds: configuration.worker.sessionTimeoutMilliseconds, logger: logger.with(component: "kafka"))
    nameWatch = Task { [mailbox, settings = KafkaSettings(configuration, clientID: "baton-\(name)")] in
      // Not a word more of it may reach the group.
      await consumer.close()
      do {
        mailbox.post(.holder(.success(try await watch.run(settings))))
      } catch {
        mailbox.post(.holder(.failure(error)))
      }
    }
  }

  func settle(_ holder: Result<NameWatch.Holder, any Error>) {
    nameWatch = nil
    guard !isShuttingDown else { return }
    switch holder {
    case .success(.another): fence("its member of the group has kept its session")
    case .success(.nobody):
      logger.info("no other worker has this one's name: joining the group again", ["name": name])
      do { try join() } catch { fail(error) }
    case .failure(let error):
      logger.error(
        "the group cannot be asked whether another worker has this one's name; this one ends, and may be started again",
        ["name": name])
      fail(error)
    }
  }

  /// This worker is out for good: whatever runs is stopped, and nothing more is published.
  private func fence(_ reason: String) {
    fencedBy = reason
    logger.error("another worker of this name has taken this one's place", ["name": name, "error": reason])
    for driver in drivers.values { tell(driver, .fenced(reason)) }
  }

  /// The group's client can never be used again.
  func fail(_ error: any Error) {
    logger.error("\(error)")
    failure = error
    fencedBy = "\(error)"
    for driver in drivers.values { tell(driver, .fenced("\(error)")) }
  }

  /// Nothing tells of a connection that is back, and an idle worker asks for nothing: so it is asked.
  func probeKafka() {
    probe = Task { [mailbox, reader, troubles, topic = configuration.controlTopic] in
      var pause = Pause(milliseconds: 500, upTo: 2_000)
      while !Task.isCancelled {
        do {
          _ = try await reader.partitionCount(of: topic)
          troubles.end(.kafka)
          return mailbox.post(.probed)
        } catch let error as KafkaError where !error.isClosed {
          troubles.meet(.kafka, "Kafka cannot be reached: \(error)")
          do { try await pause.pass() } catch { return }
        } catch {
          // Cancelled, or the worker ends.
          return
        }
      }
    }
  }
}
