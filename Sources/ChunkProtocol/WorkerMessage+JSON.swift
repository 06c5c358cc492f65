import Dispatch

extension WorkerMessage {
  /// The message as a line of JSON, without its newline.
  public var jsonLine: [UInt8] {
    switch self {
    case .start(let start):
      var writer = MessageWriter(type: "start")
      writer.add("run", .string(start.run))
      writer.add("job", .string(start.job))
      writer.add("attempt", .integer(Int64(start.attempt)))
      writer.add("token", .integer(start.token))
      writer.add("params", .object(start.params))
      if let cursor = start.cursor { writer.add("cursor", .string(cursor)) }
      var limits: [String: JSONValue] = [
        "rows": .integer(Int64(start.limits.rows)), "bytes": .integer(Int64(start.limits.bytes)),
      ]
      if let memory = start.limits.memory { limits["memory"] = .integer(Int64(memory)) }
      writer.add("limits", .object(limits))
      if let configuration = start.configuration { writer.add("configuration", .string(configuration)) }
      return writer.finish()
    case .ack(let chunk):
      var writer = MessageWriter(type: "ack")
      writer.add("chunk", .integer(Int64(chunk)))
      return writer.finish()
    case .stop(let reason):
      var writer = MessageWriter(type: "stop")
      writer.add("reason", .string(reason))
      return writer.finish()
    }
  }

  /// Reads a line, given without its newline.
  /// - Throws: what is wrong with it, naming the member.
  public init(jsonLine line: [UInt8]) throws(ProtocolError) {
    let reader = MessageReader(line: line)
    try reader.requireWhole()
    switch try reader.string("type") {
    case "start": self = .start(try RunnerStart(reader))
    case "ack": self = .ack(chunk: Int(try reader.integer("chunk", from: 1)))
    case "stop": self = .stop(reason: try reader.string("reason"))
    case let type: throw reader.error("a worker says no \"\(type)\", only start, ack and stop")
    }
  }
}

extension RunnerStart {
  fileprivate init(_ reader: MessageReader) throws(ProtocolError) {
    self.init(
      run: try reader.string("run"), job: try reader.string("job"),
      attempt: Int(try reader.integer("attempt", from: 1)), token: try reader.integer("token", from: 0))
    if reader.has("params") { params = try reader.object("params") }
    if reader.has("cursor") { cursor = try reader.string("cursor") }
    if reader.has("configuration") { configuration = try reader.string("configuration") }
    guard reader.has("limits") else { return }
    let given = try reader.object("limits")
    if let rows = given["rows"] { limits.rows = Int(try reader.integer(rows, "limits.rows", from: 1)) }
    if let bytes = given["bytes"] { limits.bytes = Int(try reader.integer(bytes, "limits.bytes", from: 1)) }
    if let memory = given["memory"], memory != .null {
      limits.memory = Int(try reader.integer(memory, "limits.memory", from: 1))
    }
  }
}
