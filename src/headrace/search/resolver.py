"""Names to fields and literals to values, by a schema: what a single token means.

The module does not know how clauses are joined, nor what comparators look like in a text.
"""

from headrace.search.fields import Kind, Rule, Schema
from headrace.search.lexer import Shape, Source, Token, cite
from headrace.search.tree import Entity, Field, Op, Statistic

_INT64 = 2**63
_MAX_DIGITS = 18  # of an id: always fits 64 bits, signed

RESERVED = ("AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ILIKE")

STATISTICS = {
    **{statistic.value: statistic for statistic in Statistic},
    "last": Statistic.LATEST,
}


class Resolver:
    """The meaning of tokens in one text under one schema.

    Args:
        source: the text, for errors.
        schema: what can be searched.
    """

    def __init__(self, source: Source, schema: Schema) -> None:
        self._source = source
        self._schema = schema

    def resolve_name(self, word: str | None, key: str, position: int) -> Field:
        """Make the field of an entity's word and a key.

        Args:
            word: what stands before the dot; None for a bare name, which is an attribute.
            key: what stands behind it.
            position: where, in characters from 0.

        Raises:
            InvalidParameter: there is no such entity or attribute.
        """
        schema = self._schema
        entity = Entity.ATTRIBUTE
        if word is not None:
            if word not in schema.entities:
                raise self._source.error(
                    position,
                    f"{cite(word)} is no entity of {schema.resource}. Use one of {', '.join(self._name_entities())} "
                    "before the dot, or an attribute's bare name",
                )
            entity = schema.entities[word]
        fixed = schema.keys.get(entity)
        if fixed is None:
            return Field(entity, key)
        attribute = fixed.get(key)
        if attribute is None:
            names = ", ".join(dict.fromkeys(known.name for known in fixed.values()))
            raise self._source.error(
                position,
                f"{cite(key)} is no {entity.value} of {schema.resource}. Use one of {names}"
                + (self._advise_prefix() if entity is Entity.ATTRIBUTE else ""),
                schema.unknown_attribute,
            )
        return Field(entity, attribute.name)

    def _name_entities(self) -> list[str]:
        """Return the first word of each entity."""
        words: dict[Entity, str] = {}
        for word, entity in self._schema.entities.items():
            words.setdefault(entity, word)
        return list(words.values())

    def _advise_prefix(self) -> str:
        """Name the entities whose keys are free: what a bare name was perhaps meant to be."""
        entities = self._schema.entities
        free = [f"{word}.<key>" for word in self._name_entities() if entities[word] not in self._schema.keys]
        return f", or {', '.join(free)}"

    def resolve_statistic(self, field: Field, statistic: Statistic, position: int) -> Field:
        """Make the field of a metric's statistic.

        Raises:
            InvalidParameter: the field is no metric.
        """
        if field.entity is not Entity.METRIC:
            raise self._source.error(
                position,
                f"only metrics have a {statistic.value}, and {cite(field.key)} is a {field.entity.value}. "
                f"Write {statistic.value}(metrics.<key>), or compare the {field.entity.value} itself",
            )
        return Field(field.entity, field.key, statistic)

    def require_orderable(self, field: Field, position: int) -> Field:
        """Return the field if rows can be ordered by it.

        Raises:
            InvalidParameter: they cannot.
        """
        if field.entity in self._schema.order_entities:
            return field
        possible = ", ".join(sorted(entity.value for entity in self._schema.order_entities))
        raise self._source.error(
            position,
            f"{self._schema.resource} cannot be ordered by a {field.entity.value}. Order by: {possible}",
        )

    def read_text(self, field: Field, token: Token) -> str:
        """Return the text that a token stands for beside a field, in the tree's spelling.

        Raises:
            InvalidParameter: the field's values cannot be spelled so.
        """
        attribute = self._schema.find_attribute(field)
        if attribute is None:
            return token.text
        if attribute.kind is Kind.DIGITS:
            if not (token.text.isascii() and token.text.isdigit() and len(token.text) <= _MAX_DIGITS):
                raise self._source.error(
                    token.start, f"{token.describe()} is no {field.key}. Write the digits in quotes: '12'"
                )
            return str(int(token.text))
        return dict(attribute.spellings).get(token.text, token.text)

    def read_number(self, field: Field, token: Token) -> int | float:
        """Return the number that a token spells beside a field.

        Times stay whole numbers where they are written so; everything else is a double, as metrics are.

        Raises:
            InvalidParameter: the field holds whole numbers only and this is none, or not one of 64 bits.
        """
        attribute = self._schema.find_attribute(field)
        if attribute is None:
            return float(token.text)
        if token.text.removeprefix("-").isdigit():
            whole = int(token.text)
            if -_INT64 <= whole < _INT64:
                return whole
        if attribute.kind is Kind.INTEGER:
            raise self._source.error(
                token.start,
                f"{field.key} is a whole number of milliseconds, and {token.describe()} is none of 64 bits. "
                "Write it without a point or an exponent",
            )
        return float(token.text)

    def read_value(self, field: Field, op: Op, token: Token) -> str | int | float:
        """Return the value that a field is compared with.

        Raises:
            InvalidParameter: the token is no value, or the comparator does not go with the field or the value.
        """
        rule = self._schema.get_rule(field)
        if token.shape is Shape.NUMBER and op in rule.number:
            return self.read_number(field, token)
        if op in rule.text and (token.shape is Shape.TEXT or (rule.bare_text and _is_bare_text(token))):
            return self.read_text(field, token)
        if token.shape not in (Shape.NUMBER, Shape.TEXT):
            raise self._source.error(
                token.start, f"a value was expected, found {token.describe()}. {_advise_value(rule)}"
            )
        raise self._source.error(
            token.start,
            f"{field.entity.value} {cite(field.key)} cannot be compared by {op.value} with {token.describe()}. "
            f"{_advise_value(rule)}",
        )

    def require_range(self, field: Field, position: int) -> None:
        """Raise InvalidParameter if the field is no number."""
        if not self._schema.get_rule(field).number_range:
            raise self._source.error(
                position,
                f"BETWEEN compares numbers, and {field.entity.value} {cite(field.key)} is a text. "
                "Use BETWEEN with metrics, params and times",
            )

    def require_null(self, field: Field, position: int) -> None:
        """Raise InvalidParameter if the field cannot be asked for IS NULL."""
        if not self._schema.get_rule(field).null:
            raise self._source.error(
                position,
                f"IS NULL cannot be asked of {field.entity.value} {cite(field.key)}. "
                "For what lacks a key, write NOT before a clause that holds wherever the key is",
            )

    def read_list_value(self, field: Field, token: Token) -> str | int | float:
        """Return one value of a list beside IN.

        Raises:
            InvalidParameter: the token cannot be in a list for this field.
        """
        rule = self._schema.get_rule(field)
        if token.shape is Shape.TEXT and rule.text_list:
            return self.read_text(field, token)
        if token.shape is Shape.NUMBER and rule.number_range:
            return self.read_number(field, token)
        kinds = [name for name, possible in _list_kinds(rule) if possible]
        raise self._source.error(
            token.start,
            f"{field.entity.value} {cite(field.key)} takes a list of {' or '.join(kinds)}, found {token.describe()}",
        )


def _list_kinds(rule: Rule) -> tuple[tuple[str, bool], ...]:
    return (("quoted texts", rule.text_list), ("unquoted numbers", rule.number_range))


def _is_bare_text(token: Token) -> bool:
    return token.shape is Shape.NUMBER or (token.shape is Shape.WORD and not token.is_word(*RESERVED))


def _advise_value(rule: Rule) -> str:
    ways: list[str] = []
    if rule.text:
        ways.append(f"{' '.join(op.value for op in rule.text)} and a quoted text ('abc')")
    if rule.number:
        ways.append(f"{' '.join(op.value for op in rule.number)} and an unquoted number")
    return f"Use {', or '.join(ways)}"
