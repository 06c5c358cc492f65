import Testing

@Suite("Rules that every source keeps")
struct StyleTests {
  /// Files that may sleep, with the reason. Waiting for something is never one.
  static let maySleep: [String: String] = [
    "Sources/Worker/Deadlines.swift": "the machine's timers: a deadline is a moment that is waited for",
    "Sources/KafkaLog/Pause.swift": "the pauses before something that has failed is tried again",
  ]

  @Test("no file is longer than 400 lines")
  func length() throws {
    for file in try SourceTree.swiftFiles("Sources") + SourceTree.swiftFiles("Tests") {
      let count = file.lines.count - (file.lines.last?.isEmpty == true ? 1 : 0)
      #expect(count <= 400, "\(file.path) has \(count) lines")
    }
  }

  @Test("no type is called Manager, Helper or Utils")
  func names() throws {
    for file in try SourceTree.swiftFiles("Sources") + SourceTree.swiftFiles("Tests") {
      for (index, line) in file.lines.enumerated() where StyleRules.badTypeName(line) != nil {
        Issue.record("\(file.path):\(index + 1): \(StyleRules.badTypeName(line) ?? "")")
      }
    }
  }

  @Test("@unchecked Sendable is justified by a comment just above")
  func unchecked() throws {
    for file in try SourceTree.swiftFiles("Sources") {
      for line in StyleRules.unjustified(file.lines) {
        Issue.record("\(file.path):\(line): @unchecked Sendable without a comment above it")
      }
    }
  }

  @Test("nothing sleeps to wait for something")
  func sleep() throws {
    for file in try SourceTree.swiftFiles("Sources") where Self.maySleep[file.path] == nil {
      for (index, line) in file.lines.enumerated() where StyleRules.sleeps(line) {
        Issue.record("\(file.path):\(index + 1): sleeps")
      }
    }
    let paths = try SourceTree.swiftFiles("Sources").map(\.path)
    for path in Self.maySleep.keys { #expect(paths.contains(path), "\(path) is gone: take it off the list") }
  }

  @Test("the rules see what they are about")
  func rules() {
    #expect(StyleRules.badTypeName("  final class QueueManager: Sendable {") == "QueueManager")
    #expect(StyleRules.badTypeName("enum StringUtils {") == "StringUtils")
    #expect(StyleRules.badTypeName("typealias Helper = Int") == "Helper")
    #expect(StyleRules.badTypeName("// a struct BadManager") == nil)
    #expect(StyleRules.badTypeName("let fileManager = FileManager.default") == nil)
    #expect(StyleRules.badTypeName("struct Managers {") == nil)

    #expect(StyleRules.unjustified(["", "final class A: @unchecked Sendable {"]) == [2])
    #expect(StyleRules.unjustified(["// Guarded by a lock.", "final class A: @unchecked Sendable {"]) == [])
    #expect(
      StyleRules.unjustified(["/// Why.", "@frozen", "public final class A:", "  B, @unchecked Sendable {"]) == [])
    #expect(StyleRules.unjustified(["let a = 1", "extension A: @unchecked Sendable {}"]) == [2])
    #expect(StyleRules.unjustified(["// it is no @unchecked Sendable"]) == [])

    #expect(StyleRules.sleeps("    try await Task.sleep(for: .seconds(1))"))
    #expect(StyleRules.sleeps("usleep(10)") && StyleRules.sleeps("Thread.sleep(forTimeInterval: 1)"))
    #expect(StyleRules.sleeps("  Glibc.sleep(1)") && StyleRules.sleeps("nanosleep(&t, nil)"))
    #expect(StyleRules.code("a(\"b // c\\\" d\") / 2 // e") == "a(\") / 2 ")
    #expect(!StyleRules.sleeps("// never usleep(10)") && !StyleRules.sleeps("let sleeps = asleep(1)"))
  }
}

/// The rules themselves, on lines of text.
enum StyleRules {
  /// The name of a type declared here that says nothing of what it does.
  static func badTypeName(_ line: Substring) -> String? {
    let words = code(line).split { !($0.isLetter || $0.isNumber || $0 == "_") }
    let kinds: [Substring] = ["class", "struct", "enum", "actor", "protocol", "typealias"]
    guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else { return nil }
    let name = words[kind + 1]
    let isBad = ["Manager", "Helper", "Helpers", "Utils", "Util"].contains { name.hasSuffix($0) }
    return isBad ? String(name) : nil
  }

  /// The lines, from 1, with an `@unchecked Sendable` whose declaration has no comment right above.
  static func unjustified(_ lines: [Substring]) -> [Int] {
    lines.indices.filter { index in
      guard code(lines[index]).contains("@unchecked Sendable") else { return false }
      // A declaration may span lines, and attributes may stand between it and its comment.
      var above = index - 1
      while above >= 0, isContinued(lines[above]) { above -= 1 }
      return above < 0 || !trimmed(lines[above]).hasPrefix("//")
    }.map { $0 + 1 }
  }

  /// Whether a line of code calls something that sleeps.
  static func sleeps(_ line: Substring) -> Bool {
    let text = code(line)
    let calls = text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "(") }
    return calls.contains { word in
      ["sleep(", "usleep(", "nanosleep(", "clock_nanosleep("].contains { word.hasPrefix($0) }
    }
  }

  private static func isContinued(_ line: Substring) -> Bool {
    let text = trimmed(line)
    return text.hasPrefix("@") || text.hasSuffix(":") || text.hasSuffix(",")
  }

  private static func trimmed(_ line: Substring) -> Substring {
    var text = line.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// The line without the text of its strings and without a comment at its end.
  static func code(_ line: Substring) -> Substring {
    var result = Substring()
    var isInString = false
    var previous: Character = " "
    for character in line {
      if character == "\"", previous != "\\" { isInString.toggle() }
      if !isInString {
        if character == "/", previous == "/" { return result.dropLast() }
        result.append(character)
      }
      previous = previous == "\\" && character == "\\" ? " " : character
    }
    return result
  }
}
