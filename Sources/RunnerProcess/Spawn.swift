import CProcess
import Glibc

/// The three streams of a new child, by descriptors of the caller that stay the caller's.
struct ChildStreams {
  var input: Int32
  var output: Int32
  var log: Int32
}

/// Starts the command as a child of the calling thread, at whose end it is killed.
/// - Parameter guardPipe: where the child registers itself before it becomes the program.
/// - Returns: the pid, which is the id of its process group too.
func spawn(_ command: RunnerCommand, streams: ChildStreams, guardPipe: Int32?) throws(RunnerStartError) -> pid_t {
  try spawn(command, streams: streams, guardPipe: guardPipe, isGuard: false)
}

/// Starts a guard: in a session of its own, so that it outlives the caller and what is sent to the caller's terminal.
func spawnGuard(_ command: RunnerCommand, streams: ChildStreams) throws(RunnerStartError) -> pid_t {
  try spawn(command, streams: streams, guardPipe: nil, isGuard: true)
}

private func spawn(
  _ command: RunnerCommand, streams: ChildStreams, guardPipe: Int32?, isGuard: Bool
) throws(RunnerStartError) -> pid_t {
  let path = try command.executablePath()
  for text in command.arguments where text.utf8.contains(0) {
    throw RunnerStartError(subject: "an argument with a NUL byte", code: EINVAL)
  }
  for (name, value) in command.environment
  where name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) || value.utf8.contains(0) {
    throw RunnerStartError(subject: "the environment variable \(name)", code: EINVAL)
  }
  var arguments = command.arguments.map { strdup($0) }
  arguments.append(nil)
  var environment = command.environment.map { strdup("\($0.key)=\($0.value)") }
  environment.append(nil)
  let directory = command.directory.flatMap { strdup($0) }
  defer {
    for pointer in arguments { free(pointer) }
    for pointer in environment { free(pointer) }
    free(directory)
  }
  let spawned = path.withCString { path in
    arguments.withUnsafeBufferPointer { arguments in
      environment.withUnsafeBufferPointer { environment in
        var request = baton_spawn()
        request.path = path
        request.arguments = arguments.baseAddress
        request.environment = environment.baseAddress
        request.directory = directory.map { UnsafePointer($0) }
        request.input = streams.input
        request.output = streams.output
        request.log = streams.log
        request.guard = guardPipe ?? -1
        request.memory_limit = UInt64(max(0, command.memoryLimitBytes ?? 0))
        request.is_guard = isGuard ? 1 : 0
        return baton_spawn(&request)
      }
    }
  }
  guard spawned.error != 0 else { return spawned.pid }
  let subject =
    switch UInt32(bitPattern: spawned.step) {
    case BATON_SPAWN_EXECUTE.rawValue where spawned.error == E2BIG: "\(path) with \(longestWord(of: command))"
    case BATON_SPAWN_EXECUTE.rawValue: path
    case BATON_SPAWN_DIRECTORY.rawValue: command.directory ?? path
    case BATON_SPAWN_GUARD.rawValue: "the pipe to the process guard"
    case BATON_SPAWN_LIMIT.rawValue: "the memory limit of \(path)"
    default: "starting \(path)"
    }
  throw RunnerStartError(subject: subject, code: spawned.error)
}

/// What is most likely too long, without its value.
private func longestWord(of command: RunnerCommand) -> String {
  let arguments = command.arguments.enumerated().map { ("argument \($0)", $1.utf8.count) }
  let variables = command.environment.map { ("the variable \($0.key)", $0.value.utf8.count) }
  guard let longest = (arguments + variables).max(by: { $0.1 < $1.1 }) else { return "nothing" }
  return "\(longest.0) of \(longest.1) bytes"
}

/// A pipe whose ends are 3 or higher and closed on exec.
func makePipe() throws(RunnerStartError) -> (read: Int32, write: Int32) {
  var ends: [Int32] = [-1, -1]
  guard baton_pipe(&ends) == 0 else { throw RunnerStartError(subject: "a pipe", code: errno) }
  do throws(RunnerStartError) {
    ends[0] = try aboveStandardStreams(ends[0])
    ends[1] = try aboveStandardStreams(ends[1])
  } catch {
    close(ends[0])
    close(ends[1])
    throw error
  }
  return (ends[0], ends[1])
}

/// The descriptor itself, or a copy of it that is 3 or higher (it is 0 to 2 when the caller runs without these).
func aboveStandardStreams(_ descriptor: Int32) throws(RunnerStartError) -> Int32 {
  guard descriptor < 3 else { return descriptor }
  let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
  guard copy >= 0 else { throw RunnerStartError(subject: "a pipe", code: errno) }
  close(descriptor)
  return copy
}

func makeNonBlocking(_ descriptor: Int32) throws(RunnerStartError) {
  let flags = fcntl(descriptor, F_GETFL)
  guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
    throw RunnerStartError(subject: "a pipe", code: errno)
  }
}
