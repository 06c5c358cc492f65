import Glibc
import Synchronization

/// A named pipe that other processes write lines to, in the order they wrote them.
final class LinePipe: Sendable {
  let path: String
  private let stream: AsyncStream<String>

  /// When the reader began to wait, in nanoseconds; nil while it does not.
  private let waitingSince: Waiting

  /// The class is there for the pipe's thread, which outlives nobody's interest but the process's.
  private final class Waiting: Sendable { let since = Mutex<Int64?>(nil) }

  /// Makes the pipe and the thread that reads it, for as long as the process lives.
  /// - Parameter silenceMilliseconds: after so long a wait for a line `next` throws, so that no measurement hangs.
  init(path: String, silenceMilliseconds: Int64 = 30_000) throws {
    self.path = path
    guard mkfifo(path, 0o600) == 0 else { throw BenchmarkError("cannot make the pipe \(path)") }
    // Open for both, so that it neither waits for a writer nor ends with one.
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw BenchmarkError("cannot open the pipe \(path)") }
    let (stream, continuation) = AsyncStream<String>.makeStream()
    self.stream = stream
    let waiting = Waiting()
    waitingSince = waiting
    let thread = Unmanaged.passRetained(
      Reader { LinePipe.serve(descriptor, continuation, waiting, silenceMilliseconds) })
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { context in
        if let context { Unmanaged<Reader>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, thread.toOpaque())
    guard code == 0 else { throw BenchmarkError("no thread for the pipe \(path)") }
    pthread_detach(handle)
  }

  /// The next line; one reader at a time.
  func next() async throws -> String {
    waitingSince.since.withLock { $0 = MonotonicClock.nanoseconds() }
    defer { waitingSince.since.withLock { $0 = nil } }
    for await line in stream { return line }
    throw BenchmarkError("nothing was heard on \(path) for too long: see the workers' logs beside it")
  }

  private final class Reader: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func serve(
    _ descriptor: Int32, _ continuation: AsyncStream<String>.Continuation, _ waiting: Waiting,
    _ silenceMilliseconds: Int64
  ) {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, 1_000) > 0 else {
        let since = waiting.since.withLock { $0 }
        guard let since, MonotonicClock.nanoseconds() - since > silenceMilliseconds * 1_000_000 else { continue }
        return continuation.finish()
      }
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return continuation.finish() }
      rest += buffer[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeSubrange(...end)
      }
    }
  }
}
