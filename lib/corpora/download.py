"""Downloads of archives: resumed where they broke off, checked by their sum, then unpacked."""

from __future__ import annotations

import hashlib
import shutil
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import filelock
import requests
from tqdm import tqdm

from lib.errors import UserError

_RETRIES = 5  # failures in a row without a new byte
_PAUSE = 1.0  # seconds before the first new try; doubled for each further one
_TIMEOUT = (10, 60)  # seconds to connect, and between two bytes
_PIECE = 1 << 16
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)


@dataclass(frozen=True)
class Archive:
    """A zip archive that is published with its SHA-1 and its size in bytes, about."""

    url: str
    sha1: str
    size: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.url.rsplit("/", 1)[1]


def fetch(archive: Archive, folder: Path) -> Path:
    """Download an archive and unpack it, doing only what is not yet done.

    Its content must lie in one folder of the same name, ``folder/<name without .zip>``, which is
    returned, and is there once it is whole. The archive stays beside it; as long as it does, files
    that the folder lost are unpacked again. Raises a `UserError` when the space does not suffice,
    someone else is fetching into the folder, the server refuses or fails for long (what came is
    kept), the archive cannot be unpacked, or the sum is wrong (the file is set aside as
    ``<name>.corrupt``).
    """
    path, target = folder / archive.name, folder / Path(archive.name).stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".fetch.lock", timeout=0):
            if target.is_file():
                raise UserError(f"{target} must be a folder, but is a file: move it away")
            if not target.exists():
                # mp3 cannot be compressed, so what an archive holds is about as large as itself
                got = max(_size(path), _size(_part(path)))
                _require_space(folder, 2 * archive.size - got, archive.name)
                _download(archive, path)
            if path.exists():
                _unpack(path, target)
            return target
    except filelock.Timeout:
        raise UserError(f"another run is fetching into {folder}: wait for it to end") from None
    except _FAULTS as error:
        raise UserError(
            f"{path} cannot be unpacked ({error}): delete it and run again to download it anew"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{error.filename or folder} cannot be written: {reason}") from error


def _require_space(folder: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"{what} needs {needed / 2**30:.1f} GiB, but only {free / 2**30:.1f} GiB are free in "
            f"{folder}: make room, or name another place with MUSIC_DATA"
        )


def _download(archive: Archive, path: Path) -> None:
    """Download what is missing of an archive, and give it its name when its sum is right.

    What has come so far is kept in ``<name>.part``, also when the process is killed.
    """
    got = path if path.exists() else _part(path)
    if got != path:
        _receive(archive.url, got)
    tqdm.write(f"checking the sum of {archive.name}")
    with got.open("rb") as file:
        digest = hashlib.file_digest(file, "sha1").hexdigest()
    if digest != archive.sha1:
        aside = got.replace(path.with_name(f"{path.name}.corrupt"))
        raise UserError(
            f"{archive.name} has not the SHA-1 that is published for it: it was set aside as "
            f"{aside}; run again to download it anew"
        )
    got.replace(path)


def _receive(url: str, part: Path) -> None:
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
                failures = 1 if _size(part) > before else failures + 1
                if failures > _RETRIES:
                    why = f"status {status}" if status else type(error).__name__
                    raise UserError(
                        f"{url}: the server fails ({why}); what came is kept as {part}: "
                        "run again later to go on from there"
                    ) from error
                time.sleep(_PAUSE * 2 ** (failures - 1))


def _stream(session: requests.Session, url: str, part: Path, bar: tqdm) -> None:
    """Ask for what is still missing and append it; raise what breaks off.

    The sum is known beforehand, so there is no need to ask whether the file has changed on the
    server meanwhile: then the sum is wrong in the end. A server that cannot send parts starts over.
    """
    have = _size(part)
    # a transfer compressed on the way would count other bytes than those of the file
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is left
        response.raise_for_status()
        where = response.headers.get("Content-Range", "")
        goes_on = response.status_code == 206 and where.startswith(f"bytes {have}-")
        bar.n = have if goes_on else 0
        length = response.headers.get("Content-Length")
        bar.total = bar.n + int(length) if length else None
        bar.refresh()
        with part.open("ab" if goes_on else "wb") as file:
            for piece in response.iter_content(_PIECE):
                file.write(piece)
                bar.update(len(piece))


def _unpack(path: Path, target: Path) -> None:
    """Unpack an archive whose sum is right into a hidden folder, and rename that when it is whole.

    What a killed run had written whole is kept. If the folder is there, it gets what it lacks.
    """
    hidden = target.with_name(f".{target.name}.unpacking")
    work = target.parent if target.exists() else hidden
    with zipfile.ZipFile(path) as content:
        members = [member for member in content.infolist() if not member.is_dir()]
        for member in members:
            if PurePosixPath(member.filename).parts[0] != target.name:
                raise UserError(f"{path}: {member.filename!r} does not lie in {target.name}/")
        missing = [m for m in members if _size(work / m.filename) != m.file_size or not m.file_size]
        _require_space(path.parent, sum(m.file_size for m in missing), f"unpacking {path.name}")
        for member in tqdm(missing, desc=path.name, unit="file", disable=not missing):
            try:
                content.extract(member, work)
            except _FAULTS:  # what was written may have the right size
                (work / member.filename).unlink(missing_ok=True)
                raise
    if work == hidden:
        (work / target.name).rename(target)
        work.rmdir()


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
