"""Workers and schedulers under a supervisor that restarts them at once, as systemd or docker would."""

import os
import re
import signal
import subprocess
import threading
import time

FENCED = 78


class SupervisedWorker:
    """One worker, or a scheduler, by name. Its log is one file through all restarts."""

    def __init__(self, baton, name, configuration, folder, kind="worker"):
        self.name = name
        self.log = folder / f"{name.lower()}.log"
        self.command = [str(baton), kind, "--name", name, "--config", str(configuration)]
        self.exits = []
        self.starts = 0
        self.peak_memory = 0
        self.restart_delay = 0.0
        self._is_ending = False
        self._changed = threading.Condition()
        self._process = None
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._read = 0

    def start(self):
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._process is not None)

    @property
    def pid(self):
        process = self._process
        return process.pid if process is not None else None

    def signal(self, number):
        """Sends a signal to the worker alone, if it is there; what it has started finds its own end."""
        if self._process is not None:
            self._process.send_signal(number)

    def crash(self, away=0.0):
        """SIGKILL. It is started again after as many seconds."""
        self.restart_delay = away
        self.signal(signal.SIGKILL)

    def end(self, timeout=40):
        """Tells it to end, and waits."""
        self._is_ending = True
        self.note_memory()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        self._thread.join(timeout)
        if self._thread.is_alive():
            self.signal(signal.SIGKILL)
            self._thread.join(10)

    def note_memory(self):
        """The highest resident memory of the process so far, in bytes."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)
        except OSError:
            found = None
        if found:
            self.peak_memory = max(self.peak_memory, int(found.group(1)) * 1024)
        return self.peak_memory

    def tree(self):
        """The worker's process and all that descend from it."""
        parents = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:
                        parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
        family = [self.pid]
        for pid in family:
            family += [child for child, parent in parents.items() if parent == pid]
        return family

    def news(self):
        """Lines of the log since the last call."""
        if not self.log.exists():
            return []
        with open(self.log, "rb") as log:
            log.seek(self._read)
            text = log.read()
        text = text[: text.rfind(b"\n") + 1]
        self._read += len(text)
        return text.decode(errors="replace").splitlines()

    def _supervise(self):
        with open(self.log, "ab") as log:
            while True:
                process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
                with self._changed:
                    self._process = process
                    self.starts += 1
                    self._changed.notify_all()
                code = process.wait()
                self.exits.append(code)
                if self._is_ending:
                    return
                if code == FENCED:
                    log.write(b"supervisor: status 78, not started again\n")
                    log.flush()
                    return
                time.sleep(self.restart_delay)
                self.restart_delay = 0.0
                if self._is_ending:
                    return
