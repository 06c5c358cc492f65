import Simulation

let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 100 : 100
for seed in 0..<UInt64(count) {
  let r = Simulation(seed: seed).run()
  if let v = r.violation {
    print("seed \(seed): \(v)")
    if CommandLine.arguments.count > 2 {
      let t = Simulation(seed: seed).run(isTracing: true).trace
      print(t.suffix(Int(CommandLine.arguments[2])!).joined(separator: "\n"))
      break
    }
  }
}
