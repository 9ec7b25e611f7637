"""CEL with what Kubernetes adds to it: what expressions come to, and what is wrong with them."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from backends.fake import cel

SELF: dict[str, Any] = {
    "l": [3, 1, 2],
    "s": "a1b22",
    "d": [1.5, 2.5],
    "m": {"a": 1},
    "n": None,
    "e": [],
    "mixed": [1, "a"],
}
ENVIRONMENT = cel.environment("self", "oldSelf")
BOUND = ENVIRONMENT.bind({"self": SELF, "oldSelf": None})

VALUES: tuple[tuple[str, Any], ...] = (
    # the language
    ("self.m.a == 1 && oldSelf == null", True),
    ("has(self.nope) || self.s.startsWith('a')", True),
    ("self.?nope.orValue('x')", "x"),
    ("self.l.map(x, x * 2)", [6, 2, 4]),
    ("'%s-%d'.format([self.s, 3])", "a1b22-3"),
    ("cel.bind(x, self.m.a, x + x)", 2),
    ("self.d[0] > 1", True),
    # lists and sets
    ("self.l.isSorted()", False),
    ("['a', 'b'].isSorted()", True),
    ("self.l.sum()", 6),
    ("self.d.sum()", 4.0),
    ("[].sum()", 0),
    ("self.l.min() + self.l.max()", 4),
    ("self.l.indexOf(2)", 2),
    ("[1, 2, 1].lastIndexOf(1)", 2),
    ("self.l.indexOf(9)", -1),
    ("[dyn(1)].indexOf(true)", -1),
    ("'abc'.indexOf('c')", 2),
    ("sets.contains(self.l, [1, 2])", True),
    ("sets.equivalent([1, 1, 2], [2, 1])", True),
    ("sets.intersects([1], [2])", False),
    # texts
    ("self.s.find('[0-9]+')", "1"),
    ("self.s.find('x')", ""),
    ("self.s.findAll('[0-9]+')", ["1", "22"]),
    ("self.s.findAll('[0-9]', 2)", ["1", "2"]),
    ("url('https://u@a.b:80/x%20y?q=1&q=2').getHost()", "a.b:80"),
    ("url('https://a.b:80/x y'.replace(' ', '%20')).getEscapedPath()", "/x%20y"),
    ("url('https://a.b/?q=1&q=2').getQuery()['q']", ["1", "2"]),
    ("url('https://[::1]:80/').getHostname() + url('https://[::1]:80/').getPort()", "::180"),
    ("url('/p').getScheme()", ""),
    ("isURL('a b') || isURL('a') || isURL('http://a/%zz')", False),
    # quantities
    ("quantity('1k') == quantity('1000')", True),
    ("quantity('1Gi').isGreaterThan(quantity('1G'))", True),
    ("quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')", True),
    ("quantity('1500m').asApproximateFloat()", 1.5),
    ("quantity('2k').asInteger()", 2000),
    ("quantity('1m').isInteger()", False),
    ("quantity('-1').sign() + sign(quantity('0'))", -1),
    ("quantity('1').compareTo(quantity('2'))", -1),
    ("isQuantity('1Gi') && !isQuantity('1gi')", True),
    # addresses
    ("ip('::1').family() + ip('1.2.3.4').family()", 10),
    ("ip('127.0.0.1').isLoopback() && !ip('10.0.0.1').isUnspecified()", True),
    ("ip('224.0.0.1').isLinkLocalMulticast() && ip('ff02::1').isLinkLocalMulticast()", True),
    ("ip('10.0.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()", True),
    ("ip('169.254.0.1').isLinkLocalUnicast()", True),
    ("ip.isCanonical('::1') && !ip.isCanonical('::01')", True),
    ("isIP('1.2.3') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0')", False),
    ("cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsIP(ip('10.1.1.1'))", True),
    ("cidr('10.0.0.0/8').containsCIDR('10.2.0.0/16') && !cidr('10.0.0.0/16').containsCIDR('10.0.0.0/8')", True),
    ("string(cidr('10.1.2.3/8').masked()) + string(cidr('10.1.2.3/8').ip())", "10.0.0.0/810.1.2.3"),
    ("cidr('::1/128').prefixLength()", 128),
    ("isCIDR('10.0.0.0/33') || isCIDR('10.0.0.0')", False),
)  # fmt: skip

FAILURES: tuple[tuple[str, str], ...] = (
    ("self.nope", "no such key: nope"),
    ("self.l[7]", "index out of bounds: 7"),
    ("1 / (self.m.a - 1)", "division by zero"),
    ("self.s + 1", "no such overload"),
    ("self.mixed.sum()", "no such overload"),
    ("self.mixed.isSorted()", "no such overload"),
    ("self.e.max()", "max called on empty list"),
    ("self.m.family()", "no such overload"),
    ("quantity('1m').asInteger()", "cannot convert value to integer"),
    ("quantity('x').sign()", "quantities must match the regular expression"),
    ("ip('x').family()", "parse error during conversion from string"),
    ("url('x').getHost()", "URL parse error during conversion from string"),
    ("self.s.find('(?=a)')", "invalid regular expression"),
    ("self.?m", "convert"),
)

MISTAKES: tuple[tuple[str, str], ...] = (
    ("nope == 1", "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope == 1\n | ^"),
    ("'a' + 1", "found no matching overload for '_+_' applied to '(string, int)'"),
    ("self.x ==", "Syntax error"),
    ("authorizer.path('/').check('get').allowed()", "undeclared reference to 'authorizer'"),
    ("format.dns1123Label().validate('x').hasValue()", "undeclared reference to 'format'"),
    ("[1].all(i, v, v > i)", "undeclared reference"),
)


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[expression for expression, _ in VALUES])
def test_an_expression_comes_to_its_value(expression: str, value: Any) -> None:
    found = ENVIRONMENT.compile(expression).evaluate(BOUND)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("expression", "words"), FAILURES, ids=[expression for expression, _ in FAILURES])
def test_an_expression_fails_in_the_words_of_the_real_one(expression: str, words: str) -> None:
    with pytest.raises(cel.EvaluationError) as failure:
        ENVIRONMENT.compile(expression).evaluate(BOUND)
    assert words in str(failure.value)


@pytest.mark.parametrize(("expression", "words"), MISTAKES, ids=[expression for expression, _ in MISTAKES])
def test_a_mistake_is_found_before_anything_is_evaluated(expression: str, words: str) -> None:
    with pytest.raises(cel.CompileError) as mistake:
        ENVIRONMENT.compile(expression)
    assert words in str(mistake.value)


def test_the_type_of_the_result_is_known_where_it_can_be() -> None:
    results = [ENVIRONMENT.compile(text).result for text in ("self.a == 1", "self.a", "'a'")]
    assert results == ["BOOL", "DYN", "STRING"]


def test_an_evaluation_has_an_end() -> None:
    text = "self.l.all(i, true)"
    for name in "abcdefghij":
        text = f"self.l.all({name}, {text})"
    with pytest.raises(cel.EvaluationError, match="actual cost limit exceeded"):
        ENVIRONMENT.compile(text).evaluate(BOUND)


def test_without_the_library_nothing_is_taken_for_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(cel.NotInstalledError, match="kubeactions\\[cel\\]"):
        cel.Environment(("self",))
