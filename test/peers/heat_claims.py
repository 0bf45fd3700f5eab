"""heat's resources of the key manager, in whole stacks that heat's engine creates and deletes."""
import json
import uuid

from barbicanclient import client as barbican
from barbicanclient import exceptions
from cryptography.hazmat.primitives import serialization
from heat.common import config, context as heat_context, messaging
from heat.db.sqlalchemy import api as database, models
from heat.engine import environment, resources, stack, template
from keystoneauth1 import loading, session
from oslo_config import cfg
from oslo_db import options as database_options

from claims import claim, equal, holds, refused, run
from logins import AUTH_URL, CLOUD, PASSWORD, keystone_session, login, project_id, project_of, user_id

CONF = cfg.CONF
database_options.set_defaults(CONF, connection='sqlite://')
CONF([], project='heat', default_config_files=[], default_config_dirs=[])
CONF.set_override('region_name_for_services', 'RegionOne')
# heat takes a trust from its caller for each stack, and keeps it for later.
CONF.register_opts(loading.get_auth_plugin_conf_options('password'), group='trustee')
for name, value in {'auth_type': 'password', 'auth_url': AUTH_URL, 'username': 'heat', 'password': PASSWORD,
                    'user_domain_name': 'Default'}.items():
    CONF.set_override(name, value, group='trustee')
messaging.setup('fake://', optional=True)
models.BASE.metadata.create_all(database.get_engine())
resources.initialise()
CLIENT = barbican.Client(session=keystone_session('demo'))


def context():
    access = login('demo').get_access(session.Session())
    return heat_context.RequestContext(
        username='demo', user_id=user_id('demo'), project_id=project_id('demo'), project_name=project_of('demo'),
        auth_token=access.auth_token, auth_token_info=access._data, auth_url=AUTH_URL, is_admin=False, roles=access.role_names,
        region_name='RegionOne')


CONTEXT = context()


class Stack:
    """One stack of the given resources; it is gone at the end, and so is what it made."""

    def __init__(self, **parts):
        self.parts = {name: {'type': f'OS::Barbican::{kind}', 'properties': properties}
                      for name, (kind, properties) in parts.items()}

    def __enter__(self):
        text = {'heat_template_version': '2016-10-14', 'resources': self.parts}
        made = template.Template(json.loads(json.dumps(text)), env=environment.Environment({}))
        self.stack = stack.Stack(CONTEXT, f'stack-{uuid.uuid4().hex[:8]}', made)
        self.stack.store()
        self.stack.validate()
        self.stack.create()
        return self

    def __exit__(self, *_):
        self.refs = {name: self.stack[name].resource_id for name in self.parts}
        self.stack.delete()
        equal(self.stack.state, ('DELETE', 'COMPLETE'), f'{self.stack.status_reason}')

    def is_up(self):
        equal(self.stack.state, ('CREATE', 'COMPLETE'), f'{self.stack.status_reason}')
        return self

    def ref(self, name):
        return self.stack[name].FnGetRefId()

    def attribute(self, name, attribute):
        return self.stack[name].FnGetAtt(attribute)


def is_gone(ref):
    get = {'secrets': lambda: CLIENT.secrets.get(ref).status, 'containers': lambda: CLIENT.containers.get(ref),
           'orders': lambda: CLIENT.orders.get(ref).status}[ref.split('/')[-2]]
    equal(refused(exceptions.HTTPClientError, get).status_code, 404, ref)


def secret(payload='payload', **more):
    return 'Secret', {'payload': payload, 'payload_content_type': 'text/plain', **more}


@claim('heat: a secret as text and one as base64 are created, read as attributes, and deleted with their stack')
def secrets():
    octets = 'aGVhdAD/'
    with Stack(text=secret(name='heat', secret_type='passphrase', expiration='2038-01-01T00:00:00Z', algorithm='aes',
                           bit_length=256, mode='cbc'),
               octets=('Secret', {'payload': octets, 'payload_content_type': 'application/octet-stream',
                                  'payload_content_encoding': 'base64', 'secret_type': 'symmetric'}),
               empty=('Secret', {'name': 'without payload'})) as made:
        made.is_up()
        equal((made.attribute('text', 'status'), made.attribute('text', 'decrypted_payload')), ('ACTIVE', 'payload'), 'text')
        equal(made.attribute('octets', 'decrypted_payload'), b'heat\x00\xff', 'octets')
        equal((made.attribute('empty', 'status'), made.attribute('empty', 'decrypted_payload')), ('ACTIVE', None), 'empty')
        stored = CLIENT.secrets.get(made.ref('text'))
        equal((stored.name, stored.secret_type, stored.algorithm, stored.bit_length, stored.mode,
               stored.expiration.isoformat()[:19]),
              ('heat', 'passphrase', 'aes', 256, 'cbc', '2038-01-01T00:00:00'), 'facts')
    for ref in made.refs.values():
        is_gone(ref)


@claim('heat: an order of type key becomes ACTIVE with its secret; with the stack it goes, as far as the rules let')
def key_order():
    made = Stack(order=('Order', {'type': 'key', 'name': 'heat', 'algorithm': 'aes', 'bit_length': 256, 'mode': 'cbc',
                                  'payload_content_type': 'application/octet-stream'}))
    made.__enter__()
    made.is_up()
    equal(made.attribute('order', 'status'), 'ACTIVE', 'status')
    equal(made.attribute('order', 'order_ref'), made.ref('order'), 'reference')
    equal(len(CLIENT.secrets.get(made.attribute('order', 'secret_ref')).payload), 32, 'bytes')
    # With the legacy rules only an administrator deletes orders, and heat passes that on.
    made.stack.delete()
    equal(made.stack.state, ('DELETE', 'FAILED'), made.stack.status_reason)
    holds('Forbidden' in made.stack.status_reason, made.stack.status_reason)
    barbican.Client(session=keystone_session('administrator')).orders.delete(made.ref('order'))
    made.stack.delete()
    equal(made.stack.state, ('DELETE', 'COMPLETE'), made.stack.status_reason)


def asymmetric(**more):
    made = Stack(order=('Order', {'type': 'asymmetric', 'name': 'heat', 'algorithm': 'rsa', 'bit_length': 2048,
                                  'payload_content_type': 'application/octet-stream', **more}))
    made.__enter__()
    made.is_up()
    private, public = (made.attribute('order', name) for name in ('private_key', 'public_key'))
    container = CLIENT.containers.get(made.attribute('order', 'container_ref'))
    equal((container.status, container.public_key.payload), ('ACTIVE', public), 'container')
    barbican.Client(session=keystone_session('administrator')).orders.delete(made.ref('order'))
    made.stack.delete()
    return private, serialization.load_pem_public_key(public)


@claim('heat: an order of type asymmetric gives a pair that belongs together, through its container')
def pair():
    private, public = asymmetric()
    key = serialization.load_pem_private_key(private, None)
    equal((key.key_size, key.public_key().public_numbers()), (2048, public.public_numbers()), 'pair')


@claim('heat: with pass_phrase the private key is encrypted with that phrase')
def encrypted_pair():
    private, public = asymmetric(pass_phrase='phrase of a stack')
    refused(TypeError, serialization.load_pem_private_key, private, None)
    refused(ValueError, serialization.load_pem_private_key, private, b'another phrase')
    key = serialization.load_pem_private_key(private, b'phrase of a stack')
    equal(key.public_key().public_numbers(), public.public_numbers(), 'pair')


@claim('heat: an order that cannot be fulfilled fails its stack with the status and the reason')
def failed_order():
    made = Stack(order=('Order', {'type': 'key', 'algorithm': 'no such cipher', 'bit_length': 256}))
    made.__enter__()
    equal(made.stack.state, ('CREATE', 'FAILED'), made.stack.status_reason)
    holds('failed: 400 - ' in made.stack.status_reason, made.stack.status_reason)


@claim('heat: generic containers, an empty one as well, wait for ACTIVE, show what they hold, and are deleted')
def generic():
    with Stack(one=secret('1'), two=secret('2'), empty=('GenericContainer', {'name': 'empty'}),
               full=('GenericContainer', {'name': 'full', 'secrets': [
                   {'name': 'first', 'ref': {'get_resource': 'one'}},
                   {'name': 'second', 'ref': {'get_resource': 'two'}}]})) as made:
        made.is_up()
        equal((made.attribute('empty', 'status'), made.attribute('empty', 'secret_refs')), ('ACTIVE', {}), 'empty')
        equal(made.attribute('full', 'secret_refs'), {'first': made.ref('one'), 'second': made.ref('two')}, 'secrets')
        equal((made.attribute('full', 'container_ref'), made.attribute('full', 'consumers')), (made.ref('full'), []), 'facts')
    for ref in made.refs.values():
        is_gone(ref)


@claim('heat: certificate and RSA containers hold the secrets of their stack')
def typed():
    parts = {name: secret(name) for name in ('certificate', 'key', 'phrase', 'chain', 'public')}

    def to(name):
        return {'get_resource': name}
    with Stack(tls=('CertificateContainer', {
            'name': 'tls', 'certificate_ref': to('certificate'), 'private_key_ref': to('key'),
            'private_key_passphrase_ref': to('phrase'), 'intermediates_ref': to('chain')}),
            rsa=('RSAContainer', {'name': 'rsa', 'private_key_ref': to('key'), 'public_key_ref': to('public'),
                                  'private_key_passphrase_ref': to('phrase')}), **parts) as made:
        made.is_up()
        tls = CLIENT.containers.get(made.ref('tls'))
        equal((tls.certificate.payload, tls.private_key.payload, tls.private_key_passphrase.payload, tls.intermediates.payload),
              ('certificate', 'key', 'phrase', 'chain'), 'certificate')
        rsa = CLIENT.containers.get(made.ref('rsa'))
        equal((rsa.public_key.payload, rsa.private_key.payload, rsa.private_key_passphrase.payload),
              ('public', 'key', 'phrase'), 'rsa')
    for ref in made.refs.values():
        is_gone(ref)


@claim('heat: a stack is deleted although somebody else deleted its secret before')
def gone_already():
    with Stack(secret=secret()) as made:
        made.is_up()
        CLIENT.secrets.delete(made.ref('secret'))


@claim('heat: a container that names a secret nobody has is refused before it is made')
def unknown_secret():
    missing = f"{CLOUD['endpoint']}/v1/secrets/{uuid.uuid4()}"
    made = Stack(full=('GenericContainer', {'secrets': [{'name': 'none', 'ref': missing}]}))
    error = refused(Exception, made.__enter__)
    holds(missing in str(error), f'{error}')


run()
