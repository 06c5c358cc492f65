import Dispatch
import Messages
import Testing

@Suite("Every rule of a request, with the reason that its sender reads")
struct RequestRuleTests {
  static let good = RequestCodec.encode(
    Request(id: "r1", job: "person-search", params: ["a": .integer(1)], time: Samples.moment), source: "/test")

  /// A change that makes the record unreadable.
  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var words: [String]
    /// Whether the id can still be told.
    var hasID = true
    var change: @Sendable (inout RawRecord) -> Void

    static func header(_ name: String, _ value: String?, _ words: String..., hasID: Bool = false) -> Fault {
      Fault(testDescription: "\(name) = \(value ?? "nothing")", words: [name] + words, hasID: hasID) { record in
        record.headers.removeAll { $0.name == name }
        if let value { record.headers.append(.init(name: name, value: Array(value.utf8))) }
      }
    }

    static func value(_ text: String, _ words: String...) -> Fault {
      Fault(testDescription: String(text.prefix(60)), words: words) { $0.value = Array(text.utf8) }
    }
  }

  static let faults: [Fault] = [
    .header("ce_specversion", nil, "is missing", "no CloudEvent"),
    .header("ce_specversion", "0.3", "must be '1.0'", "'0.3'"),
    .header("ce_type", nil, "is missing"),
    .header("ce_type", "", "is empty"),
    .header("ce_type", "com.example.order", "must be 'baton.request'", "com.example.order"),
    .header("ce_id", nil, "is missing"),
    .header("ce_id", "", "is empty"),
    .header("ce_source", nil, "is missing"),
    .header("ce_source", "", "is empty"),
    .header("ce_time", "yesterday", "must be a time such as", "yesterday"),
    .header("ce_time", "2026-02-30T00:00:00Z", "must be a time such as"),
    .header("content-type", "application/cloudevents+json", "structured mode", "binary mode"),
    .header("content-type", "text/plain", "must be 'application/json'", "text/plain"),
    Fault(testDescription: "an id of 201 bytes", words: ["201 bytes", "at most 200"], hasID: false) {
      $0.headers = $0.headers.map {
        $0.name == "ce_id" ? .init(name: "ce_id", value: [UInt8](repeating: 97, count: 201)) : $0
      }
    },
    Fault(testDescription: "an id with a newline", words: ["control characters"], hasID: false) {
      $0.headers = $0.headers.map { $0.name == "ce_id" ? .init(name: "ce_id", value: Array("a\nb".utf8)) : $0 }
    },
    Fault(testDescription: "two ids", words: ["ce_id", "twice"], hasID: false) {
      $0.headers.append(.init(name: "CE_ID", value: Array("other".utf8)))
    },
    Fault(testDescription: "a header that is no UTF-8", words: ["ce_source", "UTF-8"], hasID: false) {
      $0.headers = $0.headers.map { $0.name == "ce_source" ? .init(name: "ce_source", value: [0xff]) : $0 }
    },
    Fault(testDescription: "a header without a value", words: ["ce_source"], hasID: false) {
      $0.headers = $0.headers.map { $0.name == "ce_source" ? .init(name: "ce_source", value: nil) : $0 }
    },
    Fault(testDescription: "no headers", words: ["ce_specversion"], hasID: false) { $0.headers = [] },
    Fault(testDescription: "a null value", words: ["the value is empty", "JSON object"]) { $0.value = nil },
    Fault(testDescription: "a value that is no UTF-8", words: ["UTF-8"]) { $0.value = [0x7b, 0xff, 0x7d] },
    Fault(testDescription: "a value that is too large", words: ["262145 bytes", "at most 262144"]) {
      $0.value = [UInt8](repeating: 0x20, count: 262_145)
    },
    .value("", "the value is empty"),
    .value("[]", "not a JSON object"),
    .value("\"job\"", "not a JSON object"),
    .value(#"{"job":"a""#, "not a JSON object"),
    .value(#"{"job":"a"} x"#, "not a JSON object"),
    .value(#"{"job":"a","job":"b"}"#, "job"),
    .value("{}", "'job' is missing"),
    .value(#"{"job":null}"#, "'job' is missing"),
    .value(#"{"job":""}"#, "'job' is empty"),
    .value(#"{"job":7}"#, "'job' must be a string", "7"),
    .value(#"{"jobs":"a"}"#, "'jobs'", "is unknown", "known are:", "job"),
    .value(#"{"job":"a","prams":{}}"#, "'prams'", "is unknown", "params"),
    .value(#"{"job":"a","params":[]}"#, "'params' must be an object"),
    .value(#"{"job":"a","origin":"moon"}"#, "'origin' must be one of schedule, cli, api, chain", "moon"),
    .value(#"{"job":"a","origin":1}"#, "'origin' must be a string"),
    .value(#"{"job":"a","requestedBy":{}}"#, "'requestedBy' must be a string"),
    .value(#"{"job":"a","deduplicationKey":""}"#, "'deduplicationKey' must have 1 to 1,000 bytes"),
    .value(
      #"{"job":"a","deduplicationKey":"\#(String(repeating: "k", count: 1_001))"}"#,
      "'deduplicationKey' must have 1 to 1,000 bytes"),
    .value(#"{"job":"a","expires":"soon"}"#, "'expires' must be a time such as", "soon"),
    .value(#"{"job":"a","expires":1764000000}"#, "'expires' must be a string"),
    .value(#"{"job":"a","followers":"no"}"#, "'followers' must be true or false"),
    .value(#"{"job":"a","notBefore":"2026-11-24"}"#, "'notBefore' must be a time such as"),
  ]

  @Test("what breaks a rule is told which", arguments: faults)
  func fault(_ fault: Fault) {
    var record = Self.good
    fault.change(&record)
    guard case .unreadable(let reason, let id) = RequestCodec.decode(record) else {
      Issue.record("it was read")
      return
    }
    for words in fault.words { #expect(reason.contains(words), "\(reason)") }
    #expect(id == (fault.hasID ? "r1" : nil))
    #expect(!reason.contains("\n") && reason.utf8.count < 500, "\(reason)")
  }

  @Test(
    "what no rule forbids is read",
    arguments: [
      #"{"job":"a"}"#, #" { "job" : "a" , "params" : { } } "#, #"{"job":"a","params":null,"expires":null}"#,
      #"{"params":{"a":[1,{"b":null}]},"job":"a"}"#, #"{"job":"a","expires":"2026-11-24T01:29:00.5+02:00"}"#,
    ])
  func allowed(_ text: String) {
    var record = Self.good
    record.value = Array(text.utf8)
    guard case .request(let request) = RequestCodec.decode(record) else {
      Issue.record("\(RequestCodec.decode(record))")
      return
    }
    #expect(request.job == "a" && request.id == "r1" && request.origin == .api)
  }

  @Test("headers of others are no concern, nor is the case of the names")
  func otherHeaders() {
    var record = Self.good
    record.headers = record.headers.map { .init(name: $0.name.uppercased(), value: $0.value) }
    record.headers += [
      .init(name: "traceparent", value: [0xff]), .init(name: "traceparent", value: nil),
      .init(name: "ce_extension", value: Array("x".utf8)),
    ]
    record.key = [0xff, 0x00]
    guard case .request(let request) = RequestCodec.decode(record) else {
      Issue.record("\(RequestCodec.decode(record))")
      return
    }
    #expect(request.id == "r1" && request.time == Samples.moment)
  }

  @Test("an id may be 200 bytes long, not 201")
  func idLength() throws {
    try RequestCodec.checkID(String(repeating: "é", count: 100))
    #expect(throws: MessageError.self) { try RequestCodec.checkID(String(repeating: "é", count: 100) + "x") }
    for bad in ["", "a\u{7f}", "a\tb", "\u{0}"] {
      #expect(throws: MessageError.self, "\(bad.debugDescription)") { try RequestCodec.checkID(bad) }
    }
  }
}
