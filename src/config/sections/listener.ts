import { optionalSetting, setting } from '../setting.ts'
import { oneOf, text, truth } from '../valueKinds.ts'
import { fileMode, networks } from './transportKinds.ts'

/** How connections reach the API, besides address and TLS. */
export const listenerSection = {
  socket_mode: setting({
    explanation:
      'Mode of the Unix socket of `bind_host = unix:/path`; who may write it may connect.',
    kind: fileMode,
    default: 0o600,
  }),
  socket_owner: optionalSetting({
    explanation: 'User the socket is given to, by name or number; wants the privilege to do so.',
    kind: text,
  }),
  socket_group: optionalSetting({
    explanation:
      'Group the socket is given to, by name or number, such as that of a TLS proxy on the same machine; this user must be in it.',
    kind: text,
  }),
  trusted_proxies: setting({
    explanation:
      'Proxies in front, as addresses or networks (`10.0.0.0/24,fd00::/64`), and `unix` for whoever reaches the Unix socket. ' +
      "They alone are believed: the client's address, scheme, host and prefix from proxy_headers, and PROXY headers. " +
      'With an entry here, [oslo_middleware] enable_proxy_headers_parsing changes nothing.',
    kind: networks,
    default: [],
  }),
  proxy_headers: setting({
    explanation:
      'Which headers trusted proxies set: `x-forwarded` (X-Forwarded-For, -Proto, -Host, -Prefix) or `forwarded` (RFC 7239). ' +
      'The other kind is not looked at: what a proxy does not set, its client can.',
    kind: oneOf('x-forwarded', 'forwarded'),
    default: 'x-forwarded',
  }),
  proxy_protocol: setting({
    explanation:
      'Each connection of a trusted proxy begins with a PROXY header (version 1 or 2), ahead of TLS; one without is closed.',
    kind: truth,
    default: false,
  }),
}
