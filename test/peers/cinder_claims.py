"""cinder's own code around keys: create, clone, delete, transfer, migrate, rekey; the key opens what os-brick formats."""
import contextlib
import os
import subprocess
import tempfile
import time
import types
import uuid
from unittest import mock

from castellan import key_manager as castellan
from castellan.common import exception as castellan_exception
from castellan.common.objects.symmetric_key import SymmetricKey
from barbicanclient import client as barbican
from barbicanclient import exceptions as barbican_exception
from oslo_concurrency import processutils

from cinder import context as cinder_context
from cinder import coordination
from cinder import exception
from cinder import objects
from cinder import utils
from cinder.common import config  # noqa: F401, registers what cinder.conf may say
from cinder.image import image_utils
from cinder.volume import volume_utils
from cinder.volume.flows.api.create_volume import ExtractVolumeRequestTask
from cinder.volume.flows.manager.create_volume import CreateVolumeFromSpecTask
from os_brick.encryptors import luks
from os_brick.initiator.connectors.iscsi import ISCSIConnector
from oslo_config import cfg

objects.register_all()
from cinder.keymgr import migration, transfer  # noqa: E402, wants the objects registered

from claims import claim, equal, holds, refused, run  # noqa: E402
from logins import (  # noqa: E402
    CLOUD, castellan_backend, catalog, keystone_session, project_id, service_login, token, user_id)

WORK = tempfile.mkdtemp(prefix='cinder-', dir=CLOUD['folder'])
CONF = cfg.CONF
CONF([], project='cinder', default_config_files=[], default_config_dirs=[])
CONF.set_override('state_path', WORK)
CONF.set_override('lock_path', WORK, group='oslo_concurrency')
CONF.set_override('backend_url', f'file://{WORK}', group='coordination')
castellan_backend(CONF)
service_login(CONF, 'keystone_authtoken', 'cinder')
FIXED = '00000000-0000-0000-0000-000000000000'


def context(person):
    return cinder_context.RequestContext(
        user_id=user_id(person), project_id=project_id(person), auth_token=token(person),
        service_catalog=catalog(), overwrite=False)


DEMO = context('demo')
HERMIT = context('hermit')
KEYS = castellan.API(CONF)


def volume_type(cipher='aes-xts-plain64', key_size=256, provider='luks'):
    """What cinder's tables would say of an encrypted volume type; there is no database here."""
    facts = types.SimpleNamespace(cipher=cipher, key_size=key_size, provider=provider)
    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch('cinder.volume.volume_types.is_encrypted', return_value=True))
    stack.enter_context(mock.patch('cinder.volume.volume_types.get_volume_type_encryption', return_value=facts))
    return stack


def created(cipher='aes-xts-plain64', key_size=256, who=DEMO):
    with volume_type(cipher, key_size):
        return volume_utils.create_encryption_key(who, KEYS, 'type')


def raw(key_id, who=DEMO):
    return KEYS.get(who, key_id).get_encoded()


def is_gone(key_id, who=DEMO):
    refused(castellan_exception.ManagedObjectNotFoundError, KEYS.get, who, key_id)


def volume(key_id, owner='demo'):
    made = objects.Volume(
        id=str(uuid.uuid4()), encryption_key_id=key_id, user_id=user_id(owner), project_id=project_id(owner),
        volume_type_id='type', _name_id=None)
    made.save = mock.Mock()
    return made


def no_snapshots(module):
    return mock.patch.object(module.objects.snapshot.SnapshotList, 'get_all_for_volume', return_value=[])


def disk(name, megabytes=20):
    path = os.path.join(WORK, name)
    with open(path, 'wb') as file:
        file.truncate(megabytes << 20)
    return path


def execute(*command, **options):
    """os-brick's and cinder's commands without the way to become root, and with a quick hash of the passphrase."""
    options = {name: value for name, value in options.items() if name not in ('run_as_root', 'root_helper')}
    if 'luksFormat' in command or 'luksChangeKey' in command:
        command = (*command, '--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000')
    return processutils.execute(*[str(word) for word in command], **options)


class Tried:
    """luksOpen as os-brick calls it, stopping short of the device mapper, which a test machine need not have."""

    def __init__(self):
        self.mapped = []

    def __call__(self, *command, **options):
        if 'luksOpen' in command:
            self.mapped.append(command[-1])
            command = (*command[:-1], '--test-passphrase')
        if command[0] == 'ln':
            return '', ''
        return execute(*command, **options)


def encryptor(kind, path, key_id):
    tried = Tried()
    data = {'device_path': path, 'volume_id': str(uuid.uuid4())}
    made = kind(root_helper=None, connection_info={'driver_volume_type': 'iscsi', 'data': data}, keymgr=KEYS,
                execute=tried, encryption_key_id=key_id)
    return made, tried


FAST = {'cipher': 'aes-xts-plain64', 'key_size': 256, 'provider': 'luks', 'control_location': 'front-end'}
os.environ['PATH'] = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'


def length_is_made(bits):
    @claim(f'cinder: a volume type of aes-xts-plain64 and {bits} bits gets a key of that length')
    def made():
        key = KEYS.get(DEMO, created(key_size=bits))
        equal((type(key), key.algorithm.lower(), key.bit_length, len(key.get_encoded()) * 8, key.name),
              (SymmetricKey, 'aes', bits, bits, None), 'key')


for bits in (128, 192, 256, 384, 512):
    length_is_made(bits)


@claim('cinder: a volume type with an impossible length or cipher is the error cinder expects')
def impossible():
    # castellan polls an order that failed once more before it says so.
    refused(exception.Invalid, created, key_size=100)
    refused(exception.Invalid, created, cipher='rot13-xts-plain64')


def opens(title, kind, version):
    @claim(f'cinder, os-brick: attaching formats a fresh volume as {title} with the key, and opens it again; another key does not')
    def works():
        path = disk(f'{version}.img')
        key_id = created()
        made, tried = encryptor(kind, path, key_id)
        made.attach_volume(DEMO, **FAST)
        equal(subprocess.run(['cryptsetup', 'isLuks', '--type', version, path], check=False).returncode, 0, version)
        again, _ = encryptor(kind, path, volume_utils.clone_encryption_key(DEMO, KEYS, key_id))
        again.attach_volume(DEMO, **FAST)
        wrong, _ = encryptor(kind, path, created())
        equal(refused(processutils.ProcessExecutionError, wrong.attach_volume, DEMO, **FAST).exit_code, 2, 'exit of luksOpen')
        equal(len(set(tried.mapped)), 1, 'name of the device')


opens('LUKS1', luks.LuksEncryptor, 'luks1')
opens('LUKS2', luks.Luks2Encryptor, 'luks2')


@claim('cinder, os-brick: the passphrase is the lower-case hex of the raw bytes, 64 digits for 256 bits')
def passphrase():
    path = disk('hex.img')
    key_id = created()
    made, _ = encryptor(luks.LuksEncryptor, path, key_id)
    made.attach_volume(DEMO, **FAST)
    phrase = raw(key_id).hex()
    equal(len(phrase), 64, 'digits')
    for text, code in ((phrase, 0), (phrase.upper(), 2), (phrase[:-1], 2)):
        done = subprocess.run(['cryptsetup', 'luksOpen', '--test-passphrase', '--key-file=-', path],
                              input=text.encode(), capture_output=True, check=False)
        equal(done.returncode, code, f'exit with {len(text)} digits')


def luks_made(path, phrase):
    command = ['qemu-img', 'create', '-q', '--object', f'secret,id=key,data={phrase}', '-f', 'luks',
               '-o', 'key-secret=key,iter-time=100', path, '1M']
    for _ in range(40):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        # qemu times its key derivation, and gives up by itself where the machine is too busy to tell. No key matters then.
        if 'Unable to get accurate CPU usage' not in done.stderr:
            break
        time.sleep(0.25)
    equal(done.returncode, 0, done.stderr)


def luks_info(path, phrase):
    return subprocess.run(
        ['qemu-io', '--object', f'secret,id=key,data={phrase}', '-c', 'read -P 7 0 4096', '--image-opts',
         f'driver=luks,key-secret=key,file.filename={path}'], capture_output=True, text=True, check=False, timeout=600)


@claim('cinder: the key encrypts a qemu-img luks image, from which qemu reads back with a clone and not with another key')
def qemu():
    path = os.path.join(WORK, 'qemu.luks')
    key_id = created()
    phrase = raw(key_id).hex()
    luks_made(path, phrase)
    subprocess.run(['qemu-io', '--object', f'secret,id=key,data={phrase}', '-c', 'write -P 7 0 4096', '--image-opts',
                    f'driver=luks,key-secret=key,file.filename={path}'], check=True, capture_output=True, timeout=600)
    clone = raw(volume_utils.clone_encryption_key(DEMO, KEYS, key_id))
    done = luks_info(path, clone.hex())
    holds(done.returncode == 0 and 'verification failed' not in done.stdout, f'{done.stdout}{done.stderr}')
    wrong = luks_info(path, raw(created()).hex())
    holds(wrong.returncode != 0 or 'Invalid password' in wrong.stderr, f'{wrong.stdout}{wrong.stderr}')


@claim('cinder: a volume from a volume, from a snapshot and from an image each get a clone of the key, one from nothing a new key')
def cloned():
    key_id = created()
    task = ExtractVolumeRequestTask.__new__(ExtractVolumeRequestTask)
    source = {'encryption_key_id': key_id}
    with volume_type():
        copies = [task._get_encryption_key_id(KEYS, DEMO, 'type', *sources) for sources in (
            (source, None, None), (None, source, None), (None, None, {'cinder_encryption_key_id': key_id}))]
        fresh = task._get_encryption_key_id(KEYS, DEMO, 'type', None, None, {})
    equal(len({key_id, fresh, *copies}), 5, 'different ids')
    original = KEYS.get(DEMO, key_id)
    for copy_id in copies:
        copy = KEYS.get(DEMO, copy_id)
        equal((copy.get_encoded(), copy.algorithm, copy.bit_length, copy.name),
              (original.get_encoded(), original.algorithm, original.bit_length, original.name), 'clone')
    holds(raw(fresh) != original.get_encoded(), 'the new key is the old one')
    volume_utils.delete_encryption_key(DEMO, KEYS, key_id)
    equal(raw(copies[0]), original.get_encoded(), 'a clone after its original is gone')


@claim('cinder: a key is deleted, and deleting what is gone already is no error')
def deleted():
    key_id = created()
    for _ in range(2):
        volume_utils.delete_encryption_key(DEMO, KEYS, key_id)
        is_gone(key_id)
    volume_utils.delete_encryption_key(DEMO, KEYS, FIXED)


@claim("cinder: a key its caller may not delete is tried again as cinder's own user, whom the new policy rules let")
def deleted_by_cinder():
    with mock.patch.object(castellan, 'API', lambda conf: castellan_api(conf, CLOUD['newEndpoint'])):
        key_id = created()
        watched = castellan.API(CONF)
        volume_utils.delete_encryption_key(HERMIT, watched, key_id)
        refused(castellan_exception.ManagedObjectNotFoundError, watched.get, DEMO, key_id)


def castellan_api(conf, endpoint):
    from castellan.key_manager.barbican_key_manager import BarbicanKeyManager
    made = BarbicanKeyManager(conf)
    made._get_barbican_endpoint = lambda auth, session: endpoint
    return made


@claim('cinder: with the legacy policy rules that second try is refused as well, and the key is still there')
def not_deleted_by_cinder():
    key_id = created()
    before = raw(key_id)
    refused(castellan_exception.KeyManagerError, volume_utils.delete_encryption_key, HERMIT, KEYS, key_id)
    equal(raw(key_id), before, 'key')


@claim('cinder: a transfer hands the key to cinder and on to the recipient; the owner of before has lost it')
def transferred():
    key_id = created()
    bytes_before = raw(key_id)
    moved = volume(key_id)
    with no_snapshots(transfer):
        transfer.transfer_create(DEMO, moved, CONF)
        between = moved.encryption_key_id
        holds(between != key_id, 'the id is the old one')
        is_gone(key_id)
        refused(castellan_exception.KeyManagerError, KEYS.get, DEMO, between)
        transfer.transfer_accept(HERMIT, moved, CONF)
    equal(raw(moved.encryption_key_id, HERMIT), bytes_before, 'key')
    is_gone(between)
    error = refused(castellan_exception.KeyManagerError, KEYS.get, DEMO, moved.encryption_key_id)
    holds('Forbidden' in str(error), f'{error}')


@claim('cinder: a transfer that is cancelled gives the key back to its owner')
def transfer_cancelled():
    key_id = created()
    bytes_before = raw(key_id)
    moved = volume(key_id)
    with no_snapshots(transfer):
        transfer.transfer_create(DEMO, moved, CONF)
        transfer.transfer_delete(DEMO, moved, CONF)
    equal(raw(moved.encryption_key_id), bytes_before, 'key')


@contextlib.contextmanager
def fixed_key(key):
    """The service of a cloud that used one fixed key for all volumes."""
    try:
        CONF.import_opt(name='fixed_key', module_str='cinder.keymgr.conf_key_mgr', group='key_manager')
    except cfg.DuplicateOptError:
        pass
    CONF.set_override('fixed_key', key.hex(), group='key_manager')
    coordination.COORDINATOR.start()
    try:
        yield
    finally:
        coordination.COORDINATOR.stop()
        CONF.clear_override('fixed_key', group='key_manager')


@claim("cinder: the migration from the fixed key stores it as cinder, and the volume's owner in another project reads it")
def migrated():
    key = os.urandom(32)
    volumes = [volume(FIXED, owner='hermit'), volume(FIXED, owner='demo')]
    with fixed_key(key), no_snapshots(migration), \
            mock.patch.object(migration.KeyMigrator, '_log_migration_status'):
        migration.migrate_fixed_key(volumes, [], CONF)
    for migrated_volume, owner, other in zip(volumes, (HERMIT, DEMO), (DEMO, HERMIT)):
        key_id = migrated_volume.encryption_key_id
        holds(key_id != FIXED, 'not migrated')
        migrated_volume.save.assert_called_once()
        got = KEYS.get(owner, key_id)
        equal((got.get_encoded(), got.algorithm, got.bit_length), (key, 'AES', 256), 'key')
        refused(castellan_exception.KeyManagerError, KEYS.get, other, key_id)
        admin = barbican.Client(session=keystone_session('cinder'))
        acl = admin.acls.get(f"{CLOUD['endpoint']}/v1/secrets/{key_id}")
        equal((acl.read.users, acl.read.project_access), ([migrated_volume.user_id], True), 'ACL')
        refused(barbican_exception.HTTPClientError, barbican.Client(
            session=keystone_session('stranger')).acls.get, acl.entity_ref)


@claim('cinder: the all-zero key id of half-migrated clouds is not found')
def all_zero():
    is_gone(FIXED)


@claim('cinder: rekeying the clone of a volume changes its LUKS key to a new one and deletes the old')
def rekeyed():
    path = disk('rekey.img')
    old_id = created()
    made, _ = encryptor(luks.LuksEncryptor, path, old_id)
    made.attach_volume(DEMO, **FAST)
    old = raw(old_id).hex()
    model = rekey(path, old_id)
    new_id = model['encryption_key_id']
    holds(new_id != old_id, 'the id is the old one')
    is_gone(old_id)
    for phrase, code in ((raw(new_id).hex(), 0), (old, 2)):
        done = subprocess.run(['cryptsetup', 'luksOpen', '--test-passphrase', '--key-file=-', path],
                              input=phrase.encode(), capture_output=True, check=False)
        equal(done.returncode, code, 'exit of luksOpen')


@claim('cinder: rekeying a clone nobody has written to formats it with the new key')
def rekeyed_fresh():
    path = disk('rekey-fresh.img')
    old_id = created()
    new_id = rekey(path, old_id)['encryption_key_id']
    is_gone(old_id)
    made, _ = encryptor(luks.LuksEncryptor, path, new_id)
    made._open_volume(made._get_passphrase(raw(new_id)))


def rekey(path, key_id):
    connector = ISCSIConnector.__new__(ISCSIConnector)
    driver = mock.Mock()
    target = volume(key_id)
    driver._attach_volume.return_value = ({'connector': connector, 'device': {'path': path}}, target)
    task = CreateVolumeFromSpecTask(mock.Mock(), mock.Mock(), driver)
    encryption = {**FAST, 'encryption_key_id': key_id}
    with volume_type(), mock.patch.object(utils, 'execute', execute), \
            mock.patch.object(volume_utils, 'brick_get_connector_properties', return_value={}), \
            mock.patch.object(volume_utils, 'check_encryption_provider', return_value=encryption), \
            mock.patch.object(image_utils, 'qemu_img_info', qemu_img_info):
        return task._rekey_volume(DEMO, target)


def qemu_img_info(path):
    is_luks = subprocess.run(['cryptsetup', 'isLuks', path], check=False).returncode == 0
    return types.SimpleNamespace(encrypted='yes' if is_luks else 'no', file_format='luks' if is_luks else 'raw')


run()
