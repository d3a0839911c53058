"""What can be searched, as tables: each resource's entities, attributes, comparators and order.

The parser knows none of these names; a new resource is a new table here. The module does not know how a text is read.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType

from msgspec import Struct

from headrace.base.errors import AttributeNotFound, InvalidParameter
from headrace.search.tree import Entity, Field, Op, OrderKey


@unique
class Kind(StrEnum):
    """What the values of an attribute are."""

    STRING = "string"
    DIGITS = "digits"  # a whole number that filters write in quotes: experiment_id
    INTEGER = "integer"  # only whole numbers may be compared with it
    NUMBER = "number"


class Attribute(Struct, frozen=True):
    """A key with a fixed name.

    Args:
        name: the canonical name, used in trees.
        kind: what its values are.
        aliases: other spellings.
        spellings: pairs (as a filter may write a value, as the tree holds it).
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()


class Rule(Struct, frozen=True):
    """What may be asked of a field.

    Args:
        text: comparators that take a quoted text.
        number: comparators that take a bare number.
        text_list: IN and NOT IN take a list of texts.
        number_range: BETWEEN, and IN and NOT IN with a list of numbers.
        null: IS NULL and IS NOT NULL.
        bare_text: an unquoted number or word is a text.
    """

    text: tuple[Op, ...] = ()
    number: tuple[Op, ...] = ()
    text_list: bool = False
    number_range: bool = False
    null: bool = False
    bare_text: bool = False


class Schema(Struct, frozen=True, eq=False):
    """What can be searched in one resource.

    Args:
        resource: its name in messages.
        entities: entity by each word that may stand before the dot.
        keys: attribute by each spelling, for the entities whose keys are fixed; a bare word is one of ATTRIBUTE.
        rules: by entity; for ATTRIBUTE by the attribute's kind.
        order_entities: what rows can be ordered by.
        default_order: the order where none is asked for.
        tie_break: keys appended to an order that lacks them, so that it has no ties.
        unknown_attribute: the error for an attribute that does not exist.
    """

    resource: str
    entities: Mapping[str, Entity]
    keys: Mapping[Entity, Mapping[str, Attribute]]
    rules: Mapping[Entity | Kind, Rule]
    order_entities: frozenset[Entity]
    default_order: tuple[OrderKey, ...]
    tie_break: tuple[OrderKey, ...]
    unknown_attribute: type[InvalidParameter] = InvalidParameter

    def find_attribute(self, field: Field) -> Attribute | None:
        """Return the attribute behind a field whose key has a fixed name, or None for free keys."""
        return self.keys.get(field.entity, {}).get(field.key)

    def get_rule(self, field: Field) -> Rule:
        """Return what may be asked of a field that this schema made."""
        if field.entity is Entity.ATTRIBUTE:
            return self.rules[self.keys[Entity.ATTRIBUTE][field.key].kind]
        return self.rules[field.entity]


_EQUALITY = (Op.EQ, Op.NE)
_TEXT = (*_EQUALITY, Op.LIKE, Op.ILIKE)
_NUMBER = (Op.EQ, Op.NE, Op.GT, Op.GE, Op.LT, Op.LE)

_METRIC_RULE = Rule(number=_NUMBER, number_range=True)
_PARAM_RULE = Rule(text=_TEXT, number=_NUMBER, text_list=True, number_range=True, null=True)
_TEXT_RULE = Rule(text=_TEXT, text_list=True, null=True)
# MLflow 3.17 takes what follows a logged model's comparator as text, quoted or not: `tags.stage = prod`, `name = 5`.
# Params stay out: there an unquoted number is compared as a number, as everywhere else.
_BARE_TEXT_RULE = Rule(text=_TEXT, text_list=True, null=True, bare_text=True)
_DIGITS_RULE = Rule(text=_EQUALITY, text_list=True, null=True)
_NUMBER_RULE = Rule(number=_NUMBER, number_range=True, null=True)
_DATASET_RULE = Rule(text=_TEXT, text_list=True)

_RUN_ENTITIES: Mapping[str, Entity] = MappingProxyType(
    {
        "metrics": Entity.METRIC,
        "metric": Entity.METRIC,
        "params": Entity.PARAM,
        "param": Entity.PARAM,
        "parameters": Entity.PARAM,
        "parameter": Entity.PARAM,
        "tags": Entity.TAG,
        "tag": Entity.TAG,
        "attributes": Entity.ATTRIBUTE,
        "attribute": Entity.ATTRIBUTE,
        "attr": Entity.ATTRIBUTE,
        "run": Entity.ATTRIBUTE,
        "datasets": Entity.DATASET,
        "dataset": Entity.DATASET,
    }
)

_MODEL_STATUSES = (
    ("LOGGED_MODEL_STATUS_UNSPECIFIED", "UNSPECIFIED"),
    ("0", "UNSPECIFIED"),
    ("LOGGED_MODEL_PENDING", "PENDING"),
    ("1", "PENDING"),
    ("LOGGED_MODEL_READY", "READY"),
    ("2", "READY"),
    ("LOGGED_MODEL_UPLOAD_FAILED", "FAILED"),
    ("3", "FAILED"),
)


def _index(*attributes: Attribute) -> Mapping[str, Attribute]:
    return MappingProxyType({name: a for a in attributes for name in (a.name, *a.aliases)})


def _order(name: str, *, ascending: bool) -> OrderKey:
    return OrderKey(Field(Entity.ATTRIBUTE, name), ascending=ascending)


RUNS = Schema(
    resource="runs",
    entities=_RUN_ENTITIES,
    keys=MappingProxyType(
        {
            # lifecycle_stage is absent on purpose: the request's run_view_type chooses it.
            Entity.ATTRIBUTE: _index(
                Attribute("run_id", Kind.STRING),
                Attribute("run_name", Kind.STRING, aliases=("run name", "Run name", "Run Name")),
                Attribute("user_id", Kind.STRING),
                Attribute("status", Kind.STRING),
                Attribute("artifact_uri", Kind.STRING),
                Attribute("start_time", Kind.NUMBER, aliases=("created", "Created")),
                Attribute("end_time", Kind.NUMBER),
            ),
            Entity.DATASET: _index(
                Attribute("name", Kind.STRING),
                Attribute("digest", Kind.STRING),
                Attribute("context", Kind.STRING),
            ),
        }
    ),
    rules=MappingProxyType(
        {
            Entity.METRIC: _METRIC_RULE,
            Entity.PARAM: _PARAM_RULE,
            Entity.TAG: _TEXT_RULE,
            Entity.DATASET: _DATASET_RULE,
            Kind.STRING: _TEXT_RULE,
            Kind.NUMBER: _NUMBER_RULE,
        }
    ),
    order_entities=frozenset({Entity.METRIC, Entity.PARAM, Entity.TAG, Entity.ATTRIBUTE}),
    default_order=(),
    tie_break=(_order("start_time", ascending=False), _order("run_id", ascending=True)),
)

EXPERIMENTS = Schema(
    resource="experiments",
    # MLflow refuses `attributes.name` here, though it takes it for runs.
    entities=MappingProxyType({"tags": Entity.TAG, "tag": Entity.TAG, "attribute": Entity.ATTRIBUTE}),
    keys=MappingProxyType(
        {
            Entity.ATTRIBUTE: _index(
                Attribute("name", Kind.STRING),
                Attribute("experiment_id", Kind.DIGITS),
                Attribute("creation_time", Kind.INTEGER),
                Attribute("last_update_time", Kind.INTEGER),
            )
        }
    ),
    rules=MappingProxyType(
        {
            Entity.TAG: _TEXT_RULE,
            Kind.STRING: _TEXT_RULE,
            Kind.DIGITS: _DIGITS_RULE,
            Kind.INTEGER: _NUMBER_RULE,
        }
    ),
    order_entities=frozenset({Entity.ATTRIBUTE}),
    # MLflow's two orders really differ in the direction of the id: rising by default, falling as the tie-break.
    default_order=(_order("creation_time", ascending=False), _order("experiment_id", ascending=True)),
    tie_break=(_order("experiment_id", ascending=False),),
)

LOGGED_MODELS = Schema(
    resource="logged models",
    entities=MappingProxyType(
        {
            word: entity
            for word, entity in _RUN_ENTITIES.items()
            if word != "run"
            and entity is not Entity.DATASET  # datasets stand beside the filter in the request
        }
    ),
    keys=MappingProxyType(
        {
            Entity.ATTRIBUTE: _index(
                Attribute("name", Kind.STRING),
                Attribute("model_id", Kind.STRING),
                Attribute("model_type", Kind.STRING),
                # MLflow compares the number of the enum, so that only `status = 2` finds anything and names never
                # match. Here names match, the short ones and the wire's, and the numbers still do.
                Attribute("status", Kind.STRING, spellings=_MODEL_STATUSES),
                Attribute("source_run_id", Kind.STRING),
                Attribute(
                    "creation_timestamp", Kind.NUMBER, aliases=("creation_time", "creation_timestamp_ms")
                ),
                Attribute(
                    "last_updated_timestamp",
                    Kind.NUMBER,
                    aliases=("last_updated_time", "last_updated_timestamp_ms"),
                ),
            )
        }
    ),
    rules=MappingProxyType(
        {
            Entity.METRIC: _METRIC_RULE,
            Entity.PARAM: _PARAM_RULE,
            Entity.TAG: _BARE_TEXT_RULE,
            Kind.STRING: _BARE_TEXT_RULE,
            Kind.NUMBER: _NUMBER_RULE,
        }
    ),
    order_entities=frozenset({Entity.METRIC, Entity.ATTRIBUTE}),
    default_order=(),
    tie_break=(_order("creation_timestamp", ascending=False), _order("model_id", ascending=True)),
    unknown_attribute=AttributeNotFound,
)


def complete_order(keys: tuple[OrderKey, ...], schema: Schema) -> tuple[OrderKey, ...]:
    """Return the order with the schema's default or tie-breaking keys, so that no two rows are equal in it."""
    if not keys:
        keys = schema.default_order
    present = {key.field for key in keys}
    return (*keys, *(key for key in schema.tie_break if key.field not in present))
