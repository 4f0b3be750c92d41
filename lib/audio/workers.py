"""The same work on many pieces: in this process, in several, or on a cluster."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits

from lib.errors import UserError

if TYPE_CHECKING:
    import distributed

SCHEDULER = "DASK_SCHEDULER"
"""Environment variable with the address of a Dask scheduler; unset: this machine alone."""
_PATIENCE = 10  # seconds for a scheduler to answer, and for its first worker to be there


def run(
    work: Callable[..., list],
    pieces: Sequence[list],
    arguments: Callable[[list], tuple],
    *,
    jobs: int,
    crashed: Any,
) -> Iterator[tuple[list, list]]:
    """Do the work on all pieces, and yield each with its results when it is done.

    ``work(*arguments(piece))`` gives one result per item. When a worker dies the others go on; the
    item that killed it gets ``crashed``, and the pieces under way may come in halves. Each worker
    computes with one thread, so that workers do not fight for the cores and the results do not
    depend on their number. With 1 job no process is started; a cluster uses all that it has.
    """
    if not os.environ.get(SCHEDULER) and (jobs == 1 or len(pieces) <= 1):
        for piece in pieces:
            with threadpool_limits(1):
                results = work(*arguments(piece))
            yield piece, results
        return
    with _pool(jobs) as (spread, size, death):

        def unordered(pieces: Sequence[list]) -> Iterator[tuple[int, list]]:
            return spread(
                partial(_numbered, number, work, arguments(piece))
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
                for number in list(left)[: 2 * size]:
                    yield from alone(left.pop(number))


def _numbered(number: int, work: Callable[..., list], arguments: tuple) -> tuple[int, list]:
    threadpool_limits(1)
    return number, work(*arguments)


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[tuple[Callable, int, type[BaseException]]]:
    """What makes calls in any order, how many at once, and the error of a worker's death."""
    address = os.environ.get(SCHEDULER)
    if not address:
        jobs = max(jobs, 2)  # one piece alone needs a process of its own here as well
        yield partial(_in_processes, jobs), jobs, TerminatedWorkerError
        return
    import distributed  # late, since it takes half a second

    try:
        client = distributed.Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{SCHEDULER}={address}: no scheduler answers there ({error}); start one with "
            "`dask scheduler`, or unset the variable"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise UserError(
                f"{SCHEDULER}={address}: the scheduler has no workers; start some with "
                f"`dask worker {address}`, or unset the variable"
            ) from None
        size = sum(client.nthreads().values())
        yield partial(_on_cluster, client, size), size, distributed.scheduler.KilledWorker


def _in_processes(jobs: int, calls: Iterable[Callable]) -> Iterator:
    parallel = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    return parallel(joblib.delayed(call)() for call in calls)


def _on_cluster(client: distributed.Client, size: int, calls: Iterable[Callable]) -> Iterator:
    """Make the calls, each handed over when one before it is done.

    Not through joblib, which makes them here, in the driver, where a cluster has but one thread.
    """
    from distributed import as_completed

    submitted = (client.submit(call, pure=False) for call in calls)
    running = as_completed(islice(submitted, 2 * size), with_results=True)
    for future, result in running:
        if future.status != "finished":
            raise UserError(
                f"{SCHEDULER}={os.environ[SCHEDULER]}: the scheduler was lost; start one and run "
                "again: what the feature store holds is not computed anew"
            )
        running.update(islice(submitted, 1))
        yield result
