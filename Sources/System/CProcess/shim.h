// What Swift may not call (vfork) or cannot name, as inline functions; the decisions are in RunnerProcess.
#ifndef BATON_CPROCESS_SHIM_H
#define BATON_CPROCESS_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/// Where a spawn failed.
enum baton_spawn_step {
  BATON_SPAWN_FORK = 0,
  BATON_SPAWN_GROUP = 1,
  BATON_SPAWN_GUARD = 2,
  BATON_SPAWN_LIMIT = 3,
  BATON_SPAWN_STREAMS = 4,
  BATON_SPAWN_DIRECTORY = 5,
  BATON_SPAWN_EXECUTE = 6,
};

/// What to start. All descriptors are 3 or higher, so that none is overwritten before it is used.
struct baton_spawn {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *directory;  // NULL: the caller's
  int input, output, log; // become 0, 1 and 2
  int guard;              // the guard's pipe, -1 for none
  uint64_t memory_limit;  // bytes of private writable memory, 0 for no limit
  int is_guard;           // 1: a session of its own that outlives the caller and ignores the ending signals
};

struct baton_spawned {
  pid_t pid;
  int error; // errno, 0 when the program runs
  int step;
};

/// Writes "+pid\n" or "-pid\n"; short enough to be atomic. Safe between vfork and exec.
/// Returns 0 or errno.
static inline int baton_guard_write(int descriptor, char sign, pid_t pid) {
  char line[16];
  int at = (int)sizeof line;
  line[--at] = '\n';
  do {
    line[--at] = (char)('0' + pid % 10);
    pid /= 10;
  } while (pid > 0);
  line[--at] = sign;
  ssize_t written;
  do written = write(descriptor, line + at, sizeof line - (size_t)at);
  while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}

static inline void baton_close_from(unsigned first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  long limit = sysconf(_SC_OPEN_MAX);
  for (long descriptor = first; descriptor < (limit > 0 ? limit : 65536); descriptor++) close((int)descriptor);
}

/// The child's part, in memory shared with the suspended parent: system calls only. Returns the step that
/// failed, with errno set.
static inline int baton_become(const struct baton_spawn *spawn, pid_t parent) {
  pid_t self = getpid();
  if (spawn->is_guard) {
    if (setsid() < 0) return BATON_SPAWN_GROUP;
  } else {
    if (setpgid(0, 0) != 0) return BATON_SPAWN_GROUP;
    // A parent that died before the prctl sends no signal any more; its death shows in getppid.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return BATON_SPAWN_GROUP;
    if (getppid() != parent) _exit(127);
    // SIGPIPE is still ignored here: a guard that has died shows as EPIPE.
    if (spawn->guard >= 0) {
      errno = baton_guard_write(spawn->guard, '+', self);
      if (errno != 0) return BATON_SPAWN_GUARD;
    }
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (spawn->memory_limit > 0) {
      struct rlimit limit = {spawn->memory_limit, spawn->memory_limit};
      if (setrlimit(RLIMIT_DATA, &limit) != 0) return BATON_SPAWN_LIMIT;
    }
    // When the machine runs out of memory, the runner goes before the worker. Refused where it would be a lowering.
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
      ssize_t ignored = write(score, "800", 3);
      (void)ignored;
      close(score);
    }
  }

  if (dup2(spawn->input, 0) < 0 || dup2(spawn->output, 1) < 0 || dup2(spawn->log, 2) < 0)
    return BATON_SPAWN_STREAMS;
  baton_close_from(3);
  if (spawn->directory && chdir(spawn->directory) != 0) return BATON_SPAWN_DIRECTORY;

  // By the system call, for which all zero is the default: the C library does not let go of its own two signals,
  // and a process that was started by its posix_spawn has one of them ignored.
  static const uint64_t defaults[8] = {0};
  for (int signal = 1; signal < _NSIG; signal++) syscall(SYS_rt_sigaction, signal, defaults, 0, _NSIG / 8);
  if (spawn->is_guard) {
    struct sigaction action = {0};
    action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, 0);
    sigaction(SIGTERM, &action, 0);
    sigaction(SIGHUP, &action, 0);
    sigaction(SIGQUIT, &action, 0);
  }
  sigset_t empty;
  sigemptyset(&empty);
  sigprocmask(SIG_SETMASK, &empty, 0);
  execve(spawn->path, spawn->arguments, spawn->environment);
  return BATON_SPAWN_EXECUTE;
}

/// Starts a program in a process group of its own; returns when it runs or has failed to (then it is reaped).
///
/// vfork, so that the cost does not grow with the caller's memory. The child gets SIGKILL when the calling THREAD ends.
static __attribute__((noinline, unused)) struct baton_spawned baton_spawn(const struct baton_spawn *spawn) {
  volatile int error = 0;
  volatile int step = BATON_SPAWN_FORK;
  sigset_t all, previous;
  sigfillset(&all);
  // No handler of the parent may run in the child, which shares its memory.
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pid_t parent = getpid();
  pid_t pid = vfork();
  if (pid == 0) {
    step = baton_become(spawn, parent);
    error = errno;
    _exit(127);
  }
  if (pid < 0) error = errno;
  pthread_sigmask(SIG_SETMASK, &previous, 0);
  if (pid > 0 && error != 0) {
    if (spawn->guard >= 0 && step > BATON_SPAWN_GUARD) baton_guard_write(spawn->guard, '-', pid);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  struct baton_spawned result = {pid, error, step};
  return result;
}

static inline char **baton_environment(void) {
  extern char **environ;
  return environ;
}

/// pipe2 with O_CLOEXEC, which the C library shows only to those that ask for its extensions.
static inline int baton_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, O_CLOEXEC); }

static inline void baton_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

static inline int baton_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

#endif
