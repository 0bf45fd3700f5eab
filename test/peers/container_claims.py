"""Containers and their consumers through python-barbicanclient, the way octavia, magnum and heat use them."""
import uuid

from barbicanclient import client as barbican
from barbicanclient import exceptions
from barbicanclient.v1 import containers
from keystoneauth1 import identity, session

from claims import claim, cloud, equal, holds, refused, run

CLOUD = cloud()
ENDPOINT = CLOUD['endpoint']


def client(person):
    auth = identity.Password(
        auth_url=CLOUD['authUrl'], username=person, password=CLOUD['password'], user_domain_name='Default',
        project_name=CLOUD['people'][person]['project'], project_domain_name='Default')
    return barbican.Client(session=session.Session(auth=auth))


CLIENT = client('demo')
STRANGER = client('stranger')


def secret(payload):
    return CLIENT.secrets.create(name='member', payload=payload)


def status_of(function, *args, **kwargs):
    return refused(exceptions.HTTPClientError, function, *args, **kwargs).status_code


@claim('containers: a generic one is stored with its secrets, and they are read through it')
def generic():
    container = CLIENT.containers.create(name='generic', secrets={'one': secret('1'), 'two': secret(b'\x00\x01')})
    ref = container.store()
    holds(ref.startswith(f'{ENDPOINT}/v1/containers/'), ref)
    got = CLIENT.containers.get(ref)
    equal((type(got), got.name, got.status, got.consumers), (containers.Container, 'generic', 'ACTIVE', []), 'facts')
    equal({name: member.payload for name, member in got.secrets.items()}, {'one': '1', 'two': b'\x00\x01'}, 'secrets')
    holds(got.updated >= got.created, 'updated before created')


@claim('containers: rsa and certificate come back as what they are')
def typed():
    rsa = CLIENT.containers.create_rsa(name='rsa', public_key=secret('pub'), private_key=secret('priv'),
                                       private_key_passphrase=secret('phrase'))
    got = CLIENT.containers.get(rsa.store())
    equal(type(got), containers.RSAContainer, 'class')
    equal((got.public_key.payload, got.private_key.payload, got.private_key_passphrase.payload),
          ('pub', 'priv', 'phrase'), 'rsa')
    certificate = CLIENT.containers.create_certificate(
        name='tls', certificate=secret('cert'), private_key=secret('key'), intermediates=secret('chain'))
    got = CLIENT.containers.get(certificate.store())
    equal(type(got), containers.CertificateContainer, 'class')
    equal((got.certificate.payload, got.private_key.payload, got.intermediates.payload, got.private_key_passphrase),
          ('cert', 'key', 'chain', None), 'certificate')


@claim('containers: empty ones are kept, and a half one is a 400')
def empty_and_half():
    for made in (CLIENT.containers.create(), CLIENT.containers.create_rsa(), CLIENT.containers.create_certificate()):
        equal(CLIENT.containers.get(made.store()).secret_refs, {}, 'empty')
    equal(status_of(CLIENT.containers.create_rsa(public_key=secret('pub')).store), 400, 'rsa without private key')
    equal(status_of(CLIENT.containers.create_certificate(private_key=secret('key')).store), 400, 'no certificate')


@claim('containers: a list finds them by name and by type, in pages')
def listed():
    name = f'listed {uuid.uuid4().hex[:8]}'
    refs = [CLIENT.containers.create(name=name).store() for _ in range(3)] + \
        [CLIENT.containers.create_rsa(name=name).store()]

    def found(**query):
        return [container.container_ref for container in CLIENT.containers.list(name=name, **query)]
    equal(found(), refs, 'by name')
    equal(found(type='rsa'), refs[3:], 'by name and type')
    equal(found(type='no such'), [], 'by another type')
    equal(found(limit=2, offset=1), refs[1:3], 'a page')


@claim('containers: a deleted one is 404, its secrets live on')
def deleted():
    container = CLIENT.containers.create(secrets={'kept': secret('kept')})
    ref = container.store()
    kept = container.secret_refs['kept']
    CLIENT.containers.delete(ref)
    equal(status_of(CLIENT.containers.delete, ref), 404, 'second delete')
    equal(status_of(lambda: CLIENT.containers.get(ref)), 404, 'get')
    equal(CLIENT.secrets.get(kept).payload, 'kept', 'secret')


@claim('containers: secrets are added and taken out again, and the pair may come back')
def members():
    ref = CLIENT.containers.create().store()
    api, path = CLIENT.containers._api, f'containers/{ref[-36:]}/secrets'
    body = {'name': 'late', 'secret_ref': secret('late').store()}
    for _ in range(2):
        equal(api.post(path, json=body), {'container_ref': ref}, 'add')
        equal(status_of(api.post, path, json=body), 409, 'add twice')
        equal(CLIENT.containers.get(ref).secrets['late'].payload, 'late', 'through the container')
        equal(api.delete(path, json=body).status_code, 204, 'take out')
        equal(status_of(api.delete, path, json=body), 404, 'take out twice')


@claim('octavia: a consumer is registered any number of times, is one, and is gone when removed')
def consumers():
    ref = CLIENT.containers.create_certificate(certificate=secret('cert')).store()
    octavia = {'name': 'Octavia', 'url': 'https://lb.example/v2/lbaas/listeners/1'}
    wire = {'name': octavia['name'], 'URL': octavia['url']}
    for _ in range(3):
        got = CLIENT.containers.register_consumer(ref, **octavia)
        equal((type(got), got.container_ref, got.consumers), (containers.CertificateContainer, ref, [wire]), 'registered')
    equal(CLIENT.containers.get(ref).consumers, [wire], 'read again')
    CLIENT.containers.remove_consumer(ref, **octavia)
    equal(CLIENT.containers.get(ref).consumers, [], 'removed')
    error = refused(exceptions.HTTPClientError, CLIENT.containers.remove_consumer, ref, **octavia)
    equal(error.status_code, 404, 'status')
    holds('Consumer not found' in str(error), str(error))


@claim('magnum: secrets go first, then the container, a consumer still registered')
def magnum():
    container = CLIENT.containers.create_certificate(certificate=secret('cert'), private_key=secret('key'))
    ref = container.store()
    CLIENT.containers.register_consumer(ref, 'Magnum', 'cluster 1')
    for member in list(CLIENT.containers.get(ref).secrets.values()):
        CLIENT.secrets.delete(member.secret_ref)
    equal(CLIENT.containers.get(ref).secret_refs, {}, 'what is left')
    CLIENT.containers.delete(ref)
    equal(status_of(lambda: CLIENT.containers.get(ref)), 404, 'get')


@claim('containers: another project is refused, and cannot take our secrets into a container of its own')
def foreign():
    container = CLIENT.containers.create(secrets={'mine': secret('mine')})
    ref = container.store()
    equal(status_of(lambda: STRANGER.containers.get(ref)), 403, 'get')
    equal(status_of(STRANGER.containers.register_consumer, ref, 'n', 'u'), 403, 'consumer')
    equal(status_of(STRANGER.containers.delete, ref), 403, 'delete')
    stolen = STRANGER.secrets.create(payload='x')
    stolen._secret_ref = container.secret_refs['mine']
    equal(status_of(STRANGER.containers.create(secrets={'stolen': stolen}).store), 404, 'a foreign secret')
    equal(CLIENT.containers.get(ref).secrets['mine'].payload, 'mine', 'afterwards')


@claim('containers: an unknown one, and one whose id is none, are 404')
def unknown():
    for name in (str(uuid.uuid4()), '00000000-0000-0000-0000-000000000000'):
        equal(status_of(lambda: CLIENT.containers.get(f'{ENDPOINT}/v1/containers/{name}')), 404, name)


run()
