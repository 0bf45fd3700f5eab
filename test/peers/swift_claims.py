"""swift's keymaster, which fetches the root secrets of an object store once, when a proxy server starts."""
import base64
import os
import uuid

from barbicanclient import client as barbican
from castellan.common import exception
from swift.common.middleware.crypto.kms_keymaster import filter_factory

from claims import claim, equal, holds, refused, run
from logins import AUTH_URL, ENDPOINT, PASSWORD, keystone_session, project_of

CLIENT = barbican.Client(session=keystone_session('demo'))


def keymaster(who='demo', **options):
    """What the proxy server builds from its [filter:kms_keymaster]."""
    build = filter_factory({}, username=who, password=PASSWORD, project_name=project_of(who), user_domain_name='Default',
                           project_domain_name='Default', auth_endpoint=AUTH_URL, api_class='barbican', **options)
    return build(lambda environment, start_response: [])


def ordered(algorithm='aes', bits=256, **facts):
    """As swift's manual does it: openstack secret order create --bit-length 256 --algorithm aes key."""
    order = CLIENT.orders.create_key(algorithm=algorithm, bit_length=bits, **facts)
    return CLIENT.orders.get(order.submit()).secret_ref[-36:]


def payload(key_id):
    return CLIENT.secrets.get(f'{ENDPOINT}/v1/secrets/{key_id}').payload


@claim('swift: an ordered aes key of 256 bits is the root secret, and every start derives the same object keys')
def root_secret():
    key_id = ordered(mode='ctr', payload_content_type='application/octet-stream')
    first = keymaster(key_id=key_id)
    equal(first._root_secrets[None], payload(key_id), 'root secret')
    equal(len(first._root_secrets[None]), 32, 'bytes')
    path = '/AUTH_demo/container/object'
    equal(keymaster(key_id=key_id).create_key(path), first.create_key(path), 'key of an object')


@claim('swift: several key ids are all fetched, the active one among them')
def several():
    ids = {'2026': ordered(), '2027': ordered(algorithm='AES'), None: ordered()}
    master = keymaster(key_id=ids[None], key_id_2026=ids['2026'], key_id_2027=ids['2027'], active_root_secret_id='2027')
    equal(dict(master._root_secrets), {name: payload(key_id) for name, key_id in ids.items()}, 'root secrets')
    equal(master.active_secret_id, '2027', 'active')


@claim('swift: the endpoint may be configured, with a trailing slash as well')
def endpoint():
    key_id = ordered()
    for there in (ENDPOINT, ENDPOINT + '/'):
        equal(keymaster(key_id=key_id, barbican_endpoint=there)._root_secrets[None], payload(key_id), there)


@claim('swift: a key stored by hand serves as well, whatever the case of its algorithm')
def stored():
    for algorithm in ('aes', 'AES', 'Aes'):
        secret = CLIENT.secrets.create(payload=os.urandom(32), algorithm=algorithm, bit_length=256, secret_type='symmetric')
        key_id = secret.store()[-36:]
        equal(keymaster(key_id=key_id)._root_secrets[None], payload(key_id), algorithm)


@claim('swift: a key too short, of another cipher, or of no symmetric type is refused at the start')
def unfit():
    opaque = CLIENT.secrets.create(payload=base64.b64encode(os.urandom(32)).decode()).store()[-36:]
    camellia = CLIENT.secrets.create(payload=os.urandom(32), algorithm='camellia', bit_length=256, secret_type='symmetric')
    for key_id in (ordered(bits=128), camellia.store()[-36:], opaque):
        holds('is not a symmetric key' in str(refused(ValueError, keymaster, key_id=key_id)), key_id)


@claim('swift: an unknown key and one of another project keep the proxy server from starting')
def missing():
    refused(exception.ManagedObjectNotFoundError, keymaster, key_id=str(uuid.uuid4()))
    refused(exception.KeyManagerError, keymaster, who='stranger', key_id=ordered())


run()
