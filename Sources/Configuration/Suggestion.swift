/// What to do about an unknown word: the nearest known one, or the list of all; nil if none is known.
/// - Parameter known: what the words are, in the plural: `keys here`.
func suggestion(for word: String, among words: [String], known: String) -> String? {
  if let near = nearest(to: word, among: words) { return "did you mean '\(near)'?" }
  return words.isEmpty ? nil : "\(known): \(list(words))"
}

/// The words with commas, at most twenty of them.
func list(_ words: [String]) -> String {
  let shown = words.prefix(20).joined(separator: ", ")
  return words.count > 20 ? shown + " and \(words.count - 20) more" : shown
}

/// The word that a typing error could have turned into this one, if there is one.
func nearest(to word: String, among words: [String]) -> String? {
  let folded = word.lowercased()
  guard !folded.isEmpty, folded.utf8.count <= 200 else { return nil }
  let best = words.map { ($0, editDistance(folded, $0.lowercased())) }.min { $0.1 < $1.1 }
  guard let (candidate, distance) = best else { return nil }
  return distance <= max(1, min(folded.count, candidate.count) / 3) ? candidate : nil
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour to get from one to the other.
func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a.unicodeScalars)
  let b = Array(b.unicodeScalars)
  var beforePrevious: [Int] = []
  var previous = Array(0...b.count)
  for i in a.indices {
    var current = [i + 1]
    current.reserveCapacity(b.count + 1)
    for j in b.indices {
      var distance = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforePrevious[j - 1] + 1) }
      current.append(distance)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.count]
}
