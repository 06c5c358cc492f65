import Glibc

/// Turns signals into calls on a thread of its own: a handler may do next to nothing, so it only writes to a pipe.
enum SignalWatch {
  /// The pipe's writing end, for the handler; set once, before any handler is installed.
  nonisolated(unsafe) private static var writingEnd: Int32 = -1

  /// Watches the signals from now on, for as long as the process lives. To be called once.
  /// - Parameter onSignal: gets how many have come so far; called on the watching thread.
  static func start(_ signals: [Int32], onSignal: @escaping @Sendable (Int) -> Void) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    writingEnd = ends[1]
    let watch = Unmanaged.passRetained(Watch(readingEnd: ends[0], onSignal: onSignal))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, watch.toOpaque())
    guard code == 0 else { return watch.release() }
    pthread_detach(thread)
    for number in signals {
      signal(number) { _ in
        let saved = errno
        var byte: UInt8 = 1
        _ = write(SignalWatch.writingEnd, &byte, 1)
        errno = saved
      }
    }
  }

  private final class Watch {
    let readingEnd: Int32
    let onSignal: @Sendable (Int) -> Void

    init(readingEnd: Int32, onSignal: @escaping @Sendable (Int) -> Void) {
      self.readingEnd = readingEnd
      self.onSignal = onSignal
    }

    func run() {
      var count = 0
      var byte: UInt8 = 0
      while true {
        let got = read(readingEnd, &byte, 1)
        if got < 0, errno == EINTR { continue }
        guard got == 1 else { return }
        count += 1
        onSignal(count)
      }
    }
  }
}
