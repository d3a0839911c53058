"""Tokens to trees: the grammar of filters and orders, over any schema.

The grammar is MLflow's with OR, NOT, parentheses, BETWEEN, more of IN and IS NULL, and statistics of metrics added; the
reference is ``grammar.md``. What can be named is the schema's matter, what is found is the store's.
"""

from collections.abc import Sequence

from headrace.base.errors import InvalidParameter
from headrace.search.fields import Schema
from headrace.search.lexer import Shape, Source, Token, cite, read_tokens
from headrace.search.resolver import RESERVED, STATISTICS, Resolver
from headrace.search.tree import (
    And,
    Between,
    Clause,
    Compare,
    Field,
    In,
    IsNull,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
)

__all__ = [
    "MAX_CLAUSES",
    "MAX_DEPTH",
    "MAX_LIST_VALUES",
    "MAX_ORDER_KEYS",
    "OrderKey",
    "parse_field",
    "parse_filter",
    "parse_order_by",
    "parse_order_name",
]

MAX_DEPTH = 64  # parentheses and NOTs inside one another
MAX_CLAUSES = 500
MAX_LIST_VALUES = 10_000
MAX_ORDER_KEYS = 64

_OPERATORS = {op.value: op for op in Op}
_OPERATOR_ADVICE = {
    "==": "Write = for equality",
    "<>": "Write != for inequality",
    "=>": "Write >=",
    "=<": "Write <=",
}
_COMPARATORS = "= != > >= < <= LIKE ILIKE IN, NOT IN, BETWEEN, IS NULL, IS NOT NULL"


def parse_filter(text: str | None, schema: Schema) -> Node | None:
    """Parse a filter.

    Args:
        text: the filter; None and blanks are no filter.
        schema: what can be searched.

    Returns:
        The tree, or None for no filter.

    Raises:
        InvalidParameter: the text is no filter of this schema, or over a limit; the message shows where and what to do.
    """
    if text is None or not text.strip():
        return None
    return _Parser(Source(text, "filter"), schema).parse_filter()


def parse_order_by(items: Sequence[str], schema: Schema) -> tuple[OrderKey, ...]:
    """Parse the items of an order, each ``field [ASC | DESC]``; without a direction it is ASC.

    Raises:
        InvalidParameter: an item is no order of this schema, a field stands twice, or there are too many.
    """
    if len(items) > MAX_ORDER_KEYS:
        raise InvalidParameter(
            f"order_by has {len(items)} keys, at most {MAX_ORDER_KEYS} are allowed. Leave out the last ones"
        )
    keys: list[OrderKey] = []
    seen: set[Field] = set()
    for item in items:
        source = Source(item, "order_by")
        key = _Parser(source, schema).parse_order_key()
        if key.field in seen:
            raise source.error(0, f"{cite(key.field.key)} stands in order_by twice. Name each field once")
        seen.add(key.field)
        keys.append(key)
    return tuple(keys)


def parse_order_name(name: str, schema: Schema) -> Field:
    """Read a field name of MLflow's order objects: an attribute, or ``metrics.<key>`` with the key as it stands.

    Raises:
        InvalidParameter: rows cannot be ordered by this.
    """
    resolver = Resolver(Source(name, "order_by"), schema)
    word, dot, key = name.partition(".")
    field = resolver.resolve_name(word, key, 0) if dot else resolver.resolve_name(None, name.strip(), 0)
    return resolver.require_orderable(field, 0)


def parse_field(text: str, schema: Schema, what: str) -> Field:
    """Parse one field, or a statistic of a metric: ``params.lr``, ``min(metrics.loss)``, ``metrics.`val loss`.max``.

    Args:
        text: the field, and nothing else.
        schema: what can be named.
        what: what the text is, for the message.

    Raises:
        InvalidParameter: the text is no field of this schema.
    """
    return _Parser(Source(text, what), schema).parse_whole_field()


class _Parser:
    """One pass over one text."""

    def __init__(self, source: Source, schema: Schema) -> None:
        self._source = source
        self._resolver = Resolver(source, schema)
        self._tokens = read_tokens(source)
        self._index = 0
        self._clauses = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _at(self, shape: Shape) -> bool:
        return self._token.shape is shape

    def _take(self) -> Token:
        token = self._tokens[self._index]
        if token.shape is not Shape.END:
            self._index += 1
        return token

    def _accept(self, *keywords: str) -> bool:
        if self._token.is_word(*keywords):
            self._index += 1
            return True
        return False

    def _unexpected(self, expected: str, advice: str) -> InvalidParameter:
        found = self._token
        return self._source.error(found.start, f"{expected} was expected, found {found.describe()}. {advice}")

    def parse_filter(self) -> Node:
        """Parse the whole text as a filter."""
        node = self._parse_or(0)
        if self._at(Shape.CLOSE):
            raise self._source.error(self._token.start, "this ) closes nothing. Remove it, or add a ( before")
        if not self._at(Shape.END):
            raise self._unexpected("AND, OR or the end", "Join clauses by AND or OR")
        return node

    def parse_whole_field(self) -> Field:
        """Parse the whole text as one field."""
        field = self._parse_field()
        if not self._at(Shape.END):
            raise self._unexpected("the end", "Write one field, as in metrics.loss or min(metrics.loss)")
        return field

    def _parse_or(self, depth: int) -> Node:
        children = [self._parse_and(depth)]
        while self._accept("OR"):
            children.append(self._parse_and(depth))
        return children[0] if len(children) == 1 else Or(tuple(children))

    def _parse_and(self, depth: int) -> Node:
        children = [self._parse_not(depth)]
        while self._accept("AND"):
            children.append(self._parse_not(depth))
        return children[0] if len(children) == 1 else And(tuple(children))

    def _parse_not(self, depth: int) -> Node:
        negations = 0
        while self._token.is_word("NOT"):
            negations += 1
            self._enter(depth + negations)
        node = self._parse_group(depth + negations)
        for _ in range(negations):
            node = Not(node)
        return node

    def _enter(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._source.error(
                self._token.start,
                f"more than {MAX_DEPTH} NOTs and parentheses inside one another. Flatten them",
            )
        self._index += 1

    def _parse_group(self, depth: int) -> Node:
        if not self._at(Shape.OPEN):
            return self._parse_clause()
        opening = self._token
        self._enter(depth + 1)
        node = self._parse_or(depth + 1)
        if self._at(Shape.END):
            raise self._source.error(opening.start, "this ( is not closed. Add the closing )")
        if not self._at(Shape.CLOSE):
            raise self._unexpected("AND, OR or )", "Join clauses by AND or OR")
        self._index += 1
        return node

    def _parse_clause(self) -> Clause:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise self._source.error(
                self._token.start,
                f"more than {MAX_CLAUSES} clauses. Ask in several calls, or use IN (...) for values of one field",
            )
        field = self._parse_field()
        place = self._token.start
        if self._accept("IS"):
            return self._parse_null(field, place)
        if self._accept("BETWEEN"):
            return self._parse_between(field, place)
        if self._token.is_word("IN", "NOT"):
            return self._parse_in(field)
        op = self._parse_operator()
        return Compare(field, op, self._resolver.read_value(field, op, self._take()))

    def _parse_operator(self) -> Op:
        token = self._token
        written = token.text.upper()
        op = _OPERATORS.get(written) if token.shape in (Shape.OPERATOR, Shape.WORD) else None
        if op is None:
            raise self._unexpected(
                "a comparator",
                _OPERATOR_ADVICE.get(written, f"Use one of {_COMPARATORS}; put text in quotes"),
            )
        self._index += 1
        return op

    def _parse_null(self, field: Field, place: int) -> IsNull:
        negated = self._accept("NOT")
        if not self._accept("NULL"):
            raise self._unexpected("NULL", "Write IS NULL or IS NOT NULL, and = for values")
        self._resolver.require_null(field, place)
        return IsNull(field, negated=negated)

    def _parse_between(self, field: Field, place: int) -> Between:
        self._resolver.require_range(field, place)
        low = self._parse_limit(field)
        if not self._accept("AND"):
            raise self._unexpected("AND", "Write BETWEEN 1 AND 2")
        return Between(field, low, self._parse_limit(field))

    def _parse_limit(self, field: Field) -> int | float:
        if not self._at(Shape.NUMBER):
            raise self._unexpected("an unquoted number", "Write BETWEEN 1 AND 2")
        return self._resolver.read_number(field, self._take())

    def _parse_in(self, field: Field) -> In:
        negated = self._accept("NOT")
        if not self._accept("IN"):
            raise self._unexpected(
                "IN", "After a field NOT goes with IN only; else write NOT before the field"
            )
        if not self._at(Shape.OPEN):
            raise self._unexpected("(", "Write the list in parentheses: IN ('a', 'b')")
        self._index += 1
        values: list[str | int | float] = []
        while not self._at(Shape.CLOSE):
            values.append(self._parse_list_value(field, values))
            if self._at(Shape.COMMA):
                self._index += 1
            elif not self._at(Shape.CLOSE):
                raise self._unexpected(
                    ", or )", r"Join values by commas; a quote inside a text is written \'"
                )
        if not values:
            raise self._unexpected("a value", "An empty list matches nothing: name at least one value")
        self._index += 1
        return In(field, tuple(values), negated=negated)

    def _parse_list_value(self, field: Field, before: list[str | int | float]) -> str | int | float:
        token = self._take()
        if len(before) == MAX_LIST_VALUES:
            raise self._source.error(
                token.start, f"a list has more than {MAX_LIST_VALUES} values. Ask in several calls"
            )
        value = self._resolver.read_list_value(field, token)
        if before and isinstance(value, str) != isinstance(before[0], str):
            raise self._source.error(token.start, "a list mixes texts and numbers. Quote all values, or none")
        return value

    def _parse_field(self) -> Field:
        token = self._take()
        if token.shape is Shape.WORD and self._at(Shape.OPEN):
            return self._parse_statistic(token)
        if token.shape is Shape.FIELD:
            field = self._resolver.resolve_name(token.word, token.text, token.start)
            return self._add_suffix(field, token) if token.suffix else field
        if not token.is_word(*RESERVED) and (token.shape in (Shape.WORD, Shape.NAME) or token.quote == '"'):
            return self._resolver.resolve_name(None, token.text, token.start)
        raise self._source.error(
            token.start,
            f"a field was expected, found {token.describe()}. Write one as in metrics.loss < 0.1, "
            "in order_by as in metrics.loss DESC",
        )

    def _add_suffix(self, field: Field, token: Token) -> Field:
        statistic = STATISTICS.get(token.suffix.lower())
        if statistic is None:
            raise self._source.error(
                token.start,
                f"{cite(token.suffix)} behind a quoted key is no statistic. Use one of {', '.join(STATISTICS)}, "
                "or put the dots inside the quotes",
            )
        return self._resolver.resolve_statistic(field, statistic, token.start)

    def _parse_statistic(self, name: Token) -> Field:
        statistic = STATISTICS.get(name.text.lower())
        if statistic is None:
            raise self._source.error(
                name.start, f"{cite(name.text)} is no statistic. Use one of {', '.join(STATISTICS)}"
            )
        self._index += 1
        token = self._take()
        if token.shape is not Shape.FIELD or token.suffix:
            raise self._source.error(
                token.start,
                f"a metric was expected, found {token.describe()}. Write {name.text}(metrics.loss)",
            )
        field = self._resolver.resolve_name(token.word, token.text, token.start)
        if not self._at(Shape.CLOSE):
            raise self._unexpected(")", f"Write {name.text}(metrics.loss)")
        self._index += 1
        return self._resolver.resolve_statistic(field, statistic, token.start)

    def parse_order_key(self) -> OrderKey:
        """Parse the whole text as one key of an order."""
        token = self._token
        if token.suffix:
            # MLflow takes metrics.`a`.min DESC for the metric named a.min; what it means must not change silently.
            raise self._source.error(
                token.start,
                "in order_by nothing can stand behind a quoted key. Write min(metrics.<key>) for a "
                "statistic, or put the dots inside the quotes for the key itself",
            )
        word, dot, key = token.text.partition(".")
        if dot and (token.shape is Shape.NAME or token.quote == '"') and token.shape is not Shape.FIELD:
            field = self._resolver.resolve_name(word, key, token.start)
            self._index += 1
        else:
            field = self._parse_field()
        self._resolver.require_orderable(field, token.start)
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        if not self._at(Shape.END):
            raise self._unexpected(
                "ASC, DESC or the end", "Write one field in each item, as in metrics.loss DESC"
            )
        return OrderKey(field, ascending=not descending)
