import Testing

@testable import Sync

@Suite struct QueryTemplateTests {
  @Test(arguments: [
    ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]),
    ("SELECT x::int, ':a', \":a\", E'\\':a', $$ :a $$, $t$ :a $$ $t$ -- :a\n/* :a /* :a */ */, :z1_Z", "", ["z1_Z"]),
    ("SELECT a[1:2], b:: text, c ? 'k', e'\\\\' || :a", "SELECT a[1:2], b:: text, c ? 'k', e'\\\\' || $1", ["a"]),
    ("SELECT name' :x', 'it''s :a' || :b", "SELECT name' :x', 'it''s :a' || $1", ["b"]),
    ("SELECT 1 ; -- done; really\n ;", "SELECT 1", []),
    ("SELECT 1 -- what: :a", "SELECT 1 -- what: :a", []),
  ]) func forPostgreSQL(_ query: String, _ expected: String, _ names: [String]) throws {
    let template = try QueryTemplate(query, marker: "$")
    #expect(template.names == names)
    if !expected.isEmpty { #expect(template.text == expected) }
  }

  @Test(arguments: [
    (
      "SELECT :a, [:b], `:c`, \":d\", ':e''' /* :f /* */ , :a, :g",
      "SELECT ?1, [:b], `:c`, \":d\", ':e''' /* :f /* */ , ?1, ?2"
    ),
    ("SELECT 'a\\' || :b;", "SELECT 'a\\' || ?1"),
  ]) func forSQLite(_ query: String, _ expected: String) throws {
    #expect(try QueryTemplate(query, marker: "?").text == expected)
  }

  @Test(arguments: ["SELECT 'a", "SELECT \"a", "SELECT /* a", "SELECT $1", "SELECT $t$ a $$", "", "  ", ";"])
  func whatPostgreSQLWouldMisread_isRefused(_ query: String) {
    #expect(throws: SyncFault.self) { try QueryTemplate(query, marker: "$") }
  }

  @Test(arguments: ["SELECT ?", "SELECT ?1", "SELECT @a", "SELECT [a", "SELECT /* /* */ '"])
  func whatSQLiteWouldMisread_isRefused(_ query: String) {
    #expect(throws: SyncFault.self) { try QueryTemplate(query, marker: "?") }
  }
}

@Suite struct CursorTextTests {
  static let keys: [([KeyValue], String)] = [
    ([.integer(.min)], "[-9223372036854775808]"),
    ([.integer(.max), .boolean(true), .boolean(false)], "[9223372036854775807,true,false]"),
    ([.real(bits: (0.1).bitPattern), .real(bits: (3.0).bitPattern)], "[0.1,3.0]"),
    (
      [
        .real(bits: (-0.0).bitPattern), .real(bits: Double.leastNonzeroMagnitude.bitPattern),
        .real(bits: (1e300).bitPattern),
      ],
      "[-0.0,5e-324,1e+300]"
    ),
    ([.real(bits: Double.infinity.bitPattern)], #"[{"real":"inf"}]"#),
    ([.real(bits: (-Double.infinity).bitPattern)], #"[{"real":"-inf"}]"#),
    ([.text([]), .text(Array("a\"\\\n\u{0}é😀]".utf8))], #"["","a\"\\\n\u0000é😀]"]"#),
    ([.text([0x61, 0xFF])], #"[{"bytes":"61ff"}]"#),
    ([.blob([]), .blob([0, 255])], #"[{"blob":""},{"blob":"00ff"}]"#),
  ]

  @Test(arguments: keys) func everyKeyComesBack(_ key: [KeyValue], _ text: String) throws {
    #expect(CursorText.encode(key) == text)
    #expect(try CursorText.decode(text, count: key.count) == key)
  }

  @Test func notANumber_comesBack() throws {
    guard case .real(let bits)? = try CursorText.decode(#"[{"real":"nan"}]"#, count: 1).first else {
      return #expect(Bool(false))
    }
    #expect(Double(bitPattern: bits).isNaN)
    #expect(CursorText.encode([.real(bits: bits)]) == #"[{"real":"nan"}]"#)
  }

  @Test(arguments: [
    "", "[]", "1", "[1,2]", "[null]", "[[1]]", "[9223372036854775808]", #"[{"blob":"0"}]"#, "[1]x", "{}", "[1",
  ])
  func anythingElse_isRefused(_ text: String) {
    #expect(throws: SyncFault.self) { try CursorText.decode(text, count: 1) }
  }
}

@Suite struct JSONScannerTests {
  private func skip(_ text: String) throws {
    let bytes = Array(text.utf8)
    try bytes.withUnsafeBytes { raw in
      var scanner = JSONScanner(raw)
      _ = try scanner.skipValue()
      try scanner.end()
    }
  }

  @Test(arguments: [
    "0", "-0", "-0.0", "1e5", "1.5E-7", "10", "\"\"", "\"\\u00e9\\ud83d\\ude00\\n\"", "[]", "[1, [2, {}]]",
    "{\"a\" : 1 }", " true ",
    "false", "null", "{\"a\":{\"b\":[null]},\"a\":1}",
  ]) func isJSON(_ text: String) throws { try skip(text) }

  @Test(arguments: [
    "", "01", "-01", "-", "1.", ".5", "1e", "+1", "\"", "\"\\x\"", "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\u12g4\"",
    "\"\n\"", "[1,]", "[1 2]",
    "{a:1}", "{\"a\"}", "{\"a\":1,}", "tru", "nul", "NaN", "1 2", "[", "{\"a\":1", "'a'",
    String(repeating: "[", count: 100_000),
  ]) func isNotJSON(_ text: String) {
    #expect(throws: JSONScanner.Fault.self) { try skip(text) }
  }

  @Test func escapesAreResolved() throws {
    let bytes = Array(#""a\"\\\/\b\f\n\r\té😀z""#.utf8)
    var output: [UInt8] = []
    try bytes.withUnsafeBytes { raw in
      var scanner = JSONScanner(raw)
      try scanner.string(into: &output)
    }
    #expect(String(decoding: output, as: UTF8.self) == "a\"\\/\u{8}\u{c}\n\r\té😀z")
  }
}

@Suite struct Base64Tests {
  @Test func everyLengthComesBack() {
    for count in 0...66 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
      var text: [UInt8] = []
      bytes.withUnsafeBytes { Base64.append($0, to: &text) }
      var back: [UInt8] = []
      #expect(text.withUnsafeBytes { Base64.decode($0, into: &back) })
      #expect(back == bytes)
    }
  }

  @Test(arguments: ["a", "ab=", "====", "ab=c", "a===", "ab c", "abc!", "ab==cdef"])
  func anythingElse_isRefused(_ text: String) {
    var back: [UInt8] = []
    #expect(!Array(text.utf8).withUnsafeBytes { Base64.decode($0, into: &back) })
  }
}
