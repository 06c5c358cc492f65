/// The zone that was probably meant: one that differs in case, or ends in the word given, or by a typing error.
func nearestZone(to name: String, among names: [String]) -> String? {
  let wanted = comparable(name)
  if let same = names.first(where: { comparable($0) == wanted }) { return same }
  let byCity = names.filter { comparable(lastPart($0)) == wanted }
  // `Europe/Dublin` before the old-fashioned `Eire`: a name with a region is the better advice.
  if let city = byCity.first(where: { $0.contains("/") }) ?? byCity.first { return city }
  let lastWanted = comparable(lastPart(name))
  if name.contains("/"), let city = names.first(where: { comparable(lastPart($0)) == lastWanted }) { return city }
  let near = names.map { candidate in
    let whole = editDistance(wanted, comparable(candidate))
    return (candidate, min(whole, editDistance(wanted, comparable(lastPart(candidate)))))
  }.min { ($0.1, $0.0) < ($1.1, $1.0) }
  guard let (candidate, distance) = near, distance <= max(1, wanted.count / 3) else { return nil }
  return candidate
}

/// The word that a typing error could have turned into this one, if there is one.
func nearestWord(to word: String, among words: [String]) -> String? {
  let folded = Array(word.uppercased().unicodeScalars)
  let near = words.map { ($0, editDistance(folded, Array($0.unicodeScalars))) }.min { $0.1 < $1.1 }
  guard let (candidate, distance) = near, distance == 1 else { return nil }
  return candidate
}

private func lastPart(_ name: String) -> String {
  name.split(separator: "/").last.map(String.init) ?? name
}

/// Without case, and with one sign for what people write between words.
private func comparable(_ name: String) -> [Unicode.Scalar] {
  name.lowercased().unicodeScalars.map { $0 == " " || $0 == "-" ? "_" : $0 }
}

/// How many characters must be put in, taken out or replaced to get from one to the other.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var previous = Array(0...b.count)
  for i in a.indices {
    var current = [i + 1]
    for j in b.indices {
      current.append(min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1)))
    }
    previous = current
  }
  return previous[b.count]
}
