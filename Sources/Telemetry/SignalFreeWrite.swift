import Glibc

/// How long a line waits for a full non-blocking pipe before it is given up.
private let fullPipePatienceMilliseconds: Int32 = 1000

/// Writes all bytes to the descriptor, and turns a SIGPIPE into an ordinary failure: the signal is held back from this
/// thread during the write and consumed, so the process's own signal settings (which its children inherit) stay as
/// they are.
/// - Returns: false when not all could be written.
func writeWithoutSignal(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
  var pipeSignal = sigset_t()
  var pending = sigset_t()
  var previous = sigset_t()
  sigemptyset(&pipeSignal)
  sigaddset(&pipeSignal, SIGPIPE)
  sigpending(&pending)
  let wasPending = sigismember(&pending, SIGPIPE) == 1
  pthread_sigmask(SIG_BLOCK, &pipeSignal, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { buffer in
      write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
    }
    if count >= 0 {
      written += count
      continue
    }
    switch errno {
    case EINTR:
      continue
    case EAGAIN:
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&ready, 1, fullPipePatienceMilliseconds) <= 0 { return false }
    case EPIPE:
      var none = timespec(tv_sec: 0, tv_nsec: 0)
      if !wasPending { sigtimedwait(&pipeSignal, nil, &none) }
      return false
    default:
      return false
    }
  }
  return true
}
