import Dispatch

/// The metadata of a committed offset as text: compact JSON, since a broker takes 4,096 bytes by default.
public enum CheckpointCodec {
  public static func encode(_ metadata: CommitMetadata) -> String {
    var members: [String: JSONValue] = ["v": .integer(1), "events": .integer(metadata.eventsFrom)]
    if let checkpoint = metadata.checkpoint {
      members["run"] = .string(checkpoint.run)
      members["attempt"] = .integer(Int64(checkpoint.attempt))
      members["token"] = .integer(checkpoint.token)
      switch checkpoint.phase {
      case .running: members["phase"] = .string("running")
      case .handedOver: members["phase"] = .string("handed-over")
      case .failed(let retryAt):
        members["phase"] = .string("failed")
        members["retryAt"] = .integer(retryAt.milliseconds)
      }
      switch checkpoint.cursor {
      case .beginning: break
      case .inline(let cursor): members["cursor"] = .string(cursor)
      case .stored(let event): members["cursorAt"] = .integer(event)
      }
      members["rows"] = .integer(checkpoint.rows)
      members["chunks"] = .integer(Int64(checkpoint.chunks))
      members["attemptChunks"] = .integer(Int64(checkpoint.attemptChunks))
      members["failures"] = .integer(Int64(checkpoint.failures))
      members["crashes"] = .integer(Int64(checkpoint.crashes))
    }
    return JSONValue.object(members).jsonText
  }

  /// - Returns: nil for an empty text, as other tools commit it.
  /// - Throws: what is wrong with a text that is not ours, or of a newer version.
  public static func decode(_ text: String) throws(MessageError) -> CommitMetadata? {
    guard !text.isEmpty else { return nil }
    let fields = try FieldReader(Array(text.utf8), place: "the offset's metadata")
    let version = try fields.integer("v")
    guard version == 1 else {
      throw MessageError("the offset's metadata has version \(version); this worker knows version 1: upgrade it")
    }
    var metadata = CommitMetadata(eventsFrom: try fields.integer("events"))
    guard let run = try fields.optionalString("run") else { return metadata }
    let phase: Checkpoint.Phase
    switch try fields.string("phase") {
    case "running": phase = .running
    case "handed-over": phase = .handedOver
    case "failed": phase = .failed(retryAt: Timestamp(milliseconds: try fields.integer("retryAt")))
    case let other: throw MessageError("field 'phase' is unknown: '\(other.prefix(80))'")
    }
    var cursor = Checkpoint.Cursor.beginning
    if let inline = try fields.optionalString("cursor") { cursor = .inline(inline) }
    if let event = try fields.optionalInteger("cursorAt") { cursor = .stored(event: event) }
    metadata.checkpoint = Checkpoint(
      run: run, attempt: Int(try fields.integer("attempt")), token: try fields.integer("token"), phase: phase,
      cursor: cursor, rows: try fields.integer("rows"), chunks: Int(try fields.integer("chunks")),
      attemptChunks: Int(try fields.integer("attemptChunks")), failures: Int(try fields.integer("failures")),
      crashes: Int(try fields.integer("crashes")))
    return metadata
  }
}
