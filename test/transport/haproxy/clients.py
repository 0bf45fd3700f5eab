"""castellan and the openstack command, as they are configured in a cloud with a CA of its own."""
import json
import os
import subprocess
import sys

from castellan.common.objects.symmetric_key import SymmetricKey
from castellan.key_manager.barbican_key_manager import BarbicanKeyManager
from keystoneauth1 import token_endpoint
from oslo_config import cfg
from oslo_context import context

ENDPOINT, CA_FILE, TOKEN = (os.environ[name] for name in ('ENDPOINT', 'CA_FILE', 'TOKEN'))


class RequestContext(context.RequestContext):
    """What nova has: a context that brings its login along. Here it is a token that wants no Keystone."""

    def get_auth_plugin(self):
        return token_endpoint.Token(ENDPOINT, TOKEN)


def castellan(ca_file):
    conf = cfg.ConfigOpts()
    conf([], project='haproxy', default_config_files=[], default_config_dirs=[])
    manager = BarbicanKeyManager(conf)
    for name, value in {'barbican_endpoint': ENDPOINT, 'barbican_api_version': 'v1', 'verify_ssl_path': ca_file}.items():
        conf.set_override(name, value, group='barbican')
    caller = RequestContext()
    key = SymmetricKey('AES', 256, os.urandom(32), 'volume key')
    key_id = manager.store(caller, key)
    return manager.get(caller, key_id).get_encoded() == key.get_encoded()


def openstack(*arguments, ca_file=CA_FILE):
    login = ['--os-auth-type', 'admin_token', '--os-endpoint', f'{ENDPOINT}/v1', '--os-token', TOKEN, '--os-cacert', ca_file]
    clean = {name: value for name, value in os.environ.items() if not name.startswith('OS_')}
    return subprocess.run(['/usr/bin/openstack', *login, *arguments], env={**clean, 'PYTHONWARNINGS': 'ignore'},
                          capture_output=True, text=True, timeout=600)


def refusal(function):
    try:
        return f'not refused: {function()}'
    except Exception as error:
        return str(error)


# The CAs of the machine know nothing of ours.
MACHINE = '/etc/ssl/certs/ca-certificates.crt'
stored = openstack('secret', 'store', '--payload', 'p@ss wörd', '--payload-content-type', 'text/plain', '-f', 'json')
href = json.loads(stored.stdout)['Secret href'] if stored.returncode == 0 else sys.exit(stored.stderr)
print(json.dumps({
    'castellan': castellan(CA_FILE),
    'castellan without the CA': refusal(lambda: castellan(MACHINE)),
    'href': href,
    'openstack': openstack('secret', 'get', href, '-p', '-f', 'value').stdout.strip(),
    'openstack without the CA': openstack('secret', 'get', href, ca_file=MACHINE).stderr,
}))
