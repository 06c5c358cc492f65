import CRdkafka
import Telemetry

/// An event of the library, valid only while its handler runs.
///
/// Sendable: it is made, read and destroyed on one client thread, and never stored.
struct ClientEvent: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  var kind: Int32 { rd_kafka_event_type(pointer) }
  var code: rd_kafka_resp_err_t { rd_kafka_event_error(pointer) }

  /// The number given to the call that this event answers.
  var number: UInt { UInt(bitPattern: rd_kafka_event_opaque(pointer)) }

  func error(doing: String) -> KafkaError {
    KafkaError(
      code: code.rawValue, message: rd_kafka_event_error_string(pointer).map { String(cString: $0) },
      isFatal: kind == RD_KAFKA_EVENT_ERROR && rd_kafka_event_error_is_fatal(pointer) != 0 ? true : nil,
      // An ERROR event is about the connection, and answers nothing that was asked.
      outcomeUnknown: kind != RD_KAFKA_EVENT_ERROR && KafkaError.leavesOutcomeUnknown(code), doing: doing)
  }

  /// The partition that an ERROR event is about, if it is about one, and the offset in it.
  var erringPartition: (partition: TopicPartition, offset: Int64)? {
    guard let element = rd_kafka_event_topic_partition(pointer) else { return nil }
    defer { rd_kafka_topic_partition_destroy(element) }
    return (
      TopicPartition(topic: String(cString: element.pointee.topic), partition: element.pointee.partition),
      element.pointee.offset
    )
  }

  /// What every client does with the library's log lines and figures. Returns false for any other event.
  func reportedAsTelemetry(to logger: Logger, onStatistics: (@Sendable (String) -> Void)?) -> Bool {
    switch kind {
    case RD_KAFKA_EVENT_LOG:
      var facility: UnsafePointer<CChar>?
      var text: UnsafePointer<CChar>?
      var level: Int32 = 6
      guard rd_kafka_event_log(pointer, &facility, &text, &level) == 0 else { return true }
      let line = text.map { String(cString: $0) } ?? ""
      let name = facility.map { String(cString: $0) } ?? ""
      // The configuration's properties go to clients of both kinds: each says so of those that are the other's.
      if name == "CONFWARN", line.contains("property and will be ignored by this") { level = 7 }
      // Told by an error event as well.
      if name == "FAIL" { level = 7 }
      // The levels of syslog: 0 to 3 are errors, 4 a warning, 5 and 6 notices, 7 debugging.
      switch level {
      case ...3: logger.error(line, ["facility": name])
      case 4: logger.warning(line, ["facility": name])
      case 5, 6: logger.info(line, ["facility": name])
      default: logger.debug(line, ["facility": name])
      }
      return true
    case RD_KAFKA_EVENT_STATS:
      if let onStatistics, let text = rd_kafka_event_stats(pointer) { onStatistics(String(cString: text)) }
      return true
    default:
      return false
    }
  }
}
