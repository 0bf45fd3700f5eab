import type { Environment } from '../config/environment.ts'
import type { InheritedSocket } from '../http/listener.ts'

/** systemd hands over sockets from this descriptor on (sd_listen_fds(3)). */
const FIRST_FD = 3
const MOST_SOCKETS = 64

/** Sockets that systemd opened for this very process; none when it meant another, such as our parent. */
export function inheritedSockets(env: Environment, pid: number): readonly InheritedSocket[] {
  const count = env['LISTEN_FDS'] ?? ''
  if (env['LISTEN_PID'] !== String(pid) || !/^\d{1,3}$/.test(count)) return []
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  return Array.from({ length: Math.min(Number(count), MOST_SOCKETS) }, (_, index) => ({
    fd: FIRST_FD + index,
    name: names[index] || 'unknown',
  }))
}
