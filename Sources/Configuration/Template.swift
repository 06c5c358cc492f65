/// A scalar taken apart at its references.
///
/// `${NAME}` and `${NAME:-default}` (for a variable that is unset or empty) come from the environment, `${file:/path}`
/// from a file, `${params.name}` from the request; `$$` is a dollar, and so is a dollar before anything but a brace.
struct Template {
  enum Piece: Equatable {
    case literal(String)
    case environment(String, fallback: String?)
    case file(String)
    case parameter(String)
  }

  private(set) var pieces: [(piece: Piece, mark: Mark)] = []
  /// Whether everything that looked like a reference was one.
  private(set) var isSound = true

  /// - Parameter report: takes place, message and remedy of what is no reference.
  init(_ scalar: YAMLScalar, at mark: Mark, report: (Mark, String, String) -> Void) {
    var rest = Substring(scalar.text).unicodeScalars
    var literal = ""
    var dollar = 0
    func place() -> Mark { dollar < scalar.dollars.count ? scalar.dollars[dollar] : mark }
    while let character = rest.popFirst() {
      guard character == "$" else {
        literal.unicodeScalars.append(character)
        continue
      }
      let here = place()
      dollar += 1
      if rest.first == "$" {
        rest.removeFirst()
        dollar += 1
        literal += "$"
        continue
      }
      guard rest.first == "{" else {
        literal += "$"
        continue
      }
      guard let end = rest.firstIndex(of: "}") else {
        report(here, "'${' without '}'", "close the reference, or write '$${' for the characters themselves")
        isSound = false
        break
      }
      let body = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
      if let piece = Template.reference(body, at: here, report: report) {
        if !literal.isEmpty { pieces.append((.literal(literal), mark)) }
        literal = ""
        pieces.append((piece, here))
      } else {
        isSound = false
      }
      dollar += body.utf8.count { $0 == UInt8(ascii: "$") }
    }
    if !literal.isEmpty { pieces.append((.literal(literal), mark)) }
  }

  private static func reference(_ body: String, at mark: Mark, report: (Mark, String, String) -> Void) -> Piece? {
    if body.contains("${") {
      report(mark, "a reference inside a reference", "give the default as plain text: '${NAME:-text}'")
      return nil
    }
    if body.hasPrefix("params.") {
      let name = String(body.dropFirst("params.".count))
      if Name.isIdentifier(name) { return .parameter(name) }
    } else if body.hasPrefix("file:") {
      let path = String(body.dropFirst("file:".count))
      if !path.isEmpty { return .file(path) }
    } else {
      let name = body.prefix { $0 != ":" }
      let rest = body.dropFirst(name.count)
      if Name.isIdentifier(String(name)) {
        if rest.isEmpty { return .environment(String(name), fallback: nil) }
        if rest.hasPrefix(":-") {
          return .environment(String(name), fallback: unescape(rest.dropFirst(2)))
        }
      }
    }
    report(
      mark, "'${' before something that is no reference",
      "write '${NAME}', '${NAME:-default}', '${file:/path}' or '${params.name}'; '$$' is a dollar")
    return nil
  }

  private static func unescape(_ text: Substring) -> String {
    var result = ""
    var previousWasDollar = false
    for character in text.unicodeScalars {
      if character == "$", previousWasDollar {
        previousWasDollar = false
        continue
      }
      previousWasDollar = character == "$"
      result.unicodeScalars.append(character)
    }
    return result
  }
}

/// What names may look like.
enum Name {
  static let maximumLength = 100

  /// Jobs, queues, connections: `[a-z0-9][a-z0-9._-]*`, with capitals for workers and groups.
  static func isName(_ text: String, allowsCapitals: Bool = false) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= maximumLength, isWord(first, allowsCapitals) else {
      return false
    }
    return text.utf8.allSatisfy { isWord($0, allowsCapitals) || "._-".utf8.contains($0) }
  }

  /// Params and environment variables: `[A-Za-z_][A-Za-z0-9_]*`.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= maximumLength, !isDigit(first) else { return false }
    return text.utf8.allSatisfy { isWord($0, true) || $0 == UInt8(ascii: "_") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  private static func isWord(_ byte: UInt8, _ allowsCapitals: Bool) -> Bool {
    isDigit(byte) || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
      || (allowsCapitals && byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
  }
}
