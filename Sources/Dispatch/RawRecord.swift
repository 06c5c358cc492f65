/// A record as it lies on the log, byte for byte, so that a dead letter loses nothing.
public struct RawRecord: Sendable, Hashable {
  /// The most bytes that are carried along of one record: compressed, a record of any size fits a topic's limit.
  ///
  /// Of a larger one each part of more than a third of this is left out, so that the rest is no larger.
  public static let bytesMax = 3 << 20

  public var key: [UInt8]?
  public var value: [UInt8]?
  public var headers: [Header]
  /// The parts that are not here, although the record has them.
  public var leftOut: LeftOut

  public init(key: [UInt8]? = nil, value: [UInt8]? = nil, headers: [Header] = [], leftOut: LeftOut = LeftOut()) {
    self.key = key
    self.value = value
    self.headers = headers
    self.leftOut = leftOut
  }

  /// One header; Kafka allows a name to occur twice and a value to be null.
  public struct Header: Sendable, Hashable {
    public var name: String
    public var value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
      self.name = name
      self.value = value
    }
  }

  /// The sizes, in bytes, of parts whose bytes stay where the record lies.
  public struct LeftOut: Sendable, Hashable {
    public var key: Int?
    public var value: Int?
    public var headers: Int?

    public init(key: Int? = nil, value: Int? = nil, headers: Int? = nil) {
      self.key = key
      self.value = value
      self.headers = headers
    }

    /// Whether the record is whole.
    public var isNothing: Bool { key == nil && value == nil && headers == nil }

    /// The parts in words that a program can read too: `key=5,value=31457280`.
    public var words: String {
      [("key", key), ("value", value), ("headers", headers)]
        .compactMap { name, count in count.map { "\(name)=\($0)" } }.joined(separator: ",")
    }
  }

  /// The bytes it takes in memory and on the log, roughly.
  public var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headersByteCount }

  private var headersByteCount: Int {
    // A header takes up to ten bytes for its two lengths.
    headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) + 10 }
  }

  /// The record, without each part of more than a third of `bytesMax` if it is larger than that as a whole.
  public func leavingOut(above bytesMax: Int) -> RawRecord {
    guard byteCount > bytesMax else { return self }
    var record = self
    if let count = key?.count, count > bytesMax / 3 { (record.key, record.leftOut.key) = (nil, count) }
    if let count = value?.count, count > bytesMax / 3 { (record.value, record.leftOut.value) = (nil, count) }
    let count = headersByteCount
    if count > bytesMax / 3 { (record.headers, record.leftOut.headers) = ([], count) }
    return record
  }
}
