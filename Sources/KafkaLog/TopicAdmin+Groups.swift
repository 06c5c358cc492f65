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

      public init(id: String, instanceID: String? = nil, host: String) {
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
  /// - Throws: `KafkaError`, also while the coordinator is being found.
  public func describe(group: String) async throws -> Group {
    let doing = "describe group \(group)"
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
          host: String(cString: rd_kafka_MemberDescription_host(member)))
      }
    }
    switch rd_kafka_ConsumerGroupDescription_state(found) {
    case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE, RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY,
      RD_KAFKA_CONSUMER_GROUP_STATE_DEAD:
      return .success(Group(isSettled: true, members: members))
    default: return .success(Group(isSettled: false, members: members))
    }
  }
}
