/// The targets as `Package.swift` declares them.
struct Manifest {
  struct Target: Equatable {
    var kind: String
    var name: String
    var dependencies: [String]
  }

  private(set) var targets: [Target] = []

  /// Reads `.target(name: "A", dependencies: ["B"])` and its kin; nothing else in the text matters.
  init(_ text: String) {
    let code = text.split(separator: "\n").map { $0.split(separator: "//").first ?? "" }.joined(separator: " ")
    for kind in ["systemLibrary", "target", "executableTarget", "testTarget"] {
      for part in code.split(separator: ".\(kind)(name:").dropFirst() {
        targets.append(Manifest.target(kind, part))
      }
      for part in code.split(separator: ".\(kind)( ").dropFirst() {
        targets.append(Manifest.target(kind, part))
      }
    }
    targets.sort { $0.name < $1.name }
  }

  private static func target(_ kind: String, _ text: Substring) -> Target {
    let quoted = text.split(separator: "\"", omittingEmptySubsequences: false)
    let name = quoted.count > 1 ? String(quoted[1]) : ""
    var dependencies: [String] = []
    // The declaration ends at its own parenthesis; a list of dependencies comes before it, if there is one.
    let body = text.prefix { $0 != ")" }
    if let list = body.split(separator: "dependencies: [").dropFirst().first?.prefix(while: { $0 != "]" }) {
      let parts = list.split(separator: "\"", omittingEmptySubsequences: false)
      dependencies = stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }
    return Target(kind: kind, name: name, dependencies: dependencies)
  }
}
