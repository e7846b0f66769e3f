"""The doors for attachments: tus 1.0.0 for uploads, and reading a finished file by its hash.

Own code, since the tus servers for ASGI need a newer Python than ours, or keep offsets in memory, and none of them
keeps files by content or ties an upload to an install.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import suppress
from typing import ParamSpec, TypeVar

from litestar import Controller, Response, delete, get, head, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import File

from backend.errors import AnyRequest
from backend.files.blobs import Blobs, Bringer
from backend.files.tus import (
    VERSION,
    check_metadata,
    check_part_type,
    check_version,
    http_date,
    is_part,
    read_checksum,
    read_length,
    read_number,
)  # fmt: skip
from backend.files.uploads import PartWriter, Upload, Uploads
from backend.identity import Role
from sync.errors import Busy, NotFound
from sync.kind import Actor

FILES_PATH = "/files"
SILENCE_S_MAX = 30.0  # a line that says nothing for so long is given up; what came is kept

P = ParamSpec("P")
T = TypeVar("T")
AreaOf = Callable[[str], Collection[str]]  # an institution → itself and all below it


class FileDoor:
    """What the routes need: the uploads, the finished files, the limit, and whose area an institution belongs to."""

    def __init__(self, uploads: Uploads, blobs: Blobs, *, file_bytes_max: int, area_of: AreaOf) -> None:
        self.uploads = uploads
        self._blobs = blobs
        self.file_bytes_max = file_bytes_max
        self._area_of = area_of

    def create(self, headers: Mapping[str, str], actor: Actor) -> Upload:
        """Begin an upload for the actor's install."""
        bringer = Bringer(install_id=actor.install_id, staff_no=actor.staff_no, org_id=actor.org_id)
        return self.uploads.create(bringer, read_length(headers, self.file_bytes_max), check_metadata(headers))

    def read(self, digest: str, actor: Actor) -> File:
        """Return a finished file. Raises NotFound, also for those who may not read it."""
        path, bringers = self._blobs.get(digest)
        area = self._area_of(actor.org_id)
        if not any(may_read(actor, bringer, area) for bringer in bringers):
            raise NotFound
        return File(
            path=path,
            filename=digest,
            media_type="application/octet-stream",
            content_disposition_type="attachment",
            headers={"Cache-Control": "private, max-age=31536000, immutable"},
        )


class FilesController(Controller):
    """Uploads that survive a broken line."""

    path = FILES_PATH
    tags = ("files",)
    request_max_body_size = None  # parts are bounded by the announced length

    @post("/", status_code=201)
    async def create(
        self, request: AnyRequest, actor: NamedDependency[Actor], files: NamedDependency[FileDoor]
    ) -> Response[None]:
        """Begin an upload of `Upload-Length` bytes; the first of them may come along."""
        check_version(request.headers)
        upload = await in_thread(files.create, request.headers, actor)
        upload = await take_first_part(request, files.uploads, upload)
        return told(upload, 201, {"Location": f"{request.url.path.rstrip('/')}/{upload.upload_id}"})

    @head("/{upload_id:str}", status_code=200)
    async def show(
        self,
        upload_id: FromPath[str],
        request: AnyRequest,
        actor: NamedDependency[Actor],
        files: NamedDependency[FileDoor],
    ) -> Response[None]:
        """How far an upload is."""
        check_version(request.headers)
        upload = await in_thread(files.uploads.get, actor.install_id, upload_id)
        return told(upload, 200, {"Upload-Length": str(upload.length), "Upload-Metadata": upload.metadata})

    @patch("/{upload_id:str}", status_code=204)
    async def append(
        self,
        upload_id: FromPath[str],
        request: AnyRequest,
        actor: NamedDependency[Actor],
        files: NamedDependency[FileDoor],
    ) -> Response[None]:
        """Add bytes at `Upload-Offset`; what arrives before a line breaks is kept."""
        check_version(request.headers)
        check_part_type(request.headers)
        offset, checksum = read_number(request.headers, "upload-offset"), read_checksum(request.headers)
        writer = await in_thread(files.uploads.writer, actor.install_id, upload_id, offset, checksum)
        return told(await take_part(request, writer), 204)

    @delete("/{upload_id:str}", status_code=204)
    async def terminate(
        self,
        upload_id: FromPath[str],
        request: AnyRequest,
        actor: NamedDependency[Actor],
        files: NamedDependency[FileDoor],
    ) -> Response[None]:
        """Give an upload up."""
        check_version(request.headers)
        await in_thread(files.uploads.end, actor.install_id, upload_id)
        return Response(None, status_code=204, headers={"Tus-Resumable": VERSION})

    @get("/by-hash/{digest:str}")
    async def read(
        self, digest: FromPath[str], actor: NamedDependency[Actor], files: NamedDependency[FileDoor]
    ) -> File:
        """A finished file, by the SHA-256 of its content."""
        return await in_thread(files.read, digest, actor)


def may_read(actor: Actor, bringer: Bringer, area: Collection[str]) -> bool:
    """Tell whether an actor may read what `bringer` brought: their own, or their area's for those who check."""
    is_own = bringer.install_id == actor.install_id or bringer.staff_no == actor.staff_no
    checks = not actor.roles.isdisjoint({Role.SUPERVISOR.value, Role.AUDITOR.value})
    return is_own or (checks and bringer.org_id in area)


def told(upload: Upload, status: int, headers: Mapping[str, str] | None = None) -> Response[None]:
    """Return an answer that tells how far `upload` is, and its hash once it is a file."""
    about = {"Tus-Resumable": VERSION, "Upload-Offset": str(upload.offset), "Cache-Control": "no-store"}
    if upload.digest is None:
        about["Upload-Expires"] = http_date(upload.expires_at_s)
    else:
        about["File-Sha256"] = upload.digest
    return Response(None, status_code=status, headers=about | dict(headers or {}))


async def take_first_part(request: AnyRequest, uploads: Uploads, upload: Upload) -> Upload:
    """Take the bytes that came with the creation, if any did."""
    if not is_part(request.headers) or upload.length == 0:
        return upload
    checksum = read_checksum(request.headers)
    writer = await in_thread(uploads.writer, upload.bringer.install_id, upload.upload_id, 0, checksum)
    return await take_part(request, writer)


async def take_part(request: AnyRequest, writer: PartWriter) -> Upload:
    """Write a body as it comes, and return how far the upload is then; a broken line keeps what came."""
    try:
        async for data in arriving(request):
            await in_thread(writer.write, data)
    except BaseException:
        with suppress(OSError):
            await asyncio.shield(in_thread(writer.close, is_whole=False))
        raise
    return await in_thread(writer.close, is_whole=True)


async def arriving(request: AnyRequest) -> AsyncIterator[bytes]:
    """Yield the bytes of a body. Raises Busy after a long silence."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_S_MAX):
                data = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Busy("Nothing came for a while.", retry_after_ms=1_000) from error
        yield data


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run disk work beside the event loop."""
    return await asyncio.to_thread(work, *args, **kwargs)
