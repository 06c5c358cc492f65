import FoundationEssentials
import Terminal

/// The steps of a worker's trace, and how long each took after the one before.
struct Steps {
  struct Entry {
    var at: Int64
    var step: String
  }

  let entries: [Entry]

  init(file: String) throws {
    let text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
    entries =
      text.split(separator: "\n").compactMap { line in
        let fields = line.split(separator: " ")
        guard fields.count == 2, let at = Int64(fields[0]) else { return nil }
        return Entry(at: at, step: String(fields[1]))
      }.sorted { $0.at < $1.at }
  }

  private init(entries: [Entry]) { self.entries = entries.sorted { $0.at < $1.at } }

  /// With the moments of a step that the worker does not see itself.
  func adding(_ step: String, at moments: [Int64]) -> Steps {
    Steps(entries: entries + moments.map { Entry(at: $0, step: step) })
  }

  /// The times of a cycle that repeats: from each step to the next one named, in this order, beginning anew after the last.
  /// - Parameter skip: cycles at the beginning that do not count.
  func cycle(_ names: [String], skip: Int) -> [Quantiles] {
    var gaps = [[Int64]](repeating: [], count: names.count - 1)
    var times: [Int64] = []
    var left = skip
    for entry in entries {
      if entry.step == names[times.count] {
        times.append(entry.at)
      } else if entry.step == names[0] {
        times = [entry.at]
      }
      guard times.count == names.count else { continue }
      if left > 0 {
        left -= 1
      } else {
        for index in gaps.indices { gaps[index].append(times[index + 1] - times[index]) }
      }
      // The last step of a cycle may be the first of the next.
      times = names.first == names.last ? [entry.at] : []
    }
    return gaps.map { Quantiles($0) }
  }
}
