import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const run = promisify(execFile)
const rabbitmqctl = (...args: readonly string[]) =>
  run('rabbitmqctl', ['--quiet', ...args], { timeout: 60_000 })

export interface VirtualHost {
  readonly name: string
  /** As `transport_url` says it. */
  readonly url: string
  drop(): Promise<void>
}

/** A virtual host of its own, with a user of its own, on the RabbitMQ of this machine. */
export const freshVirtualHost = async (): Promise<VirtualHost> => {
  const name = `gatehouse-test-${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await rabbitmqctl('add_vhost', name)
  await rabbitmqctl('add_user', name, password)
  await rabbitmqctl('set_permissions', '-p', name, name, '.*', '.*', '.*')
  return {
    name,
    url: `rabbit://${name}:${password}@127.0.0.1:5672/${name}`,
    drop: async () => {
      await rabbitmqctl('delete_vhost', name)
      await rabbitmqctl('delete_user', name)
    },
  }
}
