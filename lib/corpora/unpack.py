"""Zip archives of others, unpacked so that they can do no harm."""

from __future__ import annotations

import bz2
import copy
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tqdm import tqdm

from lib.errors import UserError

MAX_RATIO = 20  # of content to archive: mp3 has about 1, tables of text a few
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_PIECE = 1 << 16
_FAULTS = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, UnicodeDecodeError),
    *(NotImplementedError, RuntimeError),  # later versions of zip, encryption
)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a zip archive, wholly or not at all.

    The content is written to a hidden folder beside its place, which is then renamed: the place
    holds all of it or is not there. What a killed run had written is checked and kept.

    Parameters
    ----------
    archive : Path
        ``<name>.zip``. All of it must lie in one folder, ``<name>``.
    folder : Path
        Where that folder goes to.

    Returns
    -------
    Path
        ``folder/<name>``. If it is there already, it is compared with the archive by the names
        and sizes of the files, and left as it is.

    Raises
    ------
    UserError
        When the archive is damaged, or encrypted; when a name leads outside, stands there twice,
        or is a link or device; when the content is more than `MAX_RATIO` times as large as the
        archive, or larger than the free space; when the folder is there but lacks something.
    """
    target, work = folder / archive.stem, folder / f".{archive.stem}.unpacking"
    try:
        with zipfile.ZipFile(archive) as content:
            members = _checked(content, archive)
            if target.exists():
                _require_whole(target, members, archive)
                return target
            missing = [m for m in members if not _is_whole(work / m.filename, m)]
            require_space(folder, sum(m.file_size for m in missing), f"unpacking {archive.name}")
            for member in tqdm(missing, desc=archive.name, unit="file"):
                path = work / member.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with _open(content, member) as source, open(path, "wb") as file:
                    _copy(source, file, member)
            (work / archive.stem).rename(target)
            work.rmdir()
            return target
    except _FAULTS as error:
        raise UserError(f"{archive} cannot be unpacked: {error}") from error


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise UserError unless there is room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(
            f"{what} needs {needed / 2**30:.1f} GiB, but only {free / 2**30:.1f} GiB are free in "
            f"{folder}: make room, or name another place with MUSIC_DATA"
        )


def _checked(content: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Return the files of an archive; refuse it if any name, kind or size could do harm."""
    seen: set[str] = set()
    for member in content.infolist():
        name = member.orig_filename
        parts = PurePosixPath(name).parts
        # the top folder must be the archive's own: this refuses absolute paths and drives too
        if parts[:1] != (archive.stem,) or ".." in parts or "\\" in name or "\0" in name:
            raise UserError(f"{archive} is not unpacked: {name!r} leads outside of {archive.stem}/")
        if len(parts) == 1 and not member.is_dir():
            raise UserError(f"{archive} is not unpacked: {name!r} must be a folder, but is a file")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{archive} is not unpacked: {name!r} is a link or a device")
        if member.compress_type not in _METHODS:
            raise UserError(f"{archive} is not unpacked: {name!r} is not stored, deflated or bzip2")
        key = "/".join(parts).casefold()  # there are disks that take a and A for the same
        if key in seen:
            raise UserError(f"{archive} is not unpacked: {name!r} stands there twice")
        seen.add(key)
    size, packed = sum(m.file_size for m in content.infolist()), archive.stat().st_size
    if size > MAX_RATIO * packed:
        raise UserError(
            f"{archive} is not unpacked: {packed:,} bytes claim to hold {size:,}, "
            f"more than {MAX_RATIO} times as much"
        )
    files = [member for member in content.infolist() if not member.is_dir()]
    if not files:
        raise UserError(f"{archive} holds no file")
    return files


def _open(content: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """Open a member so that reading takes no more memory than was asked for."""
    if member.compress_type != zipfile.ZIP_BZIP2:
        return content.open(member)
    # zipfile itself expands what it has read of bzip2 at once, and 4 KiB can hold 4 GB
    raw = copy.copy(member)
    raw.compress_type, raw.file_size, raw.CRC = zipfile.ZIP_STORED, raw.compress_size, None
    return bz2.BZ2File(content.open(raw))


def _copy(source: BinaryIO, file: BinaryIO, member: zipfile.ZipInfo) -> None:
    """Write as many bytes as were declared; raise BadZipFile unless they are the right ones."""
    crc, left = 0, member.file_size
    while left and (piece := source.read(min(left, _PIECE))):
        crc, left = zlib.crc32(piece, crc), left - len(piece)
        file.write(piece)
    if left or crc != member.CRC:
        raise zipfile.BadZipFile(f"{member.filename} has not the size or the sum declared for it")


def _is_whole(path: Path, member: zipfile.ZipInfo) -> bool:
    """Tell whether a file was written wholly by an earlier run."""
    if not path.is_file() or path.stat().st_size != member.file_size:
        return False
    crc = 0
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc == member.CRC


def _require_whole(target: Path, members: list[zipfile.ZipInfo], archive: Path) -> None:
    for member in members:
        path = target.parent / member.filename
        if not path.is_file() or path.stat().st_size != member.file_size:
            raise UserError(
                f"{target} is there but {path} is not as in {archive.name}: move {target} away "
                "and run again"
            )
