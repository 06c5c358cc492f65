/// The candidate that was most likely meant by a mistyped word.
/// - Returns: nil when none is near enough to be worth the mention.
public func nearest(to word: String, among candidates: [String]) -> String? {
  let word = word.lowercased()
  // Comparing is quadratic: what is far longer than any name is no slip of the finger.
  guard !word.isEmpty, word.count <= 64 else { return nil }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let lowercased = candidate.lowercased()
    let isBeginning = word.count >= 3 && lowercased.hasPrefix(word)
    let distance = isBeginning ? 1 : typingDistance(Array(word), Array(lowercased))
    let farthest = isBeginning ? 1 : max(1, min(word.count, candidate.count) / 3)
    if distance <= farthest, distance < best?.distance ?? Int.max { best = (candidate, distance) }
  }
  return best?.candidate
}

/// How many slips lie between two words: a letter left out, put in or replaced, or two neighbours swapped.
func typingDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1] + Array(repeating: 0, count: b.count)
    for j in b.indices {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row[j + 1] = cost
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
