extension ConfigurationReader {
  /// Named things: reports names that cannot be one, keeps the rest.
  /// - Parameter noun: `queue`.
  func named(_ entries: [YAMLEntry]?, _ noun: String) -> [YAMLEntry] {
    (entries ?? []).filter { isName($0.key, at: $0.mark, "\(noun) name") }
  }

  /// A name in a value. What it was expanded to must be a name, too.
  func name(_ node: YAMLNode, _ label: String, allowsCapitals: Bool = false) -> String? {
    guard let text = text(node, label) else { return nil }
    let isSound = isName(
      text.text, shown: text.written, at: node.mark, label, allowsCapitals: allowsCapitals)
    return isSound ? text.text : nil
  }

  /// A name that must be among the declared ones.
  /// - Parameters:
  ///   - title: who uses it: `job 'report'`.
  ///   - noun: `queue`.
  func reference(_ node: YAMLNode, _ label: String, title: String, noun: String, among names: [String]) -> String? {
    guard let text = text(node, label) else { return nil }
    guard !names.contains(text.text) else { return text.text }
    let known = "known \(noun)s: \(list(names))"
    let remedy =
      if !text.hasReference, let near = nearest(to: text.text, among: names) {
        "did you mean '\(near)'? \(known)"
      } else {
        names.isEmpty ? "declare it under '\(noun)s'" : known
      }
    report(node.mark, "\(title) names the unknown \(noun) '\(shown(text))'", remedy)
    return nil
  }

  private func isName(
    _ text: String, shown written: String? = nil, at mark: Mark, _ label: String, allowsCapitals: Bool = false
  ) -> Bool {
    guard !Name.isName(text, allowsCapitals: allowsCapitals) else { return true }
    if text.utf8.count > Name.maximumLength {
      report(mark, "\(label) has \(text.utf8.count) characters", "use at most \(Name.maximumLength)")
      return false
    }
    let letters = allowsCapitals ? "letters" : "small letters"
    report(
      mark, "\(label) cannot be '\(shown(written ?? text))'",
      "use \(letters), digits, '.', '_' and '-', with a letter or digit first")
    return false
  }
}
