import Dispatch
import Foundation
import Messages
import Testing

@Suite("Values follow the schemas of topics/")
struct SchemaTests {
  /// Reads lines of `{"schema": ..., "value": ...}`, and prints what is wrong with them.
  private static let validator = """
    import json, pathlib, re, sys
    try:
        import jsonschema
    except ImportError:
        sys.exit("python3-jsonschema is missing: run scripts/install tests")
    folder = pathlib.Path(sys.argv[1])
    formats = jsonschema.FormatChecker(formats=())
    moment = re.compile(r"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)")
    formats.checks("date-time")(lambda text: not isinstance(text, str) or moment.fullmatch(text) is not None)
    validators = {}
    for name in ["request", "event", "control", "dead-letter", "schedule", "scheduler", "problem"]:
        schema = json.loads((folder / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[name] = jsonschema.Draft202012Validator(schema, format_checker=formats)
    count = 0
    for line in sys.stdin:
        entry = json.loads(line)
        for error in validators[entry["schema"]].iter_errors(entry["value"]):
            print(f"{entry['schema']}: {error.json_path}: {error.message[:300]}")
        count += 1
    print(f"checked {count}")

    """

  @Test("all that is written")
  func written() throws {
    let lines =
      Samples.requests.map { line("request", RequestCodec.encode($0, source: "/test").value) }
      + Samples.events.map { line("event", EventCodec.encode($0, queue: "q", time: Samples.moment).value) }
      + Samples.orders.map { line("control", ControlCodec.encode($0, time: Samples.moment).value) }
      + Samples.controlRecords.compactMap { schema, record in record.value.map { line(schema, $0) } }
      + Samples.letters.map { letter in
        let record = DeadLetterCodec.encode(letter, topic: "t", worker: "w", time: Samples.moment)
        let headers = record.headers.filter { $0.name.hasPrefix("baton_") }.map { header in
          (header.name, JSONValue.string(String(decoding: header.value ?? [], as: UTF8.self)))
        }
        return line("dead-letter", Array(JSONValue.object(Dictionary(headers) { $1 }).jsonText.utf8))
      }
    #expect(try validate(lines) == ["checked \(lines.count)"])
  }

  @Test("the schemas notice what is wrong")
  func wrong() throws {
    let bad = [
      line("request", Array(#"{"params":{}}"#.utf8)), line("request", Array(#"{"job":"a","expires":"soon"}"#.utf8)),
      line("request", Array(#"{"job":"a","prams":{}}"#.utf8)),
      line("event", Array(#"{"run":"r","request":1}"#.utf8)),
      line("event", Array(#"{"run":"r","request":1,"worker":"w","cause":"moon"}"#.utf8)),
      line("control", Array(#"{"queue":"q","action":"dance","by":"x"}"#.utf8)),
      line("dead-letter", Array("{}".utf8)),
      line("event", Array(#"{"run":"r","request":9007199254740992,"worker":"w"}"#.utf8)),
      line("control", Array(#"{"queue":"q","action":"accept-loss","below":-1,"by":"x"}"#.utf8)),
      line("dead-letter", Array(#"{"baton_dropped":"lots"}"#.utf8)),
      line("schedule", Array(#"{"job":"a","signature":"every 2s in q","since":"once"}"#.utf8)),
      line("scheduler", Array(#"{"name":"ONE"}"#.utf8)), line("problem", Array(#"{"queue":"","worker":"w"}"#.utf8)),
    ]
    let found = try validate(bad)
    #expect(found.last == "checked \(bad.count)")
    for (schema, words) in [
      ("request", "'job' is a required"), ("request", "soon"), ("request", "prams"),
      ("event", "'worker' is a required"),
      ("event", "moon"), ("control", "dance"), ("dead-letter", "'baton_topic' is a required"),
      ("event", "9007199254740992 is greater"), ("control", "-1 is less"), ("dead-letter", "'lots' does not match"),
      ("schedule", "once"), ("scheduler", "'time' is a required"), ("problem", "'message' is a required"),
    ] {
      #expect(found.contains { $0.hasPrefix(schema + ":") && $0.contains(words) }, "\(words): \(found)")
    }
  }

  private func line(_ schema: String, _ value: [UInt8]?) -> String {
    #"{"schema":"\#(schema)","value":\#(String(decoding: value ?? [], as: UTF8.self))}"#
  }

  private func validate(_ lines: [String]) throws -> [String] {
    let topics = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../topics").standardized.path
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-W", "ignore", "-c", Self.validator, topics]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput, process.standardError) = (input, output, output)
    try process.run()
    // The validator prints little before it has read everything: neither pipe can fill up.
    try input.fileHandleForWriting.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
    try input.fileHandleForWriting.close()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").map(String.init)
  }
}
