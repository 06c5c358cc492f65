import CRdkafka

extension GroupConsumer {
  /// Stores the group's place in a partition, and waits for the coordinator's answer.
  ///
  /// The coordinator takes it only from the partition's present owner; what this member knows to be lost is refused
  /// here already.
  /// - Parameters:
  ///   - offset: of the next record to be taken.
  ///   - metadata: stored beside it; a broker takes 4,096 bytes by default.
  /// - Throws: `KafkaError`; `isGenerationLost` if the partition is not this member's (any more), `isFenced` if
  ///   another took this member's name, `outcomeUnknown` if no answer came.
  public func commit(_ partition: TopicPartition, offset: Int64, metadata: String = "") async throws {
    let result: Result<Void, KafkaError> = await withCheckedContinuation { continuation in
      commit(partition, offset: offset, metadata: metadata) { continuation.resume(returning: $0) }
    }
    try result.get()
  }

  /// The same without waiting.
  /// - Parameter completion: called once on the consumer's thread, perhaps before this returns.
  public func commit(
    _ partition: TopicPartition, offset: Int64, metadata: String,
    completion: @escaping @Sendable (Result<Void, KafkaError>) -> Void
  ) {
    let doing = "commit \(partition)@\(offset)"
    if let fatalError { return completion(.failure(fatalError.retold(doing: doing))) }
    guard stage != .ended else { return completion(.failure(KafkaError.closed(doing: doing))) }
    guard isMine(partition) else {
      return completion(
        .failure(
          KafkaError(
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, message: "the partition is not this member's any more", doing: doing)))
    }
    let client = thread.client
    let membership = Membership.current(client)
    if let membership {
      // The coordinator takes a commit of no member for a group that is empty just now.
      if !membership.isMember { return completion(.failure(Self.notAMember(doing))) }
      if let given = held[partition]?.memberID, given != membership.memberID {
        completion(.failure(Self.notAMember(doing)))
        return renew(membership)
      }
    }
    let number = pending.add { answer in
      let result = answer.retold(doing: doing).flatMap { Self.commitResult($0, client, doing) }
      // Sent late, it may have been sent by no member, or by the next membership.
      if case .success = result, let membership, let now = Membership.current(client),
        !now.isMember || now.memberID != membership.memberID
      {
        return completion(.failure(Self.notAMember(doing)))
      }
      completion(result)
    }
    let code = withPartitionList([(partition: partition, offset: offset)]) { list in
      if !metadata.isEmpty { list.pointee.elems[0].setMetadata(metadata) }
      return rd_kafka_commit_queue(client, list, queue, nil, opaque(number))
    }
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      pending.take(number)?(.failure(KafkaError(code, doing: doing)))
    }
  }

  private static func notAMember(_ doing: String) -> KafkaError {
    KafkaError(
      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, message: "the group has thrown this member out meanwhile", doing: doing)
  }

  /// The group's place in a partition, read from the coordinator; nil if it has none.
  ///
  /// Asked of the coordinator that the member itself is with: the library's administrative question remembers who it was
  /// for a quarter of an hour, whatever that one answers. The question blocks the consumer's thread, not for long.
  /// - Throws: `KafkaError`.
  public func committed(_ partition: TopicPartition) async throws -> CommittedOffset? {
    let doing = "read group \(group)'s place in \(partition)"
    if let fatalError { throw fatalError.retold(doing: doing) }
    guard stage != .ended else { throw KafkaError.closed(doing: doing) }
    let timeout = min(settings.operationTimeoutMilliseconds, Self.questionMilliseconds)
    return try withPartitionList(of: [partition]) { list throws(KafkaError) -> CommittedOffset? in
      let code = rd_kafka_committed(thread.client, list, Int32(clamping: timeout))
      let element = list.pointee.elems[0]
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, doing: doing) }
      guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(element.err, doing: doing) }
      return element.offset >= 0 ? CommittedOffset(offset: element.offset, metadata: element.metadataText) : nil
    }
  }

  private static let questionMilliseconds = 3_000

  private static func commitResult(_ event: ClientEvent, _ client: OpaquePointer, _ doing: String) -> Result<
    Void, KafkaError
  > {
    var code = event.code
    if code == RD_KAFKA_RESP_ERR_NO_ERROR, let list = rd_kafka_event_topic_partition_list(event.pointer) {
      code = UnsafePointer(list).elements.first { $0.err != RD_KAFKA_RESP_ERR_NO_ERROR }?.err ?? code
    }
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return .success(()) }
    return .failure(
      KafkaError(code, outcomeUnknown: KafkaError.leavesOutcomeUnknown(code), doing: doing).withCause(of: client))
  }
}

extension Result where Failure == KafkaError {
  func retold(doing: String) -> Result { mapError { $0.retold(doing: doing) } }
}
