"""Runs stestr with the given arguments and tells, a line of JSON for each test, how it ended; a last line tells
how stestr itself did. Standard error is stestr's own."""
import json
import re
import subprocess
import sys

from subunit import ByteStreamToStreamResult
from testtools import StreamToDict

ENDS = {'success': 'pass', 'xfail': 'pass', 'skip': 'skip'}


def line(**fields):
    print(json.dumps(fields), flush=True)


def told(test):
    """What the test said about its end: the reason of a skip, the tracebacks of a failure, not all that it logged."""
    texts = [(name, content.as_text().strip()) for name, content in test['details'].items()
             if name == 'reason' or name.startswith('traceback') or name == 'stdout']
    return '\n'.join(text for _, text in texts if text)[-6000:]


def ended(test):
    # Tests that are only listed have this status.
    if test['status'] == 'exists':
        return
    # Everything that is no success and no skip is a failure, a worker that died in the middle of a test included.
    line(test=re.sub(r'\[id-[^]]*\]$', '', test['id']), end=ENDS.get(test['status'], 'fail'), detail=told(test))


stestr = subprocess.Popen(
    ['/usr/bin/python3', '-m', 'stestr', *sys.argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
result = StreamToDict(ended)
result.startTestRun()
ByteStreamToStreamResult(stestr.stdout, non_subunit_name='stdout').run(result)
result.stopTestRun()
line(status=stestr.wait())
