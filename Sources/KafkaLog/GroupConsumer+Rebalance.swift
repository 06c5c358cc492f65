import CRdkafka

// How partitions come and go.
//
// The library is told of a partition only when `start` is called: the group's assignment is answered with an empty
// list, so nothing can be fetched, looked up or delivered before the owner has said from where.

extension GroupConsumer {
  /// Gives up partitions that `GroupEvent.revoked` asked for; the group goes on when all of them are given up.
  public func release(_ partitions: [TopicPartition]) {
    guard stage != .ended, var open = unreleased else { return }
    for partition in partitions where open.contains(partition) {
      open.remove(partition)
      // From now on a commit would be another's business.
      if let place = held.removeValue(forKey: partition), place.next != nil { toUnassign.insert(partition) }
    }
    unreleased = open
    if open.isEmpty { answerRevocation() }
  }

  func rebalance(_ event: ClientEvent) {
    let list = rd_kafka_event_topic_partition_list(event.pointer)
    let partitions = list.map { UnsafePointer($0).partitions } ?? []
    switch event.code {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      withPartitionList(of: []) { check(rd_kafka_incremental_assign(thread.client, $0), "answer an assignment") }
      let memberID = Membership.current(thread.client)?.memberID
      for partition in partitions where held[partition] == nil { held[partition] = Held(memberID: memberID) }
      realign()
      if !partitions.isEmpty { onEvent(.assigned(partitions)) }
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS where rd_kafka_assignment_lost(thread.client) != 0:
      lose(partitions)
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      unreleased = (unreleased ?? []).union(partitions)
      if unreleased?.isEmpty == true { answerRevocation() } else { onEvent(.revoked(partitions)) }
    default:
      logger.error("rebalance of group \(group) failed: \(event.error(doing: "take part in group \(group)"))")
      rd_kafka_assign(thread.client, nil)
      loseAll()
    }
  }

  /// Lets partitions go at once and says so.
  func lose(_ partitions: [TopicPartition]) {
    for partition in partitions {
      if let place = held.removeValue(forKey: partition), place.next != nil { toUnassign.insert(partition) }
    }
    answerRevocation()
    if !partitions.isEmpty { onEvent(.lost(partitions)) }
  }

  /// What is held was given to an earlier membership: others may have had it since. The library does not say so: a member
  /// that was thrown out while it was about to join a rebalance joins anew, names what it still holds, and keeps it.
  func renew(_ membership: Membership) {
    let all = held.keys.sorted()
    let isAskedBack = unreleased != nil
    lose(all)
    guard !isAskedBack else { return }
    for partition in all { held[partition] = Held(memberID: membership.memberID) }
    onEvent(.assigned(all))
  }

  /// Forgets all partitions after the library has dropped them.
  func loseAll() {
    let all = held.keys.sorted()
    held = [:]
    unreleased = nil
    toUnassign = []
    if !all.isEmpty { onEvent(.lost(all)) }
  }

  private func answerRevocation() {
    unreleased = nil
    let partitions = exchange(&toUnassign, with: [])
    withPartitionList(of: partitions) {
      check(rd_kafka_incremental_unassign(thread.client, $0), "release \(partitions.sorted())")
    }
    realign()
  }

  /// Takes up fetching exactly after the last delivered record. The library pauses every partition during a
  /// rebalance, and then drops what it had fetched but not delivered, which it would not fetch again.
  func realign() {
    let places = held.compactMap { partition, place in
      place.isPaused ? nil : place.next.map { (partition: partition, offset: $0) }
    }
    seek(places)
  }

  /// Not waited for: the library marks what it has fetched as outdated before the call returns.
  func seek(_ places: [(partition: TopicPartition, offset: Int64)]) {
    guard !places.isEmpty else { return }
    withPartitionList(places) { check(rd_kafka_seek_partitions(thread.client, $0, 0), "seek \(places)") }
  }

  /// Reports an error that has no one to be thrown to.
  func check(_ error: OpaquePointer?, _ doing: String) {
    guard let error else { return }
    onEvent(.error(KafkaError(consuming: error, doing: doing).withCause(of: thread.client)))
  }
}
