import { setTimeout as delay } from 'node:timers/promises'
import type { OwnServer } from './ownServer.ts'

const COMMANDS = {
  mysql: (state: string) => [`set global read_only = ${state}`],
  postgresql: (state: string) => [
    `alter system set default_transaction_read_only = ${state}`,
    'select pg_reload_conf()',
  ],
}
const ASK = {
  mysql: 'select if(@@global.read_only, 1, 0) as state',
  postgresql:
    "select case current_setting('default_transaction_read_only') when 'on' then 1 else 0 end as state",
}

/** What a failover, an operator or a full disk does to a server; sessions that are open hear of it at once. */
export async function setReadOnly(server: OwnServer, isReadOnly: boolean): Promise<void> {
  for (const command of COMMANDS[server.kind](isReadOnly ? 'on' : 'off')) {
    await server.execute(command)
  }
  const wanted = isReadOnly ? 1 : 0
  // PostgreSQL reads its configuration in its own time.
  while (Number((await server.execute(ASK[server.kind]))[0]?.['state']) !== wanted) await delay(20)
}
