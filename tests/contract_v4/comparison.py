"""Where our schemas give less than the contract's: each place in one line.

A place is named after the contract's component and field, so that what several operations share is told once.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.contract_v4.operations import Operation
from tests.contract_v4.shapes import Document, Schema, Shape, shapes

Lines = list[str]
Fitting = Callable[[str, Shape, Shape], Iterator[str]]

JSON: Final = "application/json"
_LIMITS: Final = (
    *("minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems"),
)


class Comparison:
    """Two documents; `limits` are the limits of ours that are no difference, and those that were met are in `met`."""

    def __init__(self, contract: Document, ours: Document, limits: Mapping[str, str]) -> None:
        self._contract = contract
        self._ours = ours
        self._limits = limits
        self._under_way: set[tuple[str, str, str]] = set()
        self.met: set[str] = set()

    def operation(self, contract: Operation, ours: Operation) -> Lines:
        """Everything that differs in one operation."""
        return [
            *self._whole(contract, ours),
            *self._parameters(contract, ours),
            *self._body(contract, ours),
            *self._answers_of(contract, ours),
        ]

    def _whole(self, contract: Operation, ours: Operation) -> Iterator[str]:
        if contract.id != ours.id:
            yield f"{contract.name}: its id is {ours.id}, not {contract.id}"
        if not ours.said.get("security"):
            yield f"{contract.name}: no key is asked for"

    def _parameters(self, contract: Operation, ours: Operation) -> Iterator[str]:
        for (where, name), wanted in contract.parameters.items():
            place = f"{contract.name} {where} {name}"
            ours_said = ours.parameters.get((where, name))
            if ours_said is None:
                yield f"{place}: is not taken"
                continue
            if ours_said.get("required") and not wanted.get("required"):
                yield f"{place}: is required"
            if wanted["schema"].get("default") != ours_said["schema"].get("default"):
                yield f"{place}: the default is {ours_said['schema'].get('default')}"
            yield from self.taken(place, wanted["schema"], ours_said["schema"])
        for where, name in ours.parameters.keys() - contract.parameters.keys():
            required = ours.parameters[where, name].get("required")
            yield f"{contract.name} {where} {name}: is {'required' if required else 'more than the contract has'}"

    def _body(self, contract: Operation, ours: Operation) -> Iterator[str]:
        place = f"{contract.name} body"
        if contract.body is None:
            if ours.body is not None and ours.body.get("required"):
                yield f"{place}: is required"
        elif ours.body is None:
            yield f"{place}: is not taken"
        else:
            if ours.body.get("required") and not contract.body.get("required"):
                yield f"{place}: is required"
            yield from self.taken(place, schema_in(contract.body), schema_in(ours.body))

    def _answers_of(self, contract: Operation, ours: Operation) -> Iterator[str]:
        """The statuses, and what is in each; of errors it may be more than the contract has."""
        theirs, answers = contract.said["responses"], ours.said["responses"]
        for status, wanted in theirs.items():
            place = f"{contract.name} {status}"
            if status not in answers:
                yield f"{place}: is not answered"
                continue
            for media in wanted.get("content", {}).keys() - answers[status].get("content", {}).keys():
                yield f"{place}: {media} is not answered"
            if status.startswith("2") and JSON in wanted.get("content", {}):
                yield from self.answered(place, schema_in(wanted), schema_in(answers[status]))
        for status in answers.keys() - theirs.keys():
            if status.startswith("2"):
                yield f"{contract.name} {status}: is more than the contract has"

    def taken(self, place: str, contract: Schema, ours: Schema) -> Lines:
        """Where a request that the contract allows is not taken by us."""
        ours_taken = shapes(self._ours, ours)
        return [
            line
            for wanted in shapes(self._contract, contract)
            for line in self._best(place, wanted, ours_taken, self._takes, f"{place}: {wanted} is not taken")
        ]

    def answered(self, place: str, contract: Schema, ours: Schema) -> Lines:
        """Where an answer of ours is none that the contract allows, or lacks what the contract has."""
        allowed = shapes(self._contract, contract)
        return [
            line
            for given in shapes(self._ours, ours)
            for line in self._best(place, given, allowed, self._answers, f"{place}: {given} may be answered")
        ]

    def _best(self, place: str, one: Shape, others: list[Shape], fitting: Fitting, otherwise: str) -> Lines:
        """The fewest lines that any of the others of its kind leaves."""
        found = [self._once(place, one, other, fitting) for other in others if _fits(one, other)]
        return min(found, key=len, default=[otherwise])

    def _once(self, place: str, one: Shape, other: Shape, fitting: Fitting) -> Lines:
        """The lines of two shapes; none where they are met again inside themselves."""
        at = (str(one), str(other), fitting.__name__)
        if at in self._under_way:
            return []
        named = one.name and other.name
        if named:
            self._under_way.add(at)
        lines = list(fitting(place, one, other))
        if named:
            self._under_way.remove(at)
        return lines

    def _takes(self, place: str, wanted: Shape, ours: Shape) -> Iterator[str]:
        place = wanted.name or place
        if ours.kind == "any":
            return
        yield from _values(place, wanted, ours, "taken")
        yield from self._limits_of(place, wanted, ours)
        if wanted.kind == "array":
            yield from self.taken(f"{place}[]", wanted.schema["items"], ours.schema.get("items", {}))
        elif wanted.kind == "object":
            yield from self._takes_fields(place, wanted, ours)

    def _takes_fields(self, place: str, wanted: Shape, ours: Shape) -> Iterator[str]:
        for name, schema in wanted.fields.items():
            if name in ours.fields:
                yield from self.taken(f"{place}.{name}", schema, ours.fields[name])
            elif wanted.fields and (ours.fields or ours.others is None):
                yield f"{place}.{name}: is not taken"
        for name in sorted(ours.required - wanted.required):
            yield f"{place}.{name}: is required"
        if wanted.others is not None and ours.others is None:
            yield f"{place}: other fields are refused"
        elif wanted.others and ours.others is not None:
            yield from self.taken(f"{place}.*", wanted.others, ours.others)

    def _limits_of(self, place: str, wanted: Shape, ours: Shape) -> Iterator[str]:
        for keyword in _LIMITS:
            limit = ours.schema.get(keyword)
            if limit is None or limit == wanted.schema.get(keyword):
                continue
            said = f"{keyword} {int(limit) if isinstance(limit, float) and limit.is_integer() else limit}"
            if said in self._limits:
                self.met.add(said)
            else:
                yield f"{place}: {said}"

    def _answers(self, place: str, given: Shape, allowed: Shape) -> Iterator[str]:
        place = allowed.name or place
        if allowed.kind == "any":
            return
        yield from _values(place, given, allowed, "answered")
        if given.kind == "array" and given.schema.get("maxItems") != 0:
            yield from self.answered(f"{place}[]", allowed.schema["items"], given.schema.get("items", {}))
        elif given.kind == "object":
            yield from self._answers_fields(place, given, allowed)

    def _answers_fields(self, place: str, given: Shape, allowed: Shape) -> Iterator[str]:
        if allowed.fields and not given.fields and given.others is not None:
            yield f"{place}: any object may be answered"
            return
        for name, schema in allowed.fields.items():
            if name not in given.fields:
                yield f"{place}.{name}: is not answered"
                continue
            if name not in given.required:
                yield f"{place}.{name}: may be missing"
            yield from self.answered(f"{place}.{name}", schema, given.fields[name])
        if allowed.fields:
            for name in sorted(given.fields.keys() - allowed.fields.keys()):
                yield f"{place}.{name}: is more than the contract has"
        if allowed.others and given.others is not None:
            yield from self.answered(f"{place}.*", allowed.others, given.others)


def schema_in(said: Mapping[str, Any]) -> Schema:
    """The schema of a body that is JSON; of one that is something else, anything."""
    schema: Schema = said.get("content", {}).get(JSON, {}).get("schema", {})
    return schema


def _fits(inner: Shape, outer: Shape) -> bool:
    if inner.tags and outer.tags and inner.tags.isdisjoint(outer.tags):
        return False
    return outer.kind in (inner.kind, "any") or (inner.kind, outer.kind) == ("integer", "number")


def _values(place: str, inner: Shape, outer: Shape, verb: str) -> Iterator[str]:
    """Where the inner one has values that the outer one does not allow."""
    if outer.values is not None:
        if inner.values is None:
            yield (
                f"{place}: more than {_listed(outer.values)} is {verb}"
                if verb == "answered"
                else (f"{place}: only {_listed(outer.values)} is {verb}")
            )
        elif inner.values - outer.values:
            yield f"{place}: {_listed(inner.values - outer.values)} is {'not ' * (verb == 'taken')}{verb}"
    form = outer.schema.get("format")
    if form is not None and form != inner.schema.get("format"):
        yield f"{place}: the format is not {form} alone" if verb == "answered" else f"{place}: only {form} is {verb}"


def _listed(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))
