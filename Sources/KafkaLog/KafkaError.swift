import CRdkafka

/// What went wrong between this program and the cluster.
///
/// Written for the decision that follows: `isRetriable`, `isFatal`, `outcomeUnknown` and the predicates in
/// `KafkaError+Predicates`. It never holds the value of a property, so no password gets into a log.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The protocol's error number (positive), or the client library's own (negative).
  public let code: Int32
  /// The error in words.
  public let message: String
  /// The same call may succeed later without anything being changed.
  public let isRetriable: Bool
  /// This client can never be used again.
  public let isFatal: Bool
  /// The cluster may have done what was asked although no answer came.
  public let outcomeUnknown: Bool
  /// What was being done: `commit baton.nightly.requests[0]@12`.
  public let doing: String

  /// An error with its facts; those not given follow from the code.
  public init(
    code: Int32, message: String? = nil, isRetriable: Bool? = nil, isFatal: Bool? = nil, outcomeUnknown: Bool = false,
    doing: String
  ) {
    let code32 = rd_kafka_resp_err_t(code)
    self.code = code
    self.message = message ?? String(cString: rd_kafka_err2str(code32))
    self.isRetriable = isRetriable ?? Self.retriableCodes.contains(code)
    self.isFatal = isFatal ?? Self.fatalCodes.contains(code)
    self.outcomeUnknown = outcomeUnknown
    self.doing = doing
  }

  init(_ code: rd_kafka_resp_err_t, message: String? = nil, outcomeUnknown: Bool = false, doing: String) {
    self.init(code: code.rawValue, message: message, outcomeUnknown: outcomeUnknown, doing: doing)
  }

  /// Reads and destroys the library's error object.
  init(consuming error: OpaquePointer, doing: String) {
    defer { rd_kafka_error_destroy(error) }
    let code = rd_kafka_error_code(error).rawValue
    self.init(
      code: code,
      message: String(cString: rd_kafka_error_string(error)),
      isRetriable: rd_kafka_error_is_retriable(error) != 0 || Self.retriableCodes.contains(code),
      isFatal: rd_kafka_error_is_fatal(error) != 0 || Self.fatalCodes.contains(code),
      doing: doing)
  }

  /// The symbolic name: `ILLEGAL_GENERATION`, `_TIMED_OUT`.
  public var name: String { String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(code))) }

  /// `cannot <doing>: <message> (<name>)`.
  public var description: String {
    let unknown = outcomeUnknown ? "; it may have been done all the same" : ""
    return "cannot \(doing): \(message) (\(name))\(unknown)"
  }

  /// The same error, told of another action.
  func retold(doing: String) -> KafkaError {
    KafkaError(
      code: code, message: message, isRetriable: isRetriable, isFatal: isFatal, outcomeUnknown: outcomeUnknown,
      doing: doing)
  }

  /// The same error with the reason why the brokers are out of reach, which a bare time-out does not tell.
  func explained(by trouble: KafkaError?) -> KafkaError {
    guard let trouble, isTimeout || isUnreachable else { return self }
    return KafkaError(
      code: code, message: "\(message): \(trouble.message)", isRetriable: isRetriable, isFatal: isFatal,
      outcomeUnknown: outcomeUnknown, doing: doing)
  }
}
