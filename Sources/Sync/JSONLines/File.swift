import Glibc

/// An open file. Used by one thread at a time; closed explicitly.
struct File {
  let path: String
  private let descriptor: Int32

  /// - Throws: `SyncFault` that names the path.
  init(_ path: String, flags: Int32, mode: mode_t = 0o666) throws {
    self.path = path
    descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw File.fault("cannot be opened", path) }
  }

  func close() { _ = Glibc.close(descriptor) }

  /// The system's last error as a fault. A full disk and broken input and output may mend; a missing file does not.
  static func fault(_ what: String, _ path: String) -> SyncFault {
    let code = errno
    return SyncFault(
      "the file \(path) \(what): \(String(cString: strerror(code)))",
      isRetriable: [EIO, ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, ESTALE, ETXTBSY].contains(code))
  }

  /// Size and identity of an open file.
  func status() throws -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw File.fault("cannot be examined", path) }
    return status
  }

  /// Size and identity by name; nil when there is no such file.
  static func status(of path: String) throws -> stat? {
    var status = stat()
    if stat(path, &status) == 0 { return status }
    guard errno == ENOENT else { throw fault("cannot be examined", path) }
    return nil
  }

  /// Reads up to the buffer's size at an offset.
  /// - Returns: the number of bytes; 0 at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    while true {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return count }
      guard errno == EINTR else { throw File.fault("cannot be read", path) }
    }
  }

  func write(_ bytes: [UInt8], at offset: Int) throws {
    try bytes.withUnsafeBytes { raw in
      var done = 0
      while done < raw.count {
        let count = pwrite(descriptor, raw.baseAddress?.advanced(by: done), raw.count - done, off_t(offset + done))
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          throw File.fault("cannot be written", path)
        }
      }
    }
  }

  func truncate(to size: Int) throws {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw File.fault("cannot be shortened", path) }
  }

  func setMode(_ mode: mode_t) throws {
    guard fchmod(descriptor, mode) == 0 else { throw File.fault("cannot get its permissions", path) }
  }

  /// Waits until the system has the bytes on the disk.
  func synchronize() throws {
    guard fsync(descriptor) == 0 else { throw File.fault("cannot be synchronized", path) }
  }

  /// Waits for the exclusive lock, which ends with `unlock`, `close` or the process.
  /// - Parameter milliseconds: how long. Who holds the lock writes one chunk; a process that is stopped holds it for ever.
  /// - Throws: `SyncFault`, retriable when another has the lock.
  func lock(waitingAtMost milliseconds: Int = 30_000) throws {
    // No wait for a file lock takes a time limit, and a signal to end it would be the whole process's. So it is asked for
    // at a pace that costs nothing; a lock that is free is had at the first try.
    let pace = 20
    var left = milliseconds
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw File.fault("cannot be locked", path) }
      guard left > 0 else {
        throw SyncFault(
          "the lock \(path) is held by another process for \(milliseconds) ms: a runner that is stopped, perhaps",
          remedy: "Look for it with: fuser \(path)", isRetriable: true)
      }
      poll(nil, 0, Int32(min(pace, left)))
      left -= pace
    }
  }

  func unlock() { flock(descriptor, LOCK_UN) }

  /// Gives a file another's name and makes that last.
  static func rename(_ path: String, to other: String) throws {
    guard Glibc.rename(path, other) == 0 else { throw fault("cannot be renamed to \(other)", path) }
    let folder = try File(String(folder(of: other)), flags: O_RDONLY | O_DIRECTORY)
    defer { folder.close() }
    try folder.synchronize()
  }

  static func remove(_ path: String) throws {
    guard unlink(path) == 0 || errno == ENOENT else { throw fault("cannot be removed", path) }
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The names in a folder.
  static func names(in folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw fault("cannot be listed", folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}
