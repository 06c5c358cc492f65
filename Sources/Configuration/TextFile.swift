import Glibc

/// Reads small text files whole, with the operating system's reason when it cannot.
enum TextFile {
  struct Failure: Error {
    var reason: String
    /// Offset of the first byte that is not UTF-8, if that is what failed.
    var invalidByte: Int?
    var bytes: [UInt8] = []
  }

  /// - Parameter limit: the most bytes that the file may have.
  static func read(_ path: String, limit: Int) throws(Failure) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(reason: errorText()) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(reason: errorText()) }
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else { throw Failure(reason: "it has more than \(limit) bytes") }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(reason: "it is not UTF-8", invalidByte: firstInvalidByte(bytes), bytes: bytes)
    }
    return text
  }

  private static func errorText() -> String { String(cString: strerror(errno)) }

  private static func firstInvalidByte(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
    return offset
  }
}

/// Paths as text, without asking the file system.
enum Path {
  /// The folder that holds a file, absolute.
  static func folder(of file: String) -> String {
    let absolute = resolve(file, in: currentFolder())
    guard let slash = absolute.lastIndex(of: "/"), slash > absolute.startIndex else { return "/" }
    return String(absolute[..<slash])
  }

  /// The path as seen from a folder; absolute paths stay as they are.
  static func resolve(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") { return path }
    var rest = Substring(path)
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    if rest.isEmpty || rest == "." { return folder }
    return folder.hasSuffix("/") ? folder + rest : folder + "/" + rest
  }

  private static func currentFolder() -> String {
    guard let buffer = getcwd(nil, 0) else { return "." }
    defer { free(buffer) }
    return String(cString: buffer)
  }
}
