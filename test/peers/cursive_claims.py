"""cursive, which checks the signatures of images inside glance, nova and cinder, with certificates from the key manager."""
import base64
import datetime
import os
import tempfile
import uuid

from castellan.common.objects.symmetric_key import SymmetricKey
from castellan.common.objects.x_509 import X509
from castellan import key_manager as castellan
from barbicanclient import client as barbican
from cinder import context as cinder_context
from cinder import exception as cinder_exception
from cinder.image import image_utils
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cursive import certificate_utils, exception, signature_utils
from oslo_config import cfg

from claims import claim, equal, holds, refused, run
from logins import CLOUD, castellan_backend, catalog, keystone_session, project_id, token, user_id

CONF = cfg.CONF
CONF([], project='glance', default_config_files=[], default_config_dirs=[])
castellan_backend(CONF)
CLIENT = barbican.Client(session=keystone_session('demo'))
IMAGE = os.urandom(200_000)


def context(person):
    return cinder_context.RequestContext(
        user_id=user_id(person), project_id=project_id(person), auth_token=token(person),
        service_catalog=catalog(), overwrite=False)


DEMO = context('demo')
HASHES = signature_utils.HASH_METHODS
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER


def certificate(key, subject='signer', issuer=None, issuer_key=None, path_length=None):
    """Self-signed unless an issuer signs; an authority when it has a path length."""
    now = datetime.datetime.utcnow()

    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    builder = x509.CertificateBuilder(
        named(issuer or subject), named(subject), key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(hours=1), now + datetime.timedelta(days=2))
    builder = builder.add_extension(x509.BasicConstraints(path_length is not None, path_length), critical=True)
    if path_length is not None:
        builder = builder.add_extension(x509.KeyUsage(
            False, False, False, False, False, True, True, False, False), critical=True)
    return builder.sign(issuer_key or key, hashes.SHA256())


def uploaded(made, wrapped=False):
    """The way the manuals of glance and nova store a certificate: base64 of the PEM, from a shell."""
    text = base64.b64encode(made.public_bytes(PEM))
    if wrapped:
        # As base64(1) prints it.
        text = base64.encodebytes(made.public_bytes(PEM))
    body = {'name': 'signer', 'algorithm': 'RSA', 'secret_type': 'certificate', 'payload': text.decode(),
            'payload_content_type': 'application/octet-stream', 'payload_content_encoding': 'base64'}
    return CLIENT.secrets._api.post('secrets', json=body)['secret_ref'][-36:]


def signed(key, method, data=IMAGE):
    chosen = HASHES[method]
    if isinstance(key, rsa.RSAPrivateKey):
        made = key.sign(data, padding.PSS(padding.MGF1(chosen), padding.PSS.MAX_LENGTH), chosen)
    elif isinstance(key, dsa.DSAPrivateKey):
        made = key.sign(data, chosen)
    else:
        made = key.sign(data, ec.ECDSA(chosen))
    return base64.b64encode(made).decode()


def verify(certificate_id, method, signature, kind, data=IMAGE, who=DEMO):
    verifier = signature_utils.get_verifier(who, certificate_id, method, signature, kind)
    for start in range(0, len(data), 65536):
        verifier.update(data[start:start + 65536])
    verifier.verify()


def flipped(data):
    return data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]


def verifies(title, kind, make_key, methods):
    @claim(f'cursive: an image signed with {title} verifies, one changed in a bit does not, nor does another signature')
    def works():
        key = make_key()
        certificate_id = uploaded(certificate(key))
        for method in methods:
            signature = signed(key, method)
            verify(certificate_id, method, signature, kind)
            refused(InvalidSignature, verify, certificate_id, method, signature, kind, data=flipped(IMAGE))
            refused(InvalidSignature, verify, certificate_id, method, signed(key, method, b'other'), kind)
            tampered = base64.b64encode(flipped_last(base64.b64decode(signature))).decode()
            refused(InvalidSignature, verify, certificate_id, method, tampered, kind)


def flipped_last(signature):
    return signature[:-1] + bytes([signature[-1] ^ 1])


ALL = tuple(HASHES)
RSA_2048 = rsa.generate_private_key(public_exponent=65537, key_size=2048)
verifies('RSA-PSS of 2048 bits and every hash', 'RSA-PSS', lambda: RSA_2048, ALL)
verifies('RSA-PSS of 4096 bits', 'RSA-PSS', lambda: rsa.generate_private_key(public_exponent=65537, key_size=4096),
         ('SHA-512',))
verifies('DSA of 2048 bits and every hash', 'DSA', lambda: dsa.generate_private_key(2048), ALL)
CURVES = {f'ECC_{curve.name.upper()}': curve for curve in signature_utils.ECC_CURVES}
for kind, curve in CURVES.items():
    if kind in signature_utils.SignatureKeyType.REGISTERED_TYPES:
        verifies(f'ECDSA on {curve.name} and every hash', kind,
                 lambda curve=curve: ec.generate_private_key(curve), ALL)


@claim('cursive: the backend here registers at least the two NIST prime curves and RSA-PSS and DSA')
def registered():
    holds({'RSA-PSS', 'DSA', 'ECC_SECP384R1', 'ECC_SECP521R1'} <= set(signature_utils.SignatureKeyType.REGISTERED_TYPES),
          f'{sorted(signature_utils.SignatureKeyType.REGISTERED_TYPES)}')


@claim('cursive: a certificate comes back byte for byte as it was uploaded, also from base64 with line feeds')
def byte_for_byte():
    made = certificate(RSA_2048)
    for wrapped in (False, True):
        certificate_id = uploaded(made, wrapped)
        secret = CLIENT.secrets.get(f"{CLOUD['endpoint']}/v1/secrets/{certificate_id}")
        equal((secret.payload, secret.secret_type), (made.public_bytes(PEM), 'certificate'), 'upload')
        equal(signature_utils.get_certificate(DEMO, certificate_id), made, 'certificate')


@claim('cursive: a certificate castellan has stored verifies as well')
def stored_by_castellan():
    made = certificate(RSA_2048)
    certificate_id = castellan.API(CONF).store(DEMO, X509(made.public_bytes(DER)))
    verify(certificate_id, 'SHA-256', signed(RSA_2048, 'SHA-256'), 'RSA-PSS')


@claim("cursive: an unknown certificate, one of another project, and a key that is none are refused")
def not_a_certificate():
    signature = signed(RSA_2048, 'SHA-256')

    def reason(certificate_id, who=DEMO):
        return str(refused(exception.SignatureVerificationError, verify, certificate_id, 'SHA-256', signature,
                           'RSA-PSS', who=who))
    holds('not found' in reason(str(uuid.uuid4())), 'unknown')
    certificate_id = uploaded(certificate(RSA_2048))
    holds('Unable to retrieve' in reason(certificate_id, context('stranger')), 'of another project')
    wrong_kind = uploaded(certificate(ec.generate_private_key(ec.SECP384R1())))
    holds('Invalid public key type' in reason(wrong_kind), 'another kind of key')
    key_id = castellan.API(CONF).store(DEMO, SymmetricKey('AES', 256, os.urandom(32)))
    holds('Invalid certificate format' in reason(key_id), 'a key that is no certificate')


@claim("cursive: a certificate in another project is readable for the user its ACL names")
def through_acl():
    certificate_id = uploaded(certificate(RSA_2048))
    signature = signed(RSA_2048, 'SHA-384')
    hermit = context('hermit')
    refused(exception.SignatureVerificationError, verify, certificate_id, 'SHA-384', signature, 'RSA-PSS', who=hermit)
    CLIENT.acls.create(entity_ref=f"{CLOUD['endpoint']}/v1/secrets/{certificate_id}", users=[user_id('hermit')]).submit()
    verify(certificate_id, 'SHA-384', signature, 'RSA-PSS', who=hermit)


@claim('cursive: a chain of trusted certificates leads to the root; unknown ones among the trusted are skipped')
def chain():
    root_key, middle_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    root = uploaded(certificate(root_key, 'root', path_length=1))
    middle = uploaded(certificate(middle_key, 'middle', 'root', root_key, path_length=0))
    leaf = uploaded(certificate(RSA_2048, 'signer', 'middle', middle_key))
    unknown = str(uuid.uuid4())
    certificate_utils.verify_certificate(DEMO, leaf, [unknown, root, middle])
    refused(exception.SignatureVerificationError, certificate_utils.verify_certificate, DEMO, leaf, [root, unknown])
    refused(exception.SignatureVerificationError, certificate_utils.verify_certificate, DEMO, leaf, [middle])
    refused(exception.SignatureVerificationError, certificate_utils.verify_certificate, DEMO, unknown, [root, middle])


class Images:
    """glance, as cinder sees it: the properties of one image."""

    def __init__(self, **properties):
        self.properties = {f'img_signature{name}': value for name, value in properties.items()}

    def show(self, _context, _image_id):
        return {'properties': self.properties}


@claim('cinder: a signed image is taken, a changed one and one whose certificate is gone are refused')
def image_in_cinder():
    certificate_id = uploaded(certificate(RSA_2048))
    facts = {'_hash_method': 'SHA-256', '_key_type': 'RSA-PSS', '_certificate_uuid': certificate_id,
             '': signed(RSA_2048, 'SHA-256')}

    def checked(data):
        with tempfile.NamedTemporaryFile(delete=False, dir=CLOUD['folder']) as file:
            file.write(data)
        return image_utils.verify_glance_image_signature(DEMO, Images(**facts), 'image', file.name)
    equal(checked(IMAGE), True, 'verified')
    failure = cinder_exception.ImageSignatureVerificationException
    refused(failure, checked, flipped(IMAGE))
    CLIENT.secrets.delete(f"{CLOUD['endpoint']}/v1/secrets/{certificate_id}")
    refused(failure, checked, IMAGE)


run()
