import CYAML

/// What libyaml says of a text that is no YAML, with a remedy.
struct YAMLSyntaxProblem {
  let mark: Mark
  let message: String
  let remedy: String

  init(parser: yaml_parser_t, source: UnsafeBufferPointer<UInt8>) {
    let problem = parser.problem.map { String(cString: $0) } ?? "not readable"
    if parser.error == YAML_READER_ERROR {
      mark = YAMLSyntaxProblem.mark(ofByte: parser.problem_offset, in: source)
      message = "not valid YAML: \(problem)"
      remedy = "remove the character, or write it as an escape in double quotes"
      return
    }
    mark = Mark(line: parser.problem_mark.line + 1, column: parser.problem_mark.column + 1)
    var text = "not valid YAML: \(problem)"
    if let context = parser.context {
      text += " \(String(cString: context))"
      let start = Mark(line: parser.context_mark.line + 1, column: parser.context_mark.column + 1)
      if start != mark { text += " that began at \(start.line):\(start.column)" }
    }
    message = text
    remedy = YAMLSyntaxProblem.remedy(for: problem, at: parser.problem_mark, in: source)
  }

  private static func remedy(for problem: String, at mark: yaml_mark_t, in source: UnsafeBufferPointer<UInt8>) -> String
  {
    let line = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropFirst(mark.line).first
    let indentation = line?.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } ?? []
    if indentation.contains(UInt8(ascii: "\t")) || problem.contains("tab") {
      return "indent with spaces: YAML forbids tabs"
    }
    switch problem {
    case "found character that cannot start any token":
      return "put a value that begins with '@', '`' or '%' in quotes"
    case "mapping values are not allowed in this context":
      return "put a value that contains ': ' in quotes, and check the indentation of the line"
    case _ where problem.contains("',' or"):
      return "separate the items with commas, close the bracket, and put values with '${...}' in quotes"
    case "found unexpected end of stream":
      return "close the quote or the bracket"
    case "could not find expected ':'":
      return "write 'key: value', with a space after the colon"
    case _ where problem.hasPrefix("did not find expected"):
      return "check the indentation of this line and of the one before it"
    case _ where problem.contains("escape"):
      return "write a backslash as '\\\\', or use single quotes"
    default:
      return "check the quotes and the indentation around it"
    }
  }

  /// The place of a byte, lines being ended by line feeds.
  static func mark(ofByte offset: Int, in source: UnsafeBufferPointer<UInt8>) -> Mark {
    var mark = Mark(line: 1, column: 1)
    for byte in source.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        mark = Mark(line: mark.line + 1, column: 1)
      } else if byte & 0xC0 != 0x80 {
        mark.column += 1
      }
    }
    return mark
  }
}
