import Dispatch

/// A query whose `:name` placeholders are numbered: parameters are bound, never put into the text.
struct QueryTemplate {
  /// The query with `$1` or `?1` in the place of each `:name`, without a closing semicolon.
  let text: String
  /// The parameters' names; the first is number 1.
  let names: [String]

  /// - Parameter marker: what stands before a parameter's number, `$` for PostgreSQL and `?` for SQLite.
  /// - Throws: `SyncFault` when the query is empty, or carries the database's own placeholders, or is not closed.
  init(_ query: String, marker: Character) throws {
    var parser = Parser(bytes: Array(query.utf8), marker: marker)
    try parser.run()
    text = String(decoding: parser.output, as: UTF8.self)
    names = parser.names
    guard text.utf8.contains(where: { $0 > 0x20 }) else { throw SyncFault("the query is empty") }
  }

  static let foreignPlaceholder = SyncFault(
    "the query has a placeholder of the database's own", remedy: "Write parameters as :name.")

  /// The values in the order of `names`.
  /// - Throws: `SyncFault` for a name that has no value.
  func values(from params: [String: JSONValue]) throws -> [JSONValue] {
    try names.map { name in
      guard let value = params[name] else {
        throw SyncFault(
          "the query uses the parameter :\(name), which this run has no value for",
          remedy: "Declare it in the job's params, with a default or as required.")
      }
      return value
    }
  }
}

/// Walks over SQL text just well enough to know what is code and what is a string, a name or a comment.
private struct Parser {
  let bytes: [UInt8]
  let marker: Character
  var index = 0
  var output: [UInt8] = []
  var names: [String] = []
  /// Where the output ends but for closing semicolons, space and comments.
  private var end = 0

  init(bytes: [UInt8], marker: Character) {
    self.bytes = bytes
    self.marker = marker
  }

  private func at(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

  private static func isName(_ byte: UInt8?, first: Bool = false) -> Bool {
    guard let byte else { return false }
    return byte == UInt8(ascii: "_") || byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
      || (!first && byte >= 0x30 && byte <= 0x39)
  }

  private mutating func copy(_ count: Int) {
    output.append(contentsOf: bytes[index..<min(index + count, bytes.count)])
    index += count
  }

  mutating func run() throws {
    while let byte = at() {
      switch byte {
      case UInt8(ascii: "'"):
        // E'...' takes backslash escapes; the letter was copied as part of a name.
        let isEscaped = marker == "$" && index > 0 && bytes[index - 1] | 0x20 == UInt8(ascii: "e")
        try quoted(by: byte, escapes: isEscaped && (index < 2 || !Parser.isName(bytes[index - 2])))
      case UInt8(ascii: "\""): try quoted(by: byte, escapes: false)
      case UInt8(ascii: "`") where marker == "?": try quoted(by: byte, escapes: false)
      case UInt8(ascii: "[") where marker == "?": try quoted(by: UInt8(ascii: "]"), escapes: false)
      case UInt8(ascii: "-") where at(1) == byte:
        while let next = at(), next != 0x0A { copy(1) }
        continue
      case UInt8(ascii: "/") where at(1) == UInt8(ascii: "*"):
        try comment()
        continue
      case UInt8(ascii: "$") where marker == "$": try dollar()
      case UInt8(ascii: "?") where marker == "?", UInt8(ascii: "@") where marker == "?",
        UInt8(ascii: "$") where marker == "?":
        throw QueryTemplate.foreignPlaceholder
      case UInt8(ascii: ":") where at(1) == byte: copy(2)
      case UInt8(ascii: ":") where Parser.isName(at(1), first: true): placeholder()
      // Both databases take a dollar within a name.
      case _ where Parser.isName(byte): while Parser.isName(at()) || at() == UInt8(ascii: "$") { copy(1) }
      case UInt8(ascii: ";"):
        copy(1)
        continue
      default:
        copy(1)
        if byte <= 0x20 { continue }
      }
      end = output.count
    }
    if output[end...].contains(UInt8(ascii: ";")) { output.removeLast(output.count - end) }
  }

  private mutating func placeholder() {
    let start = index + 1
    index = start
    while Parser.isName(at()) { index += 1 }
    let name = String(decoding: bytes[start..<index], as: UTF8.self)
    let number = names.firstIndex(of: name) ?? names.count
    if number == names.count { names.append(name) }
    output.append(contentsOf: "\(marker)\(number + 1)".utf8)
  }

  private mutating func quoted(by close: UInt8, escapes: Bool) throws {
    copy(1)
    while let byte = at() {
      if escapes, byte == UInt8(ascii: "\\") {
        copy(2)
      } else if byte == close, close != UInt8(ascii: "]"), at(1) == close {
        copy(2)
      } else {
        copy(1)
        if byte == close { return }
      }
    }
    throw SyncFault("the query has a quote that is not closed")
  }

  /// Comments nest in PostgreSQL, and do not in SQLite.
  private mutating func comment() throws {
    copy(2)
    var depth = 1
    while depth > 0 {
      guard let byte = at() else { throw SyncFault("the query has a comment that is not closed") }
      if byte == UInt8(ascii: "*"), at(1) == UInt8(ascii: "/") {
        copy(2)
        depth -= 1
      } else if marker == "$", byte == UInt8(ascii: "/"), at(1) == UInt8(ascii: "*") {
        copy(2)
        depth += 1
      } else {
        copy(1)
      }
    }
  }

  /// `$tag$ ... $tag$`, or a numbered parameter, which is refused.
  private mutating func dollar() throws {
    if let next = at(1), next >= 0x30, next <= 0x39 {
      throw QueryTemplate.foreignPlaceholder
    }
    var length = 1
    while Parser.isName(at(length)) { length += 1 }
    guard at(length) == UInt8(ascii: "$") else { return copy(1) }
    let tag = bytes[index...index + length]
    copy(tag.count)
    while index < bytes.count {
      if bytes[index...].starts(with: tag) { return copy(tag.count) }
      copy(1)
    }
    throw SyncFault("the query has a quote that is not closed")
  }
}
