"""Consumers whose own code is not in Debian, or of another language: their calls, as they were read, over plain HTTP or the client below."""
import base64
import os
import re
import tempfile
import uuid
from unittest import mock

import requests
from barbicanclient import client as barbican
from barbicanclient import exceptions
from castellan._config_driver import CastellanConfigurationSourceDriver
from castellan.common.credentials.keystone_token import KeystoneToken
from castellan.common.objects.passphrase import Passphrase
from castellan.key_manager.barbican_key_manager import BarbicanKeyManager
from oslo_config import cfg

from claims import claim, equal, holds, refused, run
from logins import AUTH_URL, CLOUD, ENDPOINT, keystone_session, project_of, token, user_id

SECRETS, CONTAINERS = f'{ENDPOINT}/v1/secrets', f'{ENDPOINT}/v1/containers'


def client(person):
    return barbican.Client(session=keystone_session(person))


def http(person, **headers):
    session = requests.Session()
    session.trust_env = False
    session.headers.update({'X-Auth-Token': token(person), **headers})
    return session


DEMO = client('demo')


def status_of(function, *args, **kwargs):
    return refused(exceptions.HTTPClientError, function, *args, **kwargs).status_code


def at(url, who, wanted=200, method='GET', **options):
    answer = who.request(method, url, timeout=600, allow_redirects=False, **options)
    equal(answer.status_code, wanted, f'{method} {url}: {answer.text}')
    return answer.json() if answer.text and 'json' in answer.headers.get('content-type', '') else answer


# manila

def share_key():
    return DEMO.orders.get(DEMO.orders.create_key(algorithm='aes', bit_length=256).submit()).secret_ref


@claim('manila: a private ACL lets its user and the creator read, and shuts out the rest of the project')
def manila():
    ref, service = share_key(), user_id('manila')
    member = client('creator')
    equal(len(member.secrets.get(ref).payload), 32, 'a member before')
    acl = DEMO.acls.create(entity_ref=ref, users=[service], project_access=False)
    equal(acl.submit(), f'{ref}/acl', 'reference')
    got = DEMO.acls.get(ref).read
    equal((got.users, got.project_access), ([service], False), 'ACL')
    for allowed in (client('manila'), DEMO):
        equal(len(allowed.secrets.get(ref).payload), 32, 'payload')
    equal(client('manila').secrets.get(ref).secret_ref, ref, 'reference as the service reads it')
    equal(status_of(lambda: member.secrets.get(ref).status), 403, 'a member, metadata')
    equal(status_of(member.secrets._api._get_raw, f'secrets/{ref[-36:]}/payload'), 403, 'a member, payload')


@claim('manila: the service is taken out of an ACL again, and then it is shut out as well')
def manila_revokes():
    ref = share_key()
    DEMO.acls.create(entity_ref=ref, users=[user_id('manila')], project_access=False).submit()
    acl = DEMO.acls.get(ref)
    acl.read.users = []
    acl.submit()
    got = DEMO.acls.get(ref).read
    equal((got.users, got.project_access), ([], False), 'ACL')
    equal(status_of(lambda: client('manila').secrets.get(ref).status), 403, 'service')
    equal(len(DEMO.secrets.get(ref).payload), 32, 'creator')


# tacker

@claim('tacker: an opaque secret is stored, read and deleted over an endpoint that ends in a slash')
def tacker():
    owner = barbican.Client(session=keystone_session('demo'), endpoint=ENDPOINT + '/')
    key = base64.urlsafe_b64encode(os.urandom(32))
    ref = owner.secrets.create(name='tacker', payload=key, secret_type='opaque').store()
    equal(owner.secrets.get(ref).payload, key, 'payload')
    owner.secrets.delete(ref)
    equal(status_of(lambda: owner.secrets.get(ref).status), 404, 'deleted')


# castellan's source of configuration values

@claim("castellan: oslo.config reads an option from a passphrase, and takes the default where there is none")
def configuration():
    context = KeystoneToken(token=token('demo'), auth_url=AUTH_URL, project_name=project_of('demo'),
                            project_domain_name='Default')
    manager_conf = cfg.ConfigOpts()
    manager_conf([], default_config_files=[])
    keys = BarbicanKeyManager(manager_conf)
    manager_conf.set_override('auth_endpoint', AUTH_URL, group='barbican')
    key_id = keys.store(context, Passphrase(b'pa55word of a database'))
    folder = tempfile.mkdtemp(dir=CLOUD['folder'])

    def written(name, text):
        path = os.path.join(folder, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path
    castellan_conf = written('castellan.conf', f'[key_manager]\nbackend = barbican\n[barbican]\nauth_endpoint = {AUTH_URL}\n')
    mapping = written('mapping.conf', f'[database]\npassword = {key_id}\nmissing = {uuid.uuid4()}\n')
    service_conf = written('service.conf', '[DEFAULT]\nconfig_source = vault\n[vault]\ndriver = castellan\n'
                           f'config_file = {castellan_conf}\nmapping_file = {mapping}\n')
    opened = CastellanConfigurationSourceDriver.open_source_from_opt_group

    def with_login(driver, conf, group):
        source = opened(driver, conf, group)
        # This release hands over no login that its manager for us could use.
        read = source._mngr.get
        source._mngr.get = lambda _context, managed_object_id: read(context, managed_object_id)
        return source
    with mock.patch.object(CastellanConfigurationSourceDriver, 'open_source_from_opt_group', with_login):
        conf = cfg.ConfigOpts()
        conf([], project='service', default_config_files=[service_conf])
        conf.register_opts([cfg.StrOpt(name, default='default') for name in ('password', 'missing', 'unmapped')], 'database')
        equal((conf.database.password, conf.database.missing, conf.database.unmapped),
              ('pa55word of a database', 'default', 'default'), 'options')


# skyline

@claim('skyline: the first page is asked with an empty offset, and every page tells the total')
def skyline_pages():
    who = http('hermit')
    for number in range(12):
        at(f'{SECRETS}/', who, 201, 'POST', json={'name': f'page {number}', 'payload': 'x', 'payload_content_type': 'text/plain'})
    first = at(f'{SECRETS}?limit=10&offset=', who)
    holds(first['total'] >= 12, f"total: {first['total']}")
    equal(len(first['secrets']), 10, 'items')
    second = at(f'{SECRETS}?limit=10&offset=10', who)
    equal(second['total'], first['total'], 'total of the second page')
    equal({each['secret_ref'] for each in first['secrets']} & {each['secret_ref'] for each in second['secrets']}, set(), 'overlap')
    for collection in ('containers', 'orders'):
        holds('total' in at(f'{ENDPOINT}/v1/{collection}?limit=10&offset=', who), collection)


@claim('skyline: a certificate keeps its free texts, and both halves of it come back with Accept */*')
def skyline_certificate():
    who = http('demo')
    refs = []
    for mode, algorithm in (('SERVER', '{"domain":"www.example.org","expiration":"2049-01-01"}'), ('CA', '{}')):
        body = {'name': 'tls', 'mode': mode, 'algorithm': algorithm, 'secret_type': 'certificate',
                'payload': '-----BEGIN CERTIFICATE-----', 'payload_content_type': 'text/plain',
                'expiration': '2049-01-01T00:00:00'}
        ref = at(f'{SECRETS}/', who, 201, 'POST', json=body)['secret_ref']
        got = at(ref, who)
        equal((got['mode'], got['algorithm'], got['secret_type'], got['expiration'][:19]),
              (mode, algorithm, 'certificate', '2049-01-01T00:00:00'), 'facts')
        equal(at(f'{ref}/payload', who, headers={'Accept': '*/*'}).text, body['payload'], 'payload')
        holds(ref in [each['secret_ref'] for each in at(f'{SECRETS}?mode={mode}&secret_type=certificate&limit=100', who)['secrets']], mode)
        refs.append(ref)
    container = {'name': 'tls', 'type': 'certificate', 'secret_refs': [
        {'name': name, 'secret_ref': ref} for name, ref in zip(('certificate', 'private_key'), refs)]}
    ref = at(f'{CONTAINERS}/', who, 201, 'POST', json=container)['container_ref']
    equal(len(at(f'{CONTAINERS}/{ref[-36:]}', who)['secret_refs']), 2, 'secrets')
    at(f'{CONTAINERS}/{ref[-36:]}', who, 204, 'DELETE')


# openstack4j and fog

@claim('openstack4j: its container and secret calls find the fields it maps, and lists have a total')
def openstack4j():
    who = http('demo')
    name = f'4j {uuid.uuid4().hex[:8]}'
    ref = at(SECRETS, who, 201, 'POST', json={
        'name': name, 'payload': 'eA==', 'payload_content_type': 'application/octet-stream',
        'payload_content_encoding': 'base64', 'algorithm': 'aes', 'bit_length': 256, 'mode': 'cbc'})['secret_ref']
    listed = at(f'{SECRETS}?name={name}', who)
    equal(listed['total'], 1, 'total')
    secret = listed['secrets'][0]
    equal(set(secret), {'created', 'updated', 'status', 'name', 'secret_type', 'expiration', 'algorithm', 'bit_length',
                        'mode', 'creator_id', 'content_types', 'secret_ref'}, 'fields')
    for field in ('created', 'updated'):
        # Jackson reads these into a Date.
        holds(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?', secret[field]), secret[field])
    made = at(CONTAINERS, who, 201, 'POST', json={
        'name': name, 'type': 'generic', 'secret_refs': [{'name': 'x', 'secret_ref': ref}]})['container_ref']
    container = at(f'{CONTAINERS}?name={name}', who)['containers'][0]
    equal((container['container_ref'], container['type'], container['status'], container['consumers']),
          (made, 'generic', 'ACTIVE', []), 'container')


@claim('fog: an ACL is read, put, patched and deleted with 200, a payload has its Accept, deletes are 204')
def fog():
    who = http('demo', **{'Content-Type': 'application/json', 'Accept': 'application/json'})
    ref = at(SECRETS, who, 201, 'POST', json={'payload': 'fog', 'payload_content_type': 'text/plain'})['secret_ref']
    container = at(CONTAINERS, who, 201, 'POST', json={'type': 'generic', 'name': 'fog'})['container_ref']
    someone = user_id('hermit')
    for each in (ref, container):
        acl = f'{each}/acl'
        equal(at(acl, who), {'read': {'project-access': True}}, 'ACL')
        for method in ('PUT', 'PATCH'):
            body = {'read': {'users': [someone], 'project-access': False}}
            equal(at(acl, who, method=method, json=body), {'acl_ref': acl}, method)
        equal(at(acl, who)['read']['users'], [someone], 'users')
        at(acl, who, method='DELETE')
        equal(at(acl, who), {'read': {'project-access': True}}, 'ACL afterwards')
    equal(at(f'{ref}/payload', who, headers={'Accept': 'text/plain'}).text, 'fog', 'payload')
    for each in (ref, container):
        at(each, who, 204, 'DELETE')


# What openstacksdk learned after the release in Debian

@claim('newer openstacksdk: quotas, secret stores, ACLs and consumers answer where it asks for them')
def newer_sdk():
    who = http('demo')
    equal(set(at(f'{ENDPOINT}/v1/quotas', who)['quotas']), {'secrets', 'orders', 'containers', 'consumers', 'cas'}, 'quotas')
    # With one secret store alone there is nothing to choose from, as in Barbican.
    for path in ('secret-stores', 'secret-stores/global-default', 'secret-stores/preferred'):
        at(f'{ENDPOINT}/v1/{path}', who, 404)
    at(f'{ENDPOINT}/v1/project-quotas', who, 403)
    new_rules = CLOUD['newEndpoint']
    project = uuid.uuid4().hex
    administrator = http('administrator')
    quotas = f'{new_rules}/v1/project-quotas'
    at(f'{quotas}/{project}', administrator, 204, 'PUT', json={'project_quotas': {'secrets': 7}})
    equal(at(f'{quotas}/{project}', administrator)['project_quotas']['secrets'], 7, 'quota')
    holds(project in [each['project_id'] for each in at(quotas, administrator)['project_quotas']], 'list')
    at(f'{quotas}/{project}', administrator, 204, 'DELETE')
    at(f'{quotas}/{project}', administrator, 404)
    ref = at(SECRETS, who, 201, 'POST', json={'name': 'consumed'})['secret_ref']
    version = {'OpenStack-API-Version': 'key-manager 1.1'}
    consumer = {'service': 'image', 'resource_type': 'image', 'resource_id': str(uuid.uuid4())}
    for _ in range(2):
        got = at(f'{ref}/consumers', who, method='POST', json=consumer, headers=version)
        equal((got['secret_ref'], got['consumers']), (ref, [consumer]), 'consumers of the secret')
    listed = at(f'{ref}/consumers?limit=10&offset=0', who, headers=version)
    equal((listed['total'], {key: listed['consumers'][0][key] for key in consumer}), (1, consumer), 'consumers')
    at(f'{ref}/consumers', who, method='DELETE', json=consumer, headers=version)
    at(f'{ref}/consumers', who, 404, 'DELETE', json=consumer, headers=version)


run()
