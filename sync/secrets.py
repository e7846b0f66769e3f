"""Authentication secrets (C3): found in what a tablet sends, refused, and never kept.

Names tell most of them: `pin`, `values.Card-PIN`, `payment_password`, 支付密码. Some people write them into a text,
as `密码：123456`; it is refused as well, and what is kept of it for its author is the text without the secret.
"""

import re
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from contracts.privacy import SECRET_NAMES, SECRET_SIGNS, SECRET_WORDS
from sync.nesting import CONTAINERS, containers_in

DEPTH_MAX = 32  # levels of nesting that anything typed can need; deeper mutations are refused
REDACTED = "[refused]"
INNOCENT_MAX, INNOCENT_LENGTH_MAX = 4096, 64

# A word for a secret and a link, then three or more letters and digits of which one is a digit. English words want the
# link: without it, they stand by chance in one of a thousand signatures.
TOLD = re.compile(
    r"((?:密\s*码|口\s*令|验证码|校验码|动态码|安全码)\s*(?:[:：=＝→—-]|就是|是|改?为|改成|设为)*\s*"
    r"|(?<![a-z0-9])(?:pass(?:word|wd|code)|pwd|pin(?:[ _-]?code)?|cv[nv]2?|cvc2|otp)(?:\s|[:：=＝]|是|为|is\s)+)"
    r"(?![0-9]{2,4}年)(?=[a-z!@#$%^&*._]*[0-9０-９])[a-z0-9０-９!@#$%^&*._]{3,}",
    re.IGNORECASE,
)
# What a text must hold to tell a secret, as JSON may spell it: quick to look for in a whole mutation. All words of
# TOLD but one end in the first of these signs, that one in the second.
HINTS = (b"pass", b"pwd", b"pin", b"cvn", b"cvv", b"cvc", b"otp", b"\\u")
SIGNS = tuple("码令ｐＰｃＣｏＯ")
LOWERED, BEYOND_ASCII = bytes(range(256)).lower(), bytes(range(128, 256))


def carries_secret(value: Any) -> bool:
    """Say whether any key in `value`, at any depth, names an authentication secret, or any text tells one."""
    return any(map(names_secret, containers_in(value))) or tells_secret(value)


def names_secret(container: Any) -> bool:
    """Say whether a key of this one map or list names a secret."""
    if type(container) is not dict or container.keys() <= _innocent:
        return False
    if any(map(is_secret, container)):
        return True
    if len(_innocent) < INNOCENT_MAX:
        _innocent.update(key for key in container if len(key) <= INNOCENT_LENGTH_MAX)
    return False


def tells_secret(value: Any) -> bool:
    """Say whether any text in `value`, at any depth, tells a secret: `密码：123456`."""
    left = [value]
    for inner in left:  # which grows meanwhile
        if type(inner) is str:
            if is_telling(inner):
                return True
        elif type(inner) is dict:
            left += inner.values()
        elif type(inner) is list:
            left += inner
    return False


def may_tell_secret(raw: bytes) -> bool:
    """Say whether JSON may hold a text that tells a secret: quick; wrongly no only for letters that nobody types."""
    ascii = raw.translate(LOWERED, BEYOND_ASCII)  # the fewer bytes, the quicker; what stands apart may only meet
    if any(map(ascii.__contains__, HINTS)):
        return True
    return len(ascii) < len(raw) and any(map(raw.decode(errors="replace").__contains__, SIGNS))


def is_telling(text: str) -> bool:
    """Say whether a text tells a secret, and does not only speak of one."""
    return len(text) > 4 and TOLD.search(normalize("NFKC", text)) is not None


def is_deep(value: Any) -> bool:
    """Say whether `value` is nested deeper than anything typed can be."""
    level = _containers([value])
    for _ in range(DEPTH_MAX - 1):
        level = [deeper for inner in level for deeper in _containers(inner)]
        if not level:
            return False
    return any(level)


def redact(value: Any, depth: int = 0) -> Any:
    """Return `value` with every secret replaced, so that only the fact remains."""
    if depth > DEPTH_MAX:
        return REDACTED
    if isinstance(value, dict):
        return {key: REDACTED if is_secret(key) else redact(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [redact(inner, depth + 1) for inner in value]
    return without_secret(value) if isinstance(value, str) else value


def without_secret(text: str) -> str:
    """Return a text without the secrets that it tells; all else of it stays as it was typed."""
    if not is_telling(text):
        return text
    return TOLD.sub(lambda told: told[1] + REDACTED, text if TOLD.search(text) else normalize("NFKC", text))


def redact_text(text: str) -> str:
    """Return text that is no JSON as it is, or nothing of it if it quotes the name of a secret or tells one."""
    return REDACTED if is_telling(text) or any(f'"{name}"' in text.lower() for name in SECRET_NAMES) else text


@lru_cache(maxsize=1024)  # of keys as long as a whole mutation, at worst: 64 MiB
def is_secret(key: str) -> bool:
    """Say whether a key, or any part of a path, names a secret, however it is spelled: `values.Card-PIN`."""
    return any(_is_secret_name(part) for part in key.split("."))


def _is_secret_name(part: str) -> bool:
    text = normalize("NFKC", part)
    plain = _plain(text)
    if plain in _PLAIN_NAMES or any(sign in plain for sign in SECRET_SIGNS):
        return True
    return not SECRET_WORDS.isdisjoint(word.casefold() for word in WORD.findall(text))


def _plain(name: str) -> str:
    return "".join(letter for letter in normalize("NFKC", name).casefold() if letter.isalnum())


def _containers(outer: Any) -> list[Any]:
    """Return the maps and lists right inside one."""
    return [inner for inner in (outer.values() if type(outer) is dict else outer) if type(inner) in CONTAINERS]


WORD = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+\d*(?![a-z])|\d+")
_PLAIN_NAMES = frozenset(map(_plain, SECRET_NAMES))
_innocent: set[str] = set()  # keys that were looked at and name no secret; few, since contracts name them
