import Simulation

/// What a run of many seeds of schedulers came to, for a person or a program.
struct SchedulerSummary {
  var batch: SchedulerBatch
  var seconds: Double
  var cores: Int
  var removed: SchedulerProtection?

  private var rate: Int { seconds > 0 ? Int(Double(batch.seeds) / seconds) : 0 }

  var text: String {
    var lines = [
      "\(batch.seeds) seeds, \(batch.steps) steps, \(batch.milliseconds / 86_400_000) days of virtual time in "
        + "\(Int(seconds)) s on \(cores) cores: \(rate) seeds per second", "", "what happened",
    ]
    lines += rows(batch.counts) + ["", "faults"] + rows(batch.faults)
    return lines.joined(separator: "\n")
  }

  private func rows(_ counts: [String: Int]) -> [String] {
    counts.sorted { $0.key < $1.key }.map { name, count in
      "  " + name + String(repeating: " ", count: max(1, 34 - name.count)) + String(count)
    }
  }

  var json: String {
    func object(_ counts: [String: Int]) -> String {
      "{" + counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }
    var members = [
      "\"seeds\":\(batch.seeds)", "\"steps\":\(batch.steps)", "\"virtualMilliseconds\":\(batch.milliseconds)",
      "\"seconds\":\(seconds)", "\"cores\":\(cores)", "\"seedsPerSecond\":\(rate)",
      "\"without\":\(removed.map { "\"\($0.rawValue)\"" } ?? "null")", "\"counts\":" + object(batch.counts),
      "\"faults\":" + object(batch.faults),
    ]
    if let failure = batch.failure { members.append(jsonMember(failure)) }
    return "{" + members.joined(separator: ",") + "}"
  }
}
