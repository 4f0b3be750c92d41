"""The one error that a user's input can cause."""


class UserError(ValueError):
    """Something the user gave cannot be used; the message says what it is and what to do.

    In a notebook it shows as its one line: a traceback would only point into our own code.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]
