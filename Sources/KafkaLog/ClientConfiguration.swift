import CRdkafka

/// The properties of one client, in the order they are set: a later one overrides an earlier one.
struct ClientConfiguration {
  private var properties: [(name: String, value: String)]
  private let events: Int32
  private let doing: String

  /// For what reads. The library unpacks an answer as a whole, whatever that comes to: packed bytes may become many
  /// thousand times as many.
  static let unpacking = [
    // A broker answers with one batch at least, however large; more of it costs a round trip.
    ("fetch.message.max.bytes", "16384"),
    // It gives up a zstd batch that comes to more than this, and with it the partition: its default is 100 MB.
    ("receive.message.max.bytes", "1073741824"),
  ]

  /// - Parameter events: the sorts of event wanted beside log lines, errors and figures.
  init(_ settings: KafkaSettings, own: [(String, String)], events: Int32 = 0, doing: String) {
    properties = [
      ("bootstrap.servers", settings.bootstrap),
      ("client.id", settings.clientID),
      ("log.queue", "true"),
      // Idle connections closed by a broker are no news.
      ("log.connection.close", "false"),
      // A broker that is back should be found by those who wait for it; the library would wait up to 10 s.
      ("reconnect.backoff.max.ms", "1000"),
    ]
    properties += own.map { (name: $0.0, value: $0.1) }
    properties += settings.properties.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    self.events = events | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
    self.doing = doing
  }

  /// Makes the client. Nothing is connected yet; the caller destroys it.
  func makeClient(_ kind: rd_kafka_type_t) throws(KafkaError) -> OpaquePointer {
    guard let configuration = rd_kafka_conf_new() else {
      throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, message: "no memory for a client", doing: doing)
    }
    var text = [CChar](repeating: 0, count: 512)
    for property in properties {
      let result = rd_kafka_conf_set(configuration, property.name, property.value, &text, text.count)
      if result != RD_KAFKA_CONF_OK {
        rd_kafka_conf_destroy(configuration)
        // The library's text quotes the value.
        let message =
          Self.isSecret(property.name) ? "the value of property \(property.name) is not valid" : Self.string(text)
        throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: message, doing: doing)
      }
    }
    rd_kafka_conf_set_events(configuration, events)
    guard let client = rd_kafka_new(kind, configuration, &text, text.count) else {
      // The configuration stays ours when that fails.
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(rd_kafka_last_error(), message: Self.string(text), doing: doing)
    }
    return client
  }

  /// What a property is set to; nil where the library's default holds.
  func value(of property: String) -> String? { properties.last { $0.name == property }?.value }

  static func isSecret(_ property: String) -> Bool {
    ["password", "secret", "key.pem", "private", "token", "oauthbearer.config", "keystore"].contains {
      property.contains($0)
    }
  }

  private static func string(_ text: [CChar]) -> String {
    var bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Destroys a client on its own thread, without the goodbye that a group's member would say.
@Sendable
func destroyClient(_ client: OpaquePointer) {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
}

/// Ends a client's threads and connections without waiting for them, and leaves its memory.
///
/// For a consumer that has joined a group and was never told a share of it: destroying that one in full ends the
/// process in the library's own assertion, since its assignor has no state yet.
@Sendable
func abandonClient(_ client: OpaquePointer) {
  // RD_KAFKA_DESTROY_F_IMMEDIATE, which the public header leaves out.
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE | 0x4)
}
