/*
 * Options that Barbican, its middleware and the OpenStack libraries define and that do nothing here,
 * or not yet. They are named in one warning and never taken for a misspelt option of ours, however
 * alike they look; nor is a misspelling that a deployment tool ships (rabbit_quorum_queues, of
 * openstack-helm). Facts from their documentation; sections not listed are foreign as a whole.
 */
const FOREIGN: Readonly<Record<string, string>> = {
  DEFAULT: `
    db_auto_create rpc_response_timeout control_exchange executor_thread_pool_size
    sql_idle_timeout sql_max_retries sql_retry_interval sql_pool_logging sql_pool_class sql_pool_size
    sql_pool_max_overflow sql_max_overflow sql_connection_debug sql_connection_trace
    use_journal use_syslog use_eventlog syslog_log_facility watch_log_file log_config_append
    log_date_format log_rotate_interval log_rotate_interval_type max_logfile_count max_logfile_size_mb
    log_rotation_type log_options publish_errors default_log_levels fatal_deprecations
    logging_debug_format_suffix logging_user_identity_format instance_format instance_uuid_format
    rate_limit_interval rate_limit_burst rate_limit_except_level verbose log_format
    tcp_keepidle metadata_encryption_key enable_v1_api enable_v2_api
    ampq_durable_queues amqp_durable_queues rabbit_ha_queues notification_driver
    api_paste_config wsgi_log_format wsgi_default_pool_size wsgi_keep_alive wsgi_server_debug
    client_socket_timeout max_header_line run_external_periodic_tasks backdoor_port backdoor_socket
    log_file_max_bytes config_source tempdir conn_pool_min_size conn_pool_ttl rpc_ping_enabled`,
  database: `
    backend slave_connection mysql_sql_mode mysql_enable_ndb mysql_wsrep_sync_wait connection_recycle_time
    idle_timeout max_pool_size min_pool_size max_overflow max_retries retry_interval connection_debug
    connection_trace pool_timeout use_db_reconnect db_retry_interval db_inc_retry_interval
    db_max_retry_interval db_max_retries connection_parameters sqlite_synchronous use_tpool asyncio_connection
    asyncio_slave_connection synchronous_reader`,
  keystone_authtoken: `
    auth_version auth_section auth_host auth_port auth_protocol auth_admin_prefix identity_uri
    admin_user admin_password admin_token admin_tenant_name signing_dir hash_algorithms check_revocations_for_cached
    revocation_cache_time delay_auth_decision cache include_service_catalog enforce_token_bind
    memcache_security_strategy memcache_secret_key memcache_pool_dead_retry memcache_pool_maxsize
    memcache_pool_socket_timeout memcache_pool_unused_timeout memcache_pool_conn_get_timeout
    memcache_use_advanced_pool memcache_username memcache_password memcache_sasl_enabled
    memcache_tls_enabled memcache_tls_cafile memcache_tls_certfile memcache_tls_keyfile
    memcache_tls_allowed_ciphers default_domain_id default_domain_name domain_id domain_name trust_id
    system_scope passcode endpoint_override valid_interfaces token tenant_domain_id tenant_domain_name
    min_version max_version timeout split_loggers collect_timing service_name connect_retries
    status_code_retries`,
  oslo_messaging_notifications: 'driver topics retry',
  oslo_messaging_rabbit: `
    amqp_auto_delete rpc_conn_pool_size conn_pool_min_size conn_pool_ttl ssl_version
    ssl_enforce_hostname_verification ssl_enforce_fips_mode kombu_reconnect_delay kombu_reconnect_splay
    kombu_reconnect_timeout kombu_compression kombu_missing_consumer_retry_timeout kombu_failover_strategy
    kombu_ssl_version rabbit_host rabbit_port rabbit_hosts rabbit_userid rabbit_password rabbit_virtual_host
    rabbit_login_method rabbit_retry_interval rabbit_retry_backoff rabbit_interval_max rabbit_max_retries
    rabbit_ha_queues rabbit_quorum_queues rabbit_transient_quorum_queue rabbit_quorum_delivery_limit
    rabbit_quorum_max_memory_length rabbit_quorum_max_memory_bytes rabbit_transient_queues_ttl
    rabbit_qos_prefetch_count rabbit_stream_fanout heartbeat_timeout_threshold heartbeat_rate
    heartbeat_in_pthread direct_mandatory_flag enable_cancel_on_failover use_queue_manager hostname
    processname fake_rabbit default_notification_exchange default_rpc_exchange
    default_notification_retry_attempts default_serializer_type durable_queues`,
  oslo_policy: `
    policy_default_rule remote_content_type remote_ssl_verify_server_crt remote_ssl_ca_crt_file
    remote_ssl_client_crt_file remote_ssl_client_key_file remote_timeout`,
  secretstore: 'namespace enabled_secretstore_plugins',
  oslo_middleware: 'secure_proxy_ssl_header http_basic_auth_user_file',
  cors: 'latent_allow_methods latent_allow_headers latent_expose_headers',
  healthcheck: `
    path detailed backends allowed_source_ranges ignore_proxied_requests disable_by_file_paths
    enable_by_file_paths`,
}

const FOREIGN_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(FOREIGN).map(([section, names]) => [section, new Set(names.trim().split(/\s+/))]),
)

export function isForeignOption(section: string, name: string): boolean {
  return FOREIGN_NAMES.get(section)?.has(name) ?? false
}
