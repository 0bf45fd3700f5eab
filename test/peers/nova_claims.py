"""nova's own code around keys: the secret of a vTPM, ephemeral disks, attached volumes."""
import base64
import datetime
import os
import subprocess
import tempfile
import uuid
from unittest import mock

from castellan import key_manager as castellan
from castellan.common import exception as castellan_exception
from castellan.common.objects.passphrase import Passphrase
from castellan.common.objects.symmetric_key import SymmetricKey
from castellan.common.objects.x_509 import X509
from barbicanclient import client as barbican
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cursive import exception as cursive_exception

import nova.conf
from nova import context as nova_context
from nova import crypto, exception, objects, utils
from nova.compute import api as compute_api
from nova.image import glance
from nova.virt.libvirt import driver as libvirt_driver
from nova.virt.libvirt import imagebackend
from os_brick.encryptors import luks
from oslo_concurrency import processutils

from claims import claim, equal, holds, refused, run
from logins import CLOUD, castellan_backend, catalog, keystone_session, project_id, token, user_id

CONF = nova.conf.CONF
CONF([], project='nova', default_config_files=[], default_config_dirs=[])
WORK = tempfile.mkdtemp(prefix='nova-', dir=CLOUD['folder'])
CONF.set_override('lock_path', WORK, group='oslo_concurrency')
CONF.set_override('instances_path', WORK)
castellan_backend(CONF)
objects.register_all()
os.environ['PATH'] = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'


def context(person):
    return nova_context.RequestContext(
        user_id=user_id(person), project_id=project_id(person), auth_token=token(person),
        service_catalog=catalog(), overwrite=False)


DEMO = context('demo')
STRANGER = context('stranger')
KEYS = castellan.API(CONF)


def instance(**facts):
    """As nova keeps it, but for its database."""
    made = objects.Instance(uuid=str(uuid.uuid4()), system_metadata={}, **facts)
    made.save = mock.Mock()
    return made


@claim('nova: the secret of a vTPM is 512 characters, and the same bytes at every later start')
def vtpm():
    guest = instance()
    secret_id, phrase = crypto.ensure_vtpm_secret(DEMO, guest)
    equal((len(phrase), guest.system_metadata['vtpm_secret_uuid']), (512, secret_id), 'made')
    for _ in range(3):
        equal(crypto.ensure_vtpm_secret(DEMO, guest), (secret_id, phrase), 'found again')
    stored = barbican.Client(session=keystone_session('demo')).secrets.get(f"{CLOUD['endpoint']}/v1/secrets/{secret_id}")
    equal((stored.name, stored.secret_type, stored.content_types, stored.payload),
          (f'vTPM secret for instance {guest.uuid}', 'passphrase', {'default': 'application/octet-stream'}, phrase), 'secret')


@claim('nova: deleting the secret of a vTPM is quiet when it is gone already, and ends its life')
def vtpm_deleted():
    guest = instance()
    secret_id, _ = crypto.ensure_vtpm_secret(DEMO, guest)
    for _ in range(2):
        guest.system_metadata['vtpm_secret_uuid'] = secret_id
        crypto.delete_vtpm_secret(DEMO, guest)
        holds('vtpm_secret_uuid' not in guest.system_metadata, 'the instance still names its secret')
    guest.system_metadata['vtpm_secret_uuid'] = secret_id
    refused(castellan_exception.ManagedObjectNotFoundError, crypto.ensure_vtpm_secret, DEMO, guest)


@claim("nova: somebody else's vTPM is refused with the word Forbidden, to read and to delete")
def vtpm_of_another():
    guest = instance()
    crypto.ensure_vtpm_secret(DEMO, guest)
    for attempt in (crypto.ensure_vtpm_secret, crypto.delete_vtpm_secret):
        error = refused(castellan_exception.KeyManagerError, attempt, STRANGER, guest)
        holds('Forbidden' in str(error), f'no Forbidden in: {error}')
    crypto.ensure_vtpm_secret(DEMO, guest)


def built(key_size=None):
    """An instance as nova's API begins it, with encrypted ephemeral disks."""
    api = compute_api.API.__new__(compute_api.API)
    api.key_manager = castellan.API(CONF)
    guest = instance(display_name='guest', image_ref='image')
    CONF.set_override('enabled', True, group='ephemeral_storage_encryption')
    if key_size is not None:
        CONF.set_override('key_size', key_size, group='ephemeral_storage_encryption')
    try:
        with mock.patch.object(compute_api.utils, 'get_system_metadata_from_image', return_value={}), \
                mock.patch.object(api, '_populate_instance_names'):
            return api._populate_instance_for_create(
                DEMO, guest, {}, 0, [], objects.Flavor(name='small'), 1, False)
    finally:
        CONF.clear_override('key_size', group='ephemeral_storage_encryption')


def ephemeral_length(title, wanted, key_size=None):
    @claim(f'nova: an ephemeral disk gets an aes key of {title}')
    def length():
        key = KEYS.get(DEMO, built(key_size).ephemeral_key_uuid)
        equal((type(key), key.algorithm.lower(), key.bit_length, len(key.get_encoded()) * 8),
              (SymmetricKey, 'aes', wanted, wanted), 'key')


ephemeral_length('512 bits when nothing else is configured', 512)
ephemeral_length('256 bits when that is configured', 256, key_size=256)


@claim("nova: the key of an ephemeral disk reaches dm-crypt as hex, the same at every start")
def ephemeral_disk():
    guest = built()
    CONF.set_override('images_volume_group', 'vg', group='libvirt')
    calls = []

    def executed(*command, **options):
        calls.append((command, options))
        return '', ''
    for _ in range(2):
        image = imagebackend.Lvm(instance=guest, disk_name='disk')
        image.lock_path = WORK
        with mock.patch.object(imagebackend.lvm, 'create_volume'), mock.patch.object(imagebackend.images, 'convert_image_unsafe'), \
                mock.patch.object(imagebackend.disk, 'get_disk_size', return_value=1 << 20), \
                mock.patch.object(imagebackend.dmcrypt.nova.privsep.libvirt.processutils, 'execute', executed), \
                mock.patch.object(imagebackend.dmcrypt.nova.privsep.sys_admin_pctxt, 'client_mode', False):
            image.create_image(mock.Mock(), os.path.join(WORK, 'base'), None, context=DEMO)
    digits = KEYS.get(DEMO, guest.ephemeral_key_uuid).get_encoded().hex()
    equal(len(digits), 128, 'digits')
    equal([options['process_input'] for _, options in calls], [digits, digits], 'what cryptsetup reads')
    holds('--key-size=512' in calls[0][0], f'{calls[0][0]}')


@claim('nova: a passphrase of 64 random bytes kept as base64 text comes back as that text')
def text_passphrase():
    phrase = base64.b64encode(os.urandom(64)).decode()
    key_id = KEYS.store(DEMO, Passphrase(phrase, name='disk.eph0'))
    equal(KEYS.get(DEMO, key_id).get_encoded(), phrase)
    KEYS.delete(DEMO, key_id)


@claim("nova: attaching a volume formats it with the hex of cinder's key, and hands libvirt that passphrase")
def attached():
    path = os.path.join(WORK, 'volume.img')
    with open(path, 'wb') as file:
        file.truncate(20 << 20)
    key_id = KEYS.create_key(DEMO, 'aes', 256)
    encryption = {'provider': 'luks', 'cipher': 'aes-xts-plain64', 'key_size': 256, 'control_location': 'front-end',
                  'encryption_key_id': key_id}
    volume_id = str(uuid.uuid4())
    connection = {'driver_volume_type': 'iscsi', 'serial': volume_id, 'data': {'device_path': path, 'volume_id': volume_id}}
    host = mock.Mock(find_secret=mock.Mock(return_value=None))
    driver = libvirt_driver.LibvirtDriver.__new__(libvirt_driver.LibvirtDriver)
    driver._host = host

    def execute(*command, **options):
        options = {name: value for name, value in options.items() if name not in ('run_as_root', 'root_helper')}
        if 'luksFormat' in command:
            # Nothing here depends on how long a passphrase is hashed.
            command = (*command, '--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000')
        return processutils.execute(*[str(word) for word in command], **options)

    def encryptor(connection_info, facts):
        return luks.LuksEncryptor(root_helper=None, connection_info=connection_info, keymgr=KEYS, execute=execute, **facts)
    with mock.patch('os_brick.privileged.rootwrap.execute', execute), mock.patch.object(driver, '_get_volume_encryptor', encryptor), \
            mock.patch.object(utils, 'get_root_helper', return_value=None):
        for _ in range(2):
            driver._attach_encryptor(DEMO, connection, encryption)
    phrases = {call.kwargs['password'] for call in host.create_secret.call_args_list}
    phrase = KEYS.get(DEMO, key_id).get_encoded().hex()
    equal(phrases, {phrase}, 'what libvirt was given')
    done = subprocess.run(['cryptsetup', 'luksOpen', '--test-passphrase', '--key-file=-', path],
                          input=phrase.encode(), capture_output=True, check=False)
    equal(done.returncode, 0, 'exit of luksOpen')


def certificate(key, subject, issuer=None, issuer_key=None, path_length=None):
    now = datetime.datetime.utcnow()

    def named(text):
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    builder = x509.CertificateBuilder(
        named(issuer or subject), named(subject), key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(hours=1), now + datetime.timedelta(days=2))
    builder = builder.add_extension(x509.BasicConstraints(path_length is not None, path_length), critical=True)
    builder = builder.add_extension(
        x509.KeyUsage(True, False, False, False, False, path_length is not None, False, False, False), critical=True)
    return KEYS.store(DEMO, X509(builder.sign(issuer_key or key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)))


@claim('nova: a signed image is verified with its certificate and the trusted one; not when either is gone, nor when it changed')
def signed_image():
    root_key, key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    root = certificate(root_key, 'root', path_length=0)
    leaf = certificate(key, 'signer', 'root', root_key)
    image = os.urandom(10_000)
    properties = {'img_signature': base64.b64encode(key.sign(image, ec.ECDSA(hashes.SHA512()))).decode(),
                  'img_signature_hash_method': 'SHA-512', 'img_signature_key_type': 'ECC_SECP384R1',
                  'img_signature_certificate_uuid': leaf}
    service = glance.GlanceImageServiceV2.__new__(glance.GlanceImageServiceV2)

    def verified(data, *trusted):
        with mock.patch.object(service, 'show', return_value={'properties': properties}):
            verifier = service._get_verifier(DEMO, 'image', objects.TrustedCerts(ids=list(trusted)))
        verifier.update(data)
        verifier.verify()
    verified(image, str(uuid.uuid4()), root)
    refused(InvalidSignature, verified, image[:-1], root)
    refused(exception.CertificateValidationFailed, verified, image, str(uuid.uuid4()))
    KEYS.delete(DEMO, leaf)
    refused(cursive_exception.SignatureVerificationError, verified, image, root)


run()
