"""Where data sets are kept, and how their files get there: mirrors, checksums, going on midway.

``RENKEI_DATASET_ROOT``, or else ``CHAINER_DATASET_ROOT``, or else ``~/.chainer/dataset`` is the
directory; its layout is Chainer's, so that what is there already is used. ``RENKEI_DATASET_MIRROR``
is the address of a directory that is tried before the public ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from renkei.core.config import environment
from renkei.core.errors import DataError, SaveError

__all__ = [
    "Source",
    "cache_or_load_file",
    "cached_download",
    "fetch",
    "get_dataset_directory",
    "get_dataset_root",
    "set_dataset_root",
]

_log = logging.getLogger("renkei.datasets")
_TIMEOUT = 30.0  # seconds without a byte
_TRIES = 4  # of one address, as long as each brings the file further
_root: str | None = None


class Source(NamedTuple):
    """A file that can be downloaded: its name, its MD5 sum and the directories that have it."""

    name: str
    md5: str
    mirrors: Sequence[str]


def get_dataset_root() -> str:
    """The directory that data sets are kept in."""
    if _root is not None:
        return _root
    inherited = os.environ.get("CHAINER_DATASET_ROOT")
    default = os.path.join(os.path.expanduser("~"), ".chainer", "dataset")
    return environment("DATASET_ROOT") or inherited or default


def set_dataset_root(path: str | os.PathLike[str]) -> None:
    """Sets the directory that data sets are kept in, for this process."""
    global _root
    _root = os.fspath(path)


def get_dataset_directory(dataset_name: str, create_directory: bool = True) -> str:
    """The directory of a data set, as in ``"pfnet/chainer/mnist"``; made if it is not there."""
    path = os.path.join(get_dataset_root(), *dataset_name.split("/"))
    if create_directory:
        os.makedirs(path, exist_ok=True)
    return path


def cached_download(url: str, md5: str | None = None) -> str:
    r"""Downloads a file, once.

    A download that was cut off goes on where it ended. Processes that want the same file wait for
    the one that is downloading it.

    Args:
        url: the address.
        md5: the sum that the file must have.

    Returns:
        The path of the file in the cache, ``<root>/_dl_cache/<MD5 of the address>``.

    Raises:
        DataError: the file cannot be had, or has another sum.
    """
    folder = get_dataset_directory("_dl_cache")
    path = os.path.join(folder, hashlib.md5(url.encode(), usedforsecurity=False).hexdigest())
    if os.path.exists(path):
        return path
    with _locked(path + ".lock"):
        if not os.path.exists(path):
            _download(url, path, md5)
    return path


def fetch(source: Source) -> str:
    r"""Downloads a file from the first mirror that has it whole.

    Args:
        source: the file.

    Returns:
        Its path in the cache.

    Raises:
        DataError: no mirror has it; the message says what each answered, and what to do offline.
    """
    extra = environment("DATASET_MIRROR")
    urls = [f"{base.rstrip('/')}/{source.name}" for base in (extra, *source.mirrors) if base]
    failures: list[str] = []
    for url in urls:
        try:
            return cached_download(url, source.md5)
        except DataError as error:
            failures.append(f"{url}: {error.got}")
    digest = hashlib.md5(urls[-1].encode(), usedforsecurity=False).hexdigest()
    place = os.path.join(get_dataset_directory("_dl_cache"), digest)
    raise DataError(
        f"{source.name} (MD5 {source.md5}) cannot be downloaded",
        "\n  " + "\n  ".join(failures) + "\n",
        hint=f"Without a network, copy the file to {place}, or set RENKEI_DATASET_MIRROR to the "
        "address of a directory that has it.",
    )


def _download(url: str, path: str, md5: str | None) -> None:
    part = path + ".part"
    _log.info("Downloading %s", url)
    resumed = os.path.exists(part)
    _collect(url, part)
    found = _sum(part) if md5 is not None else md5
    if found != md5 and resumed:  # what lay there may have been of another version
        os.unlink(part)
        _collect(url, part)
        found = _sum(part)
    if found != md5:
        os.unlink(part)
        raise DataError(f"Download of {url}", f"the MD5 sum {found}", str(md5))
    os.replace(part, path)


def _collect(url: str, part: str) -> None:
    """Downloads until the file is whole, as long as each try brings it further."""
    reason = ""
    for attempt in range(_TRIES):
        before = _size(part)
        try:
            if _continue(url, part):
                return
            reason = f"the connection ended after {_size(part):,} bytes"
        except SaveError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(getattr(error, "reason", None) or error) or type(error).__name__
            if isinstance(error, urllib.error.HTTPError):
                reason = f"{error.code} {error.reason}"
        if _size(part) <= before or attempt == _TRIES - 1:
            break
    raise DataError(f"Download of {url}", reason, "a file")


def _continue(url: str, part: str) -> bool:
    """Asks for what is still missing of a file and appends it; whether the file is whole now."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "renkei"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing is missing, or the file is another one now
            return True
        raise
    with response:
        goes_on = have > 0 and getattr(response, "status", None) == 206
        length = response.headers.get("Content-Length")
        with _opened(part, "ab" if goes_on else "wb") as file:
            while block := response.read(1 << 16):
                file.write(block)
        return length is None or _size(part) == int(length) + (have if goes_on else 0)


@contextlib.contextmanager
def _opened(path: str, mode: str) -> Iterator[Any]:
    try:
        file = open(path, mode)  # noqa: SIM115 - closed below
    except OSError as error:
        reason = error.strerror or str(error)
        raise SaveError(f"Cannot write {path}", reason, hint="RENKEI_DATASET_ROOT.") from error
    with file:
        yield file


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def _sum(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest()


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Holds a lock file; the system lets it go when the process ends, however it does."""
    try:
        import fcntl
    except ImportError:  # Windows: two downloads at once only waste time
        yield
        return
    with open(path, "a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.05)
        yield


def cache_or_load_file(
    path: str, creator: Callable[[str], Any], loader: Callable[[str], Any]
) -> Any:
    r"""Loads a file, or makes it first if it is not there.

    Args:
        path: where it is.
        creator: takes a path, writes the file there and returns its content.
        loader: takes the path and returns the content.

    Returns:
        The content.
    """
    if os.path.exists(path):
        return loader(path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with _locked(path + ".lock"):
        if os.path.exists(path):
            return loader(path)
        partial = f"{path}.{os.getpid()}.part" + os.path.splitext(path)[1]
        try:
            content = creator(partial)
            os.replace(partial, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial)
    return content
