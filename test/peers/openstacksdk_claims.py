"""openstacksdk's key manager: secrets, containers, orders, and lists page by page."""
import uuid

import openstack
from openstack import exceptions

from claims import claim, equal, holds, refused, run
from logins import ENDPOINT, PASSWORD, AUTH_URL, project_of


def connected(person):
    return openstack.connect(
        load_envvars=False, load_yaml_config=False, auth_type='password', region_name='RegionOne',
        auth={'auth_url': AUTH_URL, 'username': person, 'password': PASSWORD, 'user_domain_name': 'Default',
              'project_name': project_of(person), 'project_domain_name': 'Default'}).key_manager


KEYS = connected('demo')
LIBRARY = connected('librarian')
OCTETS = {'payload_content_type': 'application/octet-stream', 'payload_content_encoding': 'base64'}


def text(payload='payload', who=KEYS, **more):
    return who.create_secret(payload=payload, payload_content_type='text/plain', **more)


@claim('openstacksdk: a text secret is created, fetched with its payload, and deleted')
def secret():
    made = text('pässword', name='sdk', secret_type='passphrase', expires_at='2049-01-01T01:01:01')
    equal(made.secret_ref, f'{ENDPOINT}/v1/secrets/{made.secret_id}', 'reference')
    got = KEYS.get_secret(made.secret_id)
    equal((got.payload, got.name, got.secret_type, got.status, got.content_types, got.expires_at, got.secret_id),
          ('pässword', 'sdk', 'passphrase', 'ACTIVE', {'default': 'text/plain'}, '2049-01-01T01:01:01', made.secret_id), 'secret')
    holds(got.created_at and got.updated_at, 'times')
    KEYS.delete_secret(made.secret_id)
    # This release does not look at the status of what get_secret reads.
    equal(KEYS.get_secret(made.secret_id).status, None, 'status when deleted')
    equal(KEYS.get(f'/secrets/{made.secret_id}').status_code, 404, 'answer when deleted')
    KEYS.delete_secret(made.secret_id)
    refused(exceptions.ResourceNotFound, KEYS.delete_secret, made.secret_id, ignore_missing=False)


@claim('openstacksdk: a secret as base64 comes back decoded; one without payload comes back without')
def octets_and_nothing():
    made = KEYS.create_secret(payload='b2N0ZXRz', algorithm='aes', bit_length=48, mode='cbc', **OCTETS)
    got = KEYS.get_secret(made.secret_id)
    equal((got.payload, got.algorithm, got.bit_length, got.mode), ('octets', 'aes', 48, 'cbc'), 'octets')
    got = KEYS.get_secret(KEYS.create_secret(name='empty').secret_id)
    equal((got.payload, got.content_types, got.status), (None, None, 'ACTIVE'), 'nothing')


def numbered(count, make):
    mark = uuid.uuid4().hex[:8]
    return mark, [make(f'{mark} {number:02}') for number in range(count)]


@claim('openstacksdk: a list without a limit follows next to the last secret')
def listed():
    mark, made = numbered(23, lambda name: text(who=LIBRARY, name=name).secret_id)
    equal([secret.secret_id for secret in LIBRARY.secrets(name=f'{mark}%')], made, 'all')
    everything = [secret.secret_id for secret in LIBRARY.secrets()]
    equal(len(everything), len(set(everything)), 'once each')
    holds(set(made) <= set(everything), 'one is missing')


def paged(limit):
    @claim(f'openstacksdk: a list in pages of {limit} ends after the last one and has every secret once')
    def pages():
        mark, made = numbered(6, lambda name: text(who=LIBRARY, name=name).secret_id)
        equal([secret.secret_id for secret in LIBRARY.secrets(limit=limit, name=f'{mark}%')], made, 'pages')


for limit in (1, 2, 4, 6, 7):
    paged(limit)


@claim('openstacksdk: containers and orders in pages end after the last one as well')
def other_pages():
    _, containers = numbered(5, lambda name: LIBRARY.create_container(type='generic', name=name).container_id)
    equal([each.container_id for each in LIBRARY.containers(limit=2)][-5:], containers, 'containers')
    meta = {'algorithm': 'aes', 'bit_length': 128}
    _, orders = numbered(5, lambda name: LIBRARY.create_order(type='key', meta={**meta, 'name': name}).order_id)
    equal([each.order_id for each in LIBRARY.orders(limit=2)][-5:], orders, 'orders')


@claim('openstacksdk: a list filters by algorithm, mode, length, type and time, and sorts')
def filtered():
    mark = uuid.uuid4().hex[:8]
    key = LIBRARY.create_secret(name=f'{mark} key', payload='a2V5', algorithm=mark, bit_length=777, mode='xts',
                                secret_type='symmetric', expires_at='2049-01-01T00:00:00', **OCTETS).secret_id
    phrase = text(who=LIBRARY, name=f'{mark} phrase', secret_type='passphrase').secret_id

    def ids(**query):
        return [each.secret_id for each in LIBRARY.secrets(**{'name': f'{mark}%', **query})]
    for query, wanted in (({'algorithm': mark}, [key]), ({'mode': 'xts'}, [key]), ({'bits': 777}, [key]),
                          ({'secret_type': 'passphrase'}, [phrase]), ({'created': 'gt:2018-06-21T01:00:00Z'}, [key, phrase]),
                          ({'expiration': 'lt:2050-01-01T00:00:00'}, [key]), ({'updated': 'lt:2018-06-21T01:00:00Z'}, []),
                          ({'sort': 'name:desc'}, [phrase, key]), ({'acl_only': 'true'}, [])):
        equal(ids(**query), wanted, f'{query}')


@claim('openstacksdk: a container is created with its secrets, fetched, listed, found and deleted')
def container():
    name = f'sdk {uuid.uuid4().hex[:8]}'
    members = [{'name': part, 'secret_ref': text(part).secret_ref} for part in ('certificate', 'private_key')]
    made = KEYS.create_container(type='certificate', name=name, secret_refs=members)
    equal(made.container_ref, f'{ENDPOINT}/v1/containers/{made.container_id}', 'reference')
    got = KEYS.get_container(made.container_id)
    equal((got.type, got.name, got.status, got.consumers), ('certificate', name, 'ACTIVE', []), 'container')
    equal(sorted(got.secret_refs, key=lambda each: each['name']), members, 'secrets')
    equal([each.container_id for each in KEYS.containers() if each.name == name], [made.container_id], 'in the list')
    equal(KEYS.find_container(made.container_id).name, name, 'by id')
    KEYS.delete_container(made.container_id)
    refused(exceptions.ResourceNotFound, KEYS.get_container, made.container_id)


@claim('openstacksdk: an order becomes a key and names it, and is listed')
def order():
    made = KEYS.create_order(type='key', meta={'algorithm': 'aes', 'bit_length': 256, 'mode': 'cbc', 'name': 'sdk'})
    got = KEYS.get_order(made.order_id)
    equal((got.type, got.status, got.meta['name'], got.order_ref), ('key', 'ACTIVE', 'sdk', made.order_ref), 'order')
    equal(KEYS.get_secret(got.secret_id).bit_length, 256, 'key')
    holds(made.order_id in [each.order_id for each in KEYS.orders()], 'in the list')
    # With the legacy rules a creator does not delete orders.
    equal(refused(exceptions.HttpException, KEYS.delete_order, made.order_id).status_code, 403, 'delete as creator')
    administrator = connected('administrator')
    administrator.delete_order(made.order_id, ignore_missing=False)
    refused(exceptions.ResourceNotFound, KEYS.get_order, made.order_id)


@claim("openstacksdk: what an ACL opens is in the list of its reader with acl_only, and can be fetched")
def opened():
    made = text('for the librarian', name='opened')
    me = LIBRARY.session.get_user_id()
    body = {'read': {'users': [me], 'project-access': True}}
    answer = KEYS.put(f'/secrets/{made.secret_id}/acl', json=body)
    equal((answer.status_code, answer.json()), (200, {'acl_ref': f'{made.secret_ref}/acl'}), 'answer')
    equal([each.secret_id for each in LIBRARY.secrets(acl_only='true')], [made.secret_id], 'list')
    equal(LIBRARY.get_secret(made.secret_id).payload, 'for the librarian', 'payload')
    KEYS.delete_secret(made.secret_id)


run()
