/// Where the dollars of a text are, so that a reference inside a scalar of several lines can be pointed at.
struct DollarIndex {
  private var indexes: [Int] = []
  private var marks: [Mark] = []

  /// - Parameter source: UTF-8; lines end as in YAML 1.1, which is how libyaml counts them.
  init(source: UnsafeBufferPointer<UInt8>) {
    guard source.contains(UInt8(ascii: "$")) else { return }
    var mark = Mark(line: 1, column: 1)
    var index = 0
    var previous: Unicode.Scalar = " "
    for scalar in String(decoding: source, as: UTF8.self).unicodeScalars {
      if scalar == "$" {
        indexes.append(index)
        marks.append(mark)
      }
      switch scalar {
      case "\n" where previous == "\r": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": mark = Mark(line: mark.line + 1, column: 1)
      default: mark.column += 1
      }
      index += 1
      previous = scalar
    }
  }

  /// The places of a scalar's dollars.
  /// - Parameters:
  ///   - start: offset in code points, as `end`.
  ///   - headerLine: a line whose dollars do not count: a block scalar's header may end in a comment.
  /// - Returns: as many as `text` has dollars, or none if the file has another number of them there.
  func marks(in text: String, from start: Int, to end: Int, after headerLine: Int) -> [Mark] {
    let count = text.utf8.count { $0 == UInt8(ascii: "$") }
    guard count > 0 else { return [] }
    var low = 0
    var high = indexes.count
    while low < high {
      let middle = (low + high) / 2
      if indexes[middle] < start { low = middle + 1 } else { high = middle }
    }
    var found: [Mark] = []
    while low < indexes.count, indexes[low] < end {
      if marks[low].line > headerLine { found.append(marks[low]) }
      low += 1
    }
    return found.count == count ? found : []
  }
}
