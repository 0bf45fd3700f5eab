"""castellan, the library inside cinder, nova, glance and swift, as those services call it."""
import base64
import datetime
import os
import uuid

from barbicanclient import client as barbican
from castellan.common import exception
from castellan.common.credentials.keystone_password import KeystonePassword
from castellan.common.credentials.keystone_token import KeystoneToken
from castellan.common.objects.opaque_data import OpaqueData
from castellan.common.objects.passphrase import Passphrase
from castellan.common.objects.private_key import PrivateKey
from castellan.common.objects.public_key import PublicKey
from castellan.common.objects.symmetric_key import SymmetricKey
from castellan.common.objects.x_509 import X509
from castellan.key_manager.barbican_key_manager import BarbicanKeyManager
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from keystoneauth1 import identity, loading, session, token_endpoint
from oslo_config import cfg
from oslo_context.context import RequestContext

from claims import claim, cloud, equal, holds, refused, run

CLOUD = cloud()
AUTH_URL = CLOUD['authUrl']
ENDPOINT = CLOUD['endpoint']
DEFAULT_DOMAIN = {'project_domain_name': 'Default'}


def password_context(person='demo'):
    who = CLOUD['people'][person]
    return KeystonePassword(
        auth_url=AUTH_URL, username=person, password=CLOUD['password'], user_domain_name='Default',
        project_name=who['project'], **DEFAULT_DOMAIN)


def password(person):
    who = CLOUD['people'][person]
    return identity.Password(
        auth_url=AUTH_URL, username=person, password=CLOUD['password'], user_domain_name='Default',
        project_name=who['project'], **DEFAULT_DOMAIN)


def fresh_token(person='demo'):
    return password(person).get_token(session.Session())


def token_context(person='demo'):
    return KeystoneToken(
        token=fresh_token(person), auth_url=AUTH_URL, project_name=CLOUD['people'][person]['project'], **DEFAULT_DOMAIN)


def request_context(person='demo'):
    return RequestContext(
        auth_token=fresh_token(person), project_name=CLOUD['people'][person]['project'], **DEFAULT_DOMAIN)


def manager(**options):
    conf = cfg.ConfigOpts()
    conf([], project='peers', default_config_files=[], default_config_dirs=[])
    made = BarbicanKeyManager(conf)
    conf.set_override('auth_endpoint', AUTH_URL, group='barbican')
    for name, value in options.items():
        conf.set_override(name, value, group='barbican')
    return made


# One login for all claims that are not about logins: a service keeps its context as well.
CONTEXT = token_context()
MANAGER = manager()

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'peers.example')])
    now = datetime.datetime.utcnow()
    made = x509.CertificateBuilder(name, name, RSA.public_key(), x509.random_serial_number(), now,
                                   now + datetime.timedelta(days=2)).sign(RSA, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


PRIVATE_DER = RSA.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC_DER = RSA.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
EVERY_BYTE = bytes(range(256))

# Each kind of object castellan knows, as a function of its name.
KINDS = {
    'symmetric key': lambda name=None: SymmetricKey('AES', 256, os.urandom(32), name),
    'private key': lambda name=None: PrivateKey('RSA', 2048, PRIVATE_DER, name),
    'public key': lambda name=None: PublicKey('RSA', 2048, PUBLIC_DER, name),
    'certificate': lambda name=None: X509(certificate(), name),
    'passphrase': lambda name=None: Passphrase(base64.b64encode(os.urandom(384)), name),
    'opaque object': lambda name=None: OpaqueData(EVERY_BYTE + b'\r\n \x00', name),
}


def comes_back(thing, context, key_manager):
    key_id = key_manager.store(context, thing)
    equal(str(uuid.UUID(key_id)), key_id, 'id')
    back = key_manager.get(context, key_id)
    equal(type(back), type(thing), 'class')
    equal(back.get_encoded(), thing.get_encoded(), 'bytes')
    equal(back.name, thing.name, 'name')
    equal(back.id, key_id, 'id of what came back')
    equal((getattr(back, 'algorithm', None), getattr(back, 'bit_length', None)),
          (getattr(thing, 'algorithm', None), getattr(thing, 'bit_length', None)), 'algorithm and length')
    bare = key_manager.get(context, key_id, metadata_only=True)
    holds(bare.is_metadata_only(), 'metadata_only brought the payload along')
    equal((type(bare), bare.name, bare.id, bare.created), (type(back), back.name, back.id, back.created), 'metadata')
    key_manager.delete(context, key_id)
    refused(exception.ManagedObjectNotFoundError, key_manager.get, context, key_id)
    refused(exception.ManagedObjectNotFoundError, key_manager.delete, context, key_id)


def kinds_come_back(kind, make):
    @claim(f'castellan: a named {kind} comes back byte for byte, and is gone once deleted')
    def named():
        comes_back(make(f'{kind} of a peer ü'), CONTEXT, MANAGER)

    @claim(f'castellan: a nameless {kind} comes back byte for byte, and is gone once deleted')
    def nameless():
        comes_back(make(), CONTEXT, MANAGER)


for kind, make in KINDS.items():
    kinds_come_back(kind, make)


def key_is_created(bits):
    @claim(f'castellan: create_key makes an aes key of {bits} bits without a mode')
    def created():
        key_id = MANAGER.create_key(CONTEXT, 'aes', bits)
        key = MANAGER.get(CONTEXT, key_id)
        equal((type(key), key.algorithm.lower(), key.bit_length, key.name), (SymmetricKey, 'aes', bits, None), 'key')
        equal(len(key.get_encoded()), bits // 8, 'length in bytes')
        MANAGER.delete(CONTEXT, key_id)


for bits in (128, 192, 256, 512):
    key_is_created(bits)


@claim('castellan: create_key keeps the name it was given, and never makes the same key twice')
def created_named():
    ids = [MANAGER.create_key(CONTEXT, 'aes', 256, name='volume key') for _ in range(3)]
    keys = [MANAGER.get(CONTEXT, key_id) for key_id in ids]
    equal({key.name for key in keys}, {'volume key'}, 'names')
    equal(len({key.get_encoded() for key in keys}), 3, 'different keys')


def pair_is_created(algorithm, bits):
    @claim(f'castellan: create_key_pair makes a pair of {algorithm} keys of {bits} bits, one belonging to the other')
    def created():
        private_id, public_id = MANAGER.create_key_pair(CONTEXT, algorithm, bits, name='pair')
        private, public = MANAGER.get(CONTEXT, private_id), MANAGER.get(CONTEXT, public_id)
        equal((type(private), type(public)), (PrivateKey, PublicKey), 'classes')
        equal((private.bit_length, public.bit_length), (bits, bits), 'lengths')
        equal((private.algorithm.lower(), public.algorithm.lower()), (algorithm.lower(),) * 2, 'algorithms')
        key = serialization.load_der_private_key(private.get_encoded(), None)
        equal(key.key_size, bits, 'size of the key')
        equal(key.public_key().public_numbers(),
              serialization.load_der_public_key(public.get_encoded()).public_numbers(), 'pair')
        for key_id in (private_id, public_id):
            MANAGER.delete(CONTEXT, key_id)


for algorithm, bits in (('RSA', 2048), ('rsa', 3072)):
    pair_is_created(algorithm, bits)


@claim('castellan: create_key_pair makes a pair of DSA keys and names both; DER as they are, the client below reads them')
def dsa_pair():
    private_id, public_id = MANAGER.create_key_pair(CONTEXT, 'DSA', 2048)
    client = barbican.Client(session=session.Session(auth=password('demo')))
    private, public = (client.secrets.get(f'{ENDPOINT}/v1/secrets/{key_id}') for key_id in (private_id, public_id))
    equal((private.secret_type, public.secret_type), ('private', 'public'), 'types')
    key = serialization.load_der_private_key(private.payload, None)
    equal(key.public_key().public_numbers(), serialization.load_der_public_key(public.payload).public_numbers(), 'pair')


@claim('castellan: create_key with a length no cipher has is a KeyManagerError, not a key')
def create_refused():
    refused(exception.KeyManagerError, MANAGER.create_key, CONTEXT, 'aes', 100)


@claim('castellan: a passphrase given as text comes back as text')
def passphrase_as_text():
    key_id = MANAGER.store(CONTEXT, Passphrase('pässphrase of a peer'))
    equal(MANAGER.get(CONTEXT, key_id).get_encoded(), 'pässphrase of a peer')
    MANAGER.delete(CONTEXT, key_id)


@claim('castellan: a clone of a nameless key has its bytes, its algorithm, its length and an id of its own')
def clone():
    key_id = MANAGER.create_key(CONTEXT, 'aes', 256)
    original = MANAGER.get(CONTEXT, key_id)
    copy_id = MANAGER.store(CONTEXT, original)
    copy = MANAGER.get(CONTEXT, copy_id)
    holds(copy_id != key_id, 'the clone has the id of the original')
    equal((copy.get_encoded(), copy.algorithm, copy.bit_length),
          (original.get_encoded(), original.algorithm, original.bit_length), 'clone')
    MANAGER.delete(CONTEXT, key_id)
    equal(MANAGER.get(CONTEXT, copy_id).get_encoded(), original.get_encoded(), 'clone after its original is gone')


@claim('castellan: list brings all six kinds, by kind only that kind, and no payloads when not asked')
def listing():
    # A project of its own, since castellan lists the first ten.
    context = token_context('hermit')
    stored = {MANAGER.store(context, make(f'listed {kind}')): make for kind, make in KINDS.items()}
    equal({thing.id for thing in MANAGER.list(context)}, set(stored), 'ids of all kinds')
    for object_type in (SymmetricKey, PrivateKey, PublicKey, X509, Passphrase, OpaqueData):
        listed = MANAGER.list(context, object_type=object_type)
        equal([type(thing) for thing in listed], [object_type], 'classes listed')
        holds(not listed[0].is_metadata_only(), 'the payload is missing')
    holds(all(thing.is_metadata_only() for thing in MANAGER.list(context, metadata_only=True)),
          'metadata_only brought payloads along')
    for key_id in stored:
        MANAGER.delete(context, key_id)
    equal(MANAGER.list(context), [], 'list after everything was deleted')


@claim('castellan: an unknown id is not found, nor is the all-zero id of half-migrated clouds')
def unknown():
    for key_id in (str(uuid.uuid4()), '00000000-0000-0000-0000-000000000000'):
        refused(exception.ManagedObjectNotFoundError, MANAGER.get, CONTEXT, key_id)
        refused(exception.ManagedObjectNotFoundError, MANAGER.delete, CONTEXT, key_id)


@claim('castellan: a key of another project is refused with the word Forbidden, which nova looks for')
def other_project():
    key_id = MANAGER.store(CONTEXT, KINDS['symmetric key']())
    error = refused(exception.KeyManagerError, MANAGER.get, token_context('stranger'), key_id)
    holds('Forbidden' in str(error), f'no Forbidden in: {error}')
    MANAGER.delete(CONTEXT, key_id)


def logs_in(title, make_context):
    @claim(f'castellan: {title} is enough to store, fetch, create and delete')
    def works():
        context = make_context()
        key_manager = manager()
        comes_back(KINDS['symmetric key'](), context, key_manager)
        key_manager.delete(context, key_manager.create_key(context, 'aes', 256))


logs_in('a Keystone token', token_context)
logs_in("an oslo.context request context with the user's token", request_context)
logs_in('a Keystone password', password_context)


def reaches(title, **options):
    @claim(f'castellan: {title} leads to the same secrets')
    def works():
        key_manager = manager(**options)
        key_id = key_manager.store(CONTEXT, KINDS['passphrase']('over here'))
        equal(MANAGER.get(CONTEXT, key_id).get_encoded(), key_manager.get(CONTEXT, key_id).get_encoded(), 'bytes')
        key_manager.delete(CONTEXT, key_manager.create_key(CONTEXT, 'aes', 128))
        key_manager.delete(CONTEXT, key_id)
        refused(exception.ManagedObjectNotFoundError, MANAGER.get, CONTEXT, key_id)


reaches('the endpoint without a version, found by discovery,', barbican_endpoint=ENDPOINT)
reaches('the endpoint with a trailing slash, found by discovery,', barbican_endpoint=ENDPOINT + '/')
reaches('the endpoint and a version', barbican_endpoint=ENDPOINT, barbican_api_version='v1')
reaches('the endpoint with a trailing slash and a version', barbican_endpoint=ENDPOINT + '/',
        barbican_api_version='v1')
reaches("the catalog's internal endpoint", barbican_endpoint_type='internal', barbican_region_name='RegionOne')


@claim('castellan: with a service user beside it, a token that expired on the way still fetches its key')
def expired_on_the_way():
    key_id = MANAGER.store(CONTEXT, KINDS['symmetric key']())
    context = RequestContext()
    # As nova does it: the token is sent as it came, Keystone is not asked for a new one.
    context.get_auth_plugin = lambda: token_endpoint.Token(ENDPOINT, CLOUD['expiredToken'])
    alone = manager(barbican_endpoint=ENDPOINT, barbican_api_version='v1')
    refused(exception.KeyManagerError, alone.get, context, key_id)

    accompanied = manager(barbican_endpoint=ENDPOINT, barbican_api_version='v1', send_service_user_token=True)
    accompanied.conf.register_opts(loading.get_auth_plugin_conf_options('password'), group='barbican_service_user')
    for name, value in {'auth_type': 'password', 'auth_url': AUTH_URL, 'username': 'nova',
                        'password': CLOUD['password'], 'user_domain_name': 'Default', 'project_name': 'service',
                        'project_domain_name': 'Default'}.items():
        accompanied.conf.set_override(name, value, group='barbican_service_user')
    equal(accompanied.get(context, key_id).get_encoded(), MANAGER.get(CONTEXT, key_id).get_encoded(), 'bytes')


run()
