import Simulation

let first = CommandLine.arguments.count > 1 ? UInt64(CommandLine.arguments[1]) ?? 0 : 0
let count = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 100 : 1
for seed in first..<(first + UInt64(count)) {
  let r = Simulation(seed: seed).run()
  if let v = r.violation { print("seed \(seed): \(v)") }
  if count == 1 { print(Simulation(seed: seed).run(isTracing: true).trace.joined(separator: "\n")) }
}
