"""Text to tokens, by MLflow's rules for quotes, and the errors that point into the text.

Every token is found in one pass, without looking back: the time grows with the length of the text and nothing else.
The module does not know which entities, attributes or comparators exist, nor in which order tokens may stand.
"""

import re
from enum import Enum, unique

from msgspec import Struct

from headrace.base.errors import InvalidParameter

MAX_TEXT_BYTES = 65_536
MAX_NUMBER_CHARACTERS = 400
_EXCERPT_CHARACTERS = 40  # shown on each side of an error
_FOUND_CHARACTERS = 40

# No database can hold these in a text.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d]\w*")
_KEY = re.compile(r"[\w.]+")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OPERATOR = re.compile(r"[<>=!~]+")
_SUFFIX = re.compile(r"\.(\w+)")
_ESCAPE = re.compile(
    r"\\(?:[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^xuUN0-7])", re.DOTALL
)
_PLAIN = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\n": "",
}
_MAX_CODE_POINT = 0x10FFFF

_QUOTE_KEY = "Put a key with other characters than letters, digits, _ and . in backticks: metrics.`my key`"


def cite(text: str) -> str:
    """Return a piece of somebody's text for a message: in quotes, cut if it is long."""
    return repr(text if len(text) <= _FOUND_CHARACTERS else text[:_FOUND_CHARACTERS] + "...")


@unique
class Shape(Enum):
    """What a token is, before grammar."""

    WORD = "word"
    FIELD = "field"  # word.key, where the key may be quoted
    NAME = "quoted name"  # `...`
    TEXT = "quoted text"  # '...' or "..."
    NUMBER = "number"
    OPERATOR = "comparator"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    END = "the end"


class Token(Struct, frozen=True):
    """A piece of the text.

    Args:
        shape: what it is.
        start: where it begins, in characters from 0.
        text: as written; of quoted names and texts, and of a FIELD's key, what the quotes hold.
        word: of a FIELD, what stands before the dot.
        suffix: of a FIELD with a quoted key, what stands behind a dot after it.
        quote: of names, texts and quoted keys, the opening quote.
    """

    shape: Shape
    start: int
    text: str
    word: str = ""
    suffix: str = ""
    quote: str = ""

    def is_word(self, *keywords: str) -> bool:
        """Return whether this is one of the keywords (given in upper case) in any case."""
        return self.shape is Shape.WORD and self.text.upper() in keywords

    def describe(self) -> str:
        """Return the token as error messages quote it."""
        if self.shape is Shape.END:
            return "the end of the text"
        if self.shape is Shape.NUMBER:
            return self.text[:_FOUND_CHARACTERS]
        written = self.quote + self.text + self.quote
        if self.shape is Shape.FIELD:
            written = f"{self.word}.{written}" + (f".{self.suffix}" if self.suffix else "")
        return cite(written)


class Source(Struct, frozen=True):
    """The text under work and what it is called in messages: ``filter`` or ``order_by``."""

    text: str
    title: str

    def error(
        self, position: int, problem: str, kind: type[InvalidParameter] = InvalidParameter
    ) -> InvalidParameter:
        """Make the error that names the problem and shows the place.

        Args:
            position: in characters from 0; the message counts from 1.
            problem: what is wrong, what was expected, what to do.
            kind: the class of the error.
        """
        first = max(0, position - _EXCERPT_CHARACTERS)
        excerpt = self.text[first : position + _EXCERPT_CHARACTERS]
        shown = "".join(c if c.isprintable() else " " for c in excerpt)
        before, after = "..." if first else "", "..." if first + len(excerpt) < len(self.text) else ""
        caret = " " * (len(before) + position - first) + "^"
        return kind(
            f"Invalid {self.title}, column {position + 1}: {problem}.\n{before}{shown}{after}\n{caret}"
        )


def read_tokens(source: Source) -> tuple[Token, ...]:
    """Cut a text into tokens; the last one is END.

    Raises:
        InvalidParameter: the text is too long, or holds what can be no part of a filter.
    """
    text = source.text
    if len(text) > MAX_TEXT_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise InvalidParameter(
            f"The {source.title} is longer than {MAX_TEXT_BYTES} bytes ({len(text)} characters). "
            "Ask in several calls, or for less"
        )
    unstorable = _UNSTORABLE.search(text)
    if unstorable:
        raise source.error(unstorable.start(), _explain_unstorable(unstorable.group()))
    tokens: list[Token] = []
    position = 0
    in_list = False
    while position < len(text):
        space = _SPACE.match(text, position)
        if space:
            position = space.end()
            continue
        token, position = _read_token(source, position, in_list=in_list)
        if token.shape is Shape.OPEN:
            in_list = bool(tokens) and tokens[-1].is_word("IN")
        elif token.shape is Shape.CLOSE:
            in_list = False
        tokens.append(token)
    tokens.append(Token(Shape.END, len(text), ""))
    return tuple(tokens)


_MARKS = {"(": Shape.OPEN, ")": Shape.CLOSE, ",": Shape.COMMA}


def _read_token(source: Source, start: int, *, in_list: bool) -> tuple[Token, int]:
    text = source.text
    character = text[start]
    if character in _MARKS:
        return Token(_MARKS[character], start, character), start + 1
    if character in "'\"":
        # MLflow reads lists by Python's rules and other texts as they stand: a backslash is an escape only in lists.
        content, end = _read_escaped(source, start) if in_list else _read_raw(source, start)
        return Token(Shape.TEXT, start, content, quote=character), end
    if character == "`":
        content, end = _read_raw(source, start)
        token = Token(Shape.NAME, start, content, quote=character)
        return _read_field(source, token, end) if text.startswith(".", end) else (token, end)
    word = _WORD.match(text, start)
    if word:
        return _read_word(source, word)
    number = _NUMBER.match(text, start)
    if number:
        return _read_number(source, number)
    operator = _OPERATOR.match(text, start)
    if operator:
        return Token(Shape.OPERATOR, start, operator.group()), operator.end()
    raise source.error(start, f"{character!r} cannot stand here. {_QUOTE_KEY}; write texts in quotes")


def _read_word(source: Source, word: re.Match[str]) -> tuple[Token, int]:
    start, end = word.span()
    following = source.text[end : end + 1]
    if word.group() in ("E", "e") and following in ("'", '"'):
        content, after = _read_escaped(source, end)
        return Token(Shape.TEXT, start, content, quote=following), after
    token = Token(Shape.WORD, start, word.group())
    if following == ".":
        return _read_field(source, token, end)
    _require_gap(source, end)
    return token, end


def _read_number(source: Source, number: re.Match[str]) -> tuple[Token, int]:
    start, end = number.span()
    following = source.text[end : end + 1]
    if following in {".", "_"} or following.isalnum():
        raise source.error(
            start, "a number is malformed. Write numbers like 12, -0.5 or 1e-3, and a text in quotes: '1a'"
        )
    if end - start > MAX_NUMBER_CHARACTERS:
        raise source.error(start, f"a number has more than {MAX_NUMBER_CHARACTERS} characters. Round it")
    return Token(Shape.NUMBER, start, number.group()), end


def _read_field(source: Source, word: Token, dot: int) -> tuple[Token, int]:
    """Read the key behind a word and its dot."""
    text, start = source.text, dot + 1
    quote, content, end = text[start : start + 1], "", start
    if quote in ("'", '"', "`"):
        content, end = _read_raw(source, start)
    elif quote in ("E", "e") and text[start + 1 : start + 2] in ("'", '"'):
        quote = text[start + 1]
        content, end = _read_escaped(source, start + 1)
    else:
        quote = ""
        key = _KEY.match(text, start)
        if key:
            content, end = key.group(), key.end()
            _require_gap(source, end)
    if not content:
        raise source.error(
            start,
            f"a key was expected behind {cite(word.text + '.')}. Write it right behind the dot: metrics.loss",
        )
    suffix = _SUFFIX.match(text, end) if quote else None
    if quote and text.startswith(".", end) and suffix is None:
        raise source.error(end, f"{'.'!r} cannot stand behind a quoted key. {_QUOTE_KEY}")
    token = Token(
        Shape.FIELD,
        word.start,
        content,
        word=word.text,
        suffix=suffix.group(1) if suffix else "",
        quote=quote,
    )
    return token, suffix.end() if suffix else end


def _require_gap(source: Source, end: int) -> None:
    """Refuse ``params.learning-rate``, which would else read as a key and a number or a stray sign."""
    if source.text.startswith("-", end):
        raise source.error(end, f"{'-'!r} cannot stand in a bare name. {_QUOTE_KEY}")


def _read_raw(source: Source, start: int) -> tuple[str, int]:
    """Read a quoted piece as MLflow does; return what stands between the quotes, and the position behind it.

    A doubled quote, and behind a backslash a single one, do not end the piece, and stay in it as written. If nothing
    after them ends it, the last of them does.
    """
    text, quote = source.text, source.text[start]
    fallback = -1
    position = start + 1
    while True:
        position = text.find(quote, position)
        if position < 0:
            break
        if quote != "`" and text[position - 1] == "\\":
            fallback = position
            position += 1
        elif text.startswith(quote, position + 1):
            fallback = position
            position += 2
        else:
            return text[start + 1 : position], position + 1
    if fallback < 0:
        raise source.error(start, f"the quote {quote} is not closed. Add the closing {quote}")
    return text[start + 1 : fallback], fallback + 1


def _read_escaped(source: Source, start: int) -> tuple[str, int]:
    """Read a quoted piece by Python's rules for texts; return its value, and the position behind it."""
    text, quote = source.text, source.text[start]
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(parts), position + 1
        if character != "\\":
            parts.append(character)
            position += 1
            continue
        escape = _ESCAPE.match(text, position)
        if escape is None:
            raise source.error(
                position, "the escape is malformed. Write the character itself, or \\\\ for \\"
            )
        parts.append(_unescape(source, escape))
        position = escape.end()
    raise source.error(start, f"the quote {quote} is not closed. Add the closing {quote}")


def _unescape(source: Source, escape: re.Match[str]) -> str:
    body = escape.group()[1:]
    if body in _PLAIN:
        return _PLAIN[body]
    if body[0] in "01234567":
        code = int(body, 8)
    elif body[0] in "xuU":
        code = int(body[1:], 16)
    else:
        return escape.group()
    if code > _MAX_CODE_POINT:
        raise source.error(
            escape.start(), f"there is no character {escape.group()}. Write the character itself"
        )
    if _UNSTORABLE.match(chr(code)):
        raise source.error(escape.start(), _explain_unstorable(chr(code)))
    return chr(code)


def _explain_unstorable(character: str) -> str:
    return f"the character U+{ord(character):04X} can be in no stored text. Leave it out"
