"""Several threads that do pieces of one work until there are none left. Knows nothing of the work."""

import threading
from collections.abc import Callable


class Crew:
    """A thread and its helpers, who come when there is work for several.

    Args:
        do_next: does a piece, and returns whether there was one. Called by several threads at once.
        count_hands: how many threads there is work for, at most. Asked at the beginning and after each piece.
        name: of the helpers.
    """

    def __init__(self, do_next: Callable[[], bool], count_hands: Callable[[], int], name: str) -> None:
        self._do_next, self._count_hands, self._name = do_next, count_hands, name
        self._lock = threading.Lock()
        self._at_work = 0
        self._helpers: list[threading.Thread] = []
        self._has_done = self._is_over = False
        self._failures: list[Exception] = []

    def work(self) -> bool:
        """Do pieces in this thread and in helpers; return when there are none left and nobody is at work.

        Returns:
            whether there was anything to do.

        Raises:
            Exception: the first that a piece has raised. The others finish the pieces that they have and begin no more, as after Ctrl-C.
        """
        self._at_work += 1
        try:
            self._recruit()
            self._labour()
            while self._helpers:  # helpers bring helpers
                self._helpers.pop().join()
        finally:
            self._is_over = True
        if self._failures:
            raise self._failures[0]
        return self._has_done

    def _labour(self) -> None:
        try:
            while not self._is_over and self._do_next():
                self._has_done = True
                self._recruit()  # who finds nothing to do brings nobody
        except Exception as error:  # noqa: BLE001 - raised by `work`
            self._failures.append(error)
            self._is_over = True
        finally:
            with self._lock:
                self._at_work -= 1

    def _recruit(self) -> None:
        """Bring helpers if there is work for more."""
        wanted = self._count_hands()
        with self._lock:
            while self._at_work < wanted:
                helper = threading.Thread(target=self._labour, name=self._name, daemon=True)
                self._at_work += 1
                try:
                    helper.start()
                except RuntimeError:  # there are too many threads, or the interpreter is about to end: those that are there do it all
                    self._at_work -= 1
                    return
                self._helpers.append(helper)
