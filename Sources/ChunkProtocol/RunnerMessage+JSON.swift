import Dispatch

extension RunnerMessage {
  /// The message as a line of JSON, without its newline.
  public var jsonLine: [UInt8] {
    switch self {
    case .chunk(let report):
      var writer = MessageWriter(type: "chunk")
      writer.add("chunk", .integer(Int64(report.chunk)))
      writer.add("cursor", .string(report.cursor))
      writer.add("rows", .integer(Int64(report.rows)))
      writer.add("bytes", .integer(Int64(report.bytes)))
      if let total = report.total { writer.add("total", .integer(Int64(total))) }
      return writer.finish()
    case .done(let done):
      var writer = MessageWriter(type: "done")
      writer.add("facts", .object(done.facts))
      return writer.finish()
    case .failed(let failure):
      var writer = MessageWriter(type: "failed")
      writer.add("message", .string(failure.message))
      writer.add("retriable", .boolean(failure.isRetriable))
      if let token = failure.fencedBy { writer.add("fencedBy", .integer(token)) }
      return writer.finish()
    }
  }

  /// Reads a line of a runner's standard output, given without its newline.
  ///
  /// A protocol line begins with `{` and has a member "type" that is `chunk`, `done` or `failed`; a line that is broken
  /// after such a member is one too. A cursor that is no string is kept as the JSON text that it is.
  /// - Parameter nextChunk: the number of a chunk that gives none, as simple programs may do; its rows and bytes are
  ///   then 0 if it gives none of these either.
  /// - Returns: nil for a line that is not the protocol's: plain output.
  /// - Throws: what is wrong with a protocol line, naming the member.
  public static func decode(line: [UInt8], nextChunk: Int) throws(ProtocolError) -> RunnerMessage? {
    guard line.first == UInt8(ascii: "{") else { return nil }
    let reader = MessageReader(line: line)
    guard let type = reader.type else { return nil }
    switch type {
    case "chunk":
      try reader.requireWhole()
      let cursor: String
      if case .string(let text) = try reader.value("cursor") {
        cursor = text
      } else {
        cursor = reader.text("cursor") ?? ""
      }
      func optional(_ name: String, from least: Int64, else value: Int) throws(ProtocolError) -> Int {
        reader.has(name) ? Int(try reader.integer(name, from: least)) : value
      }
      // They are added up.
      func rows(_ name: String) throws(ProtocolError) -> Int? {
        guard reader.has(name) else { return nil }
        let count = try reader.integer(name, from: 0)
        guard count <= JSONValue.exactIntegerMax else {
          throw reader.error("the member \"\(name)\" is larger than \(JSONValue.exactIntegerMax)")
        }
        return Int(count)
      }
      return .chunk(
        ChunkReport(
          chunk: try optional("chunk", from: 1, else: nextChunk), cursor: cursor,
          rows: try rows("rows") ?? 0, bytes: try optional("bytes", from: 0, else: 0), total: try rows("total")))
    case "done":
      try reader.requireWhole()
      return .done(RunnerDone(facts: reader.has("facts") ? try reader.object("facts") : [:]))
    case "failed":
      try reader.requireWhole()
      return .failed(
        RunnerFailure(
          message: try reader.string("message"),
          isRetriable: reader.has("retriable") ? try reader.boolean("retriable") : true,
          fencedBy: reader.has("fencedBy") ? try reader.integer("fencedBy", from: 0) : nil))
    default: return nil
    }
  }
}
