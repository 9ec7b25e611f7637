"""Requests for certificates: what may be asked for, and what is said of it (pkg/apis/certificates/validation).

Called by `registered` and the package itself. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors, subdomain_1123_errors

Obj = dict[str, Any]

_USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_SHORTEST_S = 600
_LONGEST_DOMAIN, _LONGEST_NAME = 253, 253 + 253 + 63 + 2
_VERDICTS = ("Approved", "Denied")
_FINAL = (*_VERDICTS, "Failed")
_PEM = re.compile(rb"^-----BEGIN ([^\n]+?)-----\s*$", re.MULTILINE)


def create(obj: Obj) -> list[Cause]:
    """What is wrong with a request, and with what is said of it."""
    spec, found = obj.get("spec") or {}, []
    if not _is_request(spec.get("request") or ""):
        text = "PEM block type must be CERTIFICATE REQUEST"
        found.append(causes.invalid("spec.request", spec.get("request"), text))
    found += _usages(spec.get("usages") or [])
    if spec.get("signerName") == "kubernetes.io/legacy-unknown":
        text = "the legacy signerName is not allowed via this API version"
        found.append(causes.invalid("spec.signerName", spec["signerName"], text))
    else:
        found += _signer(spec.get("signerName") or "")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST_S:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        found.append(causes.invalid("spec.expirationSeconds", seconds, text))
    return found + _conditions(obj)


def _is_request(encoded: str) -> bool:
    """Only how it is wrapped is looked at, not what is signed."""
    try:
        block = _PEM.search(base64.b64decode(encoded))
    except (binascii.Error, ValueError):
        return False
    return block is not None and block.group(1) == b"CERTIFICATE REQUEST"


def _usages(given: list[str]) -> list[Cause]:
    found = [] if given else [causes.required("spec.usages")]
    found += [
        causes.not_supported(f"spec.usages[{number}]", usage, _USAGES)
        for number, usage in enumerate(given)
        if usage not in _USAGES
    ]
    return found + [
        causes.duplicate(f"spec.usages[{number}]", usage)
        for number, usage in enumerate(given)
        if usage in given[:number]
    ]


def _signer(name: str) -> list[Cause]:
    path = "spec.signerName"
    if not name:
        return [causes.required(path)]
    domain, _, rest = name.partition("/")
    if name.count("/") != 1:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [causes.invalid(path, name, text)]
    found = [causes.too_long(path, _LONGEST_DOMAIN)] if len(domain) > _LONGEST_DOMAIN else []
    found += _labels(path, domain, label_1123_errors)
    if "." not in domain:
        text = "should be a domain with at least two segments separated by dots"
        found.append(causes.invalid(path, domain, text))
    found += _labels(path, rest, subdomain_1123_errors)
    return found + ([causes.too_long(path, _LONGEST_NAME)] if len(name) > _LONGEST_NAME else [])


def _labels(path: str, segment: str, errors: Callable[[str], tuple[str, ...]]) -> list[Cause]:
    """What is wrong with the first label that is wrong."""
    for label in segment.split("."):
        if texts := errors(label):
            return [causes.invalid(path, segment, f'validating label "{label}": {text}') for text in texts]
    return []


def _conditions(obj: Obj) -> list[Cause]:
    found: list[Cause] = []
    seen: list[str] = []
    for number, one in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind, status = f"status.conditions[{number}]", one.get("type") or "", one.get("status") or ""
        allowed = ("True",) if kind in _FINAL else ("False", "True", "Unknown")
        if not kind:
            found.append(causes.required(f"{path}.type"))
        if not status:
            found.append(causes.required(f"{path}.status"))
        elif status not in allowed:
            found.append(causes.not_supported(f"{path}.status", status, allowed))
        if kind in _VERDICTS and any(other in seen for other in _VERDICTS if other != kind):
            text = "Approved and Denied conditions are mutually exclusive"
            found.append(causes.invalid(f"{path}.type", kind, text))
        if kind in seen:
            found.append(causes.duplicate(f"{path}.type", kind))
        seen.append(kind)
    return found


def _of_kind(obj: Obj, kind: str) -> list[Obj]:
    return [one for one in (obj.get("status") or {}).get("conditions") or () if one.get("type") == kind]


def _change(new: Obj, old: Obj, *, verdict: bool, certificate: bool) -> list[Cause]:
    path, found = "status.conditions", create(new)
    for kind in _FINAL:
        if len(_of_kind(new, kind)) < len(_of_kind(old, kind)):
            found.append(causes.forbidden(path, f'updates may not remove a condition of type "{kind}"'))
    for kind in () if verdict else _VERDICTS:
        if len(_of_kind(new, kind)) > len(_of_kind(old, kind)):
            found.append(causes.forbidden(path, f'updates may not add a condition of type "{kind}"'))
    before, after = ((one.get("status") or {}).get("certificate") for one in (old, new))
    if after != before and not certificate:
        found.append(causes.forbidden("status.certificate", "updates may not set certificate content"))
    elif after != before and before:
        found.append(causes.forbidden("status.certificate", "updates may not modify existing certificate content"))
    return found


def update(new: Obj, old: Obj) -> list[Cause]:
    """Through the main resource neither a verdict nor a certificate comes."""
    return _change(new, old, verdict=False, certificate=False)


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """The signer gives the certificate."""
    return _change(new, old, verdict=False, certificate=True)


def approval(new: Obj, old: Obj) -> list[Cause]:
    """Whoever approves gives a verdict."""
    return _change(new, old, verdict=True, certificate=False)


RULES: Mapping[str, Callable[[Obj, Obj], list[Cause]]] = {"approval": approval}
"""The subresource with rules of its own, which these requests alone have."""
