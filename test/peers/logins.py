"""How the services log in: what their configuration files would say about this cloud."""
from keystoneauth1 import identity, loading, session

from claims import cloud

CLOUD = cloud()
AUTH_URL = CLOUD['authUrl']
ENDPOINT = CLOUD['endpoint']
PASSWORD = CLOUD['password']


def project_of(person):
    return CLOUD['people'][person]['project']


def project_id(person):
    return CLOUD['people'][person]['projectId']


def user_id(person):
    return CLOUD['people'][person]['userId']


def login(person):
    return identity.Password(
        auth_url=AUTH_URL, username=person, password=PASSWORD, user_domain_name='Default',
        project_name=project_of(person), project_domain_name='Default')


def keystone_session(person):
    return session.Session(auth=login(person))


def token(person):
    return login(person).get_token(session.Session())


def service_login(conf, group, person, **more):
    """The section in which a service keeps the login of its own user."""
    loading.register_auth_conf_options(conf, group)
    conf.register_opts(loading.get_auth_plugin_conf_options('password'), group=group)
    for name, value in {'auth_type': 'password', 'auth_url': AUTH_URL, 'username': person, 'password': PASSWORD,
                        'user_domain_name': 'Default', 'project_name': project_of(person),
                        'project_domain_name': 'Default', **more}.items():
        conf.set_override(name, value, group=group)


def castellan_backend(conf, **more):
    """The two sections castellan reads."""
    from castellan import options
    options.set_defaults(conf)
    conf.set_override('backend', 'barbican', group='key_manager')
    for name, value in {'auth_endpoint': AUTH_URL, **more}.items():
        conf.set_override(name, value, group='barbican')


def catalog():
    """What the middleware in front of a service makes of the catalog in its caller's token."""
    return [{'type': 'key-manager', 'name': 'barbican', 'endpoints': [
        {'region': 'RegionOne', 'publicURL': ENDPOINT, 'internalURL': ENDPOINT, 'adminURL': ENDPOINT}]}]
