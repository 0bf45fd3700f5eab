"""The rules all clients rely on, as their libraries put them on the wire: hrefs, times, lists, errors, discovery."""
import base64
import json
import re
import uuid

import requests
from barbicanclient import client as barbican
from keystoneauth1 import discover, session

from claims import claim, equal, holds, run
from logins import ENDPOINT, keystone_session, token

UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
HTTP = requests.Session()
HTTP.trust_env = False
TOKEN = token('demo')
TEXT = {'payload': 'x', 'payload_content_type': 'text/plain'}
KEY = {'type': 'key', 'meta': {'algorithm': 'aes', 'bit_length': 256}}


def ask(path, method='GET', headers=None, token=TOKEN, **options):
    login = {} if token is None else {'X-Auth-Token': token}
    url = path if path.startswith('http') else ENDPOINT + path
    return HTTP.request(method, url, headers={**login, **(headers or {})}, timeout=600, allow_redirects=False, **options)


def answered(wanted, path, method='GET', **options):
    answer = ask(path, method, **options)
    equal(answer.status_code, wanted, f'{method} {path}: {answer.text}')
    return answer


def posted(path, body, wanted=201):
    return answered(wanted, path, 'POST', json=body).json()


def secret(**more):
    return posted('/v1/secrets', {**TEXT, **more})['secret_ref']


def container(**more):
    return posted('/v1/containers', {'type': 'generic', **more})['container_ref']


def order(**meta):
    return posted('/v1/orders', {'type': 'key', 'meta': {**KEY['meta'], **meta}}, 202)['order_ref']


@claim('rules: a POST goes to a collection with and without a slash, also doubled in front, and is never redirected')
def slashes():
    consumer = {'name': 'c', 'URL': 'http://c'}
    used = {'service': 's', 'resource_type': 't', 'resource_id': str(uuid.uuid4())}
    for path, body, wanted in (('/v1/secrets', TEXT, 201), ('/v1/orders', KEY, 202), ('/v1/containers', {'type': 'generic'}, 201),
                               (f'{container()[len(ENDPOINT):]}/consumers', consumer, 200),
                               (f'{secret()[len(ENDPOINT):]}/consumers', used, 200)):
        version = {'OpenStack-API-Version': 'key-manager 1.1'}
        for spelled in (path, path + '/', '/' + path, '/' + path + '/'):
            answered(wanted, ENDPOINT + spelled, 'POST', json=body, headers=version)


@claim('rules: references are absolute, below their collection, and end in the bare UUID')
def references():
    for kind, make, key in (('secrets', secret, 'secret_ref'), ('containers', container, 'container_ref'), ('orders', order, 'order_ref')):
        ref = make()
        holds(re.fullmatch(f'{re.escape(ENDPOINT)}/v1/{kind}/{UUID}', ref), ref)
        equal(answered(200, ref).json()[key], ref, 'as it is shown')
    made = ask('/v1/secrets/', 'POST', json=TEXT)
    equal(made.headers['Location'], made.json()['secret_ref'], 'Location')
    ref = secret()
    equal(answered(201, f'{ref}/metadata', 'PUT', json={'metadata': {'a': 'b'}}).json()['metadata_ref'], f'{ref}/metadata', 'metadata')
    for each in (ref, container()):
        body = {'read': {'project-access': True}}
        equal(answered(200, f'{each}/acl', 'PUT', json=body).json()['acl_ref'], f'{each}/acl', 'ACL')
    page = answered(200, '/v1/secrets?limit=1').json()
    holds(page['next'].startswith(f'{ENDPOINT}/v1/secrets?'), page['next'])
    done = answered(200, order()).json()
    holds(re.fullmatch(f'{re.escape(ENDPOINT)}/v1/secrets/{UUID}', done['secret_ref']), 'secret of an order')


@claim('rules: every time is UTC without a zone, and what has none is null')
def times():
    ref = secret(expiration='2049-01-01T01:01:01')
    answered(200, f'{ref}/acl', 'PUT', json={'read': {'project-access': True}})
    boxed = container()
    answered(200, f'{boxed}/consumers', 'POST', json={'name': 'c', 'URL': 'http://c'})
    shown = [answered(200, each).json() for each in (ref, boxed, order(), f'{ref}/acl', f'{boxed}/consumers', '/v1/secrets')]
    found = re.findall(r'"(created|updated|expiration)": ?("[^"]*"|null)', json.dumps(shown))
    holds(len(found) > 10, 'no times were found')
    for name, value in found:
        holds(re.fullmatch(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?"', value) or (name, value) == ('expiration', 'null'),
              f'{name}: {value}')
    equal(answered(200, ref).json()['expiration'], '2049-01-01T01:01:01', 'expiration as it was sent')


@claim('rules: algorithm, bit_length, mode and expiration are null when they were not given')
def nulls():
    got = answered(200, secret()).json()
    equal([got[key] for key in ('algorithm', 'bit_length', 'mode', 'expiration')], [None] * 4, 'facts')
    equal(answered(200, secret(bit_length=256)).json()['bit_length'], 256, 'bit_length')


FIELDS = {'created', 'updated', 'status', 'name', 'secret_type', 'expiration', 'algorithm', 'bit_length', 'mode',
          'creator_id', 'content_types', 'secret_ref'}


@claim('rules: an item of a list has what the client takes as arguments and nothing else; consumers from 1.1 on')
def items():
    secret(name='item')
    for version, wanted in ((None, FIELDS), ('1.0', FIELDS), ('1.1', FIELDS | {'consumers'})):
        headers = {} if version is None else {'OpenStack-API-Version': f'key-manager {version}'}
        found = answered(200, '/v1/secrets?name=item', headers=headers).json()['secrets']
        holds(found, 'the list is empty')
        for each in found:
            equal(set(each), wanted, f'version {version}')


@claim('rules: a secret without payload is ACTIVE, has no content_types at all, and its payload is a 404')
def without_payload():
    ref = posted('/v1/secrets', {'name': 'empty'})['secret_ref']
    got = answered(200, ref).json()
    equal((got['status'], 'content_types' in got), ('ACTIVE', False), 'secret')
    answered(404, f'{ref}/payload')


@claim('rules: payloads are served raw in every type that fits, octets without an Accept, and 406 otherwise')
def negotiation():
    words, octets = secret(payload='wörd'), posted('/v1/secrets', {
        'payload': base64.b64encode(b'\xff\x00').decode(), 'payload_content_type': 'application/octet-stream',
        'payload_content_encoding': 'base64'})['secret_ref']
    for ref, raw, accepts in ((words, 'wörd'.encode(), ('text/plain', 'application/octet-stream', '*/*')),
                              (octets, b'\xff\x00', ('application/octet-stream', '*/*'))):
        for accept in accepts:
            equal(answered(200, f'{ref}/payload', headers={'Accept': accept}).content, raw, accept)
        answer = answered(200, f'{ref}/payload', headers={'Accept': None})
        equal((answer.content, answer.headers['Content-Type'].split(';')[0]), (raw, 'application/octet-stream'), 'without Accept')
        answered(406, f'{ref}/payload', headers={'Accept': 'image/png'})
    answered(406, f'{octets}/payload', headers={'Accept': 'text/plain'})


@claim('rules: text is stripped when it is posted, kept to the byte when it is put, and base64 may hold line feeds')
def white_space():
    def payload(ref):
        return answered(200, f'{ref}/payload', headers={'Accept': '*/*'}).content
    equal(payload(secret(payload=' \n word \n')), b'word', 'posted')
    ref = posted('/v1/secrets', {'name': 'late'})['secret_ref']
    answered(204, ref, 'PUT', data=b' \n word \n', headers={'Content-Type': 'text/plain'})
    equal(payload(ref), b' \n word \n', 'put')
    long = bytes(range(256))
    equal(payload(secret(payload=base64.encodebytes(long).decode(), payload_content_type='application/octet-stream',
                         payload_content_encoding='base64')), long, 'base64 with line feeds')


@claim('rules: every refusal is JSON with its code, the plain reason phrase as title, and a description')
def refusals():
    unknown = f'/v1/secrets/{uuid.uuid4()}'
    foreign = secret()
    full = secret()
    for code, title, answer in (
            (400, 'Bad Request', ask('/v1/secrets', 'POST', json={'payload': 'x'})),
            (401, 'Unauthorized', ask('/v1/secrets', token='none')),
            (403, 'Forbidden', ask(foreign, token=token('stranger'))),
            (404, 'Not Found', ask(unknown)),
            (404, 'Not Found', ask('/v1/secrets/00000000-0000-0000-0000-000000000000')),
            (405, 'Method Not Allowed', ask('/v1/secrets', 'DELETE')),
            (406, 'Not Acceptable', ask(f'{full}/payload', headers={'Accept': 'image/png'})),
            (409, 'Conflict', ask(full, 'PUT', data='y', headers={'Content-Type': 'text/plain'})),
            (413, 'Request Entity Too Large', ask('/v1/secrets', 'POST', json={**TEXT, 'payload': 'x' * 30000})),
            (415, 'Unsupported Media Type', ask('/v1/secrets', 'POST', data='x', headers={'Content-Type': 'text/plain'}))):
        equal(answer.status_code, code, answer.text)
        body = answer.json()
        equal((body.get('code'), body.get('title'), isinstance(body.get('description'), str)), (code, title, True), f'{body}')


@claim('rules: discovery needs no token, is 300 for old clients, and a list with the range of versions for new ones')
def versions():
    old = answered(300, '/', token=None).json()['versions']['values'][0]
    equal((old['id'], old['status'], old['links'][0]['href']), ('v1', 'stable', f'{ENDPOINT}/v1/'), 'old form')
    version = {'OpenStack-API-Version': 'key-manager 1.1'}
    new = ask('/', token=None, headers=version)
    first = new.json()['versions'][0]
    equal((first['id'], first['status'], first['min_version']), ('v1', 'CURRENT', '1.0'), 'new form')
    holds(re.fullmatch(r'1\.\d+', first['max_version']), first['max_version'])
    answered(406, '/', token=None, headers={'OpenStack-API-Version': 'key-manager 9.9'})
    for answer in (ask('/v1/secrets', headers=version), ask(f'/v1/secrets/{uuid.uuid4()}', headers=version), new):
        equal(answer.headers['OpenStack-API-Version'], 'key-manager 1.1', 'version of the answer')
        holds('OpenStack-API-Version' in answer.headers['Vary'], answer.headers['Vary'])


@claim('rules: keystoneauth finds version 1 by discovery, and the client with it what it stores')
def discovered():
    found = discover.Discover(session.Session(), ENDPOINT)
    equal(found.url_for('1'), f'{ENDPOINT}/v1/', 'address of version 1')
    who = keystone_session('demo')
    equal(who.get_endpoint(service_type='key-manager', interface='public', version='1'), f'{ENDPOINT}/v1/', 'in the catalog')
    owner = barbican.Client(session=who)
    equal(owner.secrets.get(owner.secrets.create(payload='found').store()).payload, 'found', 'payload')


@claim('rules: DELETE takes a JSON body where clients send one')
def delete_with_body():
    boxed, member = container(), {'name': 'm', 'secret_ref': secret()}
    consumer = {'name': 'c', 'URL': 'http://c'}
    answered(200, f'{boxed}/consumers', 'POST', json=consumer)
    answered(200, f'{boxed}/consumers', 'DELETE', json=consumer)
    answered(201, f'{boxed}/secrets', 'POST', json=member)
    answered(204, f'{boxed}/secrets', 'DELETE', json=member)


@claim('rules: the status of a failed order is text, and its reason is there')
def failed():
    got = answered(200, order(algorithm='no such cipher')).json()
    equal((got['status'], got['error_status_code'], type(got['error_reason'])), ('ERROR', '400', str), 'order')


@claim('rules: answers leave their connection open, refusals as well')
def connections():
    pool = HTTP.adapters['http://'].poolmanager.connection_from_url(ENDPOINT)
    ask('/v1/secrets')
    before = pool.num_connections
    for path in ('/', '/v1/secrets', f'/v1/secrets/{uuid.uuid4()}', '/v1/nothing'):
        for bearer in (TOKEN, 'none'):
            answer = ask(path, token=bearer)
            holds(answer.headers.get('Connection', 'keep-alive').lower() == 'keep-alive', f'{path}: {answer.headers}')
    equal(pool.num_connections, before, 'connections')


run()
