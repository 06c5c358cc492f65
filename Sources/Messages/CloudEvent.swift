import Dispatch

/// The attributes that CloudEvents 1.0 puts into Kafka headers in binary mode (CloudEvents Kafka binding, 3.2).
struct CloudEvent {
  static let contentType = "application/json"

  var id: String
  var source: String
  var type: String
  var time: Timestamp?
  var subject: String?

  /// The headers of a record of this event.
  var headers: [RawRecord.Header] {
    var headers = [
      header("ce_specversion", "1.0"), header("ce_type", type), header("ce_source", source), header("ce_id", id),
      header("content-type", CloudEvent.contentType),
    ]
    if let time { headers.append(header("ce_time", time.description)) }
    if let subject { headers.append(header("ce_subject", subject)) }
    return headers
  }

  init(id: String, source: String, type: String, time: Timestamp? = nil, subject: String? = nil) {
    self.id = id
    self.source = source
    self.type = type
    self.time = time
    self.subject = subject
  }

  /// Reads the attributes of a record.
  init(_ headers: [RawRecord.Header]) throws(MessageError) {
    var values: [String: String] = [:]
    for header in headers {
      let name = header.name.asciiLowercased
      guard name.hasPrefix("ce_") || name == "content-type" else { continue }
      guard let bytes = header.value, let text = String(validating: bytes, as: UTF8.self) else {
        throw MessageError("header '\(header.name.prefix(80))' is not valid UTF-8")
      }
      guard values.updateValue(text, forKey: name) == nil else {
        throw MessageError("header '\(name)' is there twice")
      }
    }
    if let type = values["content-type"], type.asciiLowercased.hasPrefix("application/cloudevents") {
      throw MessageError(
        "content-type is '\(type.prefix(80))' (structured mode); Baton reads CloudEvents in Kafka's binary mode: ce_* headers, JSON value"
      )
    }
    guard let version = values["ce_specversion"] else {
      throw MessageError("header 'ce_specversion' is missing: this is no CloudEvent in Kafka's binary mode")
    }
    guard version == "1.0" else {
      throw MessageError("header 'ce_specversion' must be '1.0', not '\(version.prefix(80))'")
    }
    func required(_ name: String) throws(MessageError) -> String {
      guard let value = values[name] else { throw MessageError("header '\(name)' is missing") }
      guard !value.isEmpty else { throw MessageError("header '\(name)' is empty") }
      return value
    }
    type = try required("ce_type")
    id = try required("ce_id")
    source = try required("ce_source")
    subject = values["ce_subject"]
    if let text = values["ce_time"] {
      guard let moment = Timestamp(rfc3339: text) else {
        throw MessageError("header 'ce_time' must be a time such as '2026-11-24T01:29:00Z', not '\(text.prefix(80))'")
      }
      time = moment
    }
    if let type = values["content-type"], !type.asciiLowercased.hasPrefix(CloudEvent.contentType) {
      throw MessageError("header 'content-type' must be 'application/json', not '\(type.prefix(80))'")
    }
  }
}

func header(_ name: String, _ value: String) -> RawRecord.Header {
  RawRecord.Header(name: name, value: Array(value.utf8))
}

extension String {
  var asciiLowercased: String {
    String(decoding: utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
