import Configuration
import Glibc
import Terminal

extension Command {
  static let initialize = Command(
    "init", summary: "write a commented baton.yaml that runs as it is",
    options: [Option("force", help: "overwrite a file that is there")],
    arguments: [
      Argument("FILE", help: "where to write it; baton.yaml here if left out", isOptional: true, completion: .file)
    ],
    examples: [Example("baton init && baton dev", "a first look, with nothing to install or start")],
    run: { arguments in
      let path = arguments.optionalArgument("FILE") ?? arguments.value("config") ?? "baton.yaml"
      let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (arguments.flag("force") ? O_TRUNC : O_EXCL)
      let descriptor = open(path, flags, 0o644)
      guard descriptor >= 0 else {
        let code = errno
        throw CommandError(
          "cannot write \(path): \(String(cString: strerror(code)))",
          remedy: code == EEXIST ? "Use --force to overwrite it, or name another file." : nil)
      }
      defer { close(descriptor) }
      var rest = Array(Configuration.template.utf8)[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else {
          if errno == EINTR { continue }
          throw CommandError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        rest = rest.dropFirst(count)
      }
      arguments.output.line("wrote \(path)")
      arguments.output.line("next: baton check, then baton dev (a broker and a worker in this terminal)")
      return ExitCode.success
    })
}
