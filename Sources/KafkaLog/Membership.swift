import CRdkafka

/// A member's place in its group, as the client library has it at this moment.
struct Membership: Sendable, Hashable {
  /// Negative while the member is in no generation.
  var generation: Int32
  /// The coordinator's name for the member, another one after each time it was thrown out; empty while it has none.
  var memberID: String

  /// Whether it is in a generation.
  var isMember: Bool { generation >= 0 && !memberID.isEmpty }

  /// Asks the library's main thread, which answers between two of its events.
  /// - Returns: nil for a client without a group.
  static func current(_ client: OpaquePointer) -> Membership? {
    guard let metadata = rd_kafka_consumer_group_metadata(client) else { return nil }
    defer { rd_kafka_consumer_group_metadata_destroy(metadata) }
    var (buffer, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
    if let error = rd_kafka_consumer_group_metadata_write(metadata, &buffer, &size) {
      rd_kafka_error_destroy(error)
      return nil
    }
    defer { rd_kafka_mem_free(nil, buffer) }
    return buffer.flatMap { Membership(UnsafeRawBufferPointer(start: $0, count: size)) }
  }

  /// Reads the library's own serialization, the only way that it lets anybody see a generation: a magic word, the generation
  /// in the machine's byte order, the group's and the member's names, each with a zero behind it.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let magic = Array("CGMDv2:".utf8)
    guard bytes.count > magic.count + 4, bytes.prefix(magic.count).elementsEqual(magic) else { return nil }
    generation = bytes.loadUnaligned(fromByteOffset: magic.count, as: Int32.self)
    let names = bytes.dropFirst(magic.count + 4).split(separator: 0, omittingEmptySubsequences: false)
    guard names.count > 2 else { return nil }
    memberID = String(decoding: names[names.startIndex + 1], as: UTF8.self)
  }
}
