"""Named claims about a peer, told to the Node side in JSON lines: one when it begins, one when it ends.

A claim is a function that raises when its name is not true. Nothing here ends the run early:
the reader wants to know about every claim.
"""
import json
import os
import sys
import traceback

_CLAIMS = []


def claim(text):
    def keep(function):
        _CLAIMS.append((text, function))
        return function
    return keep


def cloud():
    """What the Node side built: addresses, people, tokens."""
    return json.loads(os.environ['PEERS_CLOUD'])


def equal(got, wanted, what='value'):
    if got != wanted:
        raise AssertionError(f'{what}: got {got!r}, wanted {wanted!r}')


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(kind, function, *args, **kwargs):
    """The error of this kind that the call raises; anything else is a failure."""
    try:
        function(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f'{kind.__name__} was expected')


def run():
    tell = os.fdopen(os.dup(1), 'w', buffering=1)
    # Libraries may print; the line protocol has its own descriptor.
    os.dup2(2, 1)
    for text, function in _CLAIMS:
        tell.write(json.dumps({'begun': text}) + '\n')
        error = None
        try:
            function()
        except Exception:
            error = traceback.format_exc(limit=-4, chain=False)
        tell.write(json.dumps({'ended': text, 'error': error}) + '\n')
    tell.write(json.dumps({'told': len(_CLAIMS)}) + '\n')
    tell.close()
    sys.stderr.flush()
