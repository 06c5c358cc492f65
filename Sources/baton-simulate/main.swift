import Glibc
import Simulation

let options: Options
do {
  options = try Options(CommandLine.arguments.dropFirst())
} catch {
  complain("baton-simulate: \(error.message)\n\n\(Options.help)")
  exit(2)
}
if options.asksForHelp {
  print(Options.help)
  exit(0)
}
exit(await play(options))
