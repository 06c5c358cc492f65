import CYAML

/// Turns YAML text into a tree of nodes with libyaml's event parser, bounded in depth and in what aliases expand to.
///
/// Reports what the file may not have (duplicate keys, tags, several documents) and goes on; a syntax error ends it.
struct YAMLReader {
  /// Sequences and mappings inside one another.
  static let maximumDepth = 50
  /// Nodes that all aliases together may stand for.
  static let maximumExpansion = 10_000

  private let report: (Mark, String, String) -> Void
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let dollars: DollarIndex
  private let source: UnsafeBufferPointer<UInt8>
  private var anchors: [String: YAMLNode] = [:]
  /// Anchors of the nodes that are being read.
  private var open: [String] = []
  private var expanded = 0

  /// Ends the reading; what is wrong has been reported.
  private struct Stop: Error {}

  /// Reads a text that holds one document.
  /// - Parameter report: takes place, message and remedy of whatever is wrong.
  /// - Returns: nil for a text without a document, and after a syntax error.
  static func read(_ text: String, report: @escaping (Mark, String, String) -> Void) -> YAMLNode? {
    var text = text
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    return text.withUTF8 { source in
      let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
      defer { parser.deallocate() }
      guard yaml_parser_initialize(parser) == 1 else {
        report(Mark(line: 1, column: 1), "the YAML parser could not start", "free some memory and try again")
        return nil
      }
      defer { yaml_parser_delete(parser) }
      yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(parser, source.baseAddress, source.count)
      var reader = YAMLReader(
        report: report, parser: parser, dollars: DollarIndex(source: source), source: source)
      return try? reader.document()
    }
  }

  private init(
    report: @escaping (Mark, String, String) -> Void, parser: UnsafeMutablePointer<yaml_parser_t>,
    dollars: DollarIndex, source: UnsafeBufferPointer<UInt8>
  ) {
    self.report = report
    self.parser = parser
    self.dollars = dollars
    self.source = source
  }

  private mutating func document() throws -> YAMLNode? {
    var root: YAMLNode?
    while true {
      let event = try next()
      switch event.kind {
      case .streamStart, .documentEnd, .other: continue
      case .streamEnd: return root
      case .documentStart:
        guard root == nil else {
          report(event.mark, "a second document", "keep one document in the file: remove '---' and what follows")
          throw Stop()
        }
      default: root = try node(event, depth: 0)
      }
    }
  }

  private mutating func node(_ event: YAMLEvent, depth: Int) throws -> YAMLNode {
    if event.tag != nil {
      report(
        event.mark, "a YAML tag", "remove the tag; a value in quotes is a string, one without is what it looks like")
    }
    if let anchor = event.anchor, event.kind != .alias { open.append(anchor) }
    let node: YAMLNode
    switch event.kind {
    case .alias: return expand(event)
    case .scalar(let text, let isQuoted, let isBlock):
      let marks = dollars.marks(
        in: text, from: event.startIndex, to: event.endIndex, after: isBlock ? event.mark.line : 0)
      node = YAMLNode(
        content: .scalar(YAMLScalar(text: text, isQuoted: isQuoted, dollars: marks)), mark: event.mark, size: 1)
    case .sequenceStart:
      try enter(event, depth)
      var items: [YAMLNode] = []
      while true {
        let item = try next()
        if item.kind == .sequenceEnd { break }
        items.append(try self.node(item, depth: depth + 1))
      }
      node = YAMLNode(
        content: .sequence(items), mark: event.mark, size: items.reduce(1) { $0 + $1.size })
    case .mappingStart:
      try enter(event, depth)
      let entries = try mapping(depth)
      node = YAMLNode(
        content: .mapping(entries), mark: event.mark, size: entries.reduce(1) { $0 + $1.value.size + 1 })
    default: throw Stop()
    }
    if let anchor = event.anchor {
      open.removeLast()
      anchors[anchor] = node
    }
    return node
  }

  private mutating func mapping(_ depth: Int) throws -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    var places: [String: Mark] = [:]
    while true {
      let event = try next()
      if event.kind == .mappingEnd { return entries }
      let key = try node(event, depth: depth + 1)
      let value = try node(try next(), depth: depth + 1)
      guard case .scalar(let scalar) = key.content else {
        report(event.mark, "a key that is a list or a mapping", "use a plain word as the key")
        continue
      }
      if scalar.text == "<<", !scalar.isQuoted {
        report(event.mark, "merge keys ('<<') are not supported", "write the keys out, or alias the whole value")
      } else if let first = places[scalar.text] {
        report(
          event.mark, "duplicate key '\(scalar.text)'",
          "remove one of them; the first is at \(first.line):\(first.column)")
      } else {
        places[scalar.text] = event.mark
        entries.append(YAMLEntry(key: scalar.text, mark: event.mark, value: value))
      }
    }
  }

  private func enter(_ event: YAMLEvent, _ depth: Int) throws {
    guard depth >= Self.maximumDepth else { return }
    report(event.mark, "more than \(Self.maximumDepth) levels of nesting", "close the brackets that are open before it")
    throw Stop()
  }

  private mutating func expand(_ event: YAMLEvent) -> YAMLNode {
    let invalid = YAMLNode(content: .invalid, mark: event.mark, size: 1)
    let anchor = event.anchor ?? ""
    guard !open.contains(anchor) else {
      report(
        event.mark, "alias '*\(anchor)' stands inside its own anchor", "write out what it should stand for")
      return invalid
    }
    guard let target = anchors[anchor] else {
      let remedy = suggestion(for: anchor, among: anchors.keys.sorted(), known: "anchors before it")
      report(
        event.mark, "unknown alias '*\(anchor)'", remedy ?? "set the anchor '&\(anchor)' on a value before it")
      return invalid
    }
    let wasWithinLimit = expanded <= Self.maximumExpansion
    expanded += target.size
    guard expanded <= Self.maximumExpansion else {
      if wasWithinLimit {
        report(
          event.mark, "aliases expand to more than \(Self.maximumExpansion) values",
          "write out what the aliases stand for, or use fewer of them")
      }
      return invalid
    }
    return target
  }

  private func next() throws -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else {
      let problem = YAMLSyntaxProblem(parser: parser.pointee, source: source)
      report(problem.mark, problem.message, problem.remedy)
      throw Stop()
    }
    defer { yaml_event_delete(&event) }
    return YAMLEvent(event)
  }
}
