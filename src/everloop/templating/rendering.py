"""What an order comes to, by MiniJinja. The limits here make good errors; those that hold are the process's own."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from minijinja import Environment, TemplateError

from everloop.templating import limits
from everloop.templating.flaws import flaw, needed, shortened
from everloop.templating.unknown import UNKNOWN, Unknown
from everloop.templating.wire import Done, Flawed, Missing, Order

# Gives what a tool gives, and None when it refuses.
Call = Callable[[str, list[str]], str | None]

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def reply_to(order: Order, call: Call) -> Done | Missing | Flawed:
    """Checks or renders the templates of an order."""
    if order.do == "check":
        return _checked(order)
    try:
        inputs = _decode(order.inputs)
    except RecursionError:
        return Flawed(None, None, "the inputs are nested too deeply")
    return _Rendering(inputs, order.tools, call).all(order.templates)


def _checked(order: Order) -> Done | Flawed:
    for place, text in enumerate(order.templates):
        try:
            Environment().add_template("template", text)
        except TemplateError as error:
            return flaw(place, text, error)
    return Done()


class _Refused(Exception):
    """Something that a template must not do, and why."""


class _Rendering:
    """The templates of one call, and what is missing for them."""

    def __init__(self, inputs: dict[str, Any], tools: list[str], call: Call) -> None:
        self._call = call
        self._calls = 0
        self._missing: dict[str, None] = {}
        # No globals, which would be taken for functions.
        self._unknown: dict[str, Unknown] = {}
        self._inputs = inputs
        self._engine = _engine()
        self._there = {*self._engine.globals, *tools, *inputs}
        for name in tools:
            self._engine.add_global(name, lambda *arguments, name=name: self._called(name, arguments))
        for name, each in inputs.items():
            self._engine.add_global(name, each)

    def all(self, templates: list[str]) -> Done | Missing | Flawed:
        """Every template, or why not: missing inputs go before anything else, those of all templates together."""
        texts, length, flawed = [], 0, None
        for place, template in enumerate(templates):
            text = self._text(place, template)
            if isinstance(text, Flawed):
                flawed = flawed or text
                continue
            texts.append(text)
            length += len(text.encode(errors="surrogatepass"))
            if length > limits.OUTPUT_BYTES:
                return Flawed(place, None, f"the text is longer than {limits.OUTPUT_BYTES:,} bytes")
        if self._missing:
            return Missing(list(self._missing))
        return flawed or Done(texts)

    def _text(self, place: int, template: str) -> str | Flawed:
        while True:
            try:
                return self._engine.render_str(template, "template", **self._unknown)
            except TemplateError as error:
                if not self._stood_in(template, error):
                    return flaw(place, template, error)
            except _Refused as refusal:
                return Flawed(place, None, str(refusal))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever the methods of texts, lists and objects raise
                return Flawed(place, None, shortened(f"{type(error).__name__}: {error}"))

    def _stood_in(self, template: str, error: TemplateError) -> bool:
        """Whether the error was of a missing input that something now stands in for, to find the other missing ones."""
        name, root = needed(error) or ("", "")
        absent = root in self._absent(template) if root else False
        if absent or root in self._inputs:
            self._missing[name] = None
        if not absent or len(self._missing) == limits.MISSING:
            return False
        self._unknown[root] = UNKNOWN
        return True

    def _absent(self, template: str) -> set[str]:
        return self._engine.undeclared_variables_in_str(template) - self._there - self._unknown.keys()

    def _called(self, name: str, arguments: tuple[object, ...]) -> str:
        self._calls += 1
        if self._calls > limits.CALLS:
            raise _Refused(f"it calls tools more than {limits.CALLS:,} times")
        if any(each is None for each in arguments):
            raise _Refused(f"an argument of the tool {name!r} has no value")
        text = self._call(name, [str(each) for each in arguments])
        if text is None:
            raise _Refused(f"the tool {name!r} refused the call")
        return text


def _written(value: object) -> object:
    """What is written for a value: `order.items` without brackets is a method, which no author can have meant."""
    if callable(value) and not isinstance(value, Unknown):
        name = getattr(value, "__name__", "")
        raise _Refused(
            f"it writes the method `{name}` itself: there is no value of that name, and it is called by `{name}()`"
        )
    return NotImplemented


def _engine() -> Environment:
    """One for each order: nothing of one call is there for the next one."""
    engine = Environment(
        fuel=limits.STEPS,
        undefined_behavior="strict",
        debug=True,  # errors then name the value that is not there
        auto_escape_callback=lambda _: False,
        finalizer=_written,
    )
    engine.remove_global("debug")
    return engine
