import Dispatch

/// The metadata of a committed offset as text: compact JSON, since a broker takes 4,096 bytes by default.
public enum CheckpointCodec {
  private static let moments = Timestamp.writable.lowerBound.milliseconds...Timestamp.writable.upperBound.milliseconds

  public static func encode(_ metadata: CommitMetadata) -> String {
    var members: [String: JSONValue] = ["v": .integer(1), "events": .count(metadata.eventsFrom)]
    if let checkpoint = metadata.checkpoint {
      members["run"] = .string(checkpoint.run)
      members["attempt"] = .count(checkpoint.attempt)
      members["token"] = .count(checkpoint.token)
      switch checkpoint.phase {
      case .running: members["phase"] = .string("running")
      case .handedOver: members["phase"] = .string("handed-over")
      case .failed(let retryAt):
        members["phase"] = .string("failed")
        members["retryAt"] = .integer(moments.clamp(retryAt.milliseconds))
      }
      switch checkpoint.cursor {
      case .beginning: break
      case .inline(let cursor): members["cursor"] = .string(cursor)
      case .stored(let event): members["cursorAt"] = .count(event)
      }
      members["rows"] = .count(checkpoint.rows)
      members["chunks"] = .count(checkpoint.chunks)
      members["attemptChunks"] = .count(checkpoint.attemptChunks)
      members["failures"] = .count(checkpoint.failures)
      members["crashes"] = .count(checkpoint.crashes)
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
    case "failed":
      phase = .failed(retryAt: Timestamp(milliseconds: try fields.integer("retryAt", in: moments)))
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
