import Simulation

/// What a run of many seeds came to, for a person or a program.
struct Summary {
  var batch: Batch
  var seconds: Double
  var cores: Int
  var removed: Protection?

  private var rate: Int { seconds > 0 ? Int(Double(batch.seeds) / seconds) : 0 }

  var text: String {
    var lines = [
      "\(batch.seeds) seeds, \(batch.requests) requests, \(batch.steps) steps, \(batch.milliseconds / 3_600_000) h of "
        + "virtual time in \(Int(seconds)) s on \(cores) cores: \(rate) seeds per second", "", "faults",
    ]
    for (name, count) in batch.coverage.faults.sorted(by: { $0.key < $1.key }) { lines.append(row(name, count)) }
    lines += ["", "branches"]
    for branch in Coverage.Branch.allCases { lines.append(row("\(branch)", batch.coverage.count(branch))) }
    lines += ["", "inputs in each state"]
    let names = Coverage.stateNames.map { pad(String($0.prefix(10)), 11) }.joined()
    lines.append("  " + pad("", 18) + names)
    for (input, name) in Coverage.inputNames.enumerated() {
      let counts = Coverage.stateNames.indices.map { batch.coverage.pairs[$0 * Coverage.inputNames.count + input] }
      lines.append("  " + pad(name, 18) + counts.map { pad($0 == 0 ? "-" : String($0), 11) }.joined())
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ count: Int) -> String {
    "  " + pad(name, 34) + (count == 0 ? "never" : String(count))
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  var json: String {
    func object(_ members: [(String, Int)]) -> String {
      "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
    let coverage = batch.coverage
    let branches = Coverage.Branch.allCases.map { ("\($0)", coverage.count($0)) }
    var pairs: [(String, Int)] = []
    for (state, stateName) in Coverage.stateNames.enumerated() {
      for (input, inputName) in Coverage.inputNames.enumerated() {
        pairs.append(("\(stateName).\(inputName)", coverage.pairs[state * Coverage.inputNames.count + input]))
      }
    }
    var members = [
      "\"seeds\":\(batch.seeds)", "\"requests\":\(batch.requests)", "\"steps\":\(batch.steps)",
      "\"virtualMilliseconds\":\(batch.milliseconds)", "\"seconds\":\(seconds)", "\"cores\":\(cores)",
      "\"seedsPerSecond\":\(rate)",
      "\"without\":\(removed.map { "\"\($0.rawValue)\"" } ?? "null")",
      "\"faults\":" + object(coverage.faults.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
      "\"branches\":" + object(branches), "\"pairs\":" + object(pairs),
    ]
    if let failure = batch.failure { members.append(jsonMember(failure)) }
    return "{" + members.joined(separator: ",") + "}"
  }
}
