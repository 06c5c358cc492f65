import Glibc
import Terminal

signal(SIGPIPE, SIG_IGN)
let words = Array(CommandLine.arguments.dropFirst())
if words.first == "runner", words.count == 2 {
  // What the workers of the failover part start; no command of its own, so that it is up at once.
  exit(ChunkRunner(pipe: words[1]).run())
}
exit(await Command.benchmark.main(words))
