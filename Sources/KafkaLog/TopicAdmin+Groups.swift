import CRdkafka

extension TopicAdmin {
  /// A group as its coordinator sees it at this moment.
  public struct Group: Sendable, Hashable {
    /// One member of it.
    public struct Member: Sendable, Hashable {
      /// What the coordinator calls it: another one after each join.
      public var id: String
      /// The name of a static member; nil for others.
      public var instanceID: String?
      /// Where it connected from, as the coordinator noted it first: a static member that was replaced keeps its
      /// predecessor's.
      public var host: String
      /// What the group has given it.
      public var partitions: [TopicPartition]

      public init(id: String, instanceID: String? = nil, host: String, partitions: [TopicPartition] = []) {
        self.partitions = partitions
        self.id = id
        self.instanceID = instanceID
        self.host = host
      }
    }

    /// No member joins or leaves just now.
    public var isSettled: Bool
    /// Empty for a group that nobody is in, or that does not exist.
    public var members: [Member]

    public init(isSettled: Bool, members: [Member]) {
      self.isSettled = isSettled
      self.members = members
    }
  }

  /// Who is in a group.
  /// - Throws: `KafkaError`, also while the coordinator is being found; the embedded broker cannot tell.
  public func describe(group: String) async throws -> Group {
    let doing = "describe group \(group)"
    // The library's client would lock up for good on a broker that lacks this request.
    if isEmbedded {
      throw KafkaError(
        RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, message: "the embedded broker does not know", doing: doing)
    }
    return try await ask(
      RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, doing: doing,
      send: { options in
        group.withCString { name in
          var names: [UnsafePointer<CChar>?] = [name]
          rd_kafka_DescribeConsumerGroups(thread.client, &names, 1, options, thread.queue)
        }
      },
      read: { Self.decodeGroup($0, doing) })
  }

  /// Whether the cluster is the library's own mock, by the id that it gives itself.
  private var isEmbedded: Bool {
    guard let id = rd_kafka_clusterid(thread.client, 5_000) else {
      return false
    }
    defer { rd_kafka_mem_free(thread.client, id) }
    return String(cString: id).hasPrefix("mockCluster")
  }

  private static func decodeGroup(_ event: ClientEvent, _ doing: String) -> Result<Group, KafkaError> {
    var count = 0
    guard let answer = rd_kafka_event_DescribeConsumerGroups_result(event.pointer),
      let groups = rd_kafka_DescribeConsumerGroups_result_groups(answer, &count), count == 1, let found = groups[0]
    else { return .failure(KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, doing: doing)) }
    if let error = rd_kafka_ConsumerGroupDescription_error(found),
      rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR
    {
      return .failure(
        KafkaError(rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)), doing: doing))
    }
    let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(found)).compactMap { index in
      rd_kafka_ConsumerGroupDescription_member(found, index).map { member in
        Group.Member(
          id: String(cString: rd_kafka_MemberDescription_consumer_id(member)),
          instanceID: rd_kafka_MemberDescription_group_instance_id(member).map { String(cString: $0) },
          host: String(cString: rd_kafka_MemberDescription_host(member)), partitions: partitions(of: member))
      }
    }
    switch rd_kafka_ConsumerGroupDescription_state(found) {
    case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE, RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY,
      RD_KAFKA_CONSUMER_GROUP_STATE_DEAD:
      return .success(Group(isSettled: true, members: members))
    default: return .success(Group(isSettled: false, members: members))
    }
  }

  private static func partitions(of member: OpaquePointer) -> [TopicPartition] {
    guard let assignment = rd_kafka_MemberDescription_assignment(member),
      let list = rd_kafka_MemberAssignment_partitions(assignment)
    else { return [] }
    return (0..<Int(list.pointee.cnt)).map { index in
      let element = list.pointee.elems[index]
      return TopicPartition(topic: String(cString: element.topic), partition: element.partition)
    }
  }
}
