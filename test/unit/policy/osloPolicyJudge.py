"""Asks the real oslo.policy. Cases come as JSON on stdin, verdicts go as JSON to stdout.

A case is {"rules": {name: rule}, "creds": {...}, "target": {...}}; the rule "main" is asked.
Rules that refer to each other in a circle count as refused: oslo.policy recurses for ever, unless an
`or` happens to be decided before.

The same goes for a left side that is an expression (`not'x'`, `a+b`): oslo.policy looks for an attribute of
that name, which nobody has.

A verdict is true, false, or "refused" where oslo.policy complains about any of the rules: it logs a
text it cannot parse, and fails a request whose check makes no sense.
"""
import ast
import json
import logging
import re
import sys

from oslo_policy import _checks
from oslo_policy import policy


class Complaints(logging.Handler):
    count = 0

    def emit(self, record):
        Complaints.count += 1


class Everything(dict):
    """A target that lacks nothing, so that no check ends early."""

    def __missing__(self, key):
        return ''


class Enforcer:
    def __init__(self, rules):
        self.rules = rules


def leaves(check):
    if isinstance(check, (_checks.AndCheck, _checks.OrCheck)):
        for each in check.rules:
            yield from leaves(each)
    elif isinstance(check, _checks.NotCheck):
        yield from leaves(check.rule)
    else:
        yield check


def circular(rules, name, above):
    name = name if name in rules else 'default'
    if name in above:
        return True
    return name in rules and any(
        circular(rules, leaf.match, above + [name])
        for leaf in leaves(rules[name]) if isinstance(leaf, _checks.RuleCheck))


def is_expression(leaf):
    if not isinstance(leaf, _checks.GenericCheck):
        return False
    try:
        ast.literal_eval(leaf.kind)
        return False
    except ValueError:
        return re.fullmatch(r'[\w.-]+', leaf.kind) is None


def judge(case):
    before = Complaints.count
    try:
        rules = policy.Rules.from_dict(case['rules'], 'default')
        if Complaints.count > before:
            return 'refused'
        if any(circular(rules, name, []) for name in rules):
            return 'refused'
        enforcer = Enforcer(rules)
        for check in list(rules.values()):
            for leaf in leaves(check):
                if is_expression(leaf):
                    return 'refused'
                _checks._check(leaf, Everything(), case['creds'], enforcer, None)
        return bool(_checks._check(rules['main'], case['target'], case['creds'], enforcer, None))
    except Exception:
        return 'refused'


logging.getLogger('oslo_policy').addHandler(Complaints())
logging.getLogger('oslo_policy').propagate = False
sys.setrecursionlimit(300)
json.dump([judge(case) for case in json.load(sys.stdin)], sys.stdout)
