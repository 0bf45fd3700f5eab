"""Octavia's certificate managers: TLS material of a tenant, read by Octavia's own user; and a handshake with what comes back."""
import datetime
import ssl
import tempfile
import types
import uuid
from urllib.parse import urlsplit

from barbicanclient import client as barbican
from barbicanclient import exceptions as barbican_exception
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from octavia.certificates.manager import barbican as octavia_barbican
from octavia.certificates.manager import barbican_legacy, castellan_mgr
from octavia.common import config, context as octavia_context, exceptions
from octavia.common.tls_utils import cert_parser
from oslo_config import cfg

from claims import claim, equal, holds, refused, run
from logins import CLOUD, castellan_backend, keystone_session, project_id, service_login, token, user_id

CONF = cfg.CONF
config.init([])
service_login(CONF, 'service_auth', 'octavia')
castellan_backend(CONF)
TENANT = barbican.Client(session=keystone_session('demo'))
OCTAVIA = user_id('octavia')
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8, PLAIN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()


def context(person):
    """Of the request that creates a load balancer."""
    return octavia_context.Context(user_id=user_id(person), project_id=project_id(person), auth_token=token(person))


DEMO = context('demo')
# The worker has no token of the tenant any more.
WORKER = octavia_context.Context(project_id=project_id('demo'))


def manager():
    return octavia_barbican.BarbicanCertManager()


def certificate(host, key, issuer=None, issuer_key=None, authority=False):
    now = datetime.datetime.utcnow()

    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    builder = x509.CertificateBuilder(
        named(issuer or host), named(host), key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(hours=1), now + datetime.timedelta(days=2))
    builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


ROOT_KEY, MIDDLE_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ROOT = certificate('root', ROOT_KEY, authority=True)
MIDDLES = [certificate('middle', MIDDLE_KEY, 'root', ROOT_KEY, authority=True)]
LEAF_KEYS = {'RSA': rsa.generate_private_key(public_exponent=65537, key_size=2048),
             'EC': ec.generate_private_key(ec.SECP256R1())}


def leaf(kind, host='www.example.org'):
    key = LEAF_KEYS[kind]
    return certificate(host, key, 'middle', MIDDLE_KEY), key


def pem(*certificates):
    return b''.join(each.public_bytes(PEM) for each in certificates)


def shake_hands(tls_cert, host='www.example.org'):
    """A server with the PEM Octavia would give to haproxy, a client that trusts the root alone."""
    with tempfile.NamedTemporaryFile(dir=CLOUD['folder']) as file:
        file.write(cert_parser.build_pem(tls_cert))
        file.flush()
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(file.name)
    client_side = ssl.create_default_context(cadata=pem(ROOT).decode())
    upwards, downwards = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(downwards, upwards, server_hostname=host)
    server = server_side.wrap_bio(upwards, downwards, server_side=True)
    done = set()
    for _ in range(10):
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    equal(len(done), 2, 'sides that finished the handshake')
    client.write(b'GET /')
    equal(server.read(), b'GET /', 'what the server reads')
    return client.getpeercert(binary_form=True)


def listener(ref, sni=()):
    return types.SimpleNamespace(
        project_id=project_id('demo'), tls_certificate_id=ref,
        sni_containers=[types.SimpleNamespace(tls_container_id=each) for each in sni])


def served(ref, made, host='www.example.org'):
    """As the worker does it before it writes a listener to an amphora."""
    tls_cert = cert_parser.load_certificates_data(manager(), listener(ref))['tls_cert']
    equal(shake_hands(tls_cert, host), made.public_bytes(DER), 'certificate of the server')
    return tls_cert


def container(kind='RSA', passphrase=None, intermediates=None, content_type=None, host='www.example.org'):
    """What a tenant makes by hand, one secret for each part."""
    made, key = leaf(kind, host)
    encryption = PLAIN if passphrase is None else serialization.BestAvailableEncryption(passphrase.encode())
    parts = {'certificate': pem(made), 'private_key': key.private_bytes(PEM, PKCS8, encryption),
             'intermediates': pem(*MIDDLES) if intermediates is None else intermediates}
    if content_type == 'text/plain':
        parts = {name: part.decode() for name, part in parts.items()}
    if passphrase is not None:
        parts['private_key_passphrase'] = passphrase
    secrets = {name: TENANT.secrets.create(name=name, payload=part) for name, part in parts.items()}
    return TENANT.containers.create_certificate(name='tls', **secrets).store(), made


def members(ref):
    return list(TENANT.containers.get(ref).secret_refs.values())


def bundle(kind='RSA'):
    made, key = leaf(kind)
    return pkcs12.serialize_key_and_certificates(b'bundle', key, made, MIDDLES, PLAIN), made


def pkcs12_secret(kind='RSA'):
    blob, made = bundle(kind)
    return TENANT.secrets.create(name='bundle', payload=blob).store(), made


def acl_of(ref):
    read = TENANT.acls.get(ref).read
    return sorted(read.users), read.project_access


def forbidden_to_octavia(ref):
    """Before the ACL, Octavia's user is a stranger."""
    octavia = barbican.Client(session=keystone_session('octavia'))
    get = octavia.containers.get if '/containers/' in ref else lambda secret_ref: octavia.secrets.get(secret_ref).payload
    equal(refused(barbican_exception.HTTPClientError, get, ref).status_code, 403, 'status')


def bundle_works(kind):
    @claim(f'octavia: a PKCS12 secret with an {kind} key is read through its ACL, and a TLS handshake succeeds with it')
    def works():
        ref, made = pkcs12_secret(kind)
        equal(acl_of(ref), ([], True), 'ACL before')
        forbidden_to_octavia(ref)
        manager().set_acls(DEMO, ref)
        equal(acl_of(ref), ([OCTAVIA], True), 'ACL')
        manager().set_acls(DEMO, ref)
        equal(acl_of(ref), ([OCTAVIA], True), 'ACL, set twice')
        tls_cert = served(ref, made)
        equal([x509.load_pem_x509_certificate(each) for each in tls_cert.intermediates], MIDDLES, 'intermediates')


bundle_works('RSA')
bundle_works('EC')


@claim('octavia: a bundle is revoked again, and then it is closed to Octavia')
def revoked():
    ref, _ = pkcs12_secret()
    manager().set_acls(DEMO, ref)
    manager().unset_acls(DEMO, ref)
    equal(acl_of(ref), ([], True), 'ACL')
    forbidden_to_octavia(ref)
    # Octavia takes what it may not read for a container.
    error = refused(barbican_exception.HTTPClientError, manager().get_cert, WORKER, ref, check_only=True)
    equal(error.status_code, 404, 'status')


@claim("octavia: an ACL keeps the other users it names, and project-access, when Octavia comes and goes")
def other_users():
    ref, _ = pkcs12_secret()
    TENANT.acls.create(entity_ref=ref, users=[user_id('hermit')], project_access=False).submit()
    manager().set_acls(DEMO, ref)
    equal(acl_of(ref), (sorted([user_id('hermit'), OCTAVIA]), False), 'with Octavia')
    manager().unset_acls(DEMO, ref)
    equal(acl_of(ref), ([user_id('hermit')], False), 'without')


@claim('octavia: a secret that is no PKCS12 arrives whole and is told to be unreadable')
def unreadable():
    ref = TENANT.secrets.create(payload=b'no bundle \x00\xff').store()
    manager().set_acls(DEMO, ref)
    refused(exceptions.UnreadablePKCS12, manager().get_cert, WORKER, ref)


def container_works(title, **how):
    @claim(f'octavia: a container with {title} is read through the ACLs, and a TLS handshake succeeds with it')
    def works():
        ref, made = container(**how)
        forbidden_to_octavia(ref)
        for secret_ref in members(ref):
            forbidden_to_octavia(secret_ref)
        manager().set_acls(DEMO, ref)
        for each in (ref, *members(ref)):
            equal(acl_of(each), ([OCTAVIA], True), each)
        tls_cert = served(ref, made)
        equal([x509.load_pem_x509_certificate(each) for each in tls_cert.intermediates], MIDDLES, 'intermediates')
        manager().unset_acls(DEMO, ref)
        # The container goes first, and without it Octavia finds its members no more: these entries stay.
        equal(acl_of(ref), ([], True), 'ACL afterwards')
        forbidden_to_octavia(ref)
        error = refused(barbican_exception.HTTPClientError, manager().get_cert, WORKER, ref, check_only=True)
        equal(error.status_code, 403, 'status')


container_works('certificate, RSA key and intermediates as octets')
container_works('certificate, RSA key and intermediates as text', content_type='text/plain')
container_works('an EC key', kind='EC')
container_works('an encrypted key and its passphrase', passphrase='pässphrase of the tenant')
container_works('an encrypted EC key and its passphrase', kind='EC', passphrase='other phrase')
container_works('intermediates as PKCS7 in DER', intermediates=pkcs7.serialize_certificates(MIDDLES, DER))
container_works('intermediates as PKCS7 in PEM', intermediates=pkcs7.serialize_certificates(MIDDLES, PEM))


@claim('octavia: SNI certificates come beside the default one, bundles and containers mixed, in order')
def sni():
    default, default_made = pkcs12_secret()
    refs, certificates = [], []
    for host in ('a.example.org', 'b.example.org', 'c.example.org'):
        ref, made = container(host=host)
        refs.append(ref)
        certificates.append((host, made))
    for ref in (default, *refs):
        manager().set_acls(DEMO, ref)
    data = cert_parser.load_certificates_data(manager(), listener(default, refs))
    equal(shake_hands(data['tls_cert']), default_made.public_bytes(DER), 'default')
    for tls_cert, (host, made) in zip(data['sni_certs'], certificates, strict=True):
        equal((tls_cert.primary_cn, shake_hands(tls_cert, host)), (host, made.public_bytes(DER)), host)


@claim('octavia: client CA and CRL are read as secrets, text or octets, and a missing one is told')
def authorities():
    for payload in (pem(ROOT).decode().strip(), pem(ROOT)):
        ref = TENANT.secrets.create(payload=payload).store()
        manager().set_acls(DEMO, ref)
        equal(manager().get_secret(WORKER, ref), payload, 'payload')
    missing = f"{CLOUD['endpoint']}/v1/secrets/{uuid.uuid4()}"
    refused(exceptions.CertificateRetrievalException, manager().get_secret, WORKER, missing)


def registration(ref):
    return [(each['name'], each['URL']) for each in TENANT.containers.get(ref).consumers]


@claim('octavia: fetching registers Octavia as a consumer once, deleting takes it away, and once more is quiet')
def registered():
    ref, made = container()
    other, _ = container()
    manager().set_acls(DEMO, ref)
    url = 'http://lb.example.org/v2.0/lbaas/listeners/' + str(uuid.uuid4())
    for _ in range(2):
        cert = manager().get_cert(WORKER, ref, resource_ref=url, service_name='Octavia')
        equal(cert.get_certificate(), pem(made), 'certificate')
        equal(registration(ref), [('Octavia', url)], 'registered')
    equal(registration(other), [], 'of another container')
    for _ in range(2):
        manager().delete_cert(WORKER, ref, url, service_name='Octavia')
        equal(registration(ref), [], 'unregistered')
    legacy = barbican_legacy.BarbicanCertManager()
    error = refused(barbican_exception.HTTPClientError, legacy.delete_cert, WORKER, ref, url, service_name='Octavia')
    equal(error.status_code, 404, 'status')
    holds('Consumer not found.' in str(error), f'{error}')


@claim('octavia: the id of a secret is no container and the other way round, so that one is tried after the other')
def no_collision():
    secret_ref, _ = pkcs12_secret()
    container_ref, _ = container()
    for wrong, get in ((secret_ref.replace('/secrets/', '/containers/'), TENANT.containers.get),
                       (container_ref.replace('/containers/', '/secrets/'), lambda ref: TENANT.secrets.get(ref).status)):
        equal(refused(barbican_exception.HTTPClientError, get, wrong).status_code, 404, urlsplit(wrong).path)


@claim('octavia: the new manager stores a bundle as one opaque secret, which a handshake succeeds with')
def stores_bundle():
    made, key = leaf('RSA')
    ref = manager().store_cert(WORKER, pem(made), key.private_bytes(PEM, PKCS8, PLAIN), intermediates=pem(*MIDDLES))
    served(ref, made)
    secret = barbican.Client(session=keystone_session('octavia')).secrets.get(ref)
    equal((secret.secret_type, secret.name, secret.content_types),
          ('opaque', 'PKCS12 Certificate Bundle', {'default': 'application/octet-stream'}), 'secret')


@claim('octavia: the legacy manager stores two to four secrets and a container, and reads them back')
def stores_container():
    legacy = barbican_legacy.BarbicanCertManager()
    made, key = leaf('RSA')
    octavia = barbican.Client(session=keystone_session('octavia'))
    plain = key.private_bytes(PEM, PKCS8, PLAIN).decode()
    locked = key.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b'phrase')).decode()
    for parts, given in ((2, {}), (3, {'intermediates': pem(*MIDDLES).decode()}),
                         (4, {'intermediates': pem(*MIDDLES).decode(), 'private_key_passphrase': 'phrase'})):
        ref = legacy.store_cert(WORKER, pem(made).decode(), locked if parts == 4 else plain, name='kept',
                                expiration='2049-01-01T01:01:01', **given)
        stored = octavia.containers.get(ref)
        equal((stored.name, len(stored.secret_refs)), ('kept', parts), 'container')
        equal({secret.secret_type for secret in stored.secrets.values()}, {'opaque'}, 'types')
        equal({secret.content_types['default'] for secret in stored.secrets.values()}, {'text/plain'}, 'content types')
        cert = legacy.get_cert(WORKER, ref, check_only=True)
        # White space around text is not kept.
        equal(cert.get_certificate(), pem(made).strip(), 'certificate')
        if parts > 2:
            served(ref, made)


@claim('octavia: the castellan manager, with the token of the tenant, reads the same bundle')
def through_castellan():
    ref, made = pkcs12_secret()
    castellan = castellan_mgr.CastellanCertManager()
    cert = castellan.get_cert(castellan_context(), ref[-36:])
    equal(cert.get_certificate(), pem(made).strip(), 'certificate')
    equal(castellan.get_secret(castellan_context(), ref[-36:]), TENANT.secrets.get(ref).payload, 'payload')


def castellan_context():
    from castellan.common.credentials.keystone_token import KeystoneToken
    return KeystoneToken(token=token('demo'), auth_url=CLOUD['authUrl'], project_id=project_id('demo'))


run()
