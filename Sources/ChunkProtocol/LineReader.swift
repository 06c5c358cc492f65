import Glibc

/// Reads lines from a descriptor by blocking reads.
struct LineReader {
  private let descriptor: Int32
  private let limit: Int
  private var buffer: [UInt8] = []
  /// What stands before is read already.
  private var start = 0
  /// No newline stands before this place.
  private var searched = 0
  private var isAtEnd = false

  init(descriptor: Int32, limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  /// Whether `next` gives a line, or the end, with at most the wait for a line's own rest.
  var isReady: Bool {
    if isAtEnd || buffer[start...].contains(10) { return true }
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) > 0
  }

  /// The next line without its newline; nil at the end. A line that the end cuts off is no line.
  mutating func next() throws(ProtocolError) -> [UInt8]? {
    while true {
      if let newline = buffer[searched...].firstIndex(of: 10) {
        let line = Array(buffer[start..<newline])
        start = newline + 1
        searched = start
        return line
      }
      searched = buffer.count
      guard buffer.count - start <= limit else {
        throw ProtocolError("a line of more than \(limit) bytes", line: buffer[start...])
      }
      if isAtEnd { return nil }
      buffer.removeFirst(start)
      searched -= start
      start = 0
      try fill()
    }
  }

  private mutating func fill() throws(ProtocolError) {
    let size = 1 << 16
    let (bytes, code) = withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { space in
      while true {
        let count = read(descriptor, space.baseAddress, size)
        if count >= 0 { return (Array(UnsafeRawBufferPointer(rebasing: space[..<count])), Int32(0)) }
        if errno == EAGAIN {
          var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
          poll(&watched, 1, -1)
        } else if errno != EINTR {
          return ([], errno)
        }
      }
    }
    guard code == 0 else { throw ProtocolError(message: "reading from the worker fails: errno \(code)") }
    isAtEnd = bytes.isEmpty
    buffer.append(contentsOf: bytes)
  }
}
