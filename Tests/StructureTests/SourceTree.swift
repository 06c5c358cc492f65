import FoundationEssentials
import Testing

/// A Swift file of the package.
struct SourceFile: Sendable {
  /// From the package's root: `Sources/Dispatch/Job.swift`.
  let path: String
  let lines: [Substring]

  /// The modules that it imports, however the import is qualified.
  var imports: [(line: Int, module: String)] {
    lines.enumerated().compactMap { index, line in
      SourceFile.importedModule(line).map { (index + 1, $0) }
    }
  }

  /// The module that a line imports: `@testable import A`, `private import struct A.B`; nil for any other line.
  static func importedModule(_ line: Substring) -> String? {
    // Deeply indented, it is a line of another language in a string.
    guard line.prefix(while: \.isWhitespace).count < 4 else { return nil }
    var words = line.split(whereSeparator: \.isWhitespace)
    while let word = words.first,
      word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    {
      words.removeFirst()
    }
    guard words.first == "import", words.count > 1 else { return nil }
    let kinds: [Substring] = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
    return String(name.prefix { $0 != "." && $0 != ";" })
  }
}

/// The package as it lies on disk.
enum SourceTree {
  static let root: String = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  static func text(_ path: String) throws -> String {
    let data = try #require(FileManager.default.contents(atPath: root + "/" + path), "\(path) cannot be read")
    return String(decoding: data, as: UTF8.self)
  }

  /// All Swift files below a folder of the root, in the order of their paths.
  static func swiftFiles(_ folder: String) throws -> [SourceFile] {
    var files: [SourceFile] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: root + "/" + folder).sorted() {
      let path = folder + "/" + name
      if name.hasSuffix(".swift") {
        files.append(
          SourceFile(path: path, lines: try text(path).split(separator: "\n", omittingEmptySubsequences: false)))
      } else if isFolder(path) {
        files += try swiftFiles(path)
      }
    }
    return files
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) && isFolder
  }
}
