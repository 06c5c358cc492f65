/// Reads a file line by line through one buffer, from any offset.
struct LineReader {
  /// Where the present line begins in the file, and how many lines are before it.
  private(set) var offset: Int
  private(set) var number: Int
  private let file: File
  private let lineLimit: Int
  private var buffer: [UInt8]
  /// What of the buffer is filled and not consumed.
  private var filled = 0..<0
  /// The present line's length and, if it has one, its line break.
  private var length: (line: Int, whole: Int)?

  /// - Parameter lineLimit: the longest line in bytes, so that a file without line breaks does not fill the memory.
  init(_ file: File, offset: Int = 0, number: Int = 0, lineLimit: Int) {
    self.file = file
    self.offset = offset
    self.number = number
    self.lineLimit = lineLimit
    buffer = [UInt8](repeating: 0, count: 1 << 18)
  }

  /// Finds the present line, again and again the same one until `advance`.
  /// - Returns: false at the end of the file.
  mutating func findLine() throws -> Bool {
    if length != nil { return true }
    var searched = 0
    while true {
      let found = buffer.withUnsafeBytes { raw in
        raw[(filled.lowerBound + searched)..<filled.upperBound].firstIndex(of: 0x0A)
      }
      if let found {
        length = (found - filled.lowerBound, found - filled.lowerBound + 1)
        return true
      }
      searched = filled.count
      guard searched <= lineLimit else {
        throw SyncFault("line \(number + 1) of \(file.path) is longer than \(lineLimit) bytes")
      }
      if try !fill() {
        guard !filled.isEmpty else { return false }
        length = (filled.count, filled.count)
        return true
      }
    }
  }

  /// - Returns: false at the end of the file.
  private mutating func fill() throws -> Bool {
    if filled.lowerBound > 0 {
      buffer.withUnsafeMutableBytes { raw in
        let rest = UnsafeRawBufferPointer(rebasing: raw[filled])
        UnsafeMutableRawBufferPointer(rebasing: raw[0..<filled.count]).copyMemory(from: rest)
      }
      filled = 0..<filled.count
    }
    if filled.count == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
    let count = try buffer.withUnsafeMutableBytes { raw in
      try file.read(
        into: UnsafeMutableRawBufferPointer(rebasing: raw[filled.upperBound...]), at: offset + filled.count)
    }
    filled = filled.lowerBound..<filled.upperBound + count
    return count > 0
  }

  /// The present line without its line break.
  func withLine<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    let start = filled.lowerBound
    return try buffer.withUnsafeBytes { raw in
      try body(UnsafeRawBufferPointer(rebasing: raw[start..<start + (length?.line ?? 0)]))
    }
  }

  /// Goes to the next line.
  mutating func advance() {
    guard let whole = length?.whole else { return }
    filled = filled.lowerBound + whole..<filled.upperBound
    offset += whole
    number += 1
    length = nil
  }
}
