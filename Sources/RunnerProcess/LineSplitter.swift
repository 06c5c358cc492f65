import Glibc

/// Cuts a stream of bytes into lines, in memory that is bounded by the line limit.
struct LineSplitter {
  enum Line {
    case whole([UInt8])
    /// The first `limit` bytes of a longer line, and its true length.
    case cut([UInt8], length: Int)
  }

  let limit: Int
  private var pending: [UInt8] = []
  /// Bytes of the present line that were dropped.
  private var dropped = 0
  private var isInLine = false

  init(limit: Int) { self.limit = limit }

  mutating func feed(_ bytes: UnsafeRawBufferPointer, emit: (Line) -> Void) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let here = UnsafeRawBufferPointer(rebasing: rest)
      guard let base = here.baseAddress, let newline = memchr(base, 10, here.count) else {
        take(here)
        return
      }
      let length = UnsafeRawPointer(newline) - base
      let part = UnsafeRawBufferPointer(rebasing: here[..<length])
      if !isInLine, length <= limit {
        emit(.whole(Array(part)))
      } else {
        take(part)
        end(emit)
      }
      rest = rest[(rest.startIndex + length + 1)...]
    }
  }

  /// Emits what stands after the last newline.
  mutating func finish(emit: (Line) -> Void) {
    if isInLine { end(emit) }
  }

  private mutating func take(_ part: UnsafeRawBufferPointer) {
    isInLine = true
    let room = min(limit - pending.count, part.count)
    pending.append(contentsOf: part[..<room])
    dropped += part.count - room
  }

  private mutating func end(_ emit: (Line) -> Void) {
    let line = pending
    let length = line.count + dropped
    pending = []
    dropped = 0
    isInLine = false
    emit(length == line.count ? .whole(line) : .cut(line, length: length))
  }
}
