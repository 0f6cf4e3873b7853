"""A real PgBouncer for tests, on a free port: each transaction may get another session of the server."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.postgresql import PASSWORD, USER, Server, awaited, free_port, identity

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@dataclass(frozen=True)
class Pooled(Server):
    """A server behind a pooler."""

    behind: Server

    def new_database(self, encoding: str = "UTF8") -> str:
        """The URL, through the pooler, of a fresh database."""
        return self.url(self.behind.new_database(encoding).rpartition("/")[2])


@contextmanager
def pooling(server: Server) -> Iterator[Pooled]:
    """A pooler before this server that lends its sessions for one transaction each."""
    with tempfile.TemporaryDirectory(prefix="syncline-pgbouncer-") as name:
        folder, pooled = Path(name), Pooled(free_port(), server)
        users, settings = folder / "users", folder / "settings"
        users.write_text(f'"{USER}" "{PASSWORD}"\n')
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user={USER} password={PASSWORD}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {pooled.port}\nunix_socket_dir =\n"
            f"auth_type = md5\nauth_file = {users}\npool_mode = transaction\nmax_client_conn = 200\n"
        )
        command = [str(PROGRAM), str(settings)]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, cwd=folder, stderr=log, stdout=log, **identity(folder)) as process,
        ):
            try:
                awaited(pooled, process, folder / "log")
                yield pooled
            finally:
                process.kill()
