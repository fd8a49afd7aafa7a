"""What Python tests ask of the service and what they expect, followed through helpers, fixtures and parameters. Pure.

A test is read by abstract execution: each expression is the set of what it may be, project functions are entered with
their arguments, unknown ones are not guessed at. Nothing runs. Bounded by steps and depth for each test.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from posixpath import dirname

from shared.pack.model.python_project import FUNCTIONS, Class, Function, Module, PythonProject, dotted_name
from shared.pack.model.values import MOST, NOTHING, PLACEHOLDER, Closure, Value, joined, united

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
MOST_STEPS = 20_000
DEEPEST = 7
_CLIENT = re.compile(r"client|api|http|session|request|anonymous|owner|user|caller|admin|service", re.IGNORECASE)
_OTHER_SERVICE = re.compile(
    r"stub|wiremock|mock|toxi|proxy|broker|admin_api|fake|issuer|keycloak|smtp|mailhog|bus|sink", re.IGNORECASE
)
_URL = re.compile(r"^[a-z]+://[^/]*", re.IGNORECASE)
_JUDGES = re.compile(
    r"assert|check|valid|expect|verif|conform|match|ensure|must|require|should|problem|error|refus|reject",
    re.IGNORECASE,
)
_GOOD = frozenset({"is_success", "ok"})
_BAD = frozenset({"is_error", "is_client_error", "is_server_error"})
_TELLING = METHODS | _GOOD | _BAD | {
    "request", "stream", "build_request", "status_code", "status", "raise_for_status", "send", "urlopen",
}  # fmt: skip
_NAMED_STATUS = re.compile(r"HTTP_(\d{3})_\w+")
_STATUS_OF = frozenset({"status_code", "status"})
_CONTENT = frozenset(
    {"json", "text", "content", "headers", "body", "data", "cookies", "read", "elapsed", "links", "url"}
)


@dataclass(frozen=True)
class Request:
    """A request that code makes: `paths` are what its path may be (`{}` for run-time parts; none if unknown).
    `operations` are the operationIds that the helper which makes it was given."""

    number: int
    method: str
    paths: frozenset[str]
    document: str
    line: int
    receiver: str
    in_setup: bool
    operations: frozenset[str] = frozenset()

    @property
    def service(self) -> bool:
        """Whether the receiver is not evidently another service than the one under test."""
        return not _OTHER_SERVICE.search(self.receiver)


@dataclass(frozen=True)
class Expectation:
    """What a test expects of answers (by request number; all where it is not known of which): literal `statuses`,
    a kind (`success`, `error`) or validity against the contract, for the operations it names."""

    answers: frozenset[int]
    statuses: frozenset[int] = frozenset()
    kind: str = ""
    operations: frozenset[str] = frozenset()


@dataclass
class Test:
    """A test with what it was seen to do."""

    name: str
    module: Module
    line: int
    owner: str = ""
    requests: list[Request] = field(default_factory=list[Request])
    expectations: list[Expectation] = field(default_factory=list[Expectation])
    function: Function | None = None
    followed: bool = True
    """False where the bounds ended the reading, or the test hands what matters to code that the pack does not show."""

    @property
    def texts(self) -> frozenset[str]:
        """Texts that its own code has: operationIds may be among them."""
        nodes = ast.walk(self.function) if self.function else ()
        return frozenset(each.value for each in nodes if isinstance(each, ast.Constant) and isinstance(each.value, str))


class TestReader:
    """Reads the tests of a project; `operation_ids` are the contract's, which tests may name."""

    def __init__(self, project: PythonProject, operation_ids: frozenset[str] = frozenset()) -> None:
        self.project, self.operation_ids = project, operation_ids
        self.idle_fixtures: dict[tuple[str, str], Value] = {}
        """What fixtures give that make no request and expect nothing: the same in every test. By file and name."""

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        """All tests that pytest or unittest collects, in the order of files."""
        modules = [*self.project.modules.values(), *self.project.fragments]
        return tuple(self._read(*each) for module in modules for each in _test_functions(module))

    @cached_property
    def fixtures(self) -> dict[str, list[tuple[Module, Function]]]:
        """Fixtures by name, with the modules that define them."""
        found: dict[str, list[tuple[Module, Function]]] = {}
        for module in (*self.project.modules.values(), *self.project.fragments):
            for owner, function in all_functions(module):
                del owner
                if (name := fixture_name(function)) is not None:
                    found.setdefault(name, []).append((module, function))
        return found

    @cached_property
    def telling(self) -> frozenset[str]:
        """Names of functions worth entering: those that may make a request, look at a status, or call one that does."""
        calls: dict[str, set[str]] = {}
        telling: set[str] = set()
        for module in (*self.project.modules.values(), *self.project.fragments):
            for _, function in all_functions(module):
                words = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
                words |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
                calls.setdefault(function.name, set()).update(words)
                if words & _TELLING:
                    telling.add(function.name)
        grown = True
        while grown:
            more = {name for name, words in calls.items() if name not in telling and words & telling}
            telling |= more
            grown = bool(more)
        return frozenset(telling)

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        """Every request in Python code outside of tests: helpers, load tests, fixtures; read with unknown arguments."""
        found: list[Request] = []
        for module in (*self.project.modules.values(), *self.project.fragments):
            for owner, function in all_functions(module):
                if not function.name.startswith("test"):
                    test = Test(function.name, module, module.line(function))
                    run = _Run(self, test)
                    run.enter(module, function, owner, (), {}, depth=DEEPEST - 1)
                    found += test.requests
        return tuple(found)

    def _read(self, module: Module, owner: Class | None, function: Function) -> Test:
        test = Test(function.name, module, module.line(function), owner.name if owner else "", function=function)
        _Run(self, test).test(module, owner, function)
        return test


@dataclass
class _Scope:
    """Where an expression stands: its module, local names, the object `self` is, and how deep in calls."""

    module: Module
    names: dict[str, Value]
    owner: Class | None
    depth: int
    returned: Value = NOTHING


class _Run:
    """The abstract execution of one test."""

    def __init__(self, reader: TestReader, test: Test) -> None:
        self.reader, self.project, self.out = reader, reader.project, test
        self.steps = 0
        self.entered: list[int] = []
        self.operations: list[frozenset[str]] = []
        self.setting_up = False
        self.made: dict[str, Value] = {}
        self.known: dict[object, Value] = {}

    # Entering

    def test(self, module: Module, owner: Class | None, function: Function) -> None:
        given = self._parameters(module, owner, function)
        names = {name: given.get(name) or self._fixture(module, name, 0) for name in _argument_names(function)}
        if owner is not None:
            for method in ("setUp", "asyncSetUp", "setup_method"):
                if method in owner.methods:
                    self._set_up(owner.methods[method], _Scope(module, {}, owner, 1))
        for used in _used_fixtures(function):
            self._fixture(module, used, 0)
        self.body(function.body, _Scope(module, names, owner, 0))

    def _set_up(self, function: Function, scope: _Scope) -> None:
        before, self.setting_up = self.setting_up, True
        self.body(function.body, scope)
        self.setting_up = before

    def enter(
        self,
        module: Module,
        function: Function,
        owner: Class | None,
        arguments: tuple[Value, ...],
        keywords: dict[str, Value],
        depth: int,
        this: Value = NOTHING,
        captured: dict[str, Value] | None = None,
    ) -> Value:
        """Execute a project function with arguments; what it may return. `this` is the instance of a method, `captured`
        what a function inside another sees of it."""
        if depth >= DEEPEST or id(function) in self.entered:
            return NOTHING
        if captured is None and function.name not in self.reader.telling:
            return self._annotated(module, function.returns) if function.returns is not None else NOTHING
        asked = id(function), owner, arguments, tuple(keywords.items()), self.setting_up, this
        if captured is None and asked in self.known:
            return self.known[asked]
        self.entered.append(id(function))
        texts = frozenset[str]().union(*(each.texts for each in (*arguments, *keywords.values())))
        self.operations.append(texts & self.reader.operation_ids)
        names: dict[str, Value] = dict(captured or {})
        parameters = [*function.args.posonlyargs, *function.args.args]
        if captured is None and owner is not None and parameters and not _is_static(function):
            names[parameters[0].arg] = this | Value(owners=(owner,))
            parameters = parameters[1:]
        scope = _Scope(module, names, owner, depth + 1)
        defaults = function.args.defaults
        for parameter, default in zip(parameters[len(parameters) - len(defaults) :], defaults, strict=False):
            names[parameter.arg] = self.value(default, scope)
        for parameter, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            names[parameter.arg] = self.value(default, scope) if default else NOTHING
        for parameter, argument in zip(parameters, arguments, strict=False):
            names[parameter.arg] = argument
        if function.args.kwarg:
            names[function.args.kwarg.arg] = NOTHING
        if function.args.vararg:
            names[function.args.vararg.arg] = Value(parts=arguments[len(parameters) :])
        names.update(keywords)
        for parameter in (*parameters, *function.args.kwonlyargs):
            if not names.get(parameter.arg, NOTHING).is_known and parameter.annotation is not None:
                names[parameter.arg] = self._annotated(module, parameter.annotation)
        self.body(function.body, scope)
        self.entered.pop()
        self.operations.pop()
        if not scope.returned.is_known and function.returns is not None:
            scope.returned = self._annotated(module, function.returns)
        self.known[asked] = scope.returned
        return scope.returned

    def _parameters(self, module: Module, owner: Class | None, function: Function) -> dict[str, Value]:
        """What parametrisation gives, of the function and of its class."""
        given: dict[str, Value] = {}
        scope = _Scope(module, {}, owner, 0)
        for decorator in (*function.decorator_list, *(owner.node.decorator_list if owner else ())):
            if isinstance(decorator, ast.Call) and dotted_name(decorator.func).endswith("parametrize"):
                arguments = {keyword.arg: keyword.value for keyword in decorator.keywords}
                names_node = decorator.args[0] if decorator.args else arguments.get("argnames")
                values_node = decorator.args[1] if len(decorator.args) > 1 else arguments.get("argvalues")
                if names_node is None or values_node is None:
                    continue
                names = _parameter_names(names_node)
                rows = self.value(values_node, scope)
                for row in rows.parts or (rows,):
                    cells = row.parts if len(names) > 1 else (row,)
                    for name, cell in zip(names, cells or [row] * len(names), strict=False):
                        given[name] = given.get(name, NOTHING) | cell
        return given

    def _fixture(self, module: Module, name: str, depth: int) -> Value:
        """What the fixture `name` gives in `module`; its requests belong to the set-up."""
        if name in self.made:
            return self.made[name]
        if (known := self.reader.idle_fixtures.get((module.path, name))) is not None:
            return known
        self.made[name] = NOTHING
        done = len(self.out.requests), len(self.out.expectations), self.out.followed
        found = self.reader.fixtures.get(name, ())
        for home, function in sorted(found, key=lambda each: -_closeness(each[0].path, module.path))[:1]:
            names = {each: self._fixture(home, each, depth + 1) for each in _argument_names(function) if depth < 5}
            scope = _Scope(home, names, None, 1)
            self._set_up(function, scope)
            value = scope.returned
            if function.returns is not None:
                value = value | self._annotated(home, function.returns)
            self.made[name] = value
        if done == (len(self.out.requests), len(self.out.expectations), self.out.followed):
            self.reader.idle_fixtures[module.path, name] = self.made[name]
        return self.made[name]

    def _annotated(self, module: Module, annotation: ast.expr) -> Value:
        """An instance of the project's class that an annotation names, if it names one."""
        text = ast.unparse(annotation).strip("\"'")
        for name in re.findall(r"[A-Za-z_][\w.]*", text[:200]):
            resolved = self.project.resolve(module, name)
            if isinstance(resolved, Class):
                return Value(owners=(resolved,))
        return NOTHING

    # Statements

    def body(self, statements: Iterable[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            self.steps += 1
            if self.steps > MOST_STEPS:
                self.out.followed = False
                return
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: _Scope) -> None:
        match node:
            case ast.Assign():
                value = self.value(node.value, scope)
                for target in node.targets:
                    self.bind(target, value, scope)
            case ast.AnnAssign():
                value = self.value(node.value, scope) if node.value else NOTHING
                self.bind(node.target, value | self._annotated(scope.module, node.annotation), scope)
            case ast.AugAssign():
                self.bind(node.target, self.value(node.value, scope) | self.value(node.target, scope), scope)
            case ast.Return():
                scope.returned = scope.returned | (self.value(node.value, scope) if node.value else NOTHING)
            case ast.Expr():
                if isinstance(node.value, ast.Yield | ast.YieldFrom):
                    given = self.value(node.value.value, scope) if node.value.value else NOTHING
                    scope.returned = scope.returned | given
                else:
                    self.value(node.value, scope)
            case ast.Assert():
                self.value(node.test, scope)
                if node.msg:
                    self.value(node.msg, scope)
            case ast.For() | ast.AsyncFor():
                items = self.value(node.iter, scope)
                self.bind(node.target, items.element(), scope)
                self.body(node.body, scope)
                self.body(node.orelse, scope)
            case ast.While() | ast.If():
                self.value(node.test, scope)
                self.body(node.body, scope)
                self.body(node.orelse, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    value = self.value(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, value, scope)
                self.body(node.body, scope)
            case ast.Try():
                self.body(node.body, scope)
                for handler in node.handlers:
                    self.body(handler.body, scope)
                self.body(node.orelse, scope)
                self.body(node.finalbody, scope)
            case ast.Match():
                self.value(node.subject, scope)
                for arm in node.cases:
                    self.body(arm.body, scope)
            case ast.Raise():
                if node.exc:
                    self.value(node.exc, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope.names[node.name] = Value(closures=(Closure(node, scope.module, scope.names, scope.owner),))
            case _:
                pass

    def bind(self, target: ast.expr, value: Value, scope: _Scope) -> None:
        match target:
            case ast.Name():
                scope.names[target.id] = value
            case ast.Tuple() | ast.List():
                for at, each in enumerate(target.elts):
                    part = value.parts[at] if at < len(value.parts) else value
                    self.bind(each.value if isinstance(each, ast.Starred) else each, part, scope)
            case ast.Attribute():
                scope.names[f"self.{target.attr}"] = value
            case _:
                pass

    # Expressions

    def value(self, node: ast.expr | None, scope: _Scope) -> Value:
        self.steps += 1
        if node is None or self.steps > MOST_STEPS:
            self.out.followed = self.out.followed and self.steps <= MOST_STEPS
            return NOTHING
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.JoinedStr():
                return self._format(node, scope)
            case ast.Name():
                return self._name(node.id, scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.Compare():
                return self._compare(node, scope)
            case ast.BinOp():
                return self._binary(node, scope)
            case ast.BoolOp():
                return united([self.value(each, scope) for each in node.values])
            case ast.UnaryOp():
                value = self.value(node.operand, scope)
                return NOTHING if isinstance(node.op, ast.Not) else value
            case ast.IfExp():
                self.value(node.test, scope)
                return self.value(node.body, scope) | self.value(node.orelse, scope)
            case ast.Tuple() | ast.List() | ast.Set():
                return Value(parts=tuple(self.value(each, scope) for each in node.elts[:MOST]))
            case ast.Dict():
                return self._dict(node, scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope)
            case ast.Lambda():
                names = dict(scope.names) | {arg.arg: NOTHING for arg in node.args.args}
                return self.value(node.body, _Scope(scope.module, names, scope.owner, scope.depth))
            case ast.Await() | ast.Starred() | ast.FormattedValue() | ast.YieldFrom():
                return self.value(node.value, scope)
            case ast.Yield():
                return self.value(node.value, scope)
            case ast.NamedExpr():
                value = self.value(node.value, scope)
                self.bind(node.target, value, scope)
                return value
            case _:
                return NOTHING

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, str):
            return Value(texts=frozenset({node.value[:500]}))
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            return Value(numbers=frozenset({node.value}))
        return NOTHING

    def _format(self, node: ast.JoinedStr, scope: _Scope) -> Value:
        result = Value(texts=frozenset({""}))
        for part in node.values:
            given = self.value(part, scope)
            texts = frozenset(map(str, given.numbers)) if given.numbers and not given.texts else given.texts
            result = joined(result, Value(texts=texts))
        return result

    def _name(self, name: str, scope: _Scope) -> Value:
        if name in scope.names:
            return scope.names[name]
        resolved = self.project.resolve(scope.module, name)
        if isinstance(resolved, Class):
            return Value(owners=(resolved,))
        if isinstance(resolved, ast.expr) and scope.depth < DEEPEST:
            home = self.project.home(scope.module, name)
            return self.value(resolved, _Scope(home, {}, None, scope.depth + 1))
        return NOTHING

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> Value:
        if match := _NAMED_STATUS.fullmatch(node.attr):
            return Value(numbers=frozenset({int(match[1])}))
        if (
            dotted_name(node.value).split(".")[-1] in ("HTTPStatus", "codes")
            and node.attr.upper() in HTTPStatus.__members__
        ):
            return Value(numbers=frozenset({HTTPStatus[node.attr.upper()].value}))
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            if f"self.{node.attr}" in scope.names:
                return scope.names[f"self.{node.attr}"]
            known = scope.names.get(node.value.id, NOTHING).member(node.attr)
            if known.is_known:
                return known
            if scope.owner is not None:
                return self._member(scope.owner, node.attr, scope)
        value = self.value(node.value, scope)
        if value.answers and node.attr in _STATUS_OF:
            return Value(statuses=value.answers)
        if value.answers and node.attr in _GOOD | _BAD:
            self.expect(value.answers, kind="success" if node.attr in _GOOD else "error")
            return NOTHING
        if value.statuses and node.attr in ("value",):
            return value
        if value.member(node.attr).is_known:
            return value.member(node.attr)
        if value.answers:
            return Value(answers=value.answers)
        if value.owners:
            return united([self._member(owner, node.attr, scope) for owner in value.owners])
        resolved = self.project.resolve(scope.module, dotted_name(node))
        if isinstance(resolved, Class):
            return Value(owners=(resolved,))
        if isinstance(resolved, ast.expr):
            home = self.project.resolve(scope.module, dotted_name(node.value))
            inner = home if isinstance(home, Module) else scope.module
            return self.value(resolved, _Scope(inner, {}, None, scope.depth + 1)) if scope.depth < DEEPEST else NOTHING
        return Value(numbers=value.flat.numbers, texts=value.flat.texts) if value.parts or value.members else NOTHING

    def _member(self, owner: Class, name: str, scope: _Scope) -> Value:
        """An attribute of an instance: a class-level constant, or an annotated field's class."""
        if scope.depth >= DEEPEST:
            return NOTHING
        for item in owner.node.body:
            if isinstance(item, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in item.targets):
                return self.value(item.value, _Scope(owner.module, {}, owner, scope.depth + 1))
        if name in owner.fields:
            given = owner.fields[name]
            value = (
                self.value(given.value, _Scope(owner.module, {}, owner, scope.depth + 1)) if given.value else NOTHING
            )
            return value | self._annotated(owner.module, given.annotation)
        return NOTHING

    def _binary(self, node: ast.BinOp, scope: _Scope) -> Value:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if isinstance(node.op, ast.FloorDiv) and left.statuses and 100 in right.numbers:
            return Value(classes=left.statuses)
        if isinstance(node.op, ast.Add) and (left.texts or right.texts):
            return joined(left, right)
        if isinstance(node.op, ast.Mod) and left.texts:
            return Value(texts=frozenset(re.sub(r"%[sdr]", PLACEHOLDER, text) for text in left.texts))
        if isinstance(node.op, ast.Div) and right.texts:
            return joined(joined(left, Value(texts=frozenset({"/"}))), right)
        return left | right

    def _dict(self, node: ast.Dict, scope: _Scope) -> Value:
        members: dict[str, Value] = {}
        others: list[Value] = []
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.value(item, scope)
            keys = self.value(key, scope).texts if key else frozenset[str]()
            if len(keys) == 1:
                members[next(iter(keys))] = value
            else:
                others.append(value)
        return united([Value(members=tuple(members.items())), *others])

    def _subscript(self, node: ast.Subscript, scope: _Scope) -> Value:
        value, key = self.value(node.value, scope), self.value(node.slice, scope)
        for text in key.texts:
            if value.member(text).is_known:
                return value.member(text)
        if value.parts:
            if len(key.numbers) == 1 and (at := next(iter(key.numbers))) < len(value.parts):
                return value.parts[at]
            return value.element()
        if value.members:
            return united([each for _, each in value.members])
        return Value(answers=value.answers, statuses=value.statuses, classes=value.classes)

    def _comprehension(
        self, node: "ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp", scope: _Scope
    ) -> Value:
        inner = _Scope(scope.module, dict(scope.names), scope.owner, scope.depth)
        for generator in node.generators:
            self.bind(generator.target, self.value(generator.iter, inner).element(), inner)
            for condition in generator.ifs:
                self.value(condition, inner)
        if isinstance(node, ast.DictComp):
            return self.value(node.key, inner) | self.value(node.value, inner)
        return self.value(node.elt, inner)

    # Comparisons

    def _compare(self, node: ast.Compare, scope: _Scope) -> Value:
        sides = [self.value(each, scope).flat for each in (node.left, *node.comparators)]
        statuses = frozenset[int]().union(*(side.statuses for side in sides))
        classes = frozenset[int]().union(*(side.classes for side in sides))
        numbers = frozenset[int]().union(*(side.numbers for side in sides))
        if classes:
            kinds = {"success" if number in (2, 3) else "error" for number in numbers if 1 < number < 6}
            for kind in kinds:
                self.expect(classes, kind=kind)
        elif statuses:
            self._compare_status(node, statuses, frozenset(n for n in numbers if 100 <= n <= 600))
        return NOTHING

    def _compare_status(self, node: ast.Compare, answers: frozenset[int], numbers: frozenset[int]) -> None:
        kinds = {type(each) for each in node.ops}
        if kinds <= {ast.Eq, ast.In, ast.Is}:
            self.expect(answers, numbers)
        elif kinds <= {ast.Lt, ast.LtE} and numbers:
            if numbers <= {299, 300, 399, 400}:
                self.expect(answers, kind="success")
            elif not numbers & {499, 500}:
                self.expect(answers, numbers)  # {answer.status_code for ...} <= {201, 409}
        elif kinds <= {ast.Gt, ast.GtE} and numbers and max(numbers) in (399, 400, 499, 500):
            self.expect(answers, kind="error")

    def expect(self, answers: frozenset[int], statuses: frozenset[int] = frozenset(), kind: str = "",
               operations: frozenset[str] = frozenset()) -> None:  # fmt: skip
        """Note what is expected of answers."""
        if statuses or kind or operations:
            self.out.expectations.append(Expectation(answers, statuses, kind, operations))

    # Calls

    def _call(self, node: ast.Call, scope: _Scope) -> Value:
        arguments = tuple(self.value(each, scope) for each in node.args)
        keywords = {each.arg: self.value(each.value, scope) for each in node.keywords if each.arg}
        for each in node.keywords:
            if each.arg is None:
                keywords |= dict(self.value(each.value, scope).members)
        if (answer := self._request(node, scope, arguments, keywords)) is not None:
            return answer
        name = node.func.attr if isinstance(node.func, ast.Attribute) else dotted_name(node.func)
        receiver = self.value(node.func.value, scope) if isinstance(node.func, ast.Attribute) else NOTHING
        before = len(self.out.expectations)
        entered, returned = self._enter_callee(node, scope, receiver, arguments, keywords)
        self._judge(name, receiver, [*arguments, *keywords.values()], before, entered=entered)
        if entered:
            return returned
        return returned | self._builtin(name, receiver, arguments, keywords)

    def _request(
        self, node: ast.Call, scope: _Scope, arguments: tuple[Value, ...], keywords: dict[str, Value]
    ) -> Value | None:
        """The answer, where the call is a request over HTTP: by its method's name and a path."""
        if not isinstance(node.func, ast.Attribute):
            return None
        name, receiver = node.func.attr.lower(), dotted_name(node.func.value)
        if name in ("request", "stream", "build_request") and (len(arguments) > 1 or "url" in keywords):
            methods = (
                frozenset(text.upper() for text in arguments[0].texts if text.lower() in METHODS)
                if arguments
                else frozenset[str]()
            )
            where = arguments[1] if len(arguments) > 1 else keywords.get("url", NOTHING)
            methods = methods or frozenset({"*"})
        elif name in METHODS and (arguments or "url" in keywords or "path" in keywords):
            methods = frozenset({name.upper()})
            where = arguments[0] if arguments else keywords.get("url", keywords.get("path", NOTHING))
        else:
            return None
        paths = frozenset(path for text in where.texts if (path := path_of(text)) is not None)
        owners = self.value(node.func.value, scope).owners
        own = [method for owner in owners if (method := self._find_method(owner, node.func.attr)) is not None]
        if own:
            return None  # a wrapper of the project: its own body makes the request
        if not paths and (where.texts or not _CLIENT.search(receiver.split(".")[-1])):
            return None
        made = frozenset(
            self._made(method, paths, scope.module.line(node), scope, receiver) for method in sorted(methods)
        )
        return Value(answers=made)

    def _made(self, method: str, paths: frozenset[str], line: int, scope: _Scope, receiver: str) -> int:
        number = len(self.out.requests)
        document = scope.module.block.document
        named = next((each for each in reversed(self.operations) if each), frozenset[str]())
        self.out.requests.append(Request(number, method, paths, document, line, receiver, self.setting_up, named))
        return number

    def _find_method(self, owner: Class, name: str, depth: int = 0) -> tuple[Class, Function] | None:
        if name in owner.methods:
            return owner, owner.methods[name]
        for base in owner.bases:
            resolved = self.project.resolve(owner.module, base)
            if isinstance(resolved, Class) and depth < 5 and (found := self._find_method(resolved, name, depth + 1)):
                return found
        return None

    def _enter_callee(
        self, node: ast.Call, scope: _Scope, receiver: Value, arguments: tuple[Value, ...], keywords: dict[str, Value]
    ) -> tuple[bool, Value]:
        """Whether the called function is the project's, and what it returns."""
        called = scope.names.get(node.func.id, NOTHING) if isinstance(node.func, ast.Name) else NOTHING
        if isinstance(node.func, ast.Attribute):
            called = receiver.member(node.func.attr)
        if called.closures:
            return True, united([self._close(each, arguments, keywords, scope.depth) for each in called.closures])
        candidates = list(self._callees(node, scope, receiver))
        candidates += [
            (method[0].module, method[1], method[0])
            for owner in called.owners
            if (method := self._find_method(owner, "__call__")) is not None
        ]
        results = [
            self.enter(module, function, owner, arguments, keywords, scope.depth, called if called.owners else receiver)
            for module, function, owner in candidates[:3]
        ]
        if not candidates:
            resolved = self.project.resolve(scope.module, dotted_name(node.func))
            if isinstance(resolved, Class):
                return True, self._instance(resolved, arguments, keywords, scope)
            passed = [each for argument in arguments for each in argument.closures]
            results += [self._close(each, (), {}, scope.depth) for each in passed]
        return bool(candidates), united(results)

    def _close(self, closure: Closure, arguments: tuple[Value, ...], keywords: dict[str, Value], depth: int) -> Value:
        return self.enter(
            closure.module, closure.function, closure.owner, arguments, keywords, depth, captured=closure.names
        )

    def _instance(self, made: Class, arguments: tuple[Value, ...], keywords: dict[str, Value], scope: _Scope) -> Value:
        """A new object: its fields by position and name, or what its `__init__` keeps of what it is given."""
        found = self._find_method(made, "__init__")
        if found is None:
            fields, _ = self.project.fields(made)
            members = dict(zip(fields, arguments, strict=False)) | keywords
            return Value(owners=(made,), members=tuple(members.items()))
        names = _argument_names(found[1])
        given = dict(zip(names, arguments, strict=False)) | keywords
        kept: dict[str, Value] = {}
        for node in ast.walk(found[1]):
            if isinstance(node, ast.Assign):
                kept |= self._kept(node, _Scope(found[0].module, dict(given), made, scope.depth + 1))
        return Value(owners=(made,), members=tuple(kept.items()))

    def _kept(self, node: ast.Assign, scope: _Scope) -> dict[str, Value]:
        """Attributes of `self` that an assignment sets, with what they are set to."""
        value = self.value(node.value, scope)
        kept: dict[str, Value] = {}
        for target in node.targets:
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and len(value.parts) == len(target.elts):
                pairs = list(zip(target.elts, value.parts, strict=True))
            for each, part in pairs:
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
                    kept[each.attr] = part
        return kept

    def _callees(
        self, node: ast.Call, scope: _Scope, receiver: Value
    ) -> Iterator[tuple[Module, Function, Class | None]]:
        name = dotted_name(node.func)
        resolved = self.project.resolve(scope.module, name) if name else None
        if isinstance(resolved, FUNCTIONS):
            yield self._module_of(scope.module, name), resolved, None
            return
        if not isinstance(node.func, ast.Attribute):
            return
        attribute = node.func.attr
        is_self = isinstance(node.func.value, ast.Name) and node.func.value.id in ("self", "cls")
        owners = (scope.owner,) if is_self and scope.owner else receiver.owners
        found = [method for owner in owners if (method := self._find_method(owner, attribute))]
        if not found and not owners and not receiver.answers and attribute not in _CONTENT and attribute not in METHODS:
            found = self.project.methods.get(attribute, [])  # by name alone, where the object is not known
            found = found if len(found) <= 3 else []
        for owner, function in found:
            yield owner.module, function, owner

    def _module_of(self, module: Module, name: str) -> Module:
        if "." in name:
            owner = self.project.resolve(module, name.rpartition(".")[0])
            return owner if isinstance(owner, Module) else module
        return self.project.home(module, name)

    def _judge(self, name: str, receiver: Value, given: list[Value], before: int, *, entered: bool) -> None:
        """Expectations that a call itself states: a helper given an answer with a status or an operationId."""
        flat = [each.flat for each in given]
        answers = receiver.answers.union(*(each.answers for each in flat))
        statuses = frozenset[int]().union(*(each.statuses for each in flat))
        numbers = frozenset(number for each in flat for number in each.numbers if 100 <= number <= 599)
        operations = frozenset(text for each in flat for text in each.texts if text in self.reader.operation_ids)
        if name == "raise_for_status":
            self.expect(receiver.answers, kind="success")
        elif statuses and numbers:
            self.expect(statuses, numbers)  # assertEqual(answer.status_code, 201)
        elif answers and len(self.out.expectations) == before:
            if numbers and (not entered or _JUDGES.search(name)):
                self.expect(answers, numbers)
            elif operations and (_JUDGES.search(name) or not entered):
                self.expect(answers, kind="contract", operations=operations)
            elif not entered and _JUDGES.search(name) and not statuses:
                self.expect(answers, kind="unknown")
        if operations and answers:
            self.expect(answers, operations=operations, kind="named")

    def _builtin(self, name: str, receiver: Value, arguments: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        """What a function outside of the project gives: texts it formats, else whatever came in."""
        if name == "format" and receiver.texts:
            return Value(texts=frozenset(re.sub(r"\{[^{}]*\}", PLACEHOLDER, text) for text in receiver.texts))
        if name in ("join", "strip", "rstrip", "lstrip", "removesuffix", "lower", "upper", "encode", "replace"):
            return receiver
        if name == "param":  # pytest.param(...)
            return Value(parts=arguments) if len(arguments) > 1 else (arguments[0] if arguments else NOTHING)
        if name == "product":
            return Value(parts=tuple(each.element() for each in arguments))
        if name in ("items",):
            return united([Value(parts=(Value(texts=frozenset({key})), value)) for key, value in receiver.members])
        if name in ("values", "get", "pop") and receiver.members:
            return united([value for _, value in receiver.members])
        if name in ("list", "tuple", "sorted", "set", "enumerate", "zip", "reversed", "gather", "map", "filter", "run"):
            return united(list(arguments)) if name not in ("zip", "enumerate") else Value(parts=arguments)
        flat = [receiver, *arguments, *keywords.values()]
        return Value(
            answers=frozenset[int]().union(*(each.answers for each in flat)),
            statuses=frozenset[int]().union(*(each.statuses for each in flat)),
        )


def path_of(text: str) -> str | None:
    """The path in what a client is given: without host, leading placeholder and query; None where it is no path."""
    rest = _URL.sub("", text)
    while rest.startswith(PLACEHOLDER) and len(rest) > len(PLACEHOLDER) and rest[len(PLACEHOLDER)] == "/":
        rest = rest.removeprefix(PLACEHOLDER)
    if not rest.startswith("/"):
        return None
    path = re.split(r"[?#\s]", rest, maxsplit=1)[0]
    return path.replace("//", f"/{PLACEHOLDER}/")  # an empty part is one that is not known


def all_functions(module: Module) -> Iterator[tuple[Class | None, Function]]:
    """Functions of a module and methods of its classes."""
    for function in module.functions.values():
        yield None, function
    for owner in module.classes.values():
        for function in owner.methods.values():
            yield owner, function


def _test_functions(module: Module) -> Iterator[tuple[Module, Class | None, Function]]:
    for owner, function in all_functions(module):
        if (
            function.name.startswith("test")
            and fixture_name(function) is None
            and (owner is None or _holds_tests(owner))
        ):
            yield module, owner, function


def _holds_tests(owner: Class) -> bool:
    return (
        owner.name.startswith("Test")
        or owner.name.endswith(("Test", "Tests"))
        or any(base.endswith("TestCase") for base in owner.bases)
    )


def fixture_name(function: Function) -> str | None:
    """The name of the fixture that a function is; None where it is none."""
    for decorator in function.decorator_list:
        if dotted_name(decorator).split(".")[-1] == "fixture":
            if isinstance(decorator, ast.Call):
                for keyword in decorator.keywords:
                    if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                        return str(keyword.value.value)
            return function.name
    return None


def _argument_names(function: Function) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [each.arg for each in arguments if each.arg not in ("self", "cls")]


def _used_fixtures(function: Function) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and dotted_name(decorator.func).endswith("usefixtures"):
            yield from (str(each.value) for each in decorator.args if isinstance(each, ast.Constant))


def _parameter_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [name.strip() for name in str(node.value).split(",") if name.strip()]
    if isinstance(node, ast.Tuple | ast.List):
        return [str(each.value) for each in node.elts if isinstance(each, ast.Constant)]
    return []


def _is_static(function: Function) -> bool:
    return any(dotted_name(each) == "staticmethod" for each in function.decorator_list)


def _closeness(fixture_path: str, test_path: str) -> int:
    """How near a fixture's file is: the test's own file first, then its folder's conftest, then those above."""
    if fixture_path == test_path:
        return 1_000
    folder = dirname(fixture_path)
    return len(folder) if folder == "" or test_path.startswith(f"{folder}/") else -1
