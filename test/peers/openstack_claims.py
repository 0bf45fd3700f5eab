"""The openstack command, run as an operator types it: once logged in at Keystone, once with a token of our own."""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import uuid

from claims import claim, cloud, equal, holds, run

CLOUD = cloud()
WORK = tempfile.mkdtemp(prefix='openstack-', dir=CLOUD['folder'])
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith('OS_')}
UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'


class Login:
    """One way to call the command: its environment, its first arguments, the endpoint hrefs begin with."""

    def __init__(self, title, endpoint, environment=None, arguments=()):
        self.title = title
        self.endpoint = endpoint
        self.environment = {**CLEAN, 'HOME': WORK, 'PYTHONWARNINGS': 'ignore', **(environment or {})}
        self.arguments = list(arguments)

    def openstack(self, *arguments):
        done = subprocess.run(['/usr/bin/openstack', *self.arguments, *arguments], env=self.environment,
                              capture_output=True, text=True, timeout=600, cwd=WORK)
        # The arguments of the login hold a token and stay out of what is told.
        what = f"openstack {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done, what

    def ok(self, *arguments):
        done, what = self.openstack(*arguments)
        holds(done.returncode == 0, what)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.ok(*arguments, '-f', 'json'))

    def value(self, *arguments):
        # The command ends its output with a line feed of its own.
        return self.ok(*arguments, '-f', 'value').removesuffix('\n')

    def refused(self, word, *arguments):
        done, what = self.openstack(*arguments)
        holds(done.returncode != 0, f'was expected to fail: {what}')
        holds(word in done.stdout + done.stderr, f'no {word!r} in: {what}')

    def store(self, *arguments):
        made = self.json('secret', 'store', *arguments)
        holds(re.fullmatch(re.escape(self.endpoint) + '/v1/secrets/' + UUID, made['Secret href']), f'href: {made}')
        return made['Secret href']


def password_login(person):
    return Login(f'logged in as {person}', CLOUD['endpoint'], environment={
        'OS_AUTH_TYPE': 'password', 'OS_AUTH_URL': CLOUD['authUrl'], 'OS_IDENTITY_API_VERSION': '3',
        'OS_USERNAME': person, 'OS_PASSWORD': CLOUD['password'], 'OS_USER_DOMAIN_NAME': 'Default',
        'OS_PROJECT_NAME': CLOUD['people'][person]['project'], 'OS_PROJECT_DOMAIN_NAME': 'Default',
        'OS_REGION_NAME': 'RegionOne'})


def token_login():
    return Login('with admin_token', CLOUD['tokenEndpoint'], arguments=[
        '--os-auth-type', 'admin_token', '--os-endpoint', CLOUD['tokenEndpoint'] + '/v1', '--os-token', CLOUD['localToken']])


def claims_for(me, remover):
    """The same claims for each way to log in; `remover` may delete orders."""
    def said(text):
        return claim(f'openstack {me.title}: {text}')

    @said('secret store and get keep text, name and facts, and -p prints the payload')
    def text():
        ref = me.store('--name', 'cli text', '--payload', 'p@ss wörd', '--payload-content-type', 'text/plain')
        got = me.json('secret', 'get', ref)
        equal((got['Secret href'], got['Name'], got['Status'], got['Content types'], got['Secret type'],
               got['Algorithm'], got['Bit length'], got['Mode'], got['Expiration']),
              (ref, 'cli text', 'ACTIVE', {'default': 'text/plain'}, 'opaque', 'aes', 256, 'cbc', None), 'metadata')
        equal(me.value('secret', 'get', ref, '-p'), 'p@ss wörd', 'payload')

    @said('secret store and get --file carry all 256 byte values')
    def binary():
        there, back = os.path.join(WORK, f'{uuid.uuid4()}.in'), os.path.join(WORK, f'{uuid.uuid4()}.out')
        payload = b' \r\n\x00' + bytes(range(256)) + b'\x00\n'
        with open(there, 'wb') as file:
            file.write(payload)
        ref = me.store('--name', 'cli file', '--file', there)
        me.ok('secret', 'get', ref, '--file', back, '--payload_content_type', 'application/octet-stream')
        with open(back, 'rb') as file:
            equal(file.read(), payload, 'file')

    @said('secret list finds a key by name, algorithm, length and type, and nothing by another name')
    def listed():
        name = f'cli {uuid.uuid4().hex[:8]}'
        ref = me.store('--name', name, '--secret-type', 'symmetric', '--algorithm', 'camellia', '--bit-length', '192',
                       '--payload', base64.b64encode(os.urandom(24)).decode(), '--expiration', '2099-01-02T03:04:05',
                       '--payload-content-type', 'application/octet-stream', '--payload-content-encoding', 'base64')
        found = me.json('secret', 'list', '--name', name)
        equal([row['Secret href'] for row in found], [ref], 'by name')
        equal((found[0]['Name'], found[0]['Expiration'], found[0]['Content types']),
              (name, '2099-01-02T03:04:05+00:00', {'default': 'application/octet-stream'}), 'row')
        by_facts = me.json('secret', 'list', '--algorithm', 'camellia', '--bit-length', '192', '--secret-type', 'symmetric')
        holds(ref in [row['Secret href'] for row in by_facts], 'by algorithm, length and type')
        equal(me.json('secret', 'list', '--name', name, '--secret-type', 'public'), [], 'by another type')
        equal(len(me.json('secret', 'list', '--limit', '1')), 1, 'a page of one')

    @said('secret update gives a secret its payload, once')
    def updated():
        ref = me.store('--name', 'cli two steps')
        equal(me.json('secret', 'get', ref)['Content types'], None, 'before')
        me.ok('secret', 'update', ref, 'second step')
        equal(me.value('secret', 'get', ref, '--payload'), 'second step', 'after')
        me.refused('Conflict', 'secret', 'update', ref, 'third step')

    @said('secret delete removes for good, and says Not Found the second time')
    def deleted():
        ref = me.store('--payload', 'gone soon', '--payload-content-type', 'text/plain')
        me.ok('secret', 'delete', ref)
        me.refused('Not Found', 'secret', 'get', ref)
        me.refused('Not Found', 'secret', 'delete', ref)

    @said('secret order create key, get, list and delete; the key outlives its order')
    def order():
        made = me.json('secret', 'order', 'create', 'key', '--name', 'cli order', '--algorithm', 'aes', '--bit-length', '256',
                       '--mode', 'cbc', '--payload-content-type', 'application/octet-stream')
        ref = made['Order href']
        holds(re.fullmatch(re.escape(me.endpoint) + '/v1/orders/' + UUID, ref), f'href: {made}')
        got = me.json('secret', 'order', 'get', ref)
        equal((got['Status'], got['Type']), ('ACTIVE', 'Key'), 'order')
        key = me.json('secret', 'get', got['Secret href'])
        equal((key['Name'], key['Algorithm'], key['Bit length'], key['Secret type']),
              ('cli order', 'aes', 256, 'symmetric'), 'key')
        holds(ref in [row['Order href'] for row in me.json('secret', 'order', 'list', '--limit', '100')], 'not in the list')
        remover.ok('secret', 'order', 'delete', ref)
        me.refused('Not Found', 'secret', 'order', 'get', ref)
        equal(me.json('secret', 'get', got['Secret href'])['Status'], 'ACTIVE', 'the key afterwards')

    @said('a wrong content type and a wrong length are refused as Bad Request')
    def bad():
        me.refused('Bad Request', 'secret', 'store', '--payload', 'x', '--payload-content-type', 'no/such')
        me.refused('Bad Request', 'secret', 'order', 'create', 'key', '--bit-length=-7')


if sys.argv[1] == 'keystone':
    DEMO = password_login('demo')
    claims_for(DEMO, remover=password_login('administrator'))

    @claim('openstack: another project is refused with Forbidden, for metadata, payload and delete')
    def other_project():
        ref = DEMO.store('--payload', 'not yours', '--payload-content-type', 'text/plain')
        stranger = password_login('stranger')
        stranger.refused('Forbidden', 'secret', 'get', ref)
        stranger.refused('Forbidden', 'secret', 'get', ref, '-p')
        stranger.refused('Forbidden', 'secret', 'delete', ref)
        equal(DEMO.value('secret', 'get', ref, '-p'), 'not yours', 'the secret afterwards')
else:
    ME = token_login()
    claims_for(ME, remover=ME)

    @claim('openstack with admin_token: a token that nobody issued is refused as Unauthorized')
    def forged():
        forged = Login('forged', ME.endpoint, arguments=[*ME.arguments[:-1], 'gAAAAABforged'])
        forged.refused('Unauthorized', 'secret', 'list')


run()
