/// The words that explanations and messages are made of.
enum EnglishWords {
  /// At their numbers; January is 1.
  static let months = [
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  /// At their numbers; Sunday is 0.
  static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  static let ordinals = ["", "first", "second", "third", "fourth", "fifth"]

  /// `1`, `1 and 2`, `1, 2 and 3`.
  static func list(_ words: [String], last: String = "and") -> String {
    guard let end = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(last) " + end
  }

  /// `1st`, `2nd`, `3rd`, `4th`, `11th`.
  static func ordinal(_ number: Int) -> String {
    switch (number % 10, number % 100) {
    case (1, let rest) where rest != 11: "\(number)st"
    case (2, let rest) where rest != 12: "\(number)nd"
    case (3, let rest) where rest != 13: "\(number)rd"
    default: "\(number)th"
    }
  }

  /// The numbers as words, three or more neighbours as `Monday to Friday`.
  /// - Parameter cycle: the numbers after which the first follows the last again; nil if none does.
  static func runs(_ numbers: [Int], cycle: ClosedRange<Int>? = nil, word: (Int) -> String) -> [String] {
    var runs: [[Int]] = []
    for number in numbers {
      if let last = runs.last?.last, last + 1 == number {
        runs[runs.count - 1].append(number)
      } else {
        runs.append([number])
      }
    }
    if let cycle, runs.count > 1, runs[0][0] == cycle.lowerBound, runs[runs.count - 1].last == cycle.upperBound,
      runs[0].count + runs[runs.count - 1].count > 2
    {
      // Friday to Monday: a run that goes over the end.
      let beginning = runs.removeFirst()
      runs[runs.count - 1] += beginning
    }
    return runs.flatMap { run in
      run.count > 2 ? ["\(word(run[0])) to \(word(run[run.count - 1]))"] : run.map { word($0) }
    }
  }
}
