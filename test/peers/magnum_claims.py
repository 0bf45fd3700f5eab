"""magnum's certificate manager: the certificates of a cluster, kept by magnum's own user."""
import uuid

import magnum.conf
from barbicanclient import client as barbican
from barbicanclient import exceptions
from keystoneauth1 import loading
from magnum.common.cert_manager import barbican_cert_manager, get_backend

from claims import claim, equal, refused, run
from logins import AUTH_URL, CLOUD, PASSWORD, keystone_session, project_of

CONF = magnum.conf.CONF
CONF([], project='magnum', default_config_files=[], default_config_dirs=[])
CONF.register_opts(loading.get_auth_plugin_conf_options('password'), group='keystone_auth')
for name, value in {'auth_type': 'password', 'auth_url': AUTH_URL, 'username': 'magnum', 'password': PASSWORD,
                    'user_domain_name': 'Default', 'project_name': project_of('magnum'),
                    'project_domain_name': 'Default'}.items():
    CONF.set_override(name, value, group='keystone_auth')
CONF.set_override('region_name', 'RegionOne', group='barbican_client')
CONF.set_override('cert_manager_type', 'barbican', group='certificates')
MANAGER = get_backend().CertManager
CLIENT = barbican.Client(session=keystone_session('magnum'))
CLUSTER = 'http://magnum.example.org/v1/clusters/1'


def status_of(function, *args):
    return refused(exceptions.HTTPClientError, function, *args).status_code


def stored(**more):
    return MANAGER.store_cert('certificate', 'key', name='ca', **more)


@claim('magnum: the barbican backend is the one that is loaded, through the catalog')
def backend():
    equal(get_backend().CertManager.__module__, barbican_cert_manager.__name__, 'module')
    equal(stored().startswith(f"{CLOUD['endpoint']}/v1/containers/"), True, 'reference')


@claim('magnum: two, three and four secrets and their container are stored and read, each as it was given')
def parts():
    for more in ({}, {'intermediates': 'chain'},
                 {'intermediates': 'chain', 'private_key_passphrase': 'phrase', 'expiration': '2049-01-01T01:01:01'}):
        ref = stored(**more)
        cert = MANAGER.get_cert(ref, check_only=True)
        equal((cert.get_certificate(), cert.get_private_key(), cert.get_intermediates(), cert.get_private_key_passphrase()),
              ('certificate', 'key', more.get('intermediates'), more.get('private_key_passphrase')), 'parts')
        equal(CLIENT.containers.get(ref).consumers, [], 'consumers')


@claim('magnum: fetching registers Magnum as a consumer, any number of times the same one')
def registered():
    ref = stored()
    for _ in range(3):
        equal(MANAGER.get_cert(ref, resource_ref=CLUSTER).get_private_key(), 'key', 'key')
    equal(CLIENT.containers.get(ref).consumers, [{'name': 'Magnum', 'URL': CLUSTER}], 'consumers')


@claim('magnum: deleting takes the secrets, then the container, while a consumer is still registered')
def deleted():
    ref = stored(intermediates='chain', private_key_passphrase='phrase')
    MANAGER.get_cert(ref, resource_ref=CLUSTER)
    secrets = list(CLIENT.containers.get(ref).secret_refs.values())
    equal(len(secrets), 4, 'secrets')
    MANAGER.delete_cert(ref)
    equal(status_of(lambda: CLIENT.containers.get(ref)), 404, 'container')
    for secret_ref in secrets:
        equal(status_of(lambda: CLIENT.secrets.get(secret_ref).status), 404, secret_ref)
    equal(status_of(MANAGER.delete_cert, ref), 404, 'deleted twice')


@claim('magnum: an unknown certificate is not found')
def unknown():
    ref = f"{CLOUD['endpoint']}/v1/containers/{uuid.uuid4()}"
    equal(status_of(MANAGER.get_cert, ref), 404, 'get')
    equal(status_of(lambda: MANAGER.get_cert(ref, check_only=True)), 404, 'get, only to check')


run()
