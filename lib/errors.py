"""What cannot be had: errors that a user can mend, and results that a corpus cannot give."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps


class UserError(ValueError):
    """Something the user gave cannot be used; the message says what it is and what to do.

    In a notebook it shows as its one line: a traceback would only point into our own code.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class Missing:
    """What a run cannot have, and why; it is empty, and shows as its reason.

    A network needs audio, a measure needs known factors: where a corpus lacks them, notebooks go
    on, and say the reason in place of the figure or table.

    Parameters
    ----------
    reason : str
        Sentences for the reader.
    """

    def __init__(self, reason: str):
        self.reason = reason

    def __len__(self) -> int:
        return 0

    def __iter__(self):
        return iter(())

    def __getitem__(self, index) -> Missing:
        return self

    def __repr__(self) -> str:
        return self.reason

    def _repr_markdown_(self) -> str:
        return self.reason


def unless_missing(function: Callable) -> Callable:
    """Let a function return the first of its arguments that is `Missing`, if any is."""

    @wraps(function)
    def passed_on(*args, **kwargs):
        for value in (*args, *kwargs.values()):
            if isinstance(value, Missing):
                return value
        return function(*args, **kwargs)

    return passed_on
