extension ConfigurationReader {
  /// A connection: a URL, or a mapping of a URL and a password. Nothing of either is ever in a message.
  func connection(_ entry: YAMLEntry) -> Connection? {
    let title = "connection '\(entry.key)'"
    switch entry.value.content {
    case .invalid: return nil
    case .mapping:
      let section = section(entry.value, title, at: entry.mark, keys: ["url", "password"])
      let password = value("password", of: section) { text($0, $1) }
      let url = required("url", of: section, example: "url: \"postgres://user@host/database\"") { node, label in
        string(node, label).map { (text: $0, node: node, label: label) }
      }
      guard let url, let connection = connection(url.text, at: url.node.mark, url.label) else { return nil }
      guard section?.entry("password") != nil else { return connection }
      guard case .postgres(let secret) = connection else {
        report(section?.entry("password")?.mark ?? entry.mark, "\(title) takes no password", "remove it")
        return nil
      }
      guard let password else { return nil }
      return add(password.text, to: secret.reveal(), title, at: section?.entry("password")?.mark ?? entry.mark)
    default:
      return string(entry.value, title).flatMap { connection($0, at: entry.value.mark, title) }
    }
  }

  private static let forms = "postgres://user@host/database, sqlite:PATH or jsonl:PATH"

  private func connection(_ text: String, at mark: Mark, _ label: String) -> Connection? {
    let schemes = ["postgres", "postgresql", "sqlite", "jsonl"]
    let scheme = String(text.prefix { $0 != ":" })
    let rest = text.dropFirst(scheme.count + 1)
    switch scheme {
    case "postgres" where rest.hasPrefix("//"), "postgresql" where rest.hasPrefix("//"):
      guard !text.contains(where: \.isWhitespace) else {
        report(mark, "\(label) has a space in its URL", "write it as '%20', or put the password under 'password'")
        return nil
      }
      return .postgres(url: Secret(text))
    case "sqlite", "jsonl":
      if rest.isEmpty || rest.hasPrefix("//") || rest == ":memory:" {
        let message = rest.isEmpty ? "has no path" : "needs the plain path of a file"
        report(
          mark, "\(label) \(message)", "write \(scheme):PATH, such as \(scheme):data/people or \(scheme):/srv/people")
        return nil
      }
      let path = Path.resolve(String(rest), in: folder)
      return scheme == "sqlite" ? .sqlite(path: path) : .jsonLines(path: path)
    default:
      let near = nearest(to: scheme, among: schemes)
      report(
        mark, "\(label) is no connection that Baton knows",
        "\(near.map { "did you mean '\($0):'? " } ?? "")write \(Self.forms)")
      return nil
    }
  }

  /// The URL with the password as a parameter, where libpq takes it whether or not a user is named.
  private func add(_ password: String, to url: String, _ title: String, at mark: Mark) -> Connection? {
    let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
    let user = authority.lastIndex(of: "@").map { authority[..<$0] } ?? ""
    let query = url.firstIndex(of: "?").map { url[$0...] } ?? ""
    guard !user.contains(":"), !query.contains("?password="), !query.contains("&password=") else {
      report(mark, "\(title) has two passwords", "remove the one in the URL")
      return nil
    }
    let separator = query.isEmpty ? "?" : query.count == 1 ? "" : "&"
    return .postgres(url: Secret(url + separator + "password=" + percentEncoded(password)))
  }

  private func percentEncoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      if Name.isIdentifier("_" + String(UnicodeScalar(byte))) || "-.~".utf8.contains(byte) {
        result.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
