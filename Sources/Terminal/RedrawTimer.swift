import Glibc

/// Calls a closure again and again, on a thread of its own, until it is closed.
final class RedrawTimer: Sendable {
  /// The pipe's writing end; closing it ends the thread.
  private let writingEnd: Int32

  /// - Parameter draw: called after each such span. Nothing is called where the process can have no pipe or thread.
  init?(everyMilliseconds: Int64, draw: @escaping @Sendable () -> Void) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    writingEnd = ends[1]
    let loop = Unmanaged.passRetained(
      Loop(readingEnd: ends[0], milliseconds: Int32(clamping: everyMilliseconds), draw: draw))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Loop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, loop.toOpaque())
    guard code == 0 else {
      loop.release()
      for end in ends { Glibc.close(end) }
      return nil
    }
    pthread_detach(thread)
  }

  /// Ends it, once; a call that is under way may still be.
  func close() { Glibc.close(writingEnd) }

  private final class Loop {
    let readingEnd: Int32
    let milliseconds: Int32
    let draw: @Sendable () -> Void

    init(readingEnd: Int32, milliseconds: Int32, draw: @escaping @Sendable () -> Void) {
      (self.readingEnd, self.milliseconds, self.draw) = (readingEnd, milliseconds, draw)
    }

    func run() {
      // The program's signals are for its other threads.
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_SETMASK, &all, nil)
      var closing = pollfd(fd: readingEnd, events: Int16(POLLIN), revents: 0)
      while true {
        let count = poll(&closing, 1, milliseconds)
        if count == 0 { draw() } else if count > 0 || errno != EINTR { break }
      }
      Glibc.close(readingEnd)
    }
  }
}
