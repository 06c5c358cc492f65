import CYAML

/// One of libyaml's events as a Swift value that outlives it.
struct YAMLEvent {
  enum Kind: Equatable {
    case streamStart, streamEnd, documentStart, documentEnd
    case alias
    case scalar(text: String, isQuoted: Bool, isBlock: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case other
  }

  let kind: Kind
  let mark: Mark
  /// Offsets in code points.
  let startIndex: Int
  let endIndex: Int
  /// The anchor set here, or for an alias the one referred to.
  private(set) var anchor: String?
  private(set) var tag: String?

  init(_ event: yaml_event_t) {
    mark = Mark(line: event.start_mark.line + 1, column: event.start_mark.column + 1)
    startIndex = event.start_mark.index
    endIndex = event.end_mark.index
    switch event.type {
    case YAML_STREAM_START_EVENT: kind = .streamStart
    case YAML_STREAM_END_EVENT: kind = .streamEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_ALIAS_EVENT:
      kind = .alias
      anchor = YAMLEvent.text(event.data.alias.anchor)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let isBlock = scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE
      kind = .scalar(
        text: String(decoding: bytes, as: UTF8.self), isQuoted: scalar.style != YAML_PLAIN_SCALAR_STYLE,
        isBlock: isBlock)
      anchor = YAMLEvent.text(scalar.anchor)
      tag = YAMLEvent.text(scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      anchor = YAMLEvent.text(event.data.sequence_start.anchor)
      tag = YAMLEvent.text(event.data.sequence_start.tag)
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      anchor = YAMLEvent.text(event.data.mapping_start.anchor)
      tag = YAMLEvent.text(event.data.mapping_start.tag)
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    default: kind = .other
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}
