"""python-barbicanclient, the library below castellan, octavia, heat, magnum and the openstack command."""
import datetime
import os
import threading
import time
import uuid

from barbicanclient import client as barbican
from barbicanclient import exceptions
from keystoneauth1 import identity, session
from urllib3.connection import HTTPConnection

from claims import claim, cloud, equal, holds, refused, run

CLOUD = cloud()
ENDPOINT = CLOUD['endpoint']


def keystone_session(person='demo'):
    return session.Session(auth=identity.Password(
        auth_url=CLOUD['authUrl'], username=person, password=CLOUD['password'], user_domain_name='Default',
        project_name=CLOUD['people'][person]['project'], project_domain_name='Default'))


def client(person='demo', **options):
    return barbican.Client(session=keystone_session(person), **options)


CLIENT = client()
# A project of its own for everything that counts or lists.
LIBRARY = client('librarian')


def stored(owner=CLIENT, **facts):
    secret = owner.secrets.create(**facts)
    return secret.store()


@claim('barbicanclient: text comes back as the same text')
def text():
    ref = stored(name='text', payload='pässword 🔑')
    secret = CLIENT.secrets.get(ref)
    equal(secret.payload, 'pässword 🔑')
    equal(secret.content_types, {'default': 'text/plain'}, 'content types')
    equal((secret.status, secret.secret_type, secret.name), ('ACTIVE', 'opaque', 'text'), 'facts')


@claim('barbicanclient: all 256 byte values come back, also surrounded by white space and zeros')
def binary():
    for payload in (bytes(range(256)), b'\x00\n \t' + os.urandom(64) + b' \r\n\x00', b'\x00', b' '):
        secret = CLIENT.secrets.get(stored(payload=payload))
        equal(secret.payload, payload, 'payload')
        equal(secret.content_types, {'default': 'application/octet-stream'}, 'content types')


@claim('barbicanclient: a payload as large as the limit is kept, one byte more is a 413')
def limits():
    # The limit counts the base64 text on the wire: 15000 bytes become 20000 characters.
    payload = os.urandom(15000)
    equal(CLIENT.secrets.get(stored(payload=payload)).payload, payload)
    equal(refused(exceptions.HTTPClientError, stored, payload=os.urandom(15001)).status_code, 413, 'status')


@claim('barbicanclient: every fact given at creation is a fact of the secret')
def facts():
    ref = stored(name='facts', payload=os.urandom(32), algorithm='AES', bit_length=256, mode='xts',
                 secret_type='symmetric', expiration='2099-01-02T03:04:05')
    secret = CLIENT.secrets.get(ref)
    equal((secret.name, secret.algorithm, secret.bit_length, secret.mode, secret.secret_type),
          ('facts', 'AES', 256, 'xts', 'symmetric'), 'facts')
    equal(secret.expiration.replace(tzinfo=None), datetime.datetime(2099, 1, 2, 3, 4, 5), 'expiration')
    now = datetime.datetime.now(datetime.timezone.utc)
    holds(abs((now - secret.created).total_seconds()) < 60, f'created is not now: {secret.created}')
    holds(secret.updated >= secret.created, 'updated before created')
    equal(ref, f'{ENDPOINT}/v1/secrets/{uuid.UUID(ref[-36:])}', 'href')


@claim('barbicanclient: a secret without payload gets it in a second step, once')
def two_steps():
    for payload in ('second step', os.urandom(48)):
        ref = stored(name='two steps')
        empty = CLIENT.secrets.get(ref)
        equal((empty.status, empty.content_types, empty.payload), ('ACTIVE', None, None), 'before')
        CLIENT.secrets.update(ref, payload)
        equal(CLIENT.secrets.get(ref).payload, payload, 'after')
        equal(refused(exceptions.HTTPClientError, CLIENT.secrets.update, ref, 'again').status_code, 409, 'second update')
        equal(CLIENT.secrets.get(ref).payload, payload, 'after the refused update')


@claim('barbicanclient: a secret object of its own can be updated and deleted')
def secret_object():
    secret = CLIENT.secrets.create(name='object')
    secret.store()
    secret.payload = 'late'
    secret.update()
    ref = secret.secret_ref
    equal(CLIENT.secrets.get(ref).payload, 'late')
    secret.delete()
    error = refused(exceptions.HTTPClientError, lambda: CLIENT.secrets.get(ref).status)
    equal(error.status_code, 404, 'status after delete')


@claim('barbicanclient: a deleted secret is 404 for get, payload, update and a second delete')
def deleted():
    ref = stored(payload='short life')
    lazy = CLIENT.secrets.get(ref)
    CLIENT.secrets.delete(ref)
    equal(refused(exceptions.HTTPClientError, lambda: lazy.status).status_code, 404, 'get')
    equal(refused(exceptions.HTTPClientError, CLIENT.secrets.update, ref, 'x').status_code, 404, 'update')
    equal(refused(exceptions.HTTPClientError, CLIENT.secrets.delete, ref).status_code, 404, 'delete')


@claim('barbicanclient: what expires is gone at its hour, from get, payload and list')
def expiry():
    soon = datetime.datetime.utcnow() + datetime.timedelta(seconds=2)
    ref = stored(LIBRARY, name='mayfly', payload='brief', expiration=soon.isoformat())
    equal(LIBRARY.secrets.get(ref).payload, 'brief', 'before')
    time.sleep(max(0, (soon - datetime.datetime.utcnow()).total_seconds()) + 0.1)
    equal(refused(exceptions.HTTPClientError, lambda: LIBRARY.secrets.get(ref).status).status_code, 404, 'get')
    equal(LIBRARY.secrets.list(name='mayfly'), [], 'list')


@claim('barbicanclient: an expiration in the past is a 400')
def expired_already():
    error = refused(exceptions.HTTPClientError, stored, payload='x', expiration='2001-01-01T00:00:00')
    equal(error.status_code, 400, 'status')


@claim('barbicanclient: list filters by name, algorithm, mode, bits, type and time, one by one and together')
def filters():
    mark = uuid.uuid4().hex[:8]
    rows = {
        stored(LIBRARY, name=f'{mark} a', payload=b'a', algorithm='aes', bit_length=256, mode='cbc',
               secret_type='symmetric', expiration='2098-01-01'): 'a',
        stored(LIBRARY, name=f'{mark} b', payload=b'b', algorithm='aes', bit_length=128, mode='xts',
               secret_type='symmetric'): 'b',
        stored(LIBRARY, name=f'{mark} c', payload=b'c', algorithm='rsa', bit_length=2048, secret_type='private',
               expiration='2099-01-01'): 'c',
        stored(LIBRARY, name=f'{mark} d', payload='d', secret_type='passphrase'): 'd',
    }

    def found(**query):
        return ''.join(sorted(rows[s.secret_ref] for s in LIBRARY.secrets.list(limit=100, **query) if s.secret_ref in rows))

    hour_ago = (datetime.datetime.utcnow() - datetime.timedelta(hours=1)).isoformat()
    for query, wanted in (
            (dict(name=f'{mark} a'), 'a'), (dict(name=f'{mark}%'), 'abcd'), (dict(name='no such name'), ''),
            (dict(algorithm='aes'), 'ab'), (dict(mode='xts'), 'b'), (dict(bits=2048), 'c'),
            (dict(secret_type='passphrase'), 'd'), (dict(secret_type='symmetric', bits=256), 'a'),
            (dict(expiration='gt:2098-06-01'), 'c'), (dict(expiration='gte:2098-01-01,lt:2098-06-01'), 'a'),
            (dict(created=f'gt:{hour_ago}'), 'abcd'), (dict(created=f'lt:{hour_ago}'), ''),
            (dict(updated=f'gte:{hour_ago}'), 'abcd')):
        equal(found(**query), wanted, f'list {query}')


@claim('barbicanclient: list sorts by name and by length, both ways')
def sorting():
    mark = uuid.uuid4().hex[:8]
    for name, bits in (('2', 8), ('1', 16), ('3', 8)):
        stored(LIBRARY, name=f'{mark} {name}', payload=b'x', bit_length=bits)

    def names(sort):
        return ''.join(s.name[-1] for s in LIBRARY.secrets.list(name=f'{mark}%', sort=sort))
    equal(names('name:asc'), '123', 'by name')
    equal(names('name:desc'), '321', 'by name, descending')
    equal(names('bit_length:desc,name:desc'), '132', 'by length and name')
    error = refused(exceptions.HTTPClientError, names, 'no_such_key')
    equal(error.status_code, 400, 'unknown sort key')


@claim('barbicanclient: pages of a list hold every secret once, and the total tells how many')
def paging():
    mark = uuid.uuid4().hex[:8]
    made = {stored(LIBRARY, name=f'{mark} {i}', payload=b'x') for i in range(23)}
    pages = [LIBRARY.secrets.list(limit=10, offset=offset, name=f'{mark}%') for offset in (0, 10, 20, 30)]
    equal([len(page) for page in pages], [10, 10, 3, 0], 'lengths of the pages')
    seen = [s.secret_ref for page in pages for s in page]
    equal(set(seen), made, 'what the pages hold')
    raw = LIBRARY.secrets._api.get('secrets', params={'limit': 10, 'offset': 10, 'name': f'{mark}%'})
    equal(raw['total'], 23, 'total')
    followed = LIBRARY.secrets._api.get(raw['next'])
    equal([s['secret_ref'] for s in followed['secrets']], [s.secret_ref for s in pages[2]], 'the page next leads to')
    back = LIBRARY.secrets._api.get(raw['previous'])
    equal([s['secret_ref'] for s in back['secrets']], [s.secret_ref for s in pages[0]], 'the page previous leads to')


@claim('barbicanclient: user metadata is stored, read, changed key by key and deleted')
def metadata():
    ref = stored(payload='with metadata')
    api, path = CLIENT.secrets._api, f'secrets/{ref[-36:]}/metadata'
    equal(api.put(path, json={'metadata': {'rack': '7', 'note': 'grün'}}).status_code, 201, 'put')
    equal(api.get(path), {'metadata': {'rack': '7', 'note': 'grün'}}, 'all')
    api.post(path, json={'key': 'owner', 'value': 'peers'})
    equal(api.put(f'{path}/rack', json={'key': 'rack', 'value': '8'}).status_code, 200, 'put one')
    equal(api.get(f'{path}/rack'), {'key': 'rack', 'value': '8'}, 'one')
    equal(api.delete(f'{path}/note').status_code, 204, 'delete one')
    equal(api.get(path), {'metadata': {'rack': '8', 'owner': 'peers'}}, 'all, afterwards')


@claim('barbicanclient: an order of type key makes a key of that length, name and mode')
def key_order():
    order = CLIENT.orders.create_key(name='ordered', algorithm='aes', bit_length=256, mode='cbc',
                                     payload_content_type='application/octet-stream')
    ref = order.submit()
    done = CLIENT.orders.get(ref)
    equal((done.status, done.name, done.algorithm, done.bit_length, done.mode),
          ('ACTIVE', 'ordered', 'aes', 256, 'cbc'), 'order')
    key = CLIENT.secrets.get(done.secret_ref)
    equal((key.name, key.algorithm, key.bit_length, key.mode, key.secret_type, len(key.payload)),
          ('ordered', 'aes', 256, 'cbc', 'symmetric', 32), 'key')


@claim('barbicanclient: an order without mode is a key for every length that cinder and nova ask for')
def key_orders_without_mode():
    for bits in (128, 192, 256, 384, 512):
        done = CLIENT.orders.get(CLIENT.orders.create_key(algorithm='aes', bit_length=bits).submit())
        equal(done.status, 'ACTIVE', f'{bits} bits: {done.error_reason}')
        equal(len(CLIENT.secrets.get(done.secret_ref).payload) * 8, bits, 'bits')


@claim('barbicanclient: an order the server cannot fulfil ends in ERROR with a reason and makes no key')
def failed_order():
    done = CLIENT.orders.get(CLIENT.orders.create_key(algorithm='no such cipher', bit_length=256).submit())
    equal((done.status, done.error_status_code, done.secret_ref), ('ERROR', '400', None), 'order')
    holds(done.error_reason, 'no reason is given')


@claim('barbicanclient: orders are listed in pages, and a deleted order leaves its key alive')
def orders_listed():
    refs = [LIBRARY.orders.create_key(algorithm='aes', bit_length=128, name=f'listed {i}').submit() for i in range(3)]
    listed = [o.order_ref for o in LIBRARY.orders.list(limit=100)]
    holds(set(refs) <= set(listed), 'an order is missing from the list')
    equal(len(LIBRARY.orders.list(limit=2)), 2, 'a page of two')
    key = LIBRARY.orders.get(refs[0]).secret_ref
    # With the policy of today only an administrator deletes orders.
    equal(refused(exceptions.HTTPClientError, LIBRARY.orders.delete, refs[0]).status_code, 403, 'delete as creator')
    demo_ref = CLIENT.orders.create_key(algorithm='aes', bit_length=128).submit()
    demo_key = CLIENT.orders.get(demo_ref).secret_ref
    client('administrator').orders.delete(demo_ref)
    equal(refused(exceptions.HTTPClientError, lambda: CLIENT.orders.get(demo_ref).status).status_code, 404, 'deleted')
    equal(len(CLIENT.secrets.get(demo_key).payload), 16, 'the key of a deleted order')
    equal(len(LIBRARY.secrets.get(key).payload), 16, 'the key of an order')


@claim('barbicanclient: an endpoint that ends in a slash serves all the same')
def trailing_slash():
    other = client(endpoint=ENDPOINT + '/')
    ref = stored(other, payload='over two slashes')
    equal(other.secrets.get(ref).payload, 'over two slashes')
    holds(other.secrets.list(limit=1), 'the list is empty')
    other.secrets.delete(ref)
    equal(refused(exceptions.HTTPClientError, lambda: CLIENT.secrets.get(ref).status).status_code, 404, 'deleted')


@claim('barbicanclient: a wrong content type, a bad name and a bad length are 400s with a title and a reason')
def bad_requests():
    for wrong in (dict(payload='x', payload_content_type='no/such'), dict(payload='x', name='n' * 256),
                  dict(payload='x', bit_length=-7), dict(payload='x', secret_type='treasure')):
        error = refused(exceptions.HTTPClientError, stored, **wrong)
        equal(error.status_code, 400, f'{wrong}')
        holds(str(error).startswith('Bad Request: '), f'no title or no reason in: {error}')


@claim('barbicanclient: no token at all is a 401 that the client can read')
def unauthorized():
    bad = barbican.Client(session=session.Session(), endpoint=ENDPOINT, project_id=uuid.uuid4().hex)
    holds('Unauthorized' in str(refused(exceptions.HTTPAuthError, bad.secrets.list)), 'no title')


def counting_connections(work):
    """How many TCP connections to the key manager were opened while `work` ran."""
    port = int(ENDPOINT.rpartition(':')[2])
    opened = []
    connect = HTTPConnection.connect

    def counted(self):
        if self.port == port:
            opened.append(self)
        return connect(self)
    HTTPConnection.connect = counted
    try:
        work()
    finally:
        HTTPConnection.connect = connect
    return len(opened)


@claim('barbicanclient: one connection serves 200 calls, errors included, and survives eight idle seconds')
def keep_alive():
    owner = client()

    def work():
        ref = stored(owner, payload='kept alive')
        for _ in range(50):
            equal(owner.secrets.get(ref).payload, 'kept alive')
            refused(exceptions.HTTPClientError, lambda: owner.secrets.get(str(uuid.uuid4())).status)
            refused(exceptions.HTTPClientError, stored, owner, payload='x' * 21000)
        # A client does not retry a reset connection, so an idle one has to outlive a pause between two calls.
        time.sleep(8)
        equal(owner.secrets.get(ref).payload, 'kept alive')
    equal(counting_connections(work), 1, 'connections')


@claim('barbicanclient: eight threads that share a client each read what they wrote')
def threads():
    failures = []

    def work(number):
        try:
            for turn in range(12):
                payload = os.urandom(64) + bytes([number, turn])
                ref = stored(payload=payload, name=f'thread {number}')
                equal(CLIENT.secrets.get(ref).payload, payload, f'thread {number}, turn {turn}')
                CLIENT.secrets.delete(ref)
        except Exception as error:  # told below, by the thread that makes the claim
            failures.append(error)
    crew = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    equal(failures, [], 'failures')


run()
