import { join } from 'node:path'
import type { Settings } from '../config/settingsTable.ts'
import type { ProxyWords } from '../http/forwarded.ts'

/** What the API's door takes from the settings. */
export function doorOptions(settings: Settings, proxyWords: ProxyWords) {
  const { DEFAULT: base, cors, gatehouse, quotas } = settings
  const scheme = settings.certificates.length === 0 ? 'http' : 'https'
  const isNoHost = /^(unix:|systemd(:|$))/.test(base.bind_host)
  const fallback = `${scheme}://${isNoHost ? 'localhost' : base.bind_host}:${base.bind_port}`
  return {
    href: { hostHref: base.host_href, proxyWords, fallback },
    cors: {
      allowedOrigins: cors.allowed_origin,
      allowCredentials: cors.allow_credentials,
      maxAgeSeconds: cors.max_age,
      exposeHeaders: cors.expose_headers,
      allowMethods: cors.allow_methods,
      allowHeaders: cors.allow_headers,
    },
    secretOptions: {
      paging: { defaultLimit: base.default_limit_paging, maxLimit: base.max_limit_paging },
      maxPayloadBytes: base.max_allowed_secret_in_bytes,
      nameless: gatehouse.nameless_secrets,
    },
    defaultQuotas: {
      secrets: quotas.quota_secrets,
      orders: quotas.quota_orders,
      containers: quotas.quota_containers,
      consumers: quotas.quota_consumers,
      cas: quotas.quota_cas,
    },
  }
}

export function rateLimitsOfSettings({ rate_limits: limits }: Settings) {
  const { project_reads, project_writes, user_reads, user_writes } = limits
  return {
    reads: { global: limits.global_reads, project: project_reads, user: user_reads },
    writes: { global: limits.global_writes, project: project_writes, user: user_writes },
    failedLogins: limits.failed_logins,
    exemptProjects: limits.exempt_projects,
    exemptRoles: limits.exempt_roles,
    mostBuckets: limits.remembered,
  }
}

export function disablePaths({ DEFAULT: { state_path: statePath }, healthcheck }: Settings) {
  const chosen = healthcheck.disable_by_file_path
  if (chosen !== undefined) return [chosen]
  const name = 'healthcheck_disable'
  return [`/etc/gatehouse/${name}`, `/etc/barbican/${name}`, join(statePath, name)]
}
