"""A real Kafka for one script: started from KAFKA_HOME in a folder of its own, and destroyed at the end.

`scripts/install kafka` has checked that it and Java are there.
"""

import os
import pathlib
import subprocess

PROJECT = pathlib.Path(__file__).resolve().parents[2]


class Kafka:
    """A cluster of one or three nodes on loopback."""

    def __init__(self, folder, port, nodes=1):
        home = pathlib.Path(os.environ.get("KAFKA_HOME", PROJECT.parent / "shared" / "kafka"))
        self.program = home / "kafka"
        self.folder = pathlib.Path(folder)
        self.port = port
        self.nodes = nodes
        self.bootstrap = ",".join(f"127.0.0.1:{port + node}" for node in range(nodes))

    def start(self):
        self._do("start", "--nodes", str(self.nodes), "--port", str(self.port))

    def kill(self, node):
        self._do("kill", str(node))

    def restart(self, node):
        self._do("restart", str(node))

    def destroy(self):
        if self.folder.exists():
            self._do("destroy", check=False)

    def run(self, tool, *arguments, input=None, check=True):
        """One of Kafka's own command line tools, such as `consumer-groups`. Returns what it printed."""
        command = [str(self.program), "run", tool, "--bootstrap-server", self.bootstrap, *arguments]
        done = subprocess.run(command, input=input, text=True, capture_output=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"kafka run {tool} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def _do(self, verb, *arguments, check=True):
        command = [str(self.program), verb, "--dir", str(self.folder), *arguments]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"kafka {verb} failed: {done.stdout}{done.stderr}")
