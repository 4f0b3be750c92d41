"""Downloads of archives: resumed where they broke off, checked by their sum, unpacked safely."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

import filelock
import pooch
import requests
from tqdm import tqdm

from lib.corpora import unpack
from lib.errors import UserError

RETRIES = 5  # failures in a row without a new byte
_TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
_PIECE = 1 << 16


@dataclass(frozen=True)
class Archive:
    """A zip archive that is published with its sum.

    Attributes
    ----------
    url : str
        Its address.
    sha1 : str
        Its SHA-1 in hexadecimal digits, as published.
    size : int
        About how many bytes it has, as published.
    """

    url: str
    sha1: str
    size: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.url.rsplit("/", 1)[1]


def fetch(archive: Archive, folder: Path, *, pause: float = 1.0) -> Path:
    """Download an archive and unpack it, doing only what is not yet done.

    Parameters
    ----------
    archive : Archive
        What to fetch. Its content must lie in one folder of the same name.
    folder : Path
        Where to; made if need be.
    pause : float
        Seconds before the first new try after a failure; doubled for each further one.

    Returns
    -------
    Path
        The unpacked folder, ``folder/<name without .zip>``. The archive stays beside it.

    Raises
    ------
    UserError
        When the space does not suffice, someone else is fetching into the folder, the server
        refuses or fails for long, the sum is wrong, or the archive is unsafe.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".fetch.lock", timeout=0):
            target, path = folder / Path(archive.name).stem, folder / archive.name
            if target.is_dir() and not path.exists():
                return target
            if target.is_file():
                raise UserError(f"{target} must be a folder, but is a file: move it away")
            if not target.exists():
                # mp3 cannot be compressed, so what an archive holds is about as large as itself
                needed = 2 * archive.size - max(_size(path), _size(_part(path)))
                unpack.require_space(folder, needed, archive.name)
                path = download(archive, folder, pause=pause)
            return unpack.unpack(path, folder)
    except filelock.Timeout:
        raise UserError(f"another run is fetching into {folder}: wait for it to end") from None
    except OSError as error:
        raise UserError(
            f"{error.filename or folder} cannot be written: {error.strerror}"
        ) from error


def download(archive: Archive, folder: Path, *, pause: float = 1.0) -> Path:
    """Download an archive, going on where an earlier attempt stopped, and check its sum.

    What has come so far is kept in ``<name>.part``, also when the process is killed. A server that
    cannot send parts makes it start over.

    Parameters
    ----------
    archive : Archive
        What to download.
    folder : Path
        Where to. An archive that lies there already is only checked.
    pause : float
        Seconds before the first new try after a failure; doubled for each further one.

    Returns
    -------
    Path
        The archive, whole and with the right sum.

    Raises
    ------
    UserError
        When the server refuses, or fails for long (what came is kept), or the sum is wrong (the
        file is set aside as ``<name>.corrupt``).
    """
    path = folder / archive.name
    got = path if path.exists() else _part(path)
    if got != path:
        _receive(archive.url, got, pause)
    tqdm.write(f"checking the sum of {archive.name}")
    if pooch.file_hash(got, alg="sha1") != archive.sha1:
        aside = _unused(path.with_name(f"{path.name}.corrupt"))
        got.rename(aside)
        raise UserError(
            f"{archive.name} has not the SHA-1 that is published for it: it was set aside as "
            f"{aside}; run again to download it anew"
        )
    return got.replace(path)


def _receive(url: str, part: Path, pause: float) -> None:
    """Download until nothing is left; give up when no new byte comes time after time."""
    failures = 0
    with (
        requests.Session() as session,
        tqdm(desc=part.stem, unit="B", unit_scale=True, unit_divisor=1024) as bar,
    ):
        while True:
            before = _size(part)
            try:
                return _stream(session, url, part, bar)
            except requests.RequestException as error:
                status = getattr(error.response, "status_code", None)
                if status is not None and status < 500 and status != 429:
                    raise UserError(f"{url}: the server refuses it (status {status})") from error
                # The sum is known beforehand, so there is no need to ask whether the file has
                # changed on the server meanwhile: then the sum is wrong in the end.
                failures = 1 if _size(part) > before else failures + 1
                if failures > RETRIES:
                    why = f"status {status}" if status else type(error).__name__
                    raise UserError(
                        f"{url}: the server fails ({why}); what came is kept as {part}: "
                        "run again later to go on from there"
                    ) from error
                time.sleep(pause * 2 ** (failures - 1))


def _stream(session: requests.Session, url: str, part: Path, bar: tqdm) -> None:
    """Ask for what is still missing and append it; raise what breaks off."""
    have = _size(part)
    # a transfer compressed on the way would count other bytes than those of the file
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is left; whether it is all right, the sum will tell
        response.raise_for_status()
        where = response.headers.get("Content-Range", "")
        goes_on = response.status_code == 206 and where.startswith(f"bytes {have}-")
        bar.n = have if goes_on else 0
        length = response.headers.get("Content-Length")
        bar.total = bar.n + int(length) if length else None
        bar.refresh()
        with open(part, "ab" if goes_on else "wb") as file:
            for piece in response.iter_content(_PIECE):
                file.write(piece)
                bar.update(len(piece))


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unused(path: Path) -> Path:
    """Return the path, with a number behind it if there is such a file already."""
    names = itertools.chain(
        [path], (path.with_name(f"{path.name}.{i}") for i in itertools.count(2))
    )
    return next(p for p in names if not os.path.lexists(p))
