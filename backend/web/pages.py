"""The documentation page and the error page; everything they load comes from this server."""

from functools import cache
from itertools import pairwise
from pathlib import Path

from litestar import MediaType, Response, get
from litestar.params import FromPath
from markdown_it import MarkdownIt
from swagger_ui_bundle import swagger_ui_path

from backend.web.error_page import error_page
from sync.errors import NotFound

HERE = Path(__file__).parent / "assets"
SAME_ORIGIN = {"Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"}
FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}
ASSETS = {
    "swagger-ui.css": (Path(swagger_ui_path), "text/css"),
    "swagger-ui-bundle.js": (Path(swagger_ui_path), "text/javascript"),
    "favicon-32x32.png": (Path(swagger_ui_path), "image/png"),
    "docs.js": (HERE, "text/javascript"),
    "page.css": (HERE, "text/css"),
}
PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
    <link rel="stylesheet" href="/docs/assets/page.css">
  </head>
  <body>
{body}
  </body>
</html>
"""


@get(["/", "/docs"], include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def show_docs() -> Response[bytes]:
    """The API, to read and to try."""
    return Response((HERE / "docs.html").read_bytes(), media_type=MediaType.HTML, headers=SAME_ORIGIN)


@get("/docs/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
def show_asset(name: FromPath[str]) -> Response[bytes]:
    """A script, a style or a picture of the documentation page."""
    content, media_type = read_asset(name)
    return Response(content, media_type=media_type, headers=FOR_A_DAY)


@get("/docs/errors", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def show_errors() -> Response[str]:
    """Every error code; problem documents point here."""
    return Response(errors_html(), media_type=MediaType.HTML, headers=SAME_ORIGIN)


@cache
def read_asset(name: str) -> tuple[bytes, str]:
    """Return an asset and its media type. Raises NotFound for a name that is not in the list."""
    if name not in ASSETS:
        raise NotFound
    folder, media_type = ASSETS[name]
    return (folder / name).read_bytes(), media_type


@cache
def errors_html() -> str:
    """Return the error page, with an anchor for each code."""
    reader = MarkdownIt()
    parts = reader.parse(error_page())
    for heading, text in pairwise(parts):
        if heading.type == "heading_open":
            heading.attrSet("id", text.content)
    return PAGE.format(title="padsync errors", body=reader.renderer.render(parts, reader.options, {}))
