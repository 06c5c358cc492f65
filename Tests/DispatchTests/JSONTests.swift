import Dispatch
import Testing

@Suite("JSON")
struct JSONTests {
  private func read(_ text: String) throws -> [String: JSONReader.Member] { try read(Array(text.utf8)) }

  private func read(_ bytes: [UInt8]) throws -> [String: JSONReader.Member] {
    try bytes.withUnsafeBufferPointer { buffer in
      var reader = JSONReader(buffer)
      try reader.readObject()
      return reader.members
    }
  }

  private func value(_ text: String) throws -> JSONValue? { try read(#"{"a":\#(text)}"#)["a"]?.value }

  private func failure(_ text: String) -> JSONReader.Failure? { failure(Array(text.utf8)) }

  private func failure(_ bytes: [UInt8]) -> JSONReader.Failure? {
    do {
      _ = try read(bytes)
      return nil
    } catch { return error as? JSONReader.Failure }
  }

  @Test(
    "numbers",
    arguments: [
      ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
      ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
      ("1.0", .integer(1)), ("2e3", .integer(2_000)), ("2E+3", .integer(2_000)), ("1.5", .number(1.5)),
      ("-1.25e-2", .number(-0.0125)), ("1e300", .number(1e300)),
      ("9007199254740993.0", .integer(9_007_199_254_740_992)),
      ("1e-400", .integer(0)), ("1e19", .number(1e19)),
    ] as [(String, JSONValue)])
  func numbers(_ text: String, _ expected: JSONValue) throws { #expect(try value(text) == expected) }

  @Test(
    "texts",
    arguments: [
      (#""""#, ""), (#""ä€😀""#, "ä€😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
      (#""\u00e4\u20AC""#, "ä€"), (#""\ud83d\ude00""#, "😀"), (#""x\u0000y""#, "x\0y"), (#""\uFFFF""#, "\u{ffff}"),
    ])
  func texts(_ text: String, _ expected: String) throws {
    #expect(try value(text) == .string(expected))
    #expect(try read("{\(text):1}").keys.first == expected, "as a name")
  }

  @Test(
    "what is not JSON",
    arguments: [
      "", "  ", "[]", "1", "null", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1 "b":2}"#, #"{,"a":1}"#,
      #"{a:1}"#, #"{'a':1}"#, #"{"a":1}x"#, #"{"a":1}{}"#, #"{"a":01}"#, #"{"a":-}"#, #"{"a":+1}"#, #"{"a":.5}"#,
      #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":1e+}"#, #"{"a":0x1}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":1e999}"#,
      #"{"a":True}"#, #"{"a":nul}"#, #"{"a":nulll}"#, #"{"a":[1,]}"#, #"{"a":[,1]}"#, #"{"a":[1 2]}"#, #"{"a":[}"#,
      #"{"a":"x}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\"#, #"{"a":"\ud83d"}"#,
      #"{"a":"\ud83dx"}"#, #"{"a":"\ud83d\n"}"#, #"{"a":"\ude00"}"#, #"{"a":"\ud83d\ud83d"}"#, #"{"a":"\ud83d\u0041"}"#,
      "{\"a\":\"\n\"}", "{\"a\":\"\u{0}\"}", "{\"a\\n\u{1f}\":1}", "\u{feff}{}", "{\u{a0}}", "{}\u{0}", "/**/{}",
      #"{"a":1}/"#, #"{"a":-01}"#, #"{"a":--1}"#,
    ])
  func malformed(_ text: String) {
    let failure = failure(text)
    #expect(failure != nil)
    #expect((0...text.utf8.count).contains(failure?.offset ?? -1) && failure?.message.isEmpty == false)
  }

  @Test("a member that stands twice is refused, at any depth and in any spelling")
  func duplicates() {
    for text in [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"a":1,"a":2}}"#, #"{"x":[{"a":1,"a":2}]}"#] {
      #expect(failure(text)?.message.contains("\"a\" stands twice") == true, "\(text)")
    }
    #expect(failure(#"{"a":{"a":{"a":1}}}"#) == nil)
  }

  @Test("nesting is limited, not the stack's end")
  func depth() {
    func nested(_ count: Int) -> String {
      #"{"a":"# + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "}"
    }
    #expect(failure(nested(JSONReader.depthLimit - 1)) == nil)
    #expect(failure(nested(JSONReader.depthLimit))?.message.contains("nested deeper") == true)
    #expect(failure(String(repeating: #"{"a":"#, count: 100_000)) != nil)
    // Siblings do not add up.
    #expect(failure(#"{"a":["# + Array(repeating: "[[]]", count: 1_000).joined(separator: ",") + "]}") == nil)
  }

  @Test("bytes that are not UTF-8 are refused: overlong, surrogates, cut off")
  func encoding() {
    for bytes: [UInt8] in [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0x80],
    ] {
      for tail: [UInt8] in [[], Array(#"\n"#.utf8)] {
        #expect(failure(Array(#"{"a":""#.utf8) + bytes + tail + Array(#""}"#.utf8)) != nil, "\(bytes)")
      }
    }
  }

  @Test("each member's text stands where it is said to")
  func places() throws {
    let text = #" { "a" : [1, {"b": "}"}] , "ä":"\u00e4"}  "#
    let members = try read(text)
    let bytes = Array(text.utf8)
    func part(_ name: String) -> String? { members[name].map { String(decoding: bytes[$0.bytes], as: UTF8.self) } }
    #expect(part("a") == #"[1, {"b": "}"}]"# && part("ä") == #""\u00e4""#)
  }

  @Test("what was read before the mistake is kept")
  func partial() {
    Array(#"{"run":"r0","rows":1,"#.utf8).withUnsafeBufferPointer { buffer in
      var reader = JSONReader(buffer)
      #expect(throws: JSONReader.Failure.self) { try reader.readObject() }
      #expect(reader.members["run"]?.value == .string("r0") && reader.members.count == 2)
    }
  }

  // MARK: Writing

  @Test("equal values have equal texts")
  func jsonText() {
    let table: [(JSONValue, String)] = [
      (.null, "null"), (.boolean(true), "true"), (.integer(-5), "-5"), (.number(0.5), "0.5"), (.number(3), "3.0"),
      (.string("a\"\\\n\r\t\u{1}ä/"), #""a\"\\\n\r\t\u0001ä/""#), (.array([]), "[]"), (.object([:]), "{}"),
      (.array([.integer(1), .string("x"), .null]), #"[1,"x",null]"#),
      (.object(["b": .integer(2), "a": .object(["\"": .boolean(false)])]), #"{"a":{"\"":false},"b":2}"#),
    ]
    for (value, text) in table { #expect(value.jsonText == text) }
    #expect(JSONValue.string("bare \"x\"").plainText == "bare \"x\"" && JSONValue.integer(1).plainText == "1")
  }

  @Test("what is written is read back the same")
  func roundTrip() throws {
    var random = SplitMix64(seed: 11)
    for round in 0..<2_000 {
      let object = ["a": make(3, &random), "b": make(3, &random)]
      let members = try read(JSONValue.object(object).jsonText).mapValues(\.value)
      #expect(members == object, "round \(round)")
    }
  }

  private func make(_ depth: Int, _ random: inout SplitMix64) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .boolean(Bool.random(using: &random))
    case 2: return .integer(Int64(bitPattern: random.next()))
    case 3:
      // Whole numbers come back as integers, so half is added.
      return .number(Double(Int64.random(in: -1_000_000...1_000_000, using: &random)) + 0.5)
    case 4:
      let scalars = (0..<Int.random(in: 0..<9, using: &random)).map { _ in
        Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &random)) ?? "\u{fffd}"
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      return .string(text)
    case 5: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in make(depth - 1, &random) })
    default:
      return .object(
        Dictionary(
          (0..<Int.random(in: 0..<4, using: &random)).map { ("k\($0)", make(depth - 1, &random)) }
        ) { $1 })
    }
  }

  @Test("any bytes end in members or a failure inside of them")
  func mutations() throws {
    var random = SplitMix64(seed: 12)
    let good = Array(#"{"a":[1,-2.5e3,"\ud83d\ude00 ä"],"b":{"c":null,"d":[true,false]},"e":"\\\n"}"#.utf8)
    _ = try read(good)
    var failures = 0
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
        }
      }
      guard let failure = failure(bytes) else { continue }
      failures += 1
      #expect((0...bytes.count).contains(failure.offset))
    }
    #expect(failures > 2_000)
  }
}
