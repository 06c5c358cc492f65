import Glibc

/// The process that outlives a killed worker by a moment, to kill what the worker left behind.
///
/// A `ProcessHost` starts one and holds the only write end of its standard input. Each child registers its group there
/// ("+1234\n") before it becomes the program, and the host takes it back ("-1234\n") when the group is dead. The end of
/// the input means that the host is gone, however it went.
public enum ProcessGuard {
  /// Reads registrations until the end of `input`, then sends SIGKILL to every group that is left.
  /// - Returns: the exit status for the process: 0, or 1 when the input could not be read.
  public static func run(input: Int32) -> Int32 {
    // What ends the worker must not end its guard first.
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
    return watch(input: input)
  }

  static func watch(input: Int32) -> Int32 {
    var groups: Set<pid_t> = []
    var splitter = LineSplitter(limit: 64)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { buffer.deallocate() }
    var status: Int32 = 0
    while true {
      let count = read(input, buffer.baseAddress, buffer.count)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        status = 1
        break
      }
      splitter.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { line in
        guard case .whole(let bytes) = line, let group = pid_t(String(decoding: bytes.dropFirst(), as: UTF8.self)),
          group > 1
        else { return }
        switch bytes[0] {
        case UInt8(ascii: "+"): groups.insert(group)
        case UInt8(ascii: "-"): groups.remove(group)
        default: break
        }
      }
    }
    for group in groups { kill(-group, SIGKILL) }
    return status
  }
}
