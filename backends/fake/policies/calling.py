"""How a webhook is called: one POST over HTTPS, with its certificate checked, within its time.

The default caller of a cluster. It uses urllib3, which the official client brings. Proxies and the environment have no
say, and nothing is retried or redirected.
"""

from __future__ import annotations

from typing import Final

from backends.clock import SystemClock
from backends.fake.policies.callouts import Answer, Callout

LONGEST_ANSWER: Final = 16 << 20
"""Bytes that are read of an answer."""
_CHUNK: Final = 64 * 1024
_TOO_LATE: Final = "context deadline exceeded"


def call_over_https(call: Callout) -> Answer:
    """Ask. Never raises for what the other side does."""
    import urllib3  # only needed by whoever has webhooks

    if not call.address:
        return Answer(problem=_post(call, "no such host: the in-memory cluster has no network that Services are on"))
    clock = SystemClock()
    end = clock.monotonic() + call.timeout_s
    try:
        with urllib3.PoolManager(
            ca_cert_data=call.ca_bundle.decode("utf-8", "replace") or None,
            assert_hostname=call.server_name or None,
            server_hostname=call.server_name or None,
        ) as pool:
            response = pool.request(
                "POST",
                call.address,
                body=call.body,
                headers={"content-type": "application/json", "accept": "application/json"},
                timeout=urllib3.Timeout(total=call.timeout_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                body = bytearray()
                while chunk := response.read1(_CHUNK):
                    body += chunk
                    if clock.monotonic() > end:
                        return Answer(problem=_post(call, _TOO_LATE))
                    if len(body) > LONGEST_ANSWER:
                        return Answer(problem=_post(call, f"the answer is longer than {LONGEST_ANSWER} bytes"))
                return Answer(response.status, bytes(body))
            finally:
                response.close()
    except urllib3.exceptions.NewConnectionError as error:  # also a ConnectTimeoutError by its class
        return Answer(problem=_post(call, _cause(error)))
    except urllib3.exceptions.TimeoutError:
        return Answer(problem=_post(call, _TOO_LATE))
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return Answer(problem=_post(call, _cause(error)))


def _post(call: Callout, why: str) -> str:
    return f'Post "{call.url}": {why}'


def _cause(error: BaseException) -> str:
    """What went wrong at the bottom, on one line."""
    while error.__cause__ is not None or (error.args and isinstance(error.args[-1], BaseException)):
        error = error.__cause__ or error.args[-1]
    return " ".join(str(error).split()) or type(error).__name__
