import Foundation
import Synchronization
import Testing

@testable import Telemetry

/// Gathers lines from any thread.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  var output: LogOutput { LogOutput { line in self.lines.withLock { $0.append(line) } } }
}

/// 2026-11-24T01:29:00.123Z
let incident: @Sendable () -> Int64 = { 1_795_483_740_123 }

@Suite struct LogLineTests {
  private func line(
    _ format: LogFormat, message: String = "run started", component: String = "worker",
    _ fields: KeyValuePairs<String, String> = [:]
  ) -> String {
    let lines = Lines()
    Logger(component, format: format, output: lines.output, clock: incident).info(message, fields)
    #expect(lines.all.count == 1)
    return lines.all.first ?? ""
  }

  @Test func textLineHasTimeLevelComponentMessageAndFields() {
    #expect(
      line(.text, ["run": "abc", "job": "person-search"])
        == "2026-11-24T01:29:00.123Z INFO  worker  run started  run=abc job=person-search")
    #expect(line(.text) == "2026-11-24T01:29:00.123Z INFO  worker  run started")
  }

  @Test(arguments: [
    ("plain", "plain"),
    ("person@2026-11-24T01:29:00Z", "person@2026-11-24T01:29:00Z"),
    ("", #""""#),
    ("two words", #""two words""#),
    ("a=b", #""a=b""#),
    (#"say "hi""#, #""say \"hi\"""#),
    (#"C:\temp"#, #""C:\\temp""#),
    ("one\ntwo\r\tthree", #""one\ntwo\r\tthree""#),
    ("\u{1B}[31mred", #""\u001b[31mred""#),
    ("\u{202E}reversed", #""\u202ereversed""#),
    ("line\u{2028}separator", #""line\u2028separator""#),
    ("nul\0", #""nul\u0000""#),
    ("Zoë 東京 👩‍👩‍👧", #""Zoë 東京 👩‍👩‍👧""#),
  ])
  func textValuesAreQuotedWhenNeeded(value: String, expected: String) {
    #expect(line(.text, ["key": value]).hasSuffix("  key=" + expected))
  }

  @Test func textMessagesStayOnOneLineAndCannotCommandTheTerminal() {
    let text = line(.text, message: "first\nsecond\u{1B}[2J \"as it is\" \\d", component: "a\nb")
    #expect(text == #"2026-11-24T01:29:00.123Z INFO  a\nb  first\nsecond\u001b[2J "as it is" \d"#)
  }

  @Test func textKeysCannotForgeFields() {
    #expect(line(.text, ["a b=c\n": "d", "": "e"]).hasSuffix("  a_b_c_=d _=e"))
  }

  @Test func jsonLineIsExact() {
    #expect(
      line(.json, ["run": "abc"])
        == #"{"time":"2026-11-24T01:29:00.123Z","level":"info","component":"worker","message":"run started","run":"abc"}"#
    )
  }

  @Test(arguments: [
    "plain", "", "quote \" and \\ backslash", "line\nbreak\r\n", "\u{0}\u{1}\u{1F}\u{7F}", "\u{85}\u{2028}\u{2029}",
    "\u{FEFF}bom", "\u{FFFD}", "\u{FFFF}\u{10FFFF}", "Zoë 東京 👩‍👩‍👧", "</script>",
    String(decoding: [0x61, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80], as: UTF8.self),
    String(repeating: "long ", count: 20_000),
  ])
  func jsonLinesAreValidAndGiveBackWhatWentIn(text: String) throws {
    let json = line(.json, message: text, component: text, [text: text, "after": "x"])
    #expect(!json.contains("\n"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
    #expect(object["message"] == text)
    #expect(object["component"] == text)
    #expect(object[text] == text)
    #expect(object["after"] == "x")
    #expect(object.count == 6)
  }

  @Test func jsonFieldsDoNotHideTheLinesOwnMembers() throws {
    let json = line(.json, ["time": "a", "level": "b", "field_level": "c", "message": "d"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String])
    #expect(object["level"] == "info")
    #expect(object["field_time"] == "a")
    #expect(object["field_level"] == "b")
    #expect(object["field_field_level"] == "c")
    #expect(object["field_message"] == "d")
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func timesAreUTC(milliseconds: Int64, expected: String) {
    #expect(WallClock.text(milliseconds: milliseconds) == expected)
  }
}
