"""Reading ahead: the next rows are fetched while the last ones are worked on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


class Ahead(Generic[_Item]):
    """Items that a thread of its own fetches, a few of them ahead of who takes them.

    Args:
        items: where they come from; used by that thread alone from here on.
        cancel: makes a fetch that is under way end soon; for one who leaves before the end.
        depth: how many items may wait.
    """

    def __init__(self, items: Generator[_Item], cancel: Callable[[], None], depth: int) -> None:
        self._items, self._cancel = items, cancel
        self._queue: Queue[_Item | _End] = Queue(depth)
        self._left = threading.Event()
        run = copy_context().run  # what is said in there belongs to the run as well
        self._thread = threading.Thread(target=run, args=(self._fetch,), name="read ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[_Item]:
        """The items in their order.

        Raises:
            BaseException: what fetching them raised.
        """
        try:
            while not isinstance(item := self._queue.get(), _End):
                yield item
            self._thread.join()
        finally:
            self.close()
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """Leave; the thread has ended when this returns."""
        if self._thread.is_alive():
            self._left.set()
            self._cancel()
            while self._thread.is_alive():
                self._drain()
                self._thread.join(0.05)

    def _drain(self) -> None:
        try:
            while True:
                self._queue.get_nowait()
        except Empty:
            return

    def _fetch(self) -> None:
        try:
            with closing(self._items):
                for item in self._items:
                    self._queue.put(item)
                    if self._left.is_set():
                        break
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are taken
            self._queue.put(_End(error))
        else:
            self._queue.put(_End())
