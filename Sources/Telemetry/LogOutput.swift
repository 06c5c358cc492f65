import Synchronization

/// Where log lines go: standard error, another file descriptor, or a closure.
public struct LogOutput: Sendable {
  private enum Destination: Sendable {
    case descriptor(DescriptorWriter)
    case closure(@Sendable (String) -> Void)
  }

  private let destination: Destination

  /// File descriptor 2. All loggers that use it share one lock, so their lines never interleave.
  public static let standardError = LogOutput(descriptor: 2)

  /// Writes to a descriptor that the caller keeps open; one `write(2)` a line.
  public init(descriptor: Int32) {
    destination = .descriptor(DescriptorWriter(descriptor: descriptor))
  }

  /// Calls the closure with every line, without its newline, from the thread that logs.
  public init(_ receive: @escaping @Sendable (String) -> Void) {
    destination = .closure(receive)
  }

  /// How many lines could not be written whole: the reader is gone, the disk is full, nobody drained the pipe.
  public var lostLines: Int {
    switch destination {
    case .descriptor(let writer): writer.lostLines
    case .closure: 0
    }
  }

  func write(line: String) {
    switch destination {
    case .closure(let receive): receive(line)
    case .descriptor(let writer): writer.write(line: line)
    }
  }
}

/// Writes whole lines to a descriptor, one thread at a time. A line that cannot be written is counted, never fatal:
/// a log that cannot be written must not end the work it is about.
final class DescriptorWriter: Sendable {
  private let descriptor: Int32
  private let state = Mutex(0)

  init(descriptor: Int32) { self.descriptor = descriptor }

  var lostLines: Int { state.withLock { $0 } }

  func write(line: String) {
    var bytes = Array(line.utf8)
    bytes.append(UInt8(ascii: "\n"))
    state.withLock { lost in
      if !writeWithoutSignal(bytes, to: descriptor) { lost += 1 }
    }
  }
}
