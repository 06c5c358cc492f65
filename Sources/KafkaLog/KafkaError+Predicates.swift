import CRdkafka

extension KafkaError {
  /// The group no longer takes this member's word: it was thrown out, or the group is being arranged anew, or the
  /// partition is not (or no longer) this member's.
  public var isGenerationLost: Bool {
    [
      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
    ].contains { $0.rawValue == code }
  }

  /// Another member of the same instance name has taken this one's place, for good.
  public var isFenced: Bool { code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue }

  /// No answer came in time.
  public var isTimeout: Bool {
    [
      RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    ].contains { $0.rawValue == code }
  }

  /// No broker could be reached, or the connection broke.
  public var isUnreachable: Bool {
    [RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE].contains {
      $0.rawValue == code
    }
  }

  /// No broker at all can be reached.
  public var isAboutAllBrokers: Bool { code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue }

  /// The group's coordinator is being found, has moved, or is still reading what it must know.
  public var isCoordinatorUnsettled: Bool {
    [
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    ].contains { $0.rawValue == code }
  }

  /// The offset asked for is not in the log: retention has passed it, or it was never there.
  public var isOffsetOutOfRange: Bool {
    [RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET].contains { $0.rawValue == code }
  }

  /// There is no such topic or partition (or this user may not see it).
  public var isUnknownTopic: Bool {
    [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    ].contains { $0.rawValue == code }
  }

  /// Brokers answer so for a topic that was just made and that they have not heard of, or that has no leader yet.
  var mayBeNewTopic: Bool {
    isUnknownTopic
      || [RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION].contains {
        $0.rawValue == code
      }
  }

  /// The topic to be created is there already.
  public var isTopicAlreadyThere: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }

  /// This user may not do that, or could not prove who it is.
  public var isForbidden: Bool {
    [
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION,
      RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    ].contains { $0.rawValue == code }
  }

  /// The commit's metadata is longer than the broker takes (`offset.metadata.max.bytes`, 4,096 by default).
  public var isMetadataTooLarge: Bool { code == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE.rawValue }

  /// The record is larger than the topic, or this client, takes (`max.message.bytes`, `message.max.bytes`).
  public var isRecordTooLarge: Bool {
    [RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE].contains { $0.rawValue == code }
  }

  /// The client was closed before the answer came.
  public var isClosed: Bool { code == RD_KAFKA_RESP_ERR__DESTROY.rawValue }

  /// The cluster may have done it, since the request left and the answer did not come.
  static func leavesOutcomeUnknown(_ code: rd_kafka_resp_err_t) -> Bool {
    [
      RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR__DESTROY, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    ].contains { $0.rawValue == code.rawValue }
  }

  static func closed(doing: String, outcomeUnknown: Bool = false) -> KafkaError {
    KafkaError(
      RD_KAFKA_RESP_ERR__DESTROY, message: "the client is closed", outcomeUnknown: outcomeUnknown, doing: doing)
  }

  /// Those that the protocol calls retriable, and the library's own for a broken or missing connection.
  static let retriableCodes: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__NODE_UPDATE,
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    ].map(\.rawValue))

  static let fatalCodes: Set<Int32> = Set(
    [RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID].map(\.rawValue))
}
