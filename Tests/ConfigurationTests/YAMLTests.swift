import Testing

@testable import Configuration

@Suite("YAML: what the file may not have, and where it stands")
struct YAMLTests {
  @Test("an empty file", arguments: ["", "\n\n", "# only a comment\n", "---\n", "~", "\u{FEFF}", " \t\n"])
  func empty(text: String) {
    let found = problems(text)
    #expect(found.count == 1)
    #expect(found == ["1:1: the file is empty; write a first one: baton init"] || text == " \t\n")
  }

  @Test("a file that is no mapping", arguments: [("[a]", "a list"), ("hello", "a string"), ("5", "a number")])
  func noMapping(text: String, what: String) {
    #expect(
      problems(text) == ["1:1: the configuration must be a mapping, not \(what); write 'key: value' lines below it"])
  }

  @Test("a duplicate key points at the second and names the first")
  func duplicate() {
    #expect(
      problems("kafka: {bootstrap: a}\nqueues:\n  a: {}\n  'a': {}\nkafka: {}") == [
        "4:3: duplicate key 'a'; remove one of them; the first is at 3:3",
        "5:1: duplicate key 'kafka'; remove one of them; the first is at 1:1",
      ])
  }

  @Test("tags, complex keys, merge keys, a second document")
  func unsupported() {
    #expect(
      problems("kafka: {bootstrap: !!str a}\nqueues: !mine {a: {}}") == [
        "1:20: a YAML tag; remove the tag; a value in quotes is a string, one without is what it looks like",
        "2:9: a YAML tag; remove the tag; a value in quotes is a string, one without is what it looks like",
      ])
    #expect(
      problems("kafka: {bootstrap: a}\n? [x]\n: y") == [
        "2:3: a key that is a list or a mapping; use a plain word as the key"
      ])
    #expect(
      problems("kafka: &k {bootstrap: a}\nworker:\n  <<: *k") == [
        "3:3: merge keys ('<<') are not supported; write the keys out, or alias the whole value"
      ])
    #expect(
      problems("kafka: {bootstrap: a}\n---\nkafka: {}") == [
        "2:1: a second document; keep one document in the file: remove '---' and what follows"
      ])
  }

  @Test("unknown and recursive aliases")
  func aliases() {
    #expect(
      problems("kafka: {bootstrap: &host a, group: *hots}\nqueues: {x: {description: *none}}\njobs: &j {a: *j}") == [
        "1:36: unknown alias '*hots'; did you mean 'host'?",
        "2:27: unknown alias '*none'; anchors before it: host",
        "3:14: alias '*j' stands inside its own anchor; write out what it should stand for",
      ])
  }

  @Test("an error behind an alias is reported once, where it stands")
  func errorBehindAlias() {
    #expect(
      jobProblems("queue: nightly\nrun: [x]\ntimeout: &t never\nexpires: *t").map { $0.prefix(5) } == [
        "3:10:", "3:10:",
      ])
    #expect(
      problems("kafka: {bootstrap: a}\nqueues: {a: &o {x: 1}, b: *o}").map { $0.prefix(5) } == ["2:17:", "2:17:"])
  }

  @Test("an alias bomb ends early")
  func bomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...60 {
      let item = "*a\(level - 1)"
      text += "a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
    }
    let found = problems(text)
    #expect(
      found.contains(
        "4:45: aliases expand to more than 10000 values; write out what the aliases stand for, or use fewer of them"),
      "\(found.filter { $0.contains("expand") })")
    #expect(found.count { $0.contains("expand") } == 1)
  }

  @Test("nesting is bounded", arguments: [("[", 51), ("{a: ", 51), ("- ", 51)])
  func depth(open: String, column: Int) {
    let found = problems("a: " + (open == "- " ? "\n" : "") + String(repeating: open, count: 100_000))
    #expect(found.count == 1)
    #expect(found.first?.contains("more than 50 levels of nesting") == true, "\(found)")
  }

  @Test(
    "syntax errors",
    arguments: [
      (
        "kafka:\n\tbootstrap: a",
        "2:1: not valid YAML: found character that cannot start any token while scanning for the next token; indent with spaces: YAML forbids tabs"
      ),
      (
        "kafka: {bootstrap: ${X}}",
        "1:21: not valid YAML: did not find expected ',' or '}'"
      ),
      (
        "a: b: c",
        "1:5: not valid YAML: mapping values are not allowed in this context; put a value that contains ': ' in quotes, and check the indentation of the line"
      ),
      (
        "a: \"open\nb: c\n",
        "3:1: not valid YAML: found unexpected end of stream while scanning a quoted scalar that began at 1:4; close the quote or the bracket"
      ),
      (
        "a: @x",
        "1:4: not valid YAML: found character that cannot start any token while scanning for the next token; put a value that begins with '@', '`' or '%' in quotes"
      ),
      (
        "a: [b, c\nd: e",
        "2:2: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence that began at 1:4; separate the items with commas, close the bracket, and put values with '${...}' in quotes"
      ),
      (
        "a: 1\n b: 2\nc: \"\\q\"",
        "2:3: not valid YAML: mapping values are not allowed in this context; put a value that contains ': ' in quotes, and check the indentation of the line"
      ),
      (
        "a: \"\\q\"",
        "1:5: not valid YAML: found unknown escape character while parsing a quoted scalar that began at 1:4; write a backslash as '\\\\', or use single quotes"
      ),
      (
        "a: b\nü: é\u{1}x",
        "2:5: not valid YAML: control characters are not allowed; remove the character, or write it as an escape in double quotes"
      ),
    ])
  func syntax(text: String, problem: String) {
    let found = problems(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(problem) == true, "\(found)")
  }

  @Test("columns count code points: tabs are one, marks on letters their own")
  func columns() {
    // An accented letter of two code points, an emoji, a tab before the value, and Windows line ends.
    let text =
      "kafka: {bootstrap: a}\r\nqueues: {a: {description: \"e\u{301}🙂\", \t nope: 1}}\r\nworker: {naem: x}\r\n"
    #expect(
      problems(text).map { $0.prefix { $0 != ";" } } == [
        "2:36: unknown key 'nope' in queue 'a'", "3:10: unknown key 'naem' in worker",
      ])
  }

  @Test("a byte order mark does not move the columns")
  func byteOrderMark() {
    #expect(problems("\u{FEFF}kafka: {bootstrap: a}\nx: 1").map { $0.prefix(4) } == ["2:1:"])
    #expect(problems("\u{FEFF}x: {}\nkafka: {bootstrap: a}").map { $0.prefix(4) } == ["1:1:"])
  }

  @Test("plain and quoted scalars are told apart")
  func kinds() {
    func kind(_ text: String) -> YAMLScalar.Kind { YAMLScalar.plainKind(text) }
    #expect(["", "~", "null", "Null", "NULL"].allSatisfy { kind($0) == .null })
    #expect(kind("true") == .boolean(true) && kind("FALSE") == .boolean(false))
    #expect(["yes", "no", "on", "off", "nUll", "y"].allSatisfy { kind($0) == .string })
    #expect(kind("-12") == .integer(-12) && kind("+7") == .integer(7) && kind("0") == .integer(0))
    #expect(
      ["010", "0x1F", "0o17", "1_000", "--1", "+", "-", "1e", ".", "e5", ".inf", ".nan", "inf", "1-2"].allSatisfy {
        kind($0) == .string
      })
    #expect(kind("1.5") == .number(1.5) && kind("1e3") == .number(1000) && kind(".5") == .number(0.5))
    #expect(kind("1e999") == .string)
    for text in ["5", "true", "null", ""] { #expect(YAMLScalar(text: text, isQuoted: true).kind == .string) }
  }

  @Test("ten thousand lines, with an error on the last")
  func long() throws {
    var text = "kafka: {bootstrap: a}\nqueues:\n"
    for index in 1...9_997 { text += "  q\(index): {description: \"$$ and text\"}\n" }
    #expect(try parse(text).queues["q9997"]?.description == "$ and text")
    text += "  last: {description: \"${NOPE}\"}\n"
    #expect(
      problems(text) == [
        "10000:24: environment variable 'NOPE' is not set; set it, or give a default: '${NOPE:-value}'"
      ])
  }

  @Test("suggestions come from typing errors, not from anything that is short")
  func suggestions() {
    #expect(editDistance("chunk", "chunk") == 0)
    #expect(editDistance("", "abc") == 3 && editDistance("abc", "") == 3)
    #expect(editDistance("hcunk", "chunk") == 1)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(nearest(to: "CHUNKS", among: ["run", "chunk"]) == "chunk")
    #expect(nearest(to: "schedule", among: ["queue", "chunk", "expires"]) == nil)
    #expect(nearest(to: "x", among: ["queue"]) == nil)
    #expect(nearest(to: "x", among: []) == nil)
  }
}
