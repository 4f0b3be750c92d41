"""The same work on many pieces: in this process, in several, or on a cluster."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from lib.errors import UserError

SCHEDULER = "DASK_SCHEDULER"
"""Environment variable with the address of a Dask scheduler; unset: this machine alone."""


def run(
    work: Callable[..., list],
    pieces: Sequence[list],
    arguments: Callable[[list], tuple],
    *,
    jobs: int,
    crashed: Any,
) -> Iterator[tuple[list, list]]:
    """Do the work on all pieces, and go on when a worker dies of one.

    Each worker computes with one thread, so that workers do not fight for the cores and the
    results do not depend on their number.

    Parameters
    ----------
    work : callable
        Takes the arguments for a piece, and returns a result for each of the piece's items.
    pieces : sequence of list
        Of items.
    arguments : callable
        Gives the arguments for a piece, when its turn comes.
    jobs : int
        How many processes; with 1 no other process is started. A cluster uses all it has.
    crashed : object
        The result for an item that takes its worker along into death.

    Yields
    ------
    piece : list
        In the order in which they are done. A piece during which a worker died comes in halves.
    results : list
        One for each of its items.

    Raises
    ------
    UserError
        The cluster cannot be used.
    """
    if not os.environ.get(SCHEDULER) and (jobs == 1 or len(pieces) <= 1):
        for piece in pieces:
            with threadpool_limits(1):
                results = work(*arguments(piece))
            yield piece, results
        return
    with _parallel(jobs) as (parallel, death):

        def unordered(pieces: Sequence[list]) -> Iterator[tuple[int, list]]:
            return parallel()(
                joblib.delayed(_numbered)(number, work, arguments(piece))
                for number, piece in enumerate(pieces)
            )

        def alone(piece: list) -> Iterator[tuple[list, list]]:
            """Find the item at fault by halves."""
            try:
                ((_, results),) = unordered([piece])
                yield piece, results
            except death:
                if len(piece) == 1:
                    yield piece, [crashed]
                else:
                    yield from alone(piece[: len(piece) // 2])
                    yield from alone(piece[len(piece) // 2 :])

        left = dict(enumerate(pieces))
        while left:
            numbers = list(left)
            try:
                for i, results in unordered(list(left.values())):
                    yield left.pop(numbers[i]), results
            except death:
                # Pieces start in order: those under way are among the first that are left.
                for number in list(left)[: 2 * joblib.effective_n_jobs(jobs)]:
                    yield from alone(left.pop(number))


def _numbered(number: int, work: Callable[..., list], arguments: tuple) -> tuple[int, list]:
    threadpool_limits(1)
    return number, work(*arguments)


@contextlib.contextmanager
def _parallel(jobs: int) -> Iterator[tuple[Callable[[], joblib.Parallel], type[BaseException]]]:
    """Offer the means to run in parallel, and the error that the death of a worker is."""
    address = os.environ.get(SCHEDULER)
    if not address:
        # Also one piece alone needs a process of its own here, which one job would not give it.
        yield lambda: _in_any_order(max(jobs, 2)), TerminatedWorkerError
        return
    try:
        import distributed
    except ImportError:
        raise UserError(
            f"{SCHEDULER} is set, but Dask is not installed: `pip install distributed`, "
            f"or unset {SCHEDULER}"
        ) from None
    try:
        client = distributed.Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{SCHEDULER}={address}: no scheduler answers there ({error}); start one with "
            "`dask scheduler`, or unset the variable"
        ) from None
    with client, joblib.parallel_config(backend="dask"):
        yield lambda: _in_any_order(-1), distributed.scheduler.KilledWorker


def _in_any_order(jobs: int) -> joblib.Parallel:
    return joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
