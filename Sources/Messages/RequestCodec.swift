import Dispatch

/// Requests as records: the table in docs/messages.md.
public enum RequestCodec {
  public static let type = "baton.request"
  /// The largest value of a request, in bytes; params are parameters, not data.
  public static let valueBytesMax = 256 << 10
  /// - Parameter source: the CloudEvents source, a URI reference: `/cli/host`.
  public static func encode(_ request: Request, source: String) -> RawRecord {
    let event = CloudEvent(
      id: request.id, source: source, type: type, time: request.time, subject: request.job)
    let value = JSONValue.bytes([
      "job": .string(request.job),
      "params": .object(request.params),
      "origin": .string(request.origin.rawValue),
      "requestedBy": request.requestedBy.map(JSONValue.string),
      "deduplicationKey": request.deduplicationKey.map(JSONValue.string),
      "expires": request.expires.map { .string($0.description) },
      "notBefore": request.notBefore.map { .string($0.description) },
      "followers": request.asksForFollowers ? nil : .boolean(false),
    ])
    return RawRecord(key: Array(request.job.utf8), value: value, headers: event.headers)
  }

  /// Reads a record of a requests topic; what is no request comes back with the reason.
  public static func decode(_ record: RawRecord) -> QueuedRequest.Content {
    var id: String?
    // Whoever reads it, and however much of it, comes to the same.
    let record = record.leavingOut(above: RawRecord.bytesMax)
    do {
      return .request(try read(record, id: &id))
    } catch {
      return .unreadable(reason: error.reason, id: id)
    }
  }

  private static func read(_ record: RawRecord, id: inout String?) throws(MessageError) -> Request {
    if let count = record.leftOut.headers {
      throw MessageError(
        "the headers have \(count) bytes; in so large a record Baton reads at most \(RawRecord.bytesMax / 3)")
    }
    let event = try CloudEvent(record.headers)
    guard event.type == type else {
      throw MessageError("header 'ce_type' must be '\(type)', not '\(event.type.prefix(80))'")
    }
    try checkID(event.id)
    id = event.id
    if let count = record.leftOut.value ?? record.value?.count, count > valueBytesMax {
      throw MessageError("the value has \(count) bytes; a request may have at most \(valueBytesMax)")
    }
    let fields = try FieldReader(valueOf: record)
    try fields.checkNames([
      "job", "params", "origin", "requestedBy", "deduplicationKey", "expires", "notBefore", "followers",
    ])
    let job = try fields.string("job")
    guard !job.isEmpty else { throw MessageError("field 'job' is empty") }
    if let key = try fields.optionalString("deduplicationKey"), key.isEmpty || key.utf8.count > 1_000 {
      throw MessageError("field 'deduplicationKey' must have 1 to 1,000 bytes")
    }
    var request = Request(
      id: event.id, job: job, params: try fields.object("params"),
      origin: try fields.choice("origin", Request.Origin.self) ?? .api,
      requestedBy: try fields.optionalString("requestedBy"), time: event.time,
      deduplicationKey: try fields.optionalString("deduplicationKey"),
      expires: try fields.optionalTimestamp("expires"), notBefore: try fields.optionalTimestamp("notBefore"))
    request.asksForFollowers = try fields.optionalBoolean("followers") ?? true
    return request
  }

  /// The headers that are no attributes of the request's own: what else its sender put beside it.
  public static func sendersHeaders(_ record: RawRecord) -> [RawRecord.Header] {
    record.headers.filter { header in
      let name = header.name.asciiLowercased
      return !name.hasPrefix("ce_") && name != "content-type"
    }
  }

  /// An id may have any characters but control characters, up to its limit.
  public static func checkID(_ id: String) throws(MessageError) {
    guard !id.isEmpty else { throw MessageError("the id is empty") }
    guard id.utf8.count <= Request.idBytesMax else {
      throw MessageError("the id has \(id.utf8.count) bytes; it may have at most \(Request.idBytesMax)")
    }
    guard !id.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw MessageError("the id has control characters")
    }
  }
}
