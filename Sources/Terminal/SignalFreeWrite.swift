import Glibc

/// Writes all bytes, and turns a SIGPIPE into an ordinary error: the signal is held back from this thread during the
/// write and consumed, so the process's own signal settings (which its children inherit) stay as they are.
/// - Returns: 0, or the error's code; then some bytes may have been written.
func writeWithoutSignal(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
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
      // A pager that waits for its reader: so do we, as a blocking descriptor would.
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&ready, 1, -1) < 0, errno != EINTR { return errno }
    case EPIPE:
      var none = timespec(tv_sec: 0, tv_nsec: 0)
      if !wasPending { sigtimedwait(&pipeSignal, nil, &none) }
      return EPIPE
    case let code:
      return code
    }
  }
  return 0
}
