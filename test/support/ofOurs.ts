import { type OwnServer, USER } from './ownServer.ts'

const LIST = {
  mysql: `select id from information_schema.processlist where user = '${USER}'`,
  postgresql: `select pid as id from pg_stat_activity where usename = '${USER}'`,
}

/** Does something to each connection that Gatehouse has there, as its administrator may. */
export async function toEachOfOurs(
  server: OwnServer,
  command: (id: number) => string,
): Promise<void> {
  for (const row of await server.execute(LIST[server.kind])) {
    // One may just be leaving by itself.
    await server.execute(command(Number(row['id']))).catch(() => undefined)
  }
}

export async function endAllOfOurs(server: OwnServer): Promise<void> {
  await toEachOfOurs(server, (id) =>
    server.kind === 'mysql' ? `kill connection ${id}` : `select pg_terminate_backend(${id})`,
  )
}
