"""What Go's encoding/json says about a text that is not JSON.

Called when a body could not be parsed, to find the words of the real server's refusal: its scanner names the first
character that does not fit and the state it was in. Slow and only for refusals; parsing itself is orjson's.
"""

from __future__ import annotations

import re

MAX_DEPTH = 10_000
_SPACE = b" \t\r\n"
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPES = b'bfnrt\\/"'
_HEX = b"0123456789abcdefABCDEF"
_END = "unexpected end of JSON input"


class _SyntaxError(Exception):
    """The scanner's complaint."""


def error_in(text: bytes) -> str | None:
    """Go's error for `text`, or None when Go would read it."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except _SyntaxError as error:
        return str(error)
    return None


def _quoted(char: int) -> str:
    if char == ord("'"):
        return r"'\''"
    if char == ord('"'):
        return "'\"'"
    if 0x20 <= char < 0x7F:
        return f"'{chr(char)}'" if char != 0x5C else r"'\\'"
    named = {7: r"\a", 8: r"\b", 9: r"\t", 10: r"\n", 11: r"\v", 12: r"\f", 13: r"\r"}
    if char in named:
        return f"'{named[char]}'"
    if char < 0x80:
        return f"'\\x{char:02x}'"
    # Go takes the byte for a rune.
    return f"'{chr(char)}'" if chr(char).isprintable() else f"'\\u{char:04x}'"


class _Scanner:
    """encoding/json's scanner, with a stack of its own instead of recursion."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.at = 0

    def document(self) -> None:
        stack: list[str] = []
        self.value(stack)
        while stack:
            self.space()
            if stack[-1] == "{":
                self.member_end(stack)
            else:
                self.element_end(stack)
        self.space()
        if self.at < len(self.text):
            self.fail("after top-level value")

    def value(self, stack: list[str]) -> None:
        """Read a value; containers are opened onto the stack up to their first scalar or their end."""
        while True:
            self.space()
            char = self.peek()
            if char in b"{[":
                self.at += 1
                stack.append(chr(char))
                if len(stack) > MAX_DEPTH:
                    raise _SyntaxError("exceeded max depth")
                self.space()
                if self.peek() == (ord("}") if char == ord("{") else ord("]")):
                    self.at += 1
                    stack.pop()
                    return
                if char == ord("{"):
                    self.key()
                continue
            self.scalar(char)
            return

    def scalar(self, char: int) -> None:
        if char == ord('"'):
            self.string()
        elif char in b"-0123456789":
            self.number()
        else:
            for word in (b"true", b"false", b"null"):
                if char == word[0]:
                    self.literal(word)
                    return
            self.fail("looking for beginning of value")

    def key(self) -> None:
        self.space()
        if self.peek() != ord('"'):
            self.fail("looking for beginning of object key string")
        self.string()
        self.space()
        if self.peek() != ord(":"):
            self.fail("after object key")
        self.at += 1

    def member_end(self, stack: list[str]) -> None:
        char = self.peek()
        self.at += 1
        if char == ord(","):
            self.key()
            self.value(stack)
        elif char == ord("}"):
            stack.pop()
        else:
            self.at -= 1
            self.fail("after object key:value pair")

    def element_end(self, stack: list[str]) -> None:
        char = self.peek()
        self.at += 1
        if char == ord(","):
            self.value(stack)
        elif char == ord("]"):
            stack.pop()
        else:
            self.at -= 1
            self.fail("after array element")

    def string(self) -> None:
        self.at += 1
        while (char := self.peek()) != ord('"'):
            if char < 0x20:
                self.fail("in string literal")
            self.at += 1
            if char == ord("\\"):
                self.escape()
        self.at += 1

    def escape(self) -> None:
        char = self.peek()
        if char == ord("u"):
            for _ in range(4):
                self.at += 1
                if self.peek() not in _HEX:
                    self.fail("in \\u hexadecimal character escape")
        elif char not in _ESCAPES:
            self.fail("in string escape code")
        self.at += 1

    def number(self) -> None:
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            self.at += 1
            self.peek()
            self.fail("in numeric literal")
            return
        self.at = found.end()
        rest = self.text[self.at : self.at + 1]
        if rest and rest in b".eE":
            self.at += 1
            after = "after decimal point in numeric literal" if rest == b"." else "in exponent of numeric literal"
            self.peek()
            self.fail(after)

    def literal(self, word: bytes) -> None:
        for expected in word:
            if self.peek() != expected:
                self.fail(f"in literal {word.decode()} (expecting {_quoted(expected)})")
            self.at += 1

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def peek(self) -> int:
        if self.at >= len(self.text):
            raise _SyntaxError(_END)
        return self.text[self.at]

    def fail(self, where: str) -> None:
        raise _SyntaxError(f"invalid character {_quoted(self.text[self.at])} {where}")
