import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadedFrom } from './loadedFrom.ts'

/*
 * The barbican.conf that deployment tools write, down to what matters to a reader of it: which options
 * they set and how they quote (field.md 5.1). Values are made up.
 */

const KOLLA = `[DEFAULT]
debug = False
log_dir = /var/log/kolla/barbican
log_file = barbican-api.log
bind_port = 9311
bind_host = 192.0.2.10
host_href = https://cloud.example.org:9311
backlog = 4096
max_allowed_secret_in_bytes = 10000
max_allowed_request_size_in_bytes = 1000000
db_auto_create = False
sql_connection = mysql+pymysql://barbican:Pa55@192.0.2.1:3306/barbican
transport_url = rabbit://openstack:x@192.0.2.2:5672//

[secretstore]
namespace = barbican.secretstore.plugin
enabled_secretstore_plugins = store_crypto

[crypto]
namespace = barbican.crypto.plugin
enabled_crypto_plugins = simple_crypto

[simple_crypto_plugin]
kek = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

[keystone_notifications]
enable = True
topic = barbican_notifications

[keystone_authtoken]
www_authenticate_uri = http://192.0.2.3:5000
project_domain_id = default
project_name = service
user_domain_id = default
username = barbican
password = Pa55
auth_url = http://192.0.2.3:5000
auth_type = password
cafile =
region_name = RegionOne
memcache_security_strategy = ENCRYPT
memcache_secret_key = x
memcached_servers = 192.0.2.4:11211,192.0.2.5:11211

[oslo_messaging_notifications]
transport_url = rabbit://openstack:x@192.0.2.2:5672//

[oslo_middleware]
enable_proxy_headers_parsing = True
`

const OPENSTACK_ANSIBLE = `# managed
[DEFAULT]
use_journal = True
use_stderr = False
debug = False
use_json = False
bind_host = 0.0.0.0
bind_port = 9311
host_href =
backlog = 4096
max_allowed_secret_in_bytes = 10000
max_allowed_request_size_in_bytes = 1000000
sql_connection = mysql+pymysql://barbican:Pa55@192.0.2.1/barbican?charset=utf8&ssl_verify_cert=true&ssl_ca=/etc/ssl/ca.pem
sql_idle_timeout = 3600
default_limit_paging = 10
max_limit_paging = 100
ampq_durable_queues = True
rabbit_ha_queues = True

[keystone_authtoken]
insecure = False
auth_type = password
auth_url = http://192.0.2.3:5000/v3
www_authenticate_uri = http://192.0.2.3:5000
project_domain_id = default
user_domain_id = default
project_name = service
username = barbican
password = Pa55
region_name = RegionOne
service_token_roles_required = True
service_token_roles = service
service_type = key-manager
memcached_servers = 192.0.2.4:11211
token_cache_time = 300
memcache_security_strategy = ENCRYPT
memcache_secret_key = x

[oslo_policy]
policy_file=/etc/barbican/policy.json
policy_default_rule=default

[queue]
enable = False
namespace = 'barbican'
topic = 'barbican.workers'
version = '1.1'
server_name = 'barbican.queue'
asynchronous_workers = 1

[retry_scheduler]
initial_delay_seconds = 10.0

[quotas]
quota_secrets = -1

[certificate]
enabled_certificate_plugins = simple_certificate
enabled_certificate_plugins = snakeoil_ca

[cors]
[cors.subdomain]
`

const OPERATOR = `[DEFAULT]
sql_connection = mysql+pymysql://barbican:Pa55@192.0.2.1/barbican?read_default_file=/etc/my.cnf
host_href = https://barbican-public.example.org
debug = true
transport_url = rabbit://x
log_file = /dev/stdout

[keystone_authtoken]
auth_version = v3
auth_url=https://keystone-internal.example.org:5000
auth_type=v3applicationcredential
application_credential_id = 1234
application_credential_secret = hunter2
interface = internal

[oslo_messaging_notifications]
driver=messagingv2

[oslo_policy]
enforce_scope = True
enforce_new_defaults = True

[queue]
enable = true

[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = simple_crypto

[secretstore:simple_crypto]
secret_store_plugin = store_crypto
global_default = true

[simple_crypto_plugin]
plugin_name = Software Only Crypto
kek = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
kek = BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=
`

describe('the barbican.conf of a deployment tool', () => {
  it('loads as kolla-ansible writes it', (t) => {
    const { settings, notices } = loadedFrom(t, KOLLA)
    assert.equal(settings.DEFAULT.auth_strategy, 'keystone')
    assert.equal(settings.DEFAULT.bind_host, '192.0.2.10')
    assert.equal(settings.DEFAULT.host_href, 'https://cloud.example.org:9311')
    assert.equal(settings.keystone_authtoken.cafile, undefined)
    assert.equal(settings.oslo_middleware.enable_proxy_headers_parsing, true)
    assert.match(settings.database.connection, /^mysql\+pymysql:\/\/barbican:Pa55@/)
    assert.equal(notices.filter((notice) => notice.startsWith('Options that do nothing')).length, 1)
    assert.ok(!notices.join('\n').includes('AAAA'), 'a warning shows a key')
  })

  it('loads as openstack-ansible writes it, host_href cleared on purpose', (t) => {
    const { settings } = loadedFrom(t, OPENSTACK_ANSIBLE)
    assert.equal(settings.DEFAULT.host_href, '')
    assert.equal(settings.keystone_authtoken.service_token_roles_required, true)
    assert.deepEqual(settings.keystone_authtoken.service_token_roles, ['service'])
    assert.equal(settings.oslo_policy.policy_file, '/etc/barbican/policy.json')
  })

  it('loads as the operator for Kubernetes writes it, with an application credential', (t) => {
    const { settings } = loadedFrom(t, OPERATOR)
    assert.equal(settings.keystone_authtoken.auth_type, 'v3applicationcredential')
    assert.equal(settings.keystone_authtoken.application_credential_secret, 'hunter2')
    assert.equal(settings.DEFAULT.log_file, '/dev/stdout')
    assert.equal(settings.oslo_policy.enforce_new_defaults, true)
  })
})
