import ChunkProtocol
import Dispatch
import Testing

@Suite struct MessageCodecTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func decode(_ text: String, nextChunk: Int = 1) throws(ProtocolError) -> RunnerMessage? {
    try RunnerMessage.decode(line: bytes(text), nextChunk: nextChunk)
  }

  private static let builtIn = {
    var start = RunnerStart(run: "r", job: "j", attempt: 1, token: 0)
    start.configuration = "jobs:\n  j: {queue: \"q\"}\n"
    return start
  }()

  // MARK: - Both ways

  @Test(
    arguments: [
      .start(RunnerStart(run: "r", job: "j", attempt: 1, token: 0)), .start(MessageCodecTests.builtIn),
      .start(
        RunnerStart(
          run: "person@2026-11-24T01:29:00Z", job: "person \"search\"", attempt: 3, token: .max,
          params: [
            "date": .string("2026-11-24"), "big": .integer(.min), "half": .number(0.5), "none": .null,
            "yes": .boolean(true),
            "deep": .array([.object(["a\n": .string("\u{0}\u{1F600}\\/\u{7f}\u{2028}")]), .array([]), .object([:])]),
          ],
          cursor: "[1,\"ä\"]", limits: RunnerStart.Limits(rows: 1, bytes: 2, memory: 3))),
      .ack(chunk: 1), .ack(chunk: .max), .stop(reason: ""), .stop(reason: "a \"reason\"\twith é"),
    ] as [WorkerMessage])
  func workerMessagesComeBackAsTheyWere(message: WorkerMessage) throws {
    #expect(!message.jsonLine.contains(10))
    #expect(try WorkerMessage(jsonLine: message.jsonLine) == message)
  }

  @Test(
    arguments: [
      .chunk(ChunkReport(chunk: 1, cursor: "", rows: 0, bytes: 0)),
      .chunk(ChunkReport(chunk: 7, cursor: "{\"id\":5}", rows: 100, bytes: .max)),
      .done(RunnerDone()), .done(RunnerDone(facts: ["rows": .object(["source": .integer(1), "sink": .integer(1)])])),
      .failed(RunnerFailure(message: "no column\n\"x\"", isRetriable: false)),
      .failed(RunnerFailure(message: "fenced", isRetriable: true, fencedBy: 9_007_199_254_740_993)),
    ] as [RunnerMessage])
  func runnerMessagesComeBackAsTheyWere(message: RunnerMessage) throws {
    #expect(!message.jsonLine.contains(10))
    #expect(try RunnerMessage.decode(line: message.jsonLine, nextChunk: 99) == message)
  }

  @Test func numbersThatJSONHasNoWordForBecomeNull() throws {
    let facts: [String: JSONValue] = ["a": .number(.nan), "b": .array([.number(.infinity), .number(1.5)])]
    #expect(
      try RunnerMessage.decode(line: RunnerMessage.done(RunnerDone(facts: facts)).jsonLine, nextChunk: 1)
        == .done(RunnerDone(facts: ["a": .null, "b": .array([.null, .number(1.5)])])))
  }

  @Test func startIsWrittenInTheOrderOfTheManual() {
    let start = RunnerStart(
      run: "r", job: "j", attempt: 1, token: 42, params: ["b": .integer(2), "a": .integer(1)], cursor: "c",
      limits: RunnerStart.Limits(rows: 10, bytes: 20, memory: 30))
    #expect(
      String(decoding: WorkerMessage.start(start).jsonLine, as: UTF8.self)
        == #"{"type":"start","run":"r","job":"j","attempt":1,"token":42,"params":{"a":1,"b":2},"cursor":"c","#
        + #""limits":{"bytes":20,"memory":30,"rows":10}}"#)
  }

  // MARK: - What others may write

  @Test func startMayLackWhatHasADefaultAndMayCarryMore() throws {
    #expect(
      try WorkerMessage(
        jsonLine: bytes(
          #" { "new" : [1,{"x":null}], "attempt":2e0,"token":5.0,"job":"j","run":"r","type":"start","cursor":null } "#))
        == .start(RunnerStart(run: "r", job: "j", attempt: 2, token: 5)))
    #expect(
      try WorkerMessage(
        jsonLine: bytes(
          #"{"type":"start","run":"r","job":"j","attempt":1,"token":5,"limits":{"rows":7,"memory":null,"x":1}}"#))
        == .start(
          RunnerStart(run: "r", job: "j", attempt: 1, token: 5, limits: RunnerStart.Limits(rows: 7))))
  }

  @Test(arguments: [
    (#"{"type":"chunk","cursor":"a"}"#, "a"),
    (#"{"type":"chunk","cursor":""}"#, ""),
    (#"{"type":"chunk","cursor":17}"#, "17"),
    (#"{"type":"chunk","cursor":12345678901234567890123}"#, "12345678901234567890123"),
    (#"{"type":"chunk","cursor": [1, "b\u0041"] }"#, #"[1, "b\u0041"]"#),
    (#"{"type":"chunk","cursor":{"z":1,"a":1.50}}"#, #"{"z":1,"a":1.50}"#),
    (#"{"type":"chunk","cursor":null}"#, "null"),
    (#"{"type":"chunk","cursor":"\ud83d\ude00\u00e9\/\b\f\n\r\t\"\\"}"#, "😀é/\u{8}\u{c}\n\r\t\"\\"),
  ])
  func cursorIsTheStringOrElseTheTextAsWritten(line: String, cursor: String) throws {
    #expect(try decode(line, nextChunk: 4) == .chunk(ChunkReport(chunk: 4, cursor: cursor, rows: 0, bytes: 0)))
  }

  @Test func failureNeedsOnlyItsMessage() throws {
    #expect(try decode(#"{"type":"failed","message":"x"}"#) == .failed(RunnerFailure(message: "x")))
    #expect(try decode(#"{"type":"done"}"#) == .done(RunnerDone()))
  }

  @Test(arguments: [
    "", "hello", "[1]", "\"chunk\"", "{}", "{", "{]", #"{"type":"info","message":"m"}"#, #"{"type":1}"#,
    #"{"level":"x","type":"progress"#, #" {"type":"done"}"#, #"{type:"done"}"#,
    #"{"message":"broken before","type":do"#,
    #"{"inner":{"type":"done"}}"#, #"{"type":"Done"}"#, "done",
  ])
  func otherLinesArePlainOutput(line: String) throws {
    #expect(try decode(line) == nil)
  }

  @Test(arguments: [
    (#"{"type":"chunk"}"#, #"the member "cursor" is missing"#),
    (#"{"type":"chunk","cursor":1,"rows":"x"}"#, #"the member "rows" is not a whole number from 0 up"#),
    (#"{"type":"chunk","cursor":1,"rows":-1}"#, #"the member "rows" is not a whole number from 0 up"#),
    (
      #"{"type":"chunk","cursor":1,"rows":9007199254740992}"#,
      #"the member "rows" is larger than 9007199254740991"#
    ),
    (
      #"{"type":"chunk","cursor":1,"total":9223372036854775807}"#,
      #"the member "total" is larger than 9007199254740991"#
    ),
    (#"{"type":"chunk","cursor":1,"bytes":1.5}"#, #"the member "bytes" is not a whole number from 0 up"#),
    (
      #"{"type":"chunk","cursor":1,"bytes":9223372036854775808}"#,
      #"the member "bytes" is not a whole number from 0 up"#
    ),
    (#"{"type":"chunk","cursor":1,"chunk":0}"#, #"the member "chunk" is not a whole number from 1 up"#),
    (#"{"type":"done","facts":[]}"#, #"the member "facts" is not an object"#),
    (#"{"type":"failed"}"#, #"the member "message" is missing"#),
    (#"{"type":"failed","message":{}}"#, #"the member "message" is not a string"#),
    (#"{"type":"failed","message":"m","retriable":"no"}"#, #"the member "retriable" is neither true nor false"#),
    (#"{"type":"failed","message":"m","fencedBy":true}"#, #"the member "fencedBy" is not a whole number from 0 up"#),
    (#"{"type":"chunk","cursor":"abc"#, "not a JSON object (the line ends too early, at byte 30)"),
    (#"{"type":"chunk","cursor":"a",}"#, "not a JSON object (a member's name is expected, at byte 30)"),
    (#"{"type":"done"} x"#, "not a JSON object (text after the object, at byte 17)"),
    (#"{"type":"done","type":"done"}"#, "not a JSON object (the member \"type\" stands twice, at byte 23)"),
    (#"{"type":"chunk","cursor":01}"#, "not a JSON object (a number begins with 0, at byte 26)"),
    (#"{"type":"chunk","cursor":1.}"#, "not a JSON object (a value is expected, at byte 28)"),
    (#"{"type":"chunk","cursor":-}"#, "not a JSON object (a value is expected, at byte 27)"),
    (#"{"type":"chunk","cursor":1e999}"#, "not a JSON object (a number is too large, at byte 26)"),
    (#"{"type":"chunk","cursor":nul}"#, "not a JSON object (a value is expected, at byte 26)"),
    (#"{"type":"chunk","cursor":"\ud83d"}"#, "not a JSON object (half of a surrogate pair, at byte 33)"),
    (#"{"type":"chunk","cursor":"\x"}"#, "not a JSON object (an unknown escape, at byte 28)"),
    ("{\"type\":\"chunk\",\"cursor\":\"a\tb\"}", "not a JSON object (a control character in a string, at byte 28)"),
  ])
  func brokenProtocolLinesAreErrorsThatNameTheFault(line: String, message: String) {
    let error = #expect(throws: ProtocolError.self) { try decode(line) }
    #expect(error?.message == message)
    #expect(error?.excerpt.isEmpty == false)
  }

  @Test func bytesThatAreNoUTF8AreAnErrorInAProtocolLine() {
    let line = bytes(#"{"type":"failed","message":""#) + [0xC3, 0x28] + bytes("\"}")
    let error = #expect(throws: ProtocolError.self) { try RunnerMessage.decode(line: line, nextChunk: 1) }
    #expect(error?.message.contains("not UTF-8") == true)
  }

  @Test func depthIsBoundedAndNotTheStacks() throws {
    func nested(_ depth: Int) -> String {
      #"{"type":"chunk","cursor":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    }
    #expect(try decode(nested(127)) != nil)
    let error = #expect(throws: ProtocolError.self) { try decode(nested(200_000)) }
    #expect(error?.message.contains("nested deeper than 128") == true)
    // The excerpt stays short, whatever the line is.
    #expect((error?.excerpt.utf8.count ?? .max) < 200)
  }

  @Test(arguments: [
    (#"{"type":"go"}"#, #"a worker says no "go", only start, ack and stop"#),
    (#"{"type":"ack"}"#, #"the member "chunk" is missing"#),
    (#"{"chunk":1}"#, #"the member "type" is missing"#),
    (#"{"type":"stop"}"#, #"the member "reason" is missing"#),
    (
      #"{"type":"start","run":"r","job":"j","attempt":0,"token":1}"#,
      #"the member "attempt" is not a whole number from 1 up"#
    ),
    (
      #"{"type":"start","run":"r","job":"j","attempt":1,"token":1,"cursor":{}}"#,
      #"the member "cursor" is not a string"#
    ),
    (
      #"{"type":"start","run":"r","job":"j","attempt":1,"token":1,"limits":{"rows":0}}"#,
      #"the member "limits.rows" is not a whole number from 1 up"#
    ),
    ("hello", "not a JSON object (an object is expected, at byte 1)"),
  ])
  func whatAWorkerMayNotSayIsAnErrorThatNamesTheFault(line: String, message: String) {
    let error = #expect(throws: ProtocolError.self) { try WorkerMessage(jsonLine: bytes(line)) }
    #expect(error?.message == message)
  }

  @Test func noMutationOfALineCrashesTheReader() {
    let line = bytes(#"{"type":"chunk","chunk":1,"cursor":{"a":[1.5e3,"\u00e9\n",null,true]},"rows":100,"bytes":5000}"#)
    for index in line.indices {
      for byte in [0, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x2c, 0x30, 0x2d, 0x75, 0xff] as [UInt8] {
        var changed = line
        changed[index] = byte
        _ = try? RunnerMessage.decode(line: changed, nextChunk: 1)
      }
      _ = try? RunnerMessage.decode(line: Array(line[..<index]), nextChunk: 1)
      _ = try? RunnerMessage.decode(line: Array(line[..<index] + line[index...].dropFirst()), nextChunk: 1)
    }
  }
}
