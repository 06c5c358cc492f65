import CRdkafka

extension GroupConsumer {
  /// Begins to deliver a partition's records, from this offset on; or begins again elsewhere. A pause ends with it.
  ///
  /// An offset that the log does not have comes back as `GroupEvent.error` (`isOffsetOutOfRange`).
  /// - Returns: false if the partition is not this member's (any more), and nothing was done.
  @discardableResult
  public func start(_ partition: TopicPartition, at offset: Int64) -> Bool {
    guard isMine(partition), let place = held[partition] else { return false }
    if place.next != nil, !place.hasFailed {
      held[partition]?.next = offset
      held[partition]?.isPaused = false
      seek([(partition, offset)])
      if place.isPaused { setPaused(partition, false) }
      return true
    }
    if place.hasFailed {
      // A seek does not bring fetching back. If a request to hand over is under way at this very moment, this answers
      // it too early; then the coordinator refuses the commits that follow, as after any loss.
      withPartitionList(of: [partition]) {
        check(rd_kafka_incremental_unassign(thread.client, $0), "stop \(partition)")
      }
    }
    held[partition]?.next = offset
    held[partition]?.hasFailed = false
    held[partition]?.isPaused = false
    withPartitionList([(partition: partition, offset: offset)]) {
      check(rd_kafka_incremental_assign(thread.client, $0), "start \(partition)@\(offset)")
    }
    if place.isPaused { setPaused(partition, false) }
    // If that answered an assignment of which the event is still under way, fetching has begun again everywhere.
    realign()
    return true
  }

  /// Stops fetching a partition; no record of it is delivered after this. Does nothing if it is not this member's.
  public func pause(_ partition: TopicPartition) {
    guard stage != .ended, let place = held[partition], !place.isPaused else { return }
    held[partition]?.isPaused = true
    if place.next != nil { setPaused(partition, true) }
  }

  /// Goes on with the record after the last delivered one. Does nothing if the partition is not paused.
  public func resume(_ partition: TopicPartition) {
    guard stage != .ended, let place = held[partition], place.isPaused else { return }
    held[partition]?.isPaused = false
    guard let next = place.next else { return }
    seek([(partition, next)])
    setPaused(partition, false)
  }

  /// This member holds the partition and has not been told, nor is about to be told, that it is lost.
  func isMine(_ partition: TopicPartition) -> Bool {
    stage != .ended && fatalError == nil && held[partition] != nil && rd_kafka_assignment_lost(thread.client) == 0
  }

  private func setPaused(_ partition: TopicPartition, _ pause: Bool) {
    withPartitionList(of: [partition]) { list in
      let code =
        pause ? rd_kafka_pause_partitions(thread.client, list) : rd_kafka_resume_partitions(thread.client, list)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR {
        onEvent(.error(KafkaError(code, doing: "\(pause ? "pause" : "resume") \(partition)")))
      }
    }
  }
}
