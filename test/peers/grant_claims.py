"""ACLs of secrets and containers, and consumers of secrets, through python-barbicanclient."""
from barbicanclient import client as barbican
from barbicanclient import exceptions
from keystoneauth1 import identity, session

from claims import claim, cloud, equal, holds, refused, run

CLOUD = cloud()
SESSIONS = {}


def client(person):
    auth = identity.Password(
        auth_url=CLOUD['authUrl'], username=person, password=CLOUD['password'], user_domain_name='Default',
        project_name=CLOUD['people'][person]['project'], project_domain_name='Default')
    SESSIONS[person] = session.Session(auth=auth)
    return barbican.Client(session=SESSIONS[person])


CLIENT = client('demo')
STRANGER = client('stranger')
STRANGER_ID = SESSIONS['stranger'].get_user_id()
VOLUME = {'service': 'cinder', 'resource_type': 'volume', 'resource_id': 'v1'}


def secret(payload='shared'):
    return CLIENT.secrets.create(name='granted', payload=payload).store()


def container():
    members = {'one': CLIENT.secrets.create(payload='1')}
    return CLIENT.containers.create(secrets=members).store()


def status_of(function, *args, **kwargs):
    return refused(exceptions.HTTPClientError, function, *args, **kwargs).status_code


PARENTS = {
    'secret': (secret, lambda person, ref: person.secrets.get(ref).name),
    'container': (container, lambda person, ref: person.containers.get(ref).name),
}

for NOUN, (MAKE, READ) in PARENTS.items():
    @claim(f'acls: a {NOUN} without one has project access and names nobody')
    def without(make=MAKE):
        read = CLIENT.acls.get(make()).read
        equal((read.project_access, read.users, read.created, read.updated), (True, [], None, None), 'default')

    @claim(f'acls: one of a {NOUN} is submitted, read back, changed and removed')
    def round_trip(make=MAKE):
        ref = make()
        equal(CLIENT.acls.create(entity_ref=ref, users=['u1', 'u2'], project_access=False).submit(),
              f'{ref}/acl', 'acl_ref')
        acl = CLIENT.acls.get(ref)
        equal((acl.read.project_access, sorted(acl.read.users)), (False, ['u1', 'u2']), 'read back')
        holds(acl.read.created is not None and acl.read.created <= acl.read.updated, 'times')
        acl.read.users.append('u3')
        acl.read.project_access = True
        equal(acl.submit(), f'{ref}/acl', 'changed')
        acl = CLIENT.acls.get(ref)
        equal((acl.read.project_access, sorted(acl.read.users)), (True, ['u1', 'u2', 'u3']), 'changed')
        acl.read.remove()
        equal(CLIENT.acls.get(ref).read.users, [], 'removed')
        acl.remove()

    @claim(f'acls: whom one of a {NOUN} names reads it from another project, until it ends')
    def reading(make=MAKE, read=READ):
        ref = make()
        equal(status_of(read, STRANGER, ref), 403, 'before')
        acl = CLIENT.acls.create(entity_ref=ref, users=[STRANGER_ID])
        acl.submit()
        read(STRANGER, ref)
        equal(status_of(lambda: STRANGER.acls.get(ref)), 403, 'the ACL itself')
        acl.read.users = []
        acl.submit()
        equal(status_of(read, STRANGER, ref), 403, 'after')


@claim('acls: a payload is read through one, from another project')
def payload():
    ref = secret('the payload')
    CLIENT.acls.create(entity_ref=ref, users=[STRANGER_ID], project_access=False).submit()
    equal(STRANGER.secrets.get(ref).payload, 'the payload', 'payload')
    equal(CLIENT.secrets.get(ref).payload, 'the payload', 'payload of the owner')


@claim('acls: an operation that is not read is a 400')
def operations():
    acl = CLIENT.acls.create(entity_ref=secret(), users=['u'], operation_type='write')
    equal(status_of(acl.submit), 400, 'write')


@claim('consumers: one of a secret is registered any number of times, is one, and is gone when removed')
def consumers():
    ref = secret()
    api, path = CLIENT.secrets._api, f'secrets/{ref[-36:]}/consumers'
    for _ in range(3):
        equal(api.post(path, json=VOLUME)['consumers'], [VOLUME], 'registered')
    listed = api.get(path, params={'limit': 10, 'offset': 0})
    equal((listed['total'], listed['consumers'][0]['resource_id']), (1, 'v1'), 'listed')
    equal(api.delete(path, json=VOLUME).json()['consumers'], [], 'removed')
    equal(status_of(api.delete, path, json=VOLUME), 404, 'removed twice')


@claim('consumers: a secret that has some is shown and deleted by a client that knows nothing of them')
def unaware():
    ref = secret()
    CLIENT.secrets._api.post(f'secrets/{ref[-36:]}/consumers', json=VOLUME)
    equal(CLIENT.secrets.get(ref).payload, 'shared', 'payload')
    holds(ref in [each.secret_ref for each in CLIENT.secrets.list(limit=100, sort='created:desc')], 'list')
    CLIENT.secrets.delete(ref)
    equal(status_of(lambda: CLIENT.secrets.get(ref).name), 404, 'deleted')


run()
