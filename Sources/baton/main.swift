import Glibc
import Terminal

// A reader that goes away ends the output, not the program.
signal(SIGPIPE, SIG_IGN)
let status = await Command.baton.main(Array(CommandLine.arguments.dropFirst()))
exit(status)
