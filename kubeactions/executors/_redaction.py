"""What a read must not carry out of the cluster: values under sensitive-looking names. Pure.

Hidden (replaced by eight asterisks, as the Datadog agent's scrubber does), whatever their type:

- the value of every object member whose name matches `SENSITIVE`, case-folded, `-`, `_`, `.` and blanks left out:
  names that contain password, passwd, passphrase, secret, token, apikey, appkey, accesskey, privatekey, signingkey,
  encryptionkey, credential, authorization, bearer, cookie, connectionstring, dockercfg, dockerconfigjson; or that are
  exactly auth, pwd, pass, dsn, pat, or end with _pass or _pwd; or that contain one of the operator's own words;
- `value` in an object whose `name` is such a name (an environment variable of a container);
- the password in `scheme://user:password@host`, what follows `Bearer ` or `Basic `, and the value in `--password=x`,
  `token: x` inside any string;
- PEM private keys;
- the annotation `kubectl.kubernetes.io/last-applied-configuration`, which repeats the object, and managedFields.

It is a net, not a wall: a secret under a harmless name passes. Secrets themselves are never read (get_resource.py).
"""

from __future__ import annotations

import re

from kubeactions.model import Json

HIDDEN = "********"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_WORDS = (
    "password|passwd|passphrase|secret|token|apikey|appkey|accesskey|privatekey|signingkey|encryptionkey|credential"
    "|authorization|bearer|cookie|connectionstring|dockercfg|dockerconfigjson"
)
SENSITIVE = re.compile(rf"{_WORDS}|^(auth|pwd|pass|dsn|pat)$")
_AT_THE_END = re.compile(r"[-_.\s/](pass|pwd)$")
_NAMES_OF_OBJECTS = frozenset({"secretref", "secretkeyref", "imagepullsecrets", "secrets", "secret"}) | frozenset(
    {"automountserviceaccounttoken", "tokenexpirationseconds", "serviceaccounttoken", "cookieexpirationseconds"}
)
"""Members of the Kubernetes API that say which Secret is used, not what is in it; what lies below is looked at. None of
them is a text there."""
_NAME_OF_ONE = "secretname"
"""The one that is a text, and the name of a Secret."""
_SEPARATORS = re.compile(r"[-_.\s/]")
_IN_TEXT = (
    (re.compile(r"(://[^:/@\s]{0,256}:)[^@/\s]{1,1024}(@)"), rf"\1{HIDDEN}\2"),
    (re.compile(r"\b(bearer|basic)\s{1,8}[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            rf"((?:{_WORDS}|api[-_]key|app[-_]key|access[-_]key)[\w-]{{0,64}}[\"']?\s{{0,8}}[=:]\s{{0,8}}[\"']?)[^\s\"',;&]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*?(-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)", re.S), HIDDEN),
)
"""Each repetition before a fixed part is bounded: a long text must cost its length, not its square."""


def redact(found: Json, words: tuple[str, ...] = ()) -> Json:
    """A copy without what must not leave; `words` are the operator's own, matched as plain text."""
    own = tuple(_fold(word) for word in words if _fold(word))
    return _redact(found, own)


def is_sensitive(name: str, own: tuple[str, ...] = ()) -> bool:
    """Whether the value under this name is hidden; `own` are folded words."""
    folded = _fold(name)
    found = SENSITIVE.search(folded) or _AT_THE_END.search(name.casefold())
    return found is not None or any(word in folded for word in own)


def _fold(name: str) -> str:
    return _SEPARATORS.sub("", name.casefold())


def _redact(found: Json, own: tuple[str, ...]) -> Json:
    if isinstance(found, dict):
        named = found.get("name")
        hides_value = isinstance(named, str) and is_sensitive(named, own)
        return {
            key: HIDDEN if _is_hidden(key, value, own, hides_value=hides_value) else _redact(value, own)
            for key, value in found.items()
            if key != "managedFields"
        }
    if isinstance(found, list):
        return [_redact(one, own) for one in found]
    return _text(found) if isinstance(found, str) else found


def _is_hidden(key: str, value: Json, own: tuple[str, ...], *, hides_value: bool) -> bool:
    if value is None or value == "":
        return False
    if key == LAST_APPLIED or (hides_value and key == "value"):
        return True
    return not _names_an_object(key, value) and is_sensitive(key, own)


def _names_an_object(key: str, value: Json) -> bool:
    """Whether it is the API's own member, by its name and what it holds."""
    folded = _fold(key)
    return folded in _NAMES_OF_OBJECTS if not isinstance(value, str) else folded == _NAME_OF_ONE


def _text(found: str) -> str:
    for pattern, replacement in _IN_TEXT:
        found = pattern.sub(replacement, found)
    return found
